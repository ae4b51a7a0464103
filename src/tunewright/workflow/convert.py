"""``tunewright convert``: the rows of a file in another format, with every loss said before anything is written.

Without the name of a format the kind of file changes and nothing else: every column of every row is in the new file.
Rows in = rows written + rows set aside. What a row says (its turns, their texts, the answer) is never changed: a row
whose words the format cannot hold is set aside, and only what stands beside them (ids of calls, weights, further
columns) may be lost, where the person accepts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunewright.audit.privacy.replacing import as_json
from tunewright.data.containers import file_and_sheet
from tunewright.data.formats import Format, format_named
from tunewright.data.read import ColumnMap, ReadResult, SetAside, read_table, write_set_aside
from tunewright.data.rows import Cells, Refusal
from tunewright.data.writers import write_examples
from tunewright.data.writers.files import Container, container_of
from tunewright.data.writers.losses import losses
from tunewright.errors import InputError
from tunewright.records.example import Example, Source
from tunewright.workflow.reviewing.row_copy import read_rows, write_copy

HALF_WRITTEN = ".part"
AS_IT_IS = "as they are"
SET_ASIDE = "write.cannot_hold"
# Words of a row: without one of them it is another row.
WORDS = frozenset({"number of messages", "roles", "texts of messages", "target"})
BESIDE = frozenset(
    {"tool calls", "ids of tool calls", "names of messages", "training weights", "rejected answer", "tools offered",
     "group", "time", "critical", "id"}
)  # fmt: skip
# A file that cannot be read as these rows is looked through for the rows at fault, in halves, in so many attempts.
MOST_ATTEMPTS = 60
SHOWN = 3


@dataclass(frozen=True, slots=True)
class ConvertRequest:
    """``to`` is the name of a format (None: rows as they are); ``columns`` what the columns of a table mean.

    ``lossy`` accepts what the format cannot carry, ``force`` writes over ``output``.
    """

    path: Path
    output: Path
    to: str | None = None
    columns: ColumnMap | None = None
    lossy: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """The new file: ``rows_in == written + set aside``. ``lost`` are (what, rows) that lost it."""

    path: Path
    source_format: str
    format: str
    rows_in: int
    written: int
    set_aside: tuple[SetAside, ...]
    set_aside_file: Path | None
    lost: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "path": str(self.path),
            "from": self.source_format,
            "to": self.format,
            "rows_in": self.rows_in,
            "written": self.written,
            "set_aside": [{"row": str(row.source), "code": row.code, "reason": row.reason} for row in self.set_aside],
            "set_aside_file": None if self.set_aside_file is None else str(self.set_aside_file),
            "lost": [{"what": what, "rows": rows} for what, rows in self.lost],
            "notes": list(self.notes),
        }


def convert(request: ConvertRequest) -> Converted:
    """Write the rows of a file in another format or kind of file.

    Raises:
        InputError: the file cannot be read, the format is unknown, a place is taken, or the format cannot carry
            something and ``lossy`` was not said. Nothing is written then.
    """
    container = container_of(request.output)
    module = format_named(request.to) if request.to else None
    _require_place(request)
    if module is None:
        return _as_they_are(request, container)
    found = _read(request)
    ordered = _ordered(found.examples, module)
    columns = _columns(found, module)
    half = request.output.with_name(f"{request.output.stem}{HALF_WRITTEN}{request.output.suffix}")
    try:
        plan = _write(ordered, half, module, columns, container, request)
        aside = (*found.set_aside, *plan.refused)
        file = _write_set_aside(request.output, aside) if aside else None
        half.replace(request.output)
    finally:
        half.unlink(missing_ok=True)
    return Converted(
        request.output,
        found.shape,
        module.NAME,
        found.rows_in,
        len(plan.kept),
        tuple(sorted(aside, key=lambda row: row.source.line)),
        file,
        plan.lost,
        found.notes,
    )


def _as_they_are(request: ConvertRequest, container: Container) -> Converted:
    """The same rows in another kind of file."""
    source = read_rows(request.path, nested=container in ("jsonl", "json"))
    half = request.output.with_name(f"{request.output.stem}{HALF_WRITTEN}{request.output.suffix}")
    try:
        write_copy(source, [_cells(row.cells, container) for row in source.rows], half, container, alike=False)
        aside = tuple(
            SetAside(Source(source.path.name, row.line, source.table.sheet), row.code, row.reason, row.raw)
            for row in source.broken
        )
        file = _write_set_aside(request.output, aside) if aside else None
        half.replace(request.output)
    finally:
        half.unlink(missing_ok=True)
    rows = len(source.rows)
    return Converted(request.output, AS_IT_IS, AS_IT_IS, rows + len(aside), rows, aside, file, (), source.notes)


def _cells(cells: Cells, container: Container) -> Cells:
    """The cells of a row; tools that stand as text in a table are a list again where a file can hold one."""
    tools = as_json(str(cells.get("tools") or "")) if container in ("jsonl", "json") else None
    return {**cells, "tools": tools[0]} if tools is not None else cells


@dataclass(frozen=True, slots=True)
class _Plan:
    """The rows that are written, those that cannot be, and what the written ones lose."""

    kept: tuple[Example, ...]
    refused: tuple[SetAside, ...] = ()
    lost: tuple[tuple[str, int], ...] = ()


def _require_place(request: ConvertRequest) -> None:
    source, output = file_and_sheet(request.path)[0], request.output
    if output.exists() and source.exists() and output.samefile(source):
        raise InputError("convert.source", "The new file would take the place of its source.", where=str(output))
    if output.is_dir() or (output.exists() and not request.force):
        hint = "Name a file." if output.is_dir() else "Name another file, or write over it with --force."
        raise InputError("convert.exists", "There is such a file or folder already.", where=str(output), hint=hint)
    if not output.absolute().parent.is_dir():
        raise InputError("convert.no_folder", "There is no such folder.", where=str(output.absolute().parent))


def _read(request: ConvertRequest) -> ReadResult:
    """Every row that can be read: those without an answer too, for they are no less rows.

    A file without answers has no target column to be guessed.
    """
    try:
        first = read_table(request.path, columns=request.columns, kind="generate")
    except InputError as error:
        if error.code not in ("data.columns_needed", "data.unknown_shape"):
            raise
        try:
            return read_table(request.path, columns=request.columns, kind="generate", require_target=False)
        except InputError:
            raise error from None
    if not first.set_aside:
        return first
    asked = read_table(request.path, columns=first.columns, kind="generate", require_target=False, shape=first.shape)
    return asked if len(asked.examples) > len(first.examples) else first


def _ordered(examples: Sequence[Example], module: Format) -> list[Example]:
    """The rows in the order in which they will stand: the format ``clinc`` puts them split by split."""
    if module.NAME != "clinc":
        return list(examples)
    order = {split: place for place, split in enumerate(dict.fromkeys(e.tag("split") for e in examples))}
    return sorted(examples, key=lambda e: order[e.tag("split")])


def _columns(found: ReadResult, module: Format) -> ColumnMap:
    """Names of the columns in the new file: a table that stays a table keeps its own."""
    known = found.columns or ColumnMap(input=())
    if module.NAME != "table":
        return replace(known, input=(), target=known.target if found.shape == module.NAME else None)
    return replace(
        known, input=known.input[:1] if len(known.input) == 1 else ("input",), target=known.target or "target"
    )


def _write(
    examples: Sequence[Example],
    half: Path,
    module: Format,
    columns: ColumnMap,
    container: Container,
    request: ConvertRequest,
) -> _Plan:
    """Write without any loss, or say what is lost, and write what can be held if that was accepted."""
    if not examples:
        raise InputError("convert.no_rows", "No row of this file can be used.", where=str(request.path))
    try:
        write_examples(examples, half, module.NAME, columns=columns)
        return _Plan(tuple(examples))
    except InputError as strict:
        if strict.code != "data.would_lose":
            raise
        if not request.lossy:
            raise _said(strict, request) from None
        return _lossy(examples, half, module, columns, strict)


def _said(strict: InputError, request: ConvertRequest) -> InputError:
    """The loss in the words of the command."""
    return InputError(
        "convert.would_lose",
        strict.message,
        where=strict.where,
        why="Nothing was written: what a file drops in silence is missed long after it is gone.",
        hint="Take a format that holds it (--to chat, as jsonl, holds most), or accept it with --lossy: a row whose "
        f"words the format cannot hold is then set aside in a file beside {request.output.name}.",
    )


def _lossy(examples: Sequence[Example], half: Path, module: Format, columns: ColumnMap, strict: InputError) -> _Plan:
    refused: list[SetAside] = []
    fitting: list[Example] = []
    for example in examples:
        laid_out = module.write(example, columns)
        if isinstance(laid_out, Refusal):
            refused.append(_aside(example, laid_out.reason))
        else:
            fitting.append(example)
    kept, unreadable = _readable(fitting, half, module, columns)
    refused += unreadable
    changed = _changed(kept, half, module, columns) if kept else []
    distorted = {n for n, lost in enumerate(changed) if lost & WORDS}
    if distorted:
        refused += [_aside(kept[n], f"it would lose: {', '.join(sorted(changed[n]))}") for n in sorted(distorted)]
        kept = [example for n, example in enumerate(kept) if n not in distorted]
        changed = [lost for n, lost in enumerate(changed) if n not in distorted]
        if kept:
            write_examples(kept, half, module.NAME, columns=columns, may_lose=_all_losses(kept))
    if not kept:
        raise InputError(
            "convert.nothing_fits",
            f"No row can be written as '{module.NAME}'.",
            where=strict.where,
            hint="Take a format that holds them: --to chat, as jsonl, holds most.",
        )
    lost = Counter(name for names in changed for name in names)
    return _Plan(tuple(kept), tuple(refused), tuple(lost.most_common()))


def _aside(example: Example, reason: str) -> SetAside:
    text = "\n".join([*(f"{message.role}: {message.content}" for message in example.messages), example.target])
    return SetAside(example.source, SET_ASIDE, reason, text)


def _all_losses(examples: Sequence[Example]) -> set[str]:
    return {*WORDS, *BESIDE, *(f"column '{name}'" for example in examples for name, _ in example.tags)}


def _readable(
    examples: list[Example], half: Path, module: Format, columns: ColumnMap
) -> tuple[list[Example], list[SetAside]]:
    """The rows that can be read again, written to ``half``; the others are found by halving."""
    accepted = _all_losses(examples)
    good: list[Example] = []
    bad: list[SetAside] = []
    waiting, attempts = [examples] if examples else [], 0
    while waiting:
        part = waiting.pop()
        attempts += 1
        try:
            write_examples(part, half, module.NAME, columns=columns, may_lose=accepted)
            good = [*good, *part]
        except InputError as error:
            if error.code != "data.would_lose" or attempts > MOST_ATTEMPTS:
                raise
            middle = len(part) // 2
            if middle:
                waiting += [part[middle:], part[:middle]]
            else:
                bad.append(_aside(part[0], (error.where or error.message).removeprefix("1 x ")))
    if bad and good:
        write_examples(good, half, module.NAME, columns=columns, may_lose=accepted)
    return good, bad


def _changed(examples: Sequence[Example], half: Path, module: Format, columns: ColumnMap) -> list[set[str]]:
    """What each row of the written file loses."""
    named = ColumnMap(
        columns.input,
        columns.target,
        (columns.id or "id") if any(e.row_id != str(e.source) for e in examples) else None,
        (columns.group or "group") if any(e.group for e in examples) else None,
        (columns.time or "time") if any(e.time for e in examples) else None,
        (columns.critical or "critical") if any(e.critical for e in examples) else None,
    )
    found = read_table(half, columns=named, kind="generate", require_target=False, shape=module.NAME)
    return [losses(before, after) for before, after in zip(examples, found.examples, strict=True)]


def _write_set_aside(output: Path, rows: Sequence[SetAside]) -> Path:
    number = 1
    while (path := output.with_name(f"{output.stem}.set-aside{'' if number == 1 else f'-{number}'}.csv")).exists():
        number += 1
    write_set_aside(path, rows)
    return path
