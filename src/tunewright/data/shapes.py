"""Which format the rows of an opened table have, and which columns mean what when the person did not say.

Called by ``read`` and ``peek`` before rows are converted. A file must be of one shape: what is not is reported with
both populations, never half read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from tunewright.data.formats import Format, all_formats
from tunewright.data.guess import Guesses, guess_columns
from tunewright.data.rows import Cells, ColumnMap, OpenTable, RawRow
from tunewright.errors import InputError

SAMPLE_ROWS = 200
# A file with fewer rows of one shape is two files in one.
MIN_SHARE_OF_SHAPE = 0.95
OTHER = "rows of no known shape"


@dataclass(frozen=True, slots=True)
class Shape:
    """The format of a table's rows, the column map in force, every column name seen, and notes."""

    format: Format
    columns: ColumnMap | None
    column_names: tuple[str, ...]
    notes: tuple[str, ...]


def find_shape(table: OpenTable, columns: ColumnMap | None, require_target: bool, file: str) -> Shape:
    """Settle format and columns.

    Raises:
        InputError: a named column does not exist, columns must be named, or the rows are of several shapes.
    """
    sample = sample_rows(table)
    notes: list[str] = []
    mapping, names = columns, table.columns
    if table.uniform and columns is not None:
        require_columns(names, columns, table, file)
    if not sample:
        # Nothing can be read, and every row is set aside with its own reason.
        return Shape(all_formats()[-1], columns or ColumnMap(input=()), names, ())
    if not _names_input(columns) and not _any_special(sample, columns):
        mapping = _guessed(table, sample, columns, require_target, file, notes)
    if table.uniform:
        chosen = _format_of(sample[0], mapping)
        if chosen is None:
            raise _no_shape(names, file)
        return Shape(chosen, mapping, names, tuple(notes))
    survey = _survey(table, mapping)
    names = tuple(survey.names)
    if columns is not None:
        require_columns(names, columns, table, file)
    return Shape(_dominant(survey, mapping, names, file), mapping, names, tuple(notes))


def sample_rows(table: OpenTable) -> list[Cells]:
    """The first rows that can be read."""
    return [row.cells for row in islice((r for r in table.rows([]) if isinstance(r, RawRow)), SAMPLE_ROWS)]


def special_format(sample: Sequence[Cells]) -> Format | None:
    """The format that needs no named columns, if most rows of a sample have it."""
    for candidate in all_formats():
        if sum(candidate.matches(cells, None) for cells in sample) * 2 > len(sample):
            return candidate
    return None


def require_columns(names: Sequence[str], columns: ColumnMap, table: OpenTable, file: str) -> None:
    """Raise ``InputError`` with the nearest right name where a named column does not exist or exists twice."""
    for role, name in columns.named():
        if name in table.repeated_names:
            raise InputError(
                "data.repeated_column",
                f"The {role} column '{name}' occurs more than once in {file}.",
                where=file,
                hint=f"Rename one of them in the file. The columns are: {_listing(names)}.",
            )
        if name not in names:
            raise _unknown_column(role, name, names, file)


@dataclass(slots=True)
class _Survey:
    rows: int = 0
    names: dict[str, None] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    first_line: dict[str, int] = field(default_factory=dict)


def _survey(table: OpenTable, columns: ColumnMap | None) -> _Survey:
    """Count the shapes of all rows; one that fits only without the named columns counts as that shape."""
    survey = _Survey()
    formats = all_formats()
    for row in table.rows([]):
        if not isinstance(row, RawRow):
            continue
        survey.rows += 1
        survey.names.update(dict.fromkeys(row.cells))
        found = next((f for f in formats if f.matches(row.cells, columns)), None)
        other = found or next((f for f in formats if f.matches(row.cells, None)), None)
        shape = found.NAME if found else other.DESCRIPTION if other else OTHER
        survey.counts[shape] = survey.counts.get(shape, 0) + 1
        survey.first_line.setdefault(shape, row.line)
    return survey


def _dominant(survey: _Survey, columns: ColumnMap | None, names: Sequence[str], file: str) -> Format:
    formats = {f.NAME: f for f in all_formats()}
    usable = {shape: count for shape, count in survey.counts.items() if shape in formats}
    if not usable:
        if columns is not None and columns.input and names:
            missing = next((n for n in columns.input if n not in names), columns.input[0])
            raise _unknown_column("input", missing, names, file)
        raise _no_shape(names, file)
    best = max(usable, key=lambda shape: usable[shape])
    if usable[best] < MIN_SHARE_OF_SHAPE * survey.rows:
        parts = [
            f"{count} {formats[shape].DESCRIPTION if shape in formats else shape} (first at {file}:{line})"
            for shape, count in sorted(survey.counts.items(), key=lambda item: -item[1])
            for line in [survey.first_line[shape]]
        ]
        raise InputError(
            "data.mixed_shapes",
            f"The rows of {file} have several shapes: {'; '.join(parts)}.",
            where=file,
            why="Reading one shape would silently drop the other.",
            hint="Split the file by shape, or bring all rows into one shape.",
        )
    return formats[best]


def _names_input(columns: ColumnMap | None) -> bool:
    return columns is not None and bool(columns.input)


def _any_special(sample: Sequence[Cells], columns: ColumnMap | None) -> bool:
    """Whether the rows say by themselves what input and target are."""
    return special_format(sample) is not None and not _names_input(columns)


def _format_of(cells: Cells, columns: ColumnMap | None) -> Format | None:
    return next((f for f in all_formats() if f.matches(cells, columns)), None)


def _guessed(
    table: OpenTable,
    sample: Sequence[Cells],
    columns: ColumnMap | None,
    require_target: bool,
    file: str,
    notes: list[str],
) -> ColumnMap:
    """Fill in input and target where the columns leave no doubt, and say so in a note."""
    guesses = guess_columns(table.columns, sample)
    target = columns.target if columns and columns.target else None
    sure_target = target or not require_target or _is_sure(guesses, "target", table)
    if guesses.input is None or not _is_sure(guesses, "input", table) or not sure_target:
        raise InputError(
            "data.columns_needed",
            f"It is not clear which columns of {file} are the input and the target.",
            where=f"columns: {_listing(table.columns)}",
            hint=f"Name them: --input COLUMN --target COLUMN.{_offer(guesses)}",
        )
    notes.append(f"Column '{guesses.input.column}' was taken as the input: {guesses.input.reason}.")
    if target is None and require_target and guesses.target is not None:
        target = guesses.target.column
        notes.append(f"Column '{target}' was taken as the target: {guesses.target.reason}.")
    rest = columns or ColumnMap(input=())
    return ColumnMap((guesses.input.column,), target, rest.id, rest.group, rest.time, rest.critical)


def _is_sure(guesses: Guesses, role: str, table: OpenTable) -> bool:
    guess = guesses.input if role == "input" else guesses.target
    return guess is not None and (guess.by_name or len(table.columns) <= 2)


def _offer(guesses: Guesses) -> str:
    parts = [f"--{role} '{g.column}'" for role, g in (("input", guesses.input), ("target", guesses.target)) if g]
    return f" Perhaps {' '.join(parts)}." if parts else ""


def _unknown_column(role: str, name: str, names: Sequence[str], file: str) -> InputError:
    from rapidfuzz import fuzz, process, utils

    best = process.extractOne(name, names, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=60)
    nearest = f"Did you mean '{best[0]}'? " if best else ""
    return InputError(
        "data.unknown_column",
        f"There is no column '{name}' in {file}, which was named as {role}.",
        where=file,
        why="The first row is taken as the names of the columns." if not best else None,
        hint=f"{nearest}The columns are: {_listing(names)}.",
    )


def _no_shape(names: Sequence[str], file: str) -> InputError:
    return InputError(
        "data.unknown_shape",
        f"The rows of {file} have no shape that is known.",
        where=f"columns: {_listing(names)}" if names else file,
        hint="Name the columns: --input COLUMN --target COLUMN.",
    )


def _listing(names: Sequence[str], most: int = 30) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
