"""Judgements on paper: a table of the answers to be judged, to be filled in elsewhere and read back.

As blind as the desk: an answer is known by a keyed hash alone, and the rows come in an order by chance.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.data.own_tables import unguard, write_rows
from tunewright.errors import InputError
from tunewright.evaluation.judging import Mark
from tunewright.workflow.judging.desk import Item, JudgingDesk

ITEM, CASE, ANSWER = "item", "case", "answer"


@dataclass(frozen=True, slots=True)
class Filled:
    """What was read from a table: judgements taken over, rows left empty, rows about answers that are not asked."""

    taken: int
    empty: int
    unknown: int


def write_sheet(desk: JudgingDesk, path: Path) -> int:
    """Write what is still to be judged; returns how many answers.

    Raises:
        InputError: ``write.exists``, the file is there already.
    """
    if path.exists():
        raise InputError("write.exists", "There is a file of that name already.", where=str(path), hint="Name another.")
    items = sorted((item for item in desk.items if desk.is_open(item)), key=lambda item: item.key)
    beside = [name for name, _ in desk.beside(items[0])] if items else []
    heads = [f"{mark.name} ({scale_words(mark)})" for mark in desk.scale.marks]
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        write_rows(stream, (ITEM, CASE, *beside, ANSWER, *heads), (_row(desk, item) for item in items))
    return len(items)


def read_sheet(desk: JudgingDesk, path: Path) -> Filled:
    """Take the judgements of a filled-in table over; all of it is read before any is written down.

    Raises:
        InputError: it is no such table, or a mark cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = _columns(reader.fieldnames or (), desk.scale.marks, path)
        rows = list(reader)
    known = {item.key: item for item in desk.items}
    found: list[tuple[Item, dict[str, int]]] = []
    empty = unknown = 0
    for line, row in enumerate(rows, start=2):
        cells = {mark.name: unguard((row.get(columns[mark.name]) or "").strip()) for mark in desk.scale.marks}
        item = known.get((row.get(ITEM) or "").strip())
        if not any(cells.values()):
            empty += 1
        elif item is None:
            unknown += 1
        else:
            marks = {mark.name: _read(cells[mark.name], mark, path, line) for mark in desk.scale.marks}
            found.append((item, marks))
    desk.judge_all(found)
    return Filled(len(found), empty, unknown)


def scale_words(mark: Mark) -> str:
    """``0 no, 1 yes``, or ``0 to 4``."""
    return ", ".join(f"{n} {word}" for n, word in enumerate(mark.words)) if mark.words else f"0 to {mark.most}"


def read_mark(text: str, mark: Mark) -> int | None:
    """A mark as a number, one of its words, or how one begins; None where it is none."""
    said = text.strip().casefold()
    if said.isdecimal():
        return int(said) if int(said) <= mark.most else None
    fitting = [n for n, word in enumerate(mark.words) if said and word.startswith(said)]
    return fitting[0] if len(fitting) == 1 else None


def _row(desk: JudgingDesk, item: Item) -> Sequence[object]:
    return [
        item.key,
        item.case,
        *(text for _, text in desk.beside(item)),
        item.answer.text,
        *("" for _ in desk.scale.marks),
    ]


def _columns(names: Sequence[str], marks: Sequence[Mark], path: Path) -> Mapping[str, str]:
    found = {
        mark.name: name for mark in marks for name in names if name == mark.name or name.startswith(f"{mark.name} (")
    }
    missing = [name for name in (ITEM, *(mark.name for mark in marks)) if name not in (*names, *found)]
    if missing:
        raise InputError(
            "judgements.columns",
            f"The table has no column {missing[0]!r}.",
            where=str(path),
            hint="Write one with --export, fill it in, and leave its first column as it is.",
        )
    return found


def _read(text: str, mark: Mark, path: Path, line: int) -> int:
    value = read_mark(text, mark)
    if value is None:
        raise InputError(
            "judgements.marks",
            f"{text!r} is no mark for {mark.name}: {scale_words(mark)}.",
            where=f"{path}, line {line}",
            why="Nothing of the table was taken over.",
        )
    return value
