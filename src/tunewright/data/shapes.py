"""Which format the rows of an opened table have, and which columns mean what when the person did not say.

Called by ``read`` and ``peek`` before rows are converted. A file must be of one shape: what is not is reported with
both populations, never half read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tunewright.data.formats import Format, Use, all_formats, format_named
from tunewright.data.guess import Guesses, guess_columns
from tunewright.data.rows import BrokenRow, Cells, ColumnMap, OpenTable, RawRow
from tunewright.errors import InputError

SAMPLE_ROWS = 200
# A file with fewer rows of one shape is two files in one.
MIN_SHARE_OF_SHAPE = 0.95
OTHER = "rows of no known shape"


@dataclass(frozen=True, slots=True)
class Shape:
    """The format of a table's rows, the column map in force, every column name seen, and notes.

    ``accepted`` are formats whose rows this one reads as well; None: every row is to be read.
    """

    format: Format
    columns: ColumnMap | None
    column_names: tuple[str, ...]
    notes: tuple[str, ...]
    accepted: tuple[Format, ...] | None = None

    def accepts(self, cells: Cells) -> bool:
        """Whether a row is one of those that the format reads."""
        return self.accepted is None or any(f.matches(cells, self.columns) for f in self.accepted)


def find_shape(
    table: OpenTable,
    columns: ColumnMap | None,
    require_target: bool,
    file: str,
    use: Use = "labels",
    given: str | None = None,
) -> Shape:
    """Settle format and columns; ``given`` is the format that the person named.

    Raises:
        InputError: a named column does not exist, columns must be named, the rows are of several shapes, or there is
            no format of the given name.
    """
    if given is not None:
        if columns is not None:
            require_columns(table.columns, columns, table, file)
        return Shape(format_named(given), columns, table.columns, ())
    sample = sample_rows(table)
    notes: list[str] = []
    mapping, names = columns, table.columns
    if table.uniform and columns is not None:
        require_columns(names, columns, table, file)
    if not sample:
        # Nothing can be read, and every row is set aside with its own reason.
        return Shape(format_named("table"), columns or ColumnMap(input=()), names, ())
    if not _names_input(columns) and not _any_special(sample, use):
        mapping = _guessed(table, sample, columns, require_target, file, notes)
    if table.uniform:
        rows = sample[:1] if use == "labels" else sample
        chosen = _commonest(_survey([RawRow(0, cells) for cells in rows], mapping, use), use)
        if chosen is None:
            raise _no_shape(names, file)
        return Shape(chosen, mapping, names, tuple(notes))
    survey = _survey(table.rows([]), mapping, use)
    names = tuple(survey.names)
    if columns is not None:
        require_columns(names, columns, table, file)
    chosen = _dominant(survey, mapping, names, file, use)
    # The broadest is asked first, for most rows have its shape.
    kin = tuple(f for f in reversed(all_formats(use)) if f.FAMILY == chosen.FAMILY)
    return Shape(chosen, mapping, names, tuple(notes), kin)


def sample_rows(table: OpenTable) -> list[Cells]:
    """The first rows that can be read."""
    return [row.cells for row in islice((r for r in table.rows([]) if isinstance(r, RawRow)), SAMPLE_ROWS)]


def special_format(sample: Sequence[Cells], use: Use = "labels") -> Format | None:
    """The format that needs no named columns, if most rows of a sample have it."""
    for candidate in all_formats(use):
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


def _survey(rows: Iterable[RawRow | BrokenRow], columns: ColumnMap | None, use: Use) -> _Survey:
    """Count the shapes of all rows; one that fits only without the named columns counts as that shape."""
    survey = _Survey()
    formats = all_formats(use)
    for row in rows:
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


def _families(survey: _Survey, use: Use) -> dict[str, tuple[Format, int, int]]:
    """(the format that reads them all, rows, line of the first) of every family of shapes that may share a file.

    The most specific format that occurs reads the rest of its family as well; one that stands alone does so only
    where nearly every row has its shape.
    """
    formats = {f.NAME: f for f in all_formats(use)}
    families: dict[str, tuple[Format, int, int]] = {}
    for shape, count in survey.counts.items():
        if shape not in formats:
            continue
        chosen, rows, line = formats[shape], count, survey.first_line[shape]
        if chosen.ALONE and count < MIN_SHARE_OF_SHAPE * survey.rows:
            chosen = next(f for f in reversed(formats.values()) if f.FAMILY == chosen.FAMILY)
        if chosen.FAMILY in families:
            other, others, first = families[chosen.FAMILY]
            rows, line = rows + others, min(line, first)
            alone = [f for f in (chosen, other) if f.ALONE]
            chosen = alone[0] if alone else min(chosen, other, key=lambda f: f.ORDER)
        families[chosen.FAMILY] = (chosen, rows, line)
    return families


def _commonest(survey: _Survey, use: Use) -> Format | None:
    families = _families(survey, use).values()
    return max(families, key=lambda entry: entry[1])[0] if families else None


def _dominant(survey: _Survey, columns: ColumnMap | None, names: Sequence[str], file: str, use: Use) -> Format:
    families = _families(survey, use)
    if not families:
        if columns is not None and columns.input and names:
            missing = next((n for n in columns.input if n not in names), columns.input[0])
            raise _unknown_column("input", missing, names, file)
        raise _no_shape(names, file)
    best, rows, _ = max(families.values(), key=lambda entry: entry[1])
    if rows < MIN_SHARE_OF_SHAPE * survey.rows:
        found = [(count, f.DESCRIPTION, line) for f, count, line in families.values()]
        usable = {f.NAME for f in all_formats(use)}
        found += [(n, shape, survey.first_line[shape]) for shape, n in survey.counts.items() if shape not in usable]
        found.sort(key=lambda entry: -entry[0])
        parts = [f"{count} {what} (first at {file}:{line})" for count, what, line in found]
        raise InputError(
            "data.mixed_shapes",
            f"The rows of {file} have several shapes: {'; '.join(parts)}.",
            where=file,
            why="Reading one shape would silently drop the other.",
            hint="Split the file by shape, or bring all rows into one shape.",
        )
    return best


def _names_input(columns: ColumnMap | None) -> bool:
    return columns is not None and bool(columns.input)


def _any_special(sample: Sequence[Cells], use: Use) -> bool:
    """Whether the rows say by themselves what input and target are; of texts, each may say it in its own way."""
    if use == "labels":
        return special_format(sample, use) is not None
    formats = all_formats(use)
    return sum(any(f.matches(cells, None) for f in formats) for cells in sample) * 2 > len(sample)


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
