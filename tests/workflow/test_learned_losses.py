"""The losses of training rows as evidence: means over fits, kinds of rows, words, and a run that shows them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from desks import make_project, make_rows, run_folders, run_project

from tunewright.records.learned import RowLosses
from tunewright.records.verdict import Verdict
from tunewright.systems._loss_history import LOSSES_FILE, LossHistory
from tunewright.workflow.evidence.learned_losses import LOW, dear_at_first, losses_text, row_losses


def history(losses: dict[str, list[float]], least: float = 0.0) -> LossHistory:
    rows = len(losses)
    table = np.array(list(losses.values()), dtype=np.float32).T + np.float32(least)
    return LossHistory(tuple(losses), table, np.ones(rows), np.full(rows, least, dtype=np.float32))


def test_losses_of_rows_are_averaged_over_fits_that_had_the_epoch() -> None:
    first = history({"a": [0.2, 0.1], "b": [1.2, 0.3], "c": [2.0, 3.0]}, least=0.4)
    second = history({"a": [0.4, 0.3, 0.2], "c": [3.0, 2.0, 1.5], "d": [0.1, 0.1, 0.9]})
    found = row_losses([first, second], ["c", "not learned from"])
    assert found is not None
    assert (found.rows, found.early, found.late, found.never) == (4, 1, 1, 2)
    assert found.of_hard_rows == [[2.5, 2.5, 1.5], []]
    # a 0.3 0.2 0.2, b 1.2 0.3, c 2.5 2.5 1.5, d 0.1 0.1 0.9
    assert found.median_by_epoch == pytest.approx([0.75, 0.25, 0.9], abs=1e-4)


def test_a_row_that_was_not_seen_in_every_epoch_is_left_out() -> None:
    whole = history({"a": [0.2, 0.1], "b": [1.2, math.nan]})
    found = row_losses([whole], ["b"])
    assert found is not None
    assert (found.rows, found.of_hard_rows) == (1, [[]])
    assert row_losses([], ["a"]) is None
    assert row_losses([history({"a": [math.nan]})], []) is None


def test_low_is_a_chance_of_more_than_a_half() -> None:
    found = row_losses([history({"a": [-math.log(0.51)], "b": [-math.log(0.49)]})], [])
    assert found is not None
    assert (found.early, found.never) == (1, 1)
    assert math.exp(-LOW) == pytest.approx(0.5)


def test_where_all_is_known_by_heart_the_first_epoch_tells() -> None:
    easy = {f"easy {row}": [0.2, 0.01] for row in range(20)}
    first = history({**easy, "a": [0.8, 0.01], "b": [3.0, 0.01], "c": [2.0, 0.01], "d": [0.65, 0.5]}, least=0.3)
    second = history({**easy, "a": [0.9, 0.01], "c": [2.5, 0.01]})
    assert dear_at_first([first, second]) == ["b", "c", "a"]
    cheap = history({**easy, "a": [0.1, 0.01]})
    assert dear_at_first([first, cheap]) == ["b", "c"]
    assert dear_at_first([history({"a": [3.0, 0.1], "b": [3.1, 0.1]})]) == []
    assert dear_at_first([]) == []


def test_words_blame_labels_only_where_few_rows_are_not_learned() -> None:
    def told(early: int, late: int, never: int) -> str:
        rows = early + late + never
        return losses_text(
            RowLosses(rows=rows, median_by_epoch=[], early=early, late=late, never=never, of_hard_rows=[])
        )

    assert told(80, 15, 5) == (
        "Of 100 rows that it learned from, the loss of 80 was low from the first epoch on, that of 15 only later, and "
        "that of 5 was still high in the last epoch: look there first for wrong labels."
    )
    assert told(70, 30, 0).endswith("was still high in the last epoch.")
    assert told(80, 20, 0).endswith("look for wrong labels first among those that it learned later.")
    assert "wrong labels" not in told(30, 30, 40)
    assert "has not learned them" in told(30, 30, 40)
    assert told(100, 0, 0) == (
        "The loss of all 100 rows that it learned from was low from the first epoch on, and so says nothing of "
        "single labels."
    )
    assert losses_text(None) == ""


def test_a_run_shows_the_losses_of_a_tuned_encoder(tmp_path: Path, tiny_encoder: Path) -> None:
    tuned = {"finetune": {"use": str(tiny_encoder), "name": "tuned", "epochs": 2, "learning_rate": 0.005}}
    folder = make_project(tmp_path, make_rows(45), systems=("majority", tuned))
    verdict = run_project(folder)
    by_name = {system.name: system.learned for system in verdict.systems}
    learned, plain = by_name["tuned"], by_name["majority"]
    assert learned is not None
    assert plain is not None
    assert plain.losses is None
    losses = learned.losses
    assert losses is not None
    assert losses.rows == 45
    assert losses.early + losses.late + losses.never == 45
    assert len(losses.median_by_epoch) == 2
    assert len(losses.of_hard_rows) == len(learned.hard_rows)
    assert losses_text(losses) in learned.text
    files = sorted(folder.rglob(LOSSES_FILE))
    assert len(files) == 5
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert {row["row"] for row in rows} == {f"T{number:04d}" for number in range(45)}
    (run,) = run_folders(folder)
    written = Verdict.model_validate_json((run / "verdict.json").read_text(encoding="utf-8"))
    assert next(one.learned for one in written.systems if one.name == "tuned") == learned
    assert "that it learned from" in (run / "report.html").read_text(encoding="utf-8")
