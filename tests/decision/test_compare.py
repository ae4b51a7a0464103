"""Comparisons of two systems: which test and interval, complete cases only, swapping, the record."""

import numpy as np
import pytest
from decision_cases import pair_inputs, system, tuned, two
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.decision.compare import Comparison, as_record, compare, pair_up
from tunewright.decision.inputs import DecisionInputs
from tunewright.statistics.mcnemar import one_sided_exact, one_sided_mid_p
from tunewright.statistics.paired import tango_interval

relaxed = settings(deadline=None, max_examples=60)


def only(inputs: DecisionInputs, first: str = "tuned", second: str = "tfidf") -> Comparison:
    return compare([pair_up(inputs.system(first), inputs.system(second), inputs)], inputs)[0]


def test_independent_binary_scores() -> None:
    inputs = pair_inputs(31, 12, 600)
    found = only(inputs)
    low, high = tango_interval(31, 12, 600)
    assert found.test == "exact-mcnemar"
    assert (found.estimate.fixed, found.estimate.broken, found.estimate.n) == (31, 12, 600)
    assert found.p == float(one_sided_exact(31, 12))
    assert found.p_mid == float(one_sided_mid_p(31, 12))
    assert (found.estimate.low, found.estimate.high) == pytest.approx((float(low), float(high)))
    assert found.estimate.groups is None
    assert found.estimate.discordance == pytest.approx(43 / 600)


def test_grouped_binary_scores_never_get_mcnemar_but_keep_their_counts() -> None:
    inputs = pair_inputs(31, 12, 600, groups=np.arange(600) // 5)
    found = only(inputs)
    assert (found.test, found.p_mid) == ("sign-flip", None)
    assert (found.estimate.fixed, found.estimate.broken) == (31, 12)
    assert found.estimate.groups == 120
    assert found.estimate.design_effect > 1.5


def test_groups_of_one_row_are_no_groups() -> None:
    alone = only(pair_inputs(31, 12, 600))
    labelled = only(pair_inputs(31, 12, 600, groups=np.random.default_rng(0).permutation(600)))
    assert labelled == alone


def test_continuous_scores() -> None:
    generator = np.random.default_rng(0)
    second = generator.uniform(0.2, 0.8, size=100)
    inputs = DecisionInputs(
        systems=(system("tfidf", second), tuned(second + 0.1)), min_improvement=0.02, candidate="tuned"
    )
    found = only(inputs)
    assert (found.test, found.estimate.fixed, found.estimate.broken) == ("sign-flip", None, None)
    assert found.estimate.delta == pytest.approx(0.1)
    assert found.p == pytest.approx(1 / 20_001)
    assert 0 < found.estimate.low < 0.1 < found.estimate.high


def test_missing_scores_leave_the_pair() -> None:
    first, second = two(31, 12, 600)
    first, second = first.copy(), second.copy()
    first[0] = np.nan  # a fixed case
    second[-1] = np.nan  # a case both had alike
    inputs = DecisionInputs(systems=(system("tfidf", second), tuned(first)), min_improvement=0.02, candidate="tuned")
    e = only(inputs).estimate
    assert (e.fixed, e.broken, e.n) == (30, 12, 598)


def test_all_scores_missing_or_no_cases_at_all() -> None:
    for n in (5, 0):
        nothing = np.full(n, np.nan)
        inputs = DecisionInputs(
            systems=(system("tfidf", nothing), tuned(nothing)), min_improvement=0.02, candidate="tuned"
        )
        found = only(inputs)
        assert (found.estimate.n, found.estimate.low, found.estimate.high, found.p) == (0, -1.0, 1.0, 1.0)


scores = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 0.5, np.nan]), st.sampled_from([0.0, 1.0, np.nan])), min_size=1, max_size=16
)


@relaxed
@given(scores, st.sampled_from([1, 2, 5]), st.booleans())
def test_swapping_the_systems_mirrors_the_gain(rows: list[tuple[float, float]], size: int, crossed: bool) -> None:
    first, second = np.array(rows).T
    inputs = DecisionInputs(
        systems=(system("tfidf", second), tuned(first)),
        min_improvement=0.02,
        groups=np.arange(len(rows)) // size,
        folds=np.arange(len(rows)) // size % 3 if crossed else None,
    )
    there, back = only(inputs).estimate, only(inputs, "tfidf", "tuned").estimate
    assert (there.fixed, there.broken) == (back.broken, back.fixed)
    assert there.delta == pytest.approx(-back.delta)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)
    assert there.low - 1e-9 <= there.delta <= there.high + 1e-9


def test_cross_fitted_intervals_are_wider() -> None:
    plain = only(pair_inputs(31, 12, 600)).estimate
    folds = np.random.default_rng(0).permutation(np.arange(600) % 5)
    crossed = only(pair_inputs(31, 12, 600, folds=folds)).estimate
    assert crossed.low < plain.low
    assert crossed.high > plain.high
    assert "cross-fitting" in crossed.method
    # All wins in one fold of five: training luck cannot be told from skill.
    lucky = only(pair_inputs(31, 0, 600, folds=(np.arange(600) // 120))).estimate
    assert lucky.low < 0


def test_record_is_rounded_and_says_what_is_shown() -> None:
    inputs = pair_inputs(31, 12, 600)
    record = as_record(only(inputs), "tfidf", inputs)
    assert record.system == "tfidf"
    assert record.interval == (round(record.interval[0], 6), round(record.interval[1], 6))
    assert (record.delta, record.proven_better, record.not_worse) == (0.031667, True, True)
    assert record.saves_usd_per_month is None


def test_record_saves_only_between_priced_systems() -> None:
    first, second = two(5, 5, 60)
    systems = (system("tfidf", second, usd_per_month=30.0), tuned(first, usd_per_month=12.5))
    inputs = DecisionInputs(systems=systems, min_improvement=0.02, candidate="tuned")
    assert as_record(only(inputs), "tfidf", inputs).saves_usd_per_month == 17.5


def test_equal_inputs_give_equal_comparisons() -> None:
    inputs = pair_inputs(40, 20, 400, groups=np.arange(400) // 3, seed=4)
    assert only(inputs) == only(inputs)
