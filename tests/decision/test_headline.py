"""The headline rule on arrays: each cell of the partition, the corrected upper bound, quality words."""

import numpy as np
import pytest

from tunewright.decision.headline import (
    HEADLINES,
    Against,
    contenders,
    hardest,
    headline_codes,
    headlines_of_counts,
    is_borderline,
    quality_of,
)

MARGIN = 0.02


def against(*rows: tuple[float, float, float, float]) -> Against:
    """Rows of (delta, low, high, p)."""
    delta, low, high, p = np.array(rows).T
    return Against(delta, low, high, p, low)


def headline(a: Against, high: float | None = None, **fields: bool) -> str:
    keep = a.high[hardest(a)] if high is None else high
    given = {"rewarded": False} | fields
    return HEADLINES[int(headline_codes(a, keep, margin=MARGIN, alpha=0.025, **given))]


WIN = (0.05, 0.02, 0.08, 0.001)
SMALL_WIN = (0.012, 0.004, 0.019, 0.001)
TIE = (0.0, -0.01, 0.01, 0.5)
OPEN = (0.01, -0.03, 0.05, 0.3)
LOSS = (-0.05, -0.08, -0.02, 0.999)


@pytest.mark.parametrize(
    ("rows", "rewarded", "expected"),
    [
        ([WIN], False, "SHIP_FINE_TUNE"),
        ([WIN, WIN], False, "SHIP_FINE_TUNE"),
        ([WIN, OPEN], False, "NOT_PROVEN"),
        ([WIN, TIE], False, "KEEP_SIMPLER"),
        ([SMALL_WIN], False, "KEEP_SIMPLER"),
        ([SMALL_WIN], True, "SHIP_FINE_TUNE"),
        ([TIE], False, "KEEP_SIMPLER"),
        ([TIE], True, "SHIP_FINE_TUNE"),
        ([TIE, OPEN], True, "NOT_PROVEN"),
        ([LOSS], False, "KEEP_SIMPLER"),
        ([LOSS], True, "KEEP_SIMPLER"),
        ([OPEN], False, "NOT_PROVEN"),
        ([OPEN], True, "NOT_PROVEN"),
    ],
)
def test_the_partition(rows: list[tuple[float, float, float, float]], rewarded: bool, expected: str) -> None:
    assert headline(against(*rows), rewarded=rewarded) == expected


def test_the_gate_the_interval_and_the_size_must_all_agree() -> None:
    assert headline(against((0.05, 0.001, 0.09, 0.026))) == "NOT_PROVEN"
    assert headline(against((0.05, -0.001, 0.09, 0.02))) == "NOT_PROVEN"
    assert headline(against((0.0199, 0.001, 0.03, 0.001))) == "NOT_PROVEN"
    assert headline(against((0.02, 0.001, 0.03, 0.025))) == "SHIP_FINE_TUNE"


def test_a_broken_hard_limit_forbids_shipping() -> None:
    assert headline(against(WIN), allowed=False) == "KEEP_SIMPLER"


def test_the_hardest_has_the_smallest_lower_bound_then_the_smallest_gain() -> None:
    assert hardest(against(WIN, OPEN, TIE)) == 1
    assert hardest(against((0.03, 0.0, 0.1, 0.1), (0.02, 0.0, 0.1, 0.1))) == 1


def test_contenders_are_those_whose_interval_reaches_the_hardest() -> None:
    assert contenders(against(TIE)) == 1
    assert contenders(against(TIE, TIE, SMALL_WIN)) == 3
    assert contenders(against(TIE, (0.3, 0.25, 0.35, 1e-9))) == 1


def test_a_wider_upper_bound_turns_keep_into_not_proven() -> None:
    assert headline(against(TIE, TIE)) == "KEEP_SIMPLER"
    assert headline(against(TIE, TIE), high=0.021) == "NOT_PROVEN"


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([WIN], "superior"),
        ([SMALL_WIN], "superior"),
        ([TIE], "equivalent"),
        ([(-0.005, -0.015, -0.001, 0.9)], "equivalent"),
        ([(0.01, -0.01, 0.03, 0.1)], "non-inferior"),
        ([LOSS], "inferior"),
        ([WIN, LOSS], "inferior"),
        ([OPEN], "inconclusive"),
        ([(-0.005, -0.03, 0.015, 0.6)], "inconclusive"),
    ],
)
def test_quality_words(rows: list[tuple[float, float, float, float]], word: str) -> None:
    a = against(*rows)
    assert quality_of(a, float(a.high[hardest(a)]), margin=MARGIN, alpha=0.025) == word


def test_borderline_is_an_interval_above_zero_without_proof() -> None:
    assert is_borderline(against((0.05, 0.001, 0.09, 0.03)), 0.025)
    assert not is_borderline(against(WIN), 0.025)
    assert not is_borderline(against(OPEN), 0.025)
    # 9 fixed, 2 broken: the score interval excludes 0, exact McNemar gives 0.033.
    assert HEADLINES[int(headlines_of_counts(9, 2, 100, margin=MARGIN))] == "NOT_PROVEN"


def test_whole_grids_of_counts_at_once() -> None:
    b, c = np.meshgrid(np.arange(40), np.arange(40), indexing="ij")
    codes = headlines_of_counts(b, c, 200, margin=MARGIN)
    assert codes.shape == (40, 40)
    assert {HEADLINES[i] for i in np.unique(codes)} == set(HEADLINES)
    assert np.all(codes[b <= c] != HEADLINES.index("SHIP_FINE_TUNE"))
