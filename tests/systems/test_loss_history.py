"""The losses of training rows: kept by a fine-tuned encoder, saved with the fit, read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from test_finetune import LABELS, build, make_context, make_examples

from tunewright.records.system import FitContext
from tunewright.systems._hard_rows import dear_in
from tunewright.systems._loss_history import LOSSES_FILE, LossHistory, loss_history
from tunewright.systems.fitlog import FitLog


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    losses = [np.array([1.25, np.nan], dtype=np.float32), np.array([0.5, 2.0], dtype=np.float32)]
    history = loss_history(losses, ["a", "b\u2028\n"], [2.0, 1.0], np.array([0.25, 0.0], dtype=np.float32))
    FitLog(history=history).write(tmp_path)
    first = json.loads((tmp_path / LOSSES_FILE).read_text(encoding="utf-8").split("\n")[0])
    assert first == {"row": "a", "losses": [1.25, 0.5], "weight": 2.0, "least": 0.25}
    found = FitLog.read(tmp_path).history
    assert found is not None
    assert found.names == ("a", "b\u2028\n")
    np.testing.assert_array_equal(found.losses, np.stack(losses))
    np.testing.assert_array_equal(found.above_least, [[0.5, np.nan], [0.125, 2.0]])


def test_without_losses_there_is_no_history_and_no_file(tmp_path: Path) -> None:
    assert loss_history([], ["a"]) is None
    assert loss_history([np.zeros(0, dtype=np.float32)], []) is None
    assert dear_in(None) == ()
    FitLog().write(tmp_path)
    assert LossHistory.read(tmp_path) is None
    assert FitLog.read(tmp_path).history is None


def test_what_smoothing_leaves_of_every_loss_makes_no_row_dear() -> None:
    losses = [np.full(20, 0.45, dtype=np.float32)] * 2
    losses[0][3] = losses[1][3] = 1.3
    names = [str(row) for row in range(20)]
    assert dear_in(loss_history(losses, names)) == ()  # 1.3 is less than three times 0.45
    assert dear_in(loss_history(losses, names, least=np.full(20, 0.4, dtype=np.float32))) == ("3",)


def test_a_tuned_encoder_finds_wrong_labels(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = make_examples(90)
    wrong = {7, 32, 58}
    taught = [
        replace(row, target=LABELS[(LABELS.index(row.target) + 1) % 3]) if place in wrong else row
        for place, row in enumerate(rows[:75])
    ]
    fitted = build(tiny_encoder, epochs=6, patience=9).fit(taught, rows[75:], make_context())
    history = fitted.log.history
    assert history is not None
    assert history.names == tuple(row.row_id for row in taught)
    assert history.losses.shape == (6, 75)
    assert not np.isnan(history.losses).any()
    assert (history.above_least > -1e-6).all()
    last = history.above_least[-1]
    others = np.delete(last, sorted(wrong))
    assert last[sorted(wrong)].min() > np.quantile(others, 0.9)
    assert set(fitted.log.hard_rows) >= {f"row-{place}" for place in wrong}
    fitted.save(tmp_path)
    loaded = build(tiny_encoder).load(tmp_path).log
    assert loaded.hard_rows == fitted.log.hard_rows
    assert loaded.history is not None
    np.testing.assert_allclose(loaded.history.losses, history.losses, atol=1e-6)


def test_rows_of_several_labels_have_a_history(tiny_encoder: Path) -> None:
    rows = [replace(row, target=json.dumps([row.target, "fee"])) for row in make_examples()]
    context = FitContext(seed=1, labels=LABELS, measure=lambda a, b: float(a == b), several=True)
    fitted = build(tiny_encoder, epochs=2, patience=9).fit(rows[:45], rows[45:], context)
    assert fitted.log.history is not None
    assert fitted.log.history.losses.shape == (2, 45)
    assert (fitted.log.history.above_least > -1e-6).all()
