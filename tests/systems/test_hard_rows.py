"""Rows that stay dear: dear in both last epochs, by loss of a unit of weight, the dearest first."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tunewright.systems._hard_rows import MOST, hard_rows
from tunewright.systems.fitlog import FitLog


def test_rows_that_stay_dear() -> None:
    easy = np.full(40, 0.05, dtype=np.float32)
    first, second, third = easy.copy(), easy.copy(), easy.copy()
    first[:5] = 9.0
    second[[1, 2, 3]] = 3.0
    third[[1, 2, 4]] = [2.0, 4.0, 8.0]
    names = [str(k) for k in range(40)]
    assert hard_rows([first, second, third], [1.0] * 40, names) == ("2", "1")
    # The same loss spread over eight tokens is little for each of them.
    assert hard_rows([first, second, third], [1.0, 8.0, *[1.0] * 38], names) == ("2",)


def test_a_model_that_learned_nothing_has_no_odd_rows() -> None:
    losses = [np.full(30, 2.5, dtype=np.float32)] * 2
    assert hard_rows(losses, [1.0] * 30, [str(k) for k in range(30)]) == ()
    assert hard_rows([], [], []) == ()
    assert hard_rows([np.full(3, np.nan, dtype=np.float32)], [1.0] * 3, ["a", "b", "c"]) == ()


def test_at_most_so_many_and_kept_with_the_fit(tmp_path: Path) -> None:
    losses = np.concatenate([np.full(30, 5.0), np.full(70, 0.1)]).astype(np.float32)
    found = hard_rows([losses], [1.0] * 100, [str(k) for k in range(100)])
    assert found == tuple(str(k) for k in range(MOST))
    FitLog(hard_rows=found).write(tmp_path)
    assert FitLog.read(tmp_path).hard_rows == found
