"""Small makers of rows and folders for the tests of the store."""

from __future__ import annotations

from pathlib import Path

from tunewright.records.answers import ScoreRow, Status
from tunewright.records.example import Example, Message, Source
from tunewright.store import RegisteredRow, Store


def example(text: str, target: str = "billing", row_id: str = "r1", line: int = 2) -> Example:
    return Example((Message("user", text),), target, Source("tickets.csv", line), row_id)


def key(number: int) -> str:
    """A row key, as if made by a keyring."""
    return f"{number:032x}"


def score(row_key: str, fit_key: str = "fit", part: str = "test", **changes: object) -> ScoreRow:
    values: dict[str, object] = {"status": Status.OK, "score": 1.0, "answer": "billing"}
    return ScoreRow(fit_key=fit_key, row_key=row_key, part=part, **{**values, **changes})  # type: ignore[arg-type]


def registered(store: Store, row: Example, part: str = "train") -> RegisteredRow:
    return RegisteredRow(store.row_key(row), store.input_key(row), row.row_id, str(row.source), part)


def make_folder(folder: Path, **texts: str) -> Path:
    """A folder with files ``name.txt`` of these texts."""
    for name, text in (texts or {"weights": "0 1 2"}).items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
