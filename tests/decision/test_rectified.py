"""The judged gain without the judge's errors: known answers, honest width, and decisions that no judge can buy."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.rectified import MIN_PEOPLE, Rectified, rectified
from tunewright.decision.verdict import Decision, decide
from tunewright.errors import InputError
from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.prediction_powered import prediction_powered_mean

ALPHA = 0.025


def gain_of(judged: FloatArray, people: FloatArray, groups: IntArray | None = None) -> Rectified:
    def bounds_of(values: FloatArray, mask: np.ndarray) -> Bounds:
        own = None if groups is None else groups[mask]
        return gain_intervals([effective_counts(values[mask], own)])[0]

    return rectified(judged, people, groups, ALPHA, bounds_of)


def decided(judged: dict[str, FloatArray], people: dict[str, FloatArray] | None, margin: float = 0.0) -> Decision:
    systems = tuple(
        SystemScores(
            name=name,
            role="candidate" if name == "tuned" else "baseline",
            simplicity=number,
            scores=scores,
            own=False,
        )
        for number, (name, scores) in enumerate(judged.items())
    )
    return decide(DecisionInputs(systems=systems, min_improvement=margin, candidate="tuned", people=people))


def sampled(scores: FloatArray, n: int) -> FloatArray:
    """The first ``n`` are the sample: cases come in random order."""
    return np.where(np.arange(len(scores)) < n, scores, np.nan)


def test_it_is_the_prediction_powered_mean_where_cases_stand_alone() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(-1, 2, 400).astype(np.float64)
    judged = np.where(rng.random(400) < 0.8, truth, rng.integers(-1, 2, 400))
    found = gain_of(judged, sampled(truth, 120))
    twin = prediction_powered_mean(truth[:120], judged[:120], judged[120:], weight=found.weight)
    assert 0 < found.weight <= 1
    assert found.delta == pytest.approx(twin.estimate)
    assert found.standard_error == pytest.approx(twin.standard_error)
    assert found.low <= twin.interval[0] + 1e-12
    assert found.high >= twin.interval[1] - 1e-12


def test_an_error_that_nobody_happened_to_see_is_reckoned_with() -> None:
    """The judge errs in 3 cases of 100, always for the same side; of 100 judged cases 1 in 20 samples shows none."""
    judged = np.zeros(1000)
    judged[970:] = 1.0
    found = gain_of(judged, sampled(np.zeros(1000), 100))
    plain = prediction_powered_mean(np.zeros(100), judged[:100], judged[100:], weight=1.0)
    assert plain.interval[0] > 0
    assert found.low < 0


def test_few_judgements_say_nothing() -> None:
    judged = np.ones(200)
    found = gain_of(judged, sampled(np.ones(200), MIN_PEOPLE - 1))
    assert (found.low, found.high, found.p) == (-1.0, 1.0, 1.0)


def test_groups_are_counted_and_not_their_rows() -> None:
    rng = np.random.default_rng(2)
    alike = np.repeat(rng.integers(-1, 2, 60).astype(np.float64), 5)
    groups = np.repeat(np.arange(60), 5)
    apart, together = gain_of(alike, sampled(alike, 150)), gain_of(alike, sampled(alike, 150), groups)
    assert together.delta == pytest.approx(apart.delta)
    assert together.high - together.low > 1.8 * (apart.high - apart.low)


@pytest.mark.parametrize("style", ["flattered", "rare errors"])
def test_a_judge_that_favours_the_candidate_ships_nothing(style: str) -> None:
    """Equal systems; by the judge alone the candidate mostly wins, with people hardly ever (nominally 2.5 %)."""
    rng, raw, shipped, sets = np.random.default_rng(3), 0, 0, 150
    for _ in range(sets):
        old, new = (rng.random(600) < 0.6).astype(np.float64), (rng.random(600) < 0.6).astype(np.float64)
        if style == "flattered":
            judged = {"simple": noisy(rng, old, 0.0), "tuned": noisy(rng, new, 0.2)}
        else:
            new = old.copy()
            judged = {"simple": old, "tuned": np.where(rng.random(600) < 0.06, 1.0, new)}
        people = {"simple": sampled(old, 150), "tuned": sampled(new, 150)}
        raw += decided(judged, None).headline == "SHIP_FINE_TUNE"
        shipped += decided(judged, people).headline == "SHIP_FINE_TUNE"
    assert raw > 0.7 * sets
    # 9 of 150 are beyond what a level of 2.5 % gives but once in a hundred times.
    assert shipped < 9


def noisy(rng: np.random.Generator, truth: FloatArray, favour: float) -> FloatArray:
    passes = np.where(truth == 1, 0.9, 0.15 + favour)
    return (rng.random(len(truth)) < passes).astype(np.float64)


def test_a_real_gain_is_still_found() -> None:
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(20):
        old, new = (rng.random(800) < 0.5).astype(np.float64), (rng.random(800) < 0.75).astype(np.float64)
        judged = {"simple": noisy(rng, old, 0.0), "tuned": noisy(rng, new, 0.0)}
        people = {"simple": sampled(old, 200), "tuned": sampled(new, 200)}
        found += decided(judged, people).headline == "SHIP_FINE_TUNE"
    assert found >= 18


def test_both_tests_must_pass_and_counts_of_the_judge_are_not_told() -> None:
    truth, none = np.ones(300), np.zeros(300)
    judged = {"simple": none, "tuned": np.where(np.arange(300) % 60 == 0, 1.0, 0.0)}
    people = {"simple": sampled(none, 200), "tuned": sampled(truth, 200)}
    decision = decided(judged, people)
    (paired,) = decision.baselines
    # People see a gain everywhere; the judge's own test has 5 wins and no loss, p = 1/32.
    assert paired.interval[0] > 0.9
    assert paired.p_exact == pytest.approx(1 / 32)
    assert decision.headline == "NOT_PROVEN"
    assert (paired.fixed, paired.broken, decision.needed_cases) == (None, None, None)
    assert "200 of them judged by people" in decision.headline_text
    assert "more of them would narrow it" in decision.headline_text


def test_people_must_be_given_for_every_case() -> None:
    judged = {"simple": np.zeros(40), "tuned": np.ones(40)}
    with pytest.raises(InputError, match="one judgement or gap per case"):
        decided(judged, {"tuned": np.ones(3)})
