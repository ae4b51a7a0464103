"""Two wishes of a project: mid-p as the gate, and a strong claim. And what few cases may say, whatever is wished."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from decision_cases import pair_inputs, system, tuned, two
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from tunewright.decision.headline import HEADLINES, headlines_of_counts
from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.levels import FEWEST_FOR_MID_P
from tunewright.decision.plan import floor_lines
from tunewright.decision.verdict import Decision, decide
from tunewright.records.verdict import GateTest
from tunewright.statistics.mcnemar import one_sided_exact, one_sided_mid_p
from tunewright.statistics.posterior import gain_probability

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from decision_worlds import enumerated_shares

# 18 fixed and 7 broken: exact p .0216 passes; 17 and 7: exact .032, mid-p .022, Tango's interval above 0.
BETWEEN = (17, 7, 200)


def decided(fixed: int, broken: int, n: int, **fields: object) -> Decision:
    return decide(pair_inputs(fixed, broken, n, **fields))


def test_a_win_between_the_two_gates_ships_only_under_mid_p() -> None:
    b, c, _ = BETWEEN
    assert float(one_sided_exact(b, c)) > 0.025 >= float(one_sided_mid_p(b, c))
    exact, mid = decided(*BETWEEN), decided(*BETWEEN, gate="midp")
    assert (exact.headline, exact.borderline, exact.quality) == ("NOT_PROVEN", True, "non-inferior")
    assert (mid.headline, mid.borderline, mid.quality) == ("SHIP_FINE_TUNE", False, "superior")
    record = mid.baselines[0]
    assert (record.test, record.proven_better) == ("mid-p-mcnemar", True)
    assert record.p_mid is not None
    assert record.p_mid <= 0.025 < record.p_exact == exact.baselines[0].p_exact
    assert exact.baselines[0].test == "exact-mcnemar"


def test_mid_p_is_only_for_independent_right_or_wrong_cases_fitted_once_and_graded_plainly() -> None:
    b, c, n = BETWEEN
    first, second = two(b, c, n)
    rows = np.arange(n)
    in_groups = decided(*BETWEEN, gate="midp", groups=rows // 2)
    assert in_groups.baselines[0].test == "sign-flip"
    folded = decided(*BETWEEN, gate="midp", folds=rows % 5)
    assert folded.baselines[0].test == "exact-mcnemar"
    partial = DecisionInputs(
        systems=(system("tfidf", 0.9 * second), tuned(0.9 * first)),
        min_improvement=0.02,
        candidate="tuned",
        gate="midp",
    )
    assert decide(partial).baselines[0].test == "sign-flip"
    people = {"tuned": first, "tfidf": second}
    assert decided(*BETWEEN, gate="midp", people=people).baselines[0].test == "exact-mcnemar"
    for other in (in_groups, folded, decide(partial)):
        assert other.baselines[0].bayes is None


def test_a_later_look_asks_its_own_level_of_mid_p_too() -> None:
    assert decided(*BETWEEN, gate="midp", look=2).headline == "NOT_PROVEN"
    assert decided(30, 7, 200, gate="midp", look=2).headline == "SHIP_FINE_TUNE"


@pytest.mark.parametrize("gate", ["exact", "midp"])
def test_below_100_cases_better_needs_the_exact_test(gate: GateTest) -> None:
    """Whatever the gate: at 99 cases the exact p must pass, and where it does, the win ships."""
    b, c, _ = BETWEEN
    few = decided(b, c, FEWEST_FOR_MID_P - 1, gate=gate)
    assert few.baselines[0].test == "exact-mcnemar"
    assert (few.headline, few.quality) == ("NOT_PROVEN", "non-inferior")
    assert decided(18, 7, FEWEST_FOR_MID_P - 1, gate=gate).headline == "SHIP_FINE_TUNE"
    for n in (40, 99):
        for wins in range(4, 19):
            for losses in range(0, min(wins, 8)):
                found = decided(wins, losses, n, gate=gate)
                if found.quality == "superior" or found.headline == "SHIP_FINE_TUNE":
                    assert float(one_sided_exact(wins, losses)) <= 0.025


@pytest.mark.parametrize("gate", ["exact", "midp"])
@pytest.mark.parametrize("n", [100, 200, 500])
def test_the_whole_decision_under_either_gate_ships_falsely_at_most_2_5_times_in_100(n: int, gate: GateTest) -> None:
    """Every table of counts, at no true gain and a margin of 0, where each proven gain ships."""
    b, c = (x.ravel() for x in np.meshgrid(np.arange(n // 2), np.arange(n // 2), indexing="ij"))
    inside = b + c <= n
    b, c = b[inside], c[inside]
    ships = headlines_of_counts(b, c, n, margin=0.0, gate=gate) == 0
    for pi_d in (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4):
        weight = multinomial.pmf(np.stack([b, c, n - b - c], axis=1), n, [pi_d / 2, pi_d / 2, 1 - pi_d])
        rate = float(weight[ships].sum())
        assert rate <= 0.025
        if gate == "exact":
            assert rate == pytest.approx(enumerated_shares(n, pi_d, 0.0, margin=0.0)[0], abs=1e-6)


def test_mid_p_finds_more() -> None:
    b, c = (x.ravel() for x in np.meshgrid(np.arange(100), np.arange(100), indexing="ij"))
    weight = multinomial.pmf(np.stack([b, c, 200 - b - c], axis=1), 200, [0.145, 0.055, 0.8])
    found = {gate: float(weight[headlines_of_counts(b, c, 200, margin=0.0, gate=gate) == 0].sum()) for gate in GATES}
    assert found == pytest.approx({"exact": 0.789, "midp": 0.828}, abs=0.002)


GATES: tuple[GateTest, ...] = ("exact", "midp")
tables = st.integers(100, 600).flatmap(
    lambda n: st.tuples(st.integers(0, 50), st.integers(0, 50), st.just(n)).filter(lambda t: t[0] + t[1] <= n)
)


@settings(deadline=None, max_examples=40)
@given(tables, st.sampled_from([0.0, 0.02, 0.05]), st.sampled_from(GATES), st.booleans())
def test_the_enumerated_rule_is_that_of_decide_under_every_wish(
    table: tuple[int, int, int], margin: float, gate: GateTest, strong: bool
) -> None:
    code = int(headlines_of_counts(*table, margin=margin, gate=gate, strong=strong))
    assert decided(*table, min_improvement=margin, gate=gate, strong=strong).headline == HEADLINES[code]


def test_a_gain_that_may_be_too_small_ships_by_default_and_not_under_a_strong_claim() -> None:
    usual, strong = decided(31, 12, 600), decided(31, 12, 600, strong=True)
    low, _ = usual.baselines[0].interval
    assert 0 < low < 0.02 < usual.baselines[0].delta
    assert (usual.headline, strong.headline) == ("SHIP_FINE_TUNE", "NOT_PROVEN")
    assert strong.quality == usual.quality == "superior"
    assert strong.headline_text.startswith("Not proven to be worth it")
    # What is short is the distance from the margin, not from 0.
    assert strong.needed_cases is not None
    more = decided(31 * 8, 12 * 8, 600 * 8, strong=True)
    assert strong.needed_cases < 600 * 8
    assert more.headline == "SHIP_FINE_TUNE"
    assert more.baselines[0].interval[0] >= 0.02


def test_a_strong_claim_leaves_the_way_by_saving_open() -> None:
    first, second = two(31, 12, 600)
    systems = (system("tfidf", second, usd_per_month=900.0), tuned(first, usd_per_month=100.0))
    found = decide(DecisionInputs(systems=systems, min_improvement=0.02, candidate="tuned", strong=True))
    assert found.headline == "SHIP_FINE_TUNE"
    assert "saves" in found.headline_text


def test_the_sensitivity_line_stands_beside_the_test_and_never_rules() -> None:
    record = decided(*BETWEEN).baselines[0]
    assert record.bayes is not None
    assert record.bayes.better == pytest.approx(gain_probability(*BETWEEN), abs=5e-5)
    assert record.bayes.worthwhile == pytest.approx(gain_probability(*BETWEEN, 0.02), abs=5e-5)
    assert record.bayes.better > 0.975
    assert not record.proven_better


@pytest.mark.parametrize(
    ("n", "gain", "said"),
    [
        (60, 0.02, "Only 60 cases decide: below 200 a verdict rests on a handful of answers. For a gain of 2 points at "
                   "least 1,000 are advised."),
        (60, 0.05, "Only 60 cases decide: below 200 a verdict rests on a handful of answers."),
        (200, 0.03, "200 cases decide. For a gain of 3 points at least 1,000 are advised."),
        (999, 0.01, "999 cases decide. For a gain of 1 point at least 1,000 are advised."),
        (200, 0.031, None),
        (1000, 0.02, None),
    ],
)  # fmt: skip
def test_floors(n: int, gain: float, said: str | None) -> None:
    assert floor_lines(n, gain) == ([] if said is None else [said])
