"""Read the project's tables into examples, leave out erased rows, and write down what was set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tunewright.data.read import ColumnMap, ReadResult, SetAside, check_set_aside_share, read_table
from tunewright.errors import InputError
from tunewright.project.settings import DataSettings, ProjectSettings
from tunewright.records.example import Example
from tunewright.store import Store
from tunewright.workflow.several import canonical, require_single, several_labels


@dataclass(frozen=True, slots=True)
class Loaded:
    """Examples of the project, and those of the person's own test file where there is one."""

    examples: tuple[Example, ...]
    test: tuple[Example, ...] | None
    set_aside: tuple[SetAside, ...]
    rows_in: int
    notes: tuple[str, ...]


def load(settings: ProjectSettings, root: Path, store: Store) -> Loaded:
    """Read the tables that the settings name.

    Raises:
        InputError: no table is named, one cannot be read, or too many rows would be set aside.
    """
    data = settings.data
    if data.path is None:
        raise InputError(
            "project.no_data",
            "The project names no table of examples.",
            where="data.path",
            hint="Write data: {path: tickets.csv, input: text, target: category} into tunewright.yaml.",
        )
    (main, *own), notes = _read_all(settings, [root / path for path in (data.path, data.test) if path is not None])
    test, set_aside, rows_in = None, list(main.set_aside), main.rows_in
    notes = [*main.notes, *notes]
    kept = _without_erased(main.examples, store, set_aside)
    for result in own:
        set_aside += result.set_aside
        rows_in += result.rows_in
        notes += result.notes
        test = tuple(_without_erased(result.examples, store, set_aside))
    return Loaded(tuple(kept), test, tuple(set_aside), rows_in, tuple(dict.fromkeys(notes)))


def column_map(data: DataSettings) -> ColumnMap | None:
    """What the settings say about the columns; None when they name no input column."""
    if not data.input_columns:
        return None
    return ColumnMap(data.input_columns, data.target, data.id, data.group, data.time, data.critical)


def _read_all(settings: ProjectSettings, paths: Sequence[Path]) -> tuple[list[ReadResult], list[str]]:
    """The tables, with targets in the form that the job has, and notes on these."""
    several = several_labels(settings)
    notes: list[str] = []
    results = [_read(path, settings, as_texts=several or settings.kind != "classify") for path in paths]
    if several:
        results, notes = canonical(settings, results)
    for path, result in zip(paths, results, strict=True):
        if settings.kind == "classify" and not several:
            no_labels = any(row.code == "data.target_not_text" for row in result.set_aside)
            notes += require_single(settings, result, _read(path, settings, as_texts=True) if no_labels else None)
        check_set_aside_share(result, settings.data.allow_set_aside)
    return results, notes


def _read(path: Path, settings: ProjectSettings, *, as_texts: bool) -> ReadResult:
    kind: Literal["classify", "generate"] = "generate" if as_texts else "classify"
    return read_table(path, columns=column_map(settings.data), kind=kind, merge_case=settings.data.merge_case)


def _without_erased(examples: tuple[Example, ...], store: Store, set_aside: list[SetAside]) -> list[Example]:
    kept: list[Example] = []
    for example, erased in zip(examples, store.are_erased(examples), strict=True):
        if erased:
            set_aside.append(SetAside(example.source, "erased", "the row was erased from this project", ""))
        else:
            kept.append(example)
    return kept
