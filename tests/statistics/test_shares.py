"""Known answers: scipy's chi2_contingency as the slow twin, hand-made tables, and the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from tunewright.statistics.shares import (
    chi_square,
    cramers_v,
    cross_table,
    entropy,
    holm,
    information_above_chance,
    mutual_information,
)

TABLE = np.array([[30, 5, 9], [10, 20, 12]])


def test_chi_square_is_scipys() -> None:
    expected = chi2_contingency(TABLE, correction=False)
    statistic, p = chi_square(TABLE)
    assert statistic == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue)


def test_empty_rows_and_columns_say_nothing() -> None:
    wider = np.zeros((3, 4), dtype=np.int64)
    wider[:2, :3] = TABLE
    assert chi_square(wider) == pytest.approx(chi_square(TABLE))
    assert cramers_v(wider) == pytest.approx(cramers_v(TABLE))
    assert chi_square(np.array([[5, 7]])) == (0.0, 1.0)


def test_cramers_v_is_one_for_a_bijection_and_near_nothing_for_independence() -> None:
    assert cramers_v(np.diag([50, 50, 50])) == pytest.approx(1.0)
    assert cramers_v(np.full((3, 3), 50)) == 0.0


def test_mutual_information_of_a_bijection_is_the_entropy() -> None:
    assert mutual_information(np.diag([10, 20, 30])) == pytest.approx(entropy(np.array([10, 20, 30])))
    assert mutual_information(np.full((2, 5), 7)) == pytest.approx(0.0, abs=1e-12)
    assert entropy(np.array([4, 4, 0])) == pytest.approx(np.log(2))


def test_chance_alone_gives_information_and_it_is_measured() -> None:
    chance = np.random.default_rng(1)
    left, right = chance.integers(0, 30, 300), chance.integers(0, 10, 300)
    seen, by_chance, p = information_above_chance(left, right, 30, 10, 99, 0)
    assert by_chance > 0.3
    assert abs(seen - by_chance) < 0.1
    assert p > 0.02
    assert information_above_chance(right, right, 10, 10, 99, 0)[2] == pytest.approx(0.01)


def test_holm_by_hand() -> None:
    # Holm 1979: sorted .01 .02 .04 times 3, 2, 1, never falling.
    assert holm(np.array([0.04, 0.01, 0.02])).tolist() == pytest.approx([0.04, 0.03, 0.04])
    assert holm(np.array([])).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=60))
def test_a_cross_table_counts_every_row_once(pairs: list[tuple[int, int]]) -> None:
    left = np.array([a for a, _ in pairs], dtype=np.int64)
    right = np.array([b for _, b in pairs], dtype=np.int64)
    table = cross_table(left, right, 4, 5)
    assert table.shape == (4, 5)
    assert all(table[a, b] == pairs.count((a, b)) for a in range(4) for b in range(5))
