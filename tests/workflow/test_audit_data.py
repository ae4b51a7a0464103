"""What an audit takes a file's targets for."""

from __future__ import annotations

import json
from pathlib import Path

from tunewright.workflow.auditing.audit_data import LISTS_NOTE, read_for_audit


def write(path: Path, targets: list[object]) -> Path:
    rows = [{"text": f"comment number {n}", "label": target} for n, target in enumerate(targets)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_lists_of_labels_are_looked_at_as_texts_and_none_is_lost(tmp_path: Path) -> None:
    read = read_for_audit(write(tmp_path / "a.jsonl", [["joy"], ["joy", "love"], ["fear"]] * 20), None, [], None)
    assert (read.kind, len(read.examples), read.set_aside) == ("generate", 60, ())
    assert LISTS_NOTE in read.notes


def test_single_labels_stay_labels(tmp_path: Path) -> None:
    read = read_for_audit(write(tmp_path / "a.jsonl", ["joy", "love", "fear"] * 20), None, [], None)
    assert read.kind == "classify"
    assert LISTS_NOTE not in read.notes
