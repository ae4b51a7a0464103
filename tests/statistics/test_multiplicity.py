"""Several claims: published vectors, statsmodels, and the false claims among equal candidates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from tunewright.statistics.clusters import group_totals
from tunewright.statistics.max_t import max_t_p
from tunewright.statistics.multiplicity import benjamini_hochberg, candidate_p_values, holm, union_p
from tunewright.statistics.sign_flip import sign_flip_p

FOUR = np.array([0.01, 0.04, 0.03, 0.005])
# Benjamini and Hochberg 1995, section 3.
FIFTEEN = np.array(
    [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0]
)


def test_published_vectors() -> None:
    assert holm(FOUR) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(FOUR) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert (benjamini_hochberg(FIFTEEN) <= 0.05).sum() == 4
    assert (holm(FIFTEEN) <= 0.05).sum() == 3


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_agreement_with_statsmodels(values: list[float]) -> None:
    p = np.array(values)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_all_baselines_must_be_beaten_before_candidates_are_counted() -> None:
    p = np.array([[0.001, 0.020], [0.2, 0.0001], [0.004, 0.003]])
    assert union_p(p) == pytest.approx([0.020, 0.2, 0.004])
    assert candidate_p_values(p) == pytest.approx([0.04, 0.2, 0.012])
    assert union_p(np.zeros((2, 0))).tolist() == [1.0, 1.0]
    assert benjamini_hochberg(np.zeros(0)).tolist() == []


def test_one_candidate_alone_has_the_p_of_sign_flips() -> None:
    gains = np.random.default_rng(1).choice([-1.0, 0.0, 0.0, 1.0], 13, p=[0.1, 0.3, 0.2, 0.4])
    assert max_t_p(gains[None, :], seed=0)[0] == pytest.approx(sign_flip_p(group_totals(gains, None), seed=0))


def test_identical_candidates_need_no_correction() -> None:
    gains = np.random.default_rng(2).choice([-1.0, 0.0, 1.0], 14, p=[0.1, 0.4, 0.5])
    p = max_t_p(np.stack([gains] * 5), seed=0)
    assert p == pytest.approx([max_t_p(gains[None, :], seed=0)[0]] * 5)


def test_max_t_is_the_share_of_flips_whose_best_is_as_good() -> None:
    """The slow way: every sign pattern, one by one, step down from the best candidate."""
    random = np.random.default_rng(3)
    gains = random.choice([-1.0, 0.0, 1.0], (3, 9), p=[0.2, 0.3, 0.5])

    def t(row: np.ndarray) -> float:
        spread = (row**2).sum() - row.sum() ** 2 / len(row)
        return float(row.sum() / np.sqrt(max(spread, 1e-12 * (row**2).sum())))

    seen = [t(row) for row in gains]
    order = sorted(range(3), key=lambda j: -seen[j])
    hits = np.zeros(3)
    for number in range(512):
        signs = np.array([1 - 2 * (number >> k & 1) for k in range(9)])
        flipped = [t(signs * row) for row in gains]
        for step, j in enumerate(order):
            hits[j] += max(flipped[k] for k in order[step:]) >= seen[j] - 1e-9
    expected = np.zeros(3)
    expected[order] = np.maximum.accumulate(hits[order] / 512)
    assert max_t_p(gains, seed=0) == pytest.approx(expected)


def test_a_candidate_that_never_differs_is_no_winner() -> None:
    gains = np.zeros((2, 30))
    gains[0, :20] = 1.0
    p = max_t_p(gains, seed=0)
    assert p[0] < 0.001
    assert p[1] == 1.0


def test_false_winners_among_equal_candidates() -> None:
    """Ten equal candidates: the best of them wins by chance often, and seldom once all are counted."""
    naive = held = joint = 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        hard = random.beta(2, 1, 100)
        old = random.random(100) < hard
        gains = (random.random((10, 100)) < hard).astype(float) - old
        p = np.array([sign_flip_p(group_totals(row, None), seed=seed, draws=400) for row in gains])
        naive += p.min() <= 0.05
        held += candidate_p_values(p[:, None]).min() <= 0.05
        joint += max_t_p(gains, seed=seed, draws=400).min() <= 0.05
    assert naive / 150 > 0.12
    assert held / 150 < 0.09
    assert joint / 150 < 0.10
    assert joint >= held
