"""What repeated looks at a test, and choosing the best of many on validation rows, cost."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.decision.levels import expected_best_of, look_level, optimism, standard_error_of_gain


@pytest.mark.parametrize(
    ("m", "known"), [(1, 0.0), (2, 0.56), (3, 0.85), (5, 1.16), (10, 1.54), (20, 1.87), (50, 2.25)]
)
def test_expected_best_of_m_equals(m: int, known: float) -> None:
    assert expected_best_of(m) == pytest.approx(known, abs=0.005)


def test_the_closed_forms_of_two_and_three() -> None:
    assert expected_best_of(2) == pytest.approx(1 / np.sqrt(np.pi), abs=1e-9)
    assert expected_best_of(3) == pytest.approx(1.5 / np.sqrt(np.pi), abs=1e-9)


def test_against_a_simulation() -> None:
    drawn = np.random.default_rng(0).standard_normal((200_000, 7)).max(axis=1)
    assert expected_best_of(7) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn)))


def test_the_levels_of_all_looks_add_up() -> None:
    assert [look_level(k) for k in (1, 2, 3)] == pytest.approx([0.0125, 0.025 / 6, 0.025 / 12])
    assert sum(look_level(k) for k in range(1, 20_000)) == pytest.approx(0.025, rel=1e-4)
    # What the pages promise: a whole first look, and all later ones.
    assert 0.025 + sum(look_level(k) for k in range(2, 20_000)) == pytest.approx(0.0375, rel=1e-4)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        look_level(0)
    with pytest.raises(ValueError, match="best of none"):
        expected_best_of(0)


def test_optimism_on_paired_cases() -> None:
    """Equal systems that differ on a fifth of 400 cases: the winner of 8 flatters against a reference by so much."""
    rng = np.random.default_rng(1)
    n, m, share = 400, 8, 0.2
    best = []
    for _ in range(3_000):
        gains = rng.choice([-1, 0, 1], size=(m, n), p=[share / 2, 1 - share, share / 2]).mean(axis=1)
        best.append(gains.max())
    assert standard_error_of_gain(n, share) == pytest.approx(np.sqrt(share / n))
    assert optimism(m, n, share) == pytest.approx(np.mean(best), rel=0.03)
