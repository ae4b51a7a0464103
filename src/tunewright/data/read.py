"""Reading a person's file into examples. Every row is either an example or set aside with the reason.

The door to the rest of this folder: the container is found by the file's bytes, the shape by its rows, and labels are
tidied. Splits, duplicates and statistics live elsewhere. Called by the main job and by the questions before it.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tunewright.data.cells import cell_text
from tunewright.data.containers import open_table
from tunewright.data.containers.delimited import join_cells
from tunewright.data.encoding import has_lone_surrogate
from tunewright.data.formats import Use, plain_text
from tunewright.data.formats._roles import suggestion
from tunewright.data.formats._turns import of_single_message
from tunewright.data.free_text import TextReader
from tunewright.data.guess import Guess, Guesses
from tunewright.data.labels import MIN_SHARE_OF_DOUBTFUL_CLASS, LabelReader, is_missing, same_numbers, same_spelling
from tunewright.data.nested import with_nested
from tunewright.data.peek import Peek, peek
from tunewright.data.rows import (
    MAX_CELL_CHARS,
    BrokenRow,
    Cells,
    ColumnMap,
    Draft,
    OpenTable,
    Refusal,
    SetAside,
)
from tunewright.data.set_aside import DEFAULT_ALLOWED_SHARE, require_allowed_share, write_set_aside
from tunewright.data.shapes import Shape, find_shape
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source

__all__ = [
    "ColumnMap",
    "Guess",
    "Guesses",
    "Peek",
    "ReadResult",
    "SetAside",
    "check_set_aside_share",
    "peek",
    "read_table",
    "write_set_aside",
]

YES = frozenset({"1", "true", "yes", "y", "t", "x", "on", "critical"})
NO = frozenset({"", "0", "false", "no", "n", "f", "off", "0.0", "none", "null", "nan"})
SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a file gave: ``rows_in == len(examples) + len(set_aside)``, always.

    ``rows_in`` counts rows with at least one filled cell. ``encoding`` is ``binary`` for workbooks and parquet.
    ``columns`` is the column map in force, given or guessed; None for shapes that need none.
    """

    examples: tuple[Example, ...]
    set_aside: tuple[SetAside, ...]
    container: str
    shape: str
    encoding: str
    delimiter: str | None
    column_names: tuple[str, ...]
    rows_in: int
    notes: tuple[str, ...]
    columns: ColumnMap | None = None


def read_table(
    path: Path,
    *,
    columns: ColumnMap | None = None,
    kind: Literal["classify", "generate"] = "classify",
    require_target: bool = True,
    display_name: str | None = None,
    merge_case: bool = False,
    shape: str | None = None,
    roles: Mapping[str, str] | None = None,
) -> ReadResult:
    """Read one file.

    Args:
        path: csv, tsv, xlsx, parquet, json or jsonl, or a folder of a Hugging Face data set; text may be gzipped.
        columns: what the columns mean; without it, conversations and prompt/completion rows are known by their shape,
            and tables are guessed where names leave no doubt.
        kind: the task; targets of ``classify`` are labels, whose white space is trimmed, those of ``generate`` are
            texts and stay as they are.
        require_target: whether a row without a target is set aside; if not, its target is an empty text.
        display_name: how the file is called in sources and messages; its file name without.
        merge_case: whether labels that differ only in case or white space become the commonest of them.
        shape: the name of the format of the rows; without it, the format is found by their shape. Labels are looked
            for in a few formats only, texts in all.
        roles: other names of roles, and the usual one of each, such as ``{"bot": "assistant"}``.

    Raises:
        InputError: the file cannot be read at all, a column does not exist, or its rows are of several shapes.
    """
    if kind not in ("classify", "generate"):
        raise InputError(
            "data.unknown_kind", f"Tables of kind '{kind}' cannot be read.", hint="Use classify or generate."
        )
    file = display_name or path.name
    wanted = [name for _, name in columns.named()] if columns else []
    table = open_table(path, wanted)
    if kind == "generate" or roles or shape:
        table = with_nested(table, roles or {})
    use: Use = "labels" if kind == "classify" else "texts" if require_target else "questions"
    found = find_shape(table, columns, require_target, file, use, shape)
    reader = _Reader(
        file, table, found, require_target, merge_case, LabelReader() if kind == "classify" else TextReader()
    )
    with _collector_paused():
        reader.read_all()
    return reader.result()


def check_set_aside_share(result: ReadResult, allow: float = DEFAULT_ALLOWED_SHARE) -> None:
    """Refuse to go on when more than a share ``allow`` (0 to 1) of the rows was set aside.

    Raises:
        InputError: with the commonest reasons, the places of some rows, and the flag that allows more.
    """
    require_allowed_share(result.set_aside, result.rows_in, allow)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Rows hold no cycles, and looking for some among millions of new objects takes a third of the reading time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass
class _Reader:
    """One pass over the rows of a table."""

    file: str
    table: OpenTable
    shape: Shape
    require_target: bool
    merge_case: bool
    labels: LabelReader | TextReader
    examples: list[Example] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows_in: int = 0
    doubtful: dict[int, Cells] = field(default_factory=dict)
    remarks: Counter[str] = field(default_factory=Counter)
    unknown_roles: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = self.shape.columns
        self.map = columns or ColumnMap(input=())
        named = {name for _, name in self.map.named()}
        self.no_tags = self.shape.format.consumed(columns) | named
        self.tag_names = tuple(name for name in self.table.columns if name not in self.no_tags)

    def read_all(self) -> None:
        convert, columns, same_shape = self.shape.format, self.shape.columns, self.table.uniform
        accepts = self.shape.accepts
        for row in self.table.rows(self.notes):
            self.rows_in += 1
            if isinstance(row, BrokenRow):
                self._put_aside(row.line, Refusal(row.code, row.reason), row.raw)
                continue
            if same_shape or accepts(row.cells):
                draft = convert.convert(row.cells, columns, self.require_target)
            else:
                draft = Refusal("data.other_shape", f"not one of the {convert.DESCRIPTION} that the file holds")
            made = draft if isinstance(draft, Refusal) else self._example(row.line, row.cells, draft)
            if isinstance(made, Refusal):
                self._put_aside(row.line, made, self._raw(row.cells))
                continue
            if made.target in self.labels.doubtful and self.require_target:
                self.doubtful[len(self.examples)] = row.cells
            self.examples.append(made)
            if isinstance(draft, Draft) and draft.remarks:
                self.remarks.update(draft.remarks)

    def result(self) -> ReadResult:
        self._settle_doubtful()
        counts = Counter(e.target for e in self.examples if e.target)
        if isinstance(self.labels, LabelReader):
            self._merge_numbers(counts)
        counts = Counter(e.target for e in self.examples if e.target)
        self.notes += self.labels.notes(counts, merged=self.merge_case)
        if self.merge_case:
            self._rename(same_spelling(counts))
        self._note_repeated_ids()
        self.notes += [f"In {count} rows {remark}." for remark, count in sorted(self.remarks.items())]
        self.notes += [self._note_of_role(role, lines) for role, lines in sorted(self.unknown_roles.items())]
        if not self.rows_in:
            raise InputError(
                "data.no_rows", f"{self.file} has column names but no rows.", where=self.file, hint="Check the export."
            )
        return ReadResult(
            examples=tuple(self.examples),
            set_aside=tuple(sorted(self.set_aside, key=lambda row: row.source.line)),
            container=self.table.container,
            shape=self.shape.format.NAME,
            encoding=self.table.encoding,
            delimiter=self.table.delimiter,
            column_names=self.shape.column_names,
            rows_in=self.rows_in,
            notes=(*self.table.notes, *self.shape.notes, *self.notes),
            columns=self.shape.columns,
        )

    def _example(self, line: int, cells: Cells, draft: Draft) -> Example | Refusal:
        source = Source(self.file, line, self.table.sheet)
        of_texts = isinstance(self.labels, TextReader)
        target = self.labels.read(draft.target)
        if isinstance(target, Refusal):
            only_calls = bool(draft.target_calls) and target.code == "data.empty_target"
            if only_calls and not of_texts:
                return Refusal("chat.tool_call", "the last message only calls a tool and has no text")
            if not only_calls and (self.require_target or target.code != "data.empty_target"):
                return self._first_problem(draft.messages, "") or target
            target = ""
        example = Example(
            messages=draft.messages,
            target=target,
            source=source,
            row_id=self._cell(cells, self.map.id) or str(source),
            group=self._cell(cells, self.map.group),
            time=self._cell(cells, self.map.time),
            critical=self.map.critical is not None and self._is_critical(cells, source),
            tags=self._tags(cells, draft, of_texts),
            tools=draft.tools if of_texts else (),
            target_calls=draft.target_calls if of_texts else (),
            target_weight=draft.target_weight if of_texts else None,
            rejected=draft.rejected if of_texts else (),
        )
        others = (example.row_id, example.group or "", example.time or "", *(text for _, text in example.tags))
        others += tuple(message.content for message in example.rejected)
        return self._first_problem(draft.messages, target, *others) or example

    def _tags(self, cells: Cells, draft: Draft, of_texts: bool) -> tuple[tuple[str, str], ...]:
        """Further columns, and what the format found beside input and target; of labels nothing of single messages."""
        names = self.tag_names if self.table.uniform else [name for name in cells if name not in self.no_tags]
        if not names and not draft.tags:
            return ()
        tags = tuple((name, text) for name in names if (text := cell_text(cells[name]).strip()))
        if not draft.tags and not draft.used and not draft.tools:
            return tags
        own = {name for name, _ in draft.tags} | draft.used | ({"tools"} if of_texts and draft.tools else set())
        kept = tuple((name, text.strip()) for name, text in draft.tags if of_texts or not of_single_message(name))
        return (*(tag for tag in tags if tag[0] not in own), *(tag for tag in kept if tag[1]))

    def _first_problem(self, messages: tuple[Message, ...], *others: str) -> Refusal | None:
        """Why a row cannot be used, judged by its texts."""
        texts = [m.content for m in messages]
        texts += others
        together = "".join(texts)
        if len(together) > MAX_CELL_CHARS and any(len(text) > MAX_CELL_CHARS for text in texts):
            return Refusal("data.huge_cell", f"a cell of more than {MAX_CELL_CHARS:,} characters")
        if not together.isascii() and has_lone_surrogate(together):
            return Refusal("data.bad_bytes", "characters that are not text (damaged bytes or half a character pair)")
        if not messages and self.shape.format.NAME == plain_text.NAME:
            return None
        for message in messages:
            if message.role != "system" and message.content.strip():
                return None
        return Refusal("data.empty_input", "the input is empty")

    def _is_critical(self, cells: Cells, source: Source) -> bool:
        value = cell_text(cells.get(self.map.critical or "")).strip().lower()
        if value in YES or value in NO:
            return value in YES
        raise InputError(
            "data.not_yes_or_no",
            f"The column '{self.map.critical}' marks critical cases, and '{value[:40]}' is neither yes nor no.",
            where=str(source),
            hint="Use yes and no, true and false, or 1 and 0.",
        )

    @staticmethod
    def _cell(cells: Cells, name: str | None) -> str | None:
        if name is None:
            return None
        value = cells.get(name)
        text = (value if isinstance(value, str) else cell_text(value)).strip()
        return text if text and not is_missing(text) else None

    def _raw(self, cells: Cells) -> str:
        if self.table.uniform:
            return join_cells([cell_text(value) for value in cells.values()], self.table.delimiter or ",")
        return json.dumps(cells, ensure_ascii=False, default=str)

    def _put_aside(self, line: int, refusal: Refusal, raw: str) -> None:
        source = Source(self.file, line, self.table.sheet)
        self.set_aside.append(SetAside(source, refusal.code, refusal.reason, raw))
        if refusal.code == "chat.unknown_role":
            self.unknown_roles.setdefault(refusal.subject, []).append(line)

    def _settle_doubtful(self) -> None:
        """'none' is a class where it is common, and a missing value where it is rare."""
        counts = Counter(self.examples[i].target for i in self.doubtful)
        missing = {word for word, n in counts.items() if n < MIN_SHARE_OF_DOUBTFUL_CLASS * self.rows_in}
        for word in sorted(set(counts) - missing):
            self.notes.append(f"'{word}' was kept as a class, for {counts[word]} rows have it as their target.")
        gone = {i for i in self.doubtful if self.examples[i].target in missing}
        for i in sorted(gone):
            example = self.examples[i]
            refusal = Refusal("data.empty_target", f"the target is '{example.target}', which is rare and looks missing")
            self._put_aside(example.source.line, refusal, self._raw(self.doubtful[i]))
        if gone:
            self.examples = [e for i, e in enumerate(self.examples) if i not in gone]

    def _merge_numbers(self, counts: Counter[str]) -> None:
        merged = same_numbers(counts)
        if not merged:
            return
        self._rename(merged)
        for label, whole in sorted(merged.items()):
            self.notes.append(f"The target '{label}' ({counts[label]} rows) was read as '{whole}'.")

    def _rename(self, labels: dict[str, str]) -> None:
        if labels:
            self.examples = [replace(e, target=labels[e.target]) if e.target in labels else e for e in self.examples]

    @staticmethod
    def _note_of_role(role: str, lines: list[int]) -> str:
        return f"{len(lines)} rows (first at line {lines[0]}) have the unknown role '{role}'{suggestion(role)}."

    def _note_repeated_ids(self) -> None:
        if self.map.id is None:
            return
        repeated = [row_id for row_id, n in Counter(e.row_id for e in self.examples).items() if n > 1]
        if repeated:
            shown = ", ".join(f"'{row_id}'" for row_id in repeated[:SHOWN_IDS])
            self.notes.append(f"{len(repeated)} ids occur more than once, such as {shown}.")
