"""Lists and objects that stand in a cell as text, and other names of roles: mended before the shape of a row is judged.

A csv file can hold a conversation only as text; programs write it as JSON, or the way Python prints it. Only what is
clearly a conversation is taken for one. Called by ``read`` for texts, never for labels.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from tunewright.data.rows import BrokenRow, Cells, OpenTable, RawRow

# Keys of conversations: in files of rows with types of their own these are read as text seldom, and never by chance.
ALWAYS = frozenset({"messages", "conversations", "conversation", "contents"})
IN_TABLES = ALWAYS | {
    "prompt", "completion", "chosen", "rejected", "input", "output", "inputs", "outputs", "system", "history",
    "systemInstruction", "rejected_messages", "preferred_output", "non_preferred_output", "preferred_completion",
    "non_preferred_completion", "attributes",
}  # fmt: skip
MARKS = frozenset({"role", "from", "parts", "messages"})
# Python prints of more characters are left as they are: taking them apart needs hundreds of bytes for each.
MAX_PRINTED_CHARS = 1_000_000


def with_nested(table: OpenTable, roles: Mapping[str, str]) -> OpenTable:
    """The table with lists and objects in place of their texts, and with ``roles`` (name: usual name) put right."""
    keys = IN_TABLES if table.uniform else ALWAYS

    def rows(notes: list[str]) -> Iterator[RawRow | BrokenRow]:
        mender = _Mender(keys, roles)
        for row in table.rows(notes):
            yield row if isinstance(row, BrokenRow) else RawRow(row.line, mender.mend(row.cells))
        notes += mender.notes()

    return replace(table, rows=rows)


@dataclass(slots=True)
class _Mender:
    keys: frozenset[str]
    roles: Mapping[str, str]
    printed: int = 0
    renamed: int = 0

    def mend(self, cells: Cells) -> Cells:
        changed: dict[str, object] = {}
        for name, value in cells.items():
            new = value
            if isinstance(value, str) and name in self.keys:
                new = self._unfolded(name, value)
            if self.roles and isinstance(new, list | dict):
                with suppress(RecursionError):
                    new = self._with_roles(new)
            if new is not value:
                changed[name] = new
        return {**cells, **changed} if changed else cells

    def notes(self) -> list[str]:
        notes = []
        if self.printed:
            notes.append(
                f"{self.printed} cells hold lists the way Python prints them, not JSON; they were read as lists."
            )
        if self.renamed:
            given = ", ".join(f"'{role}' as '{usual}'" for role, usual in self.roles.items())
            notes.append(f"Roles were read under other names, as asked: {given} ({self.renamed} messages).")
        return notes

    def _unfolded(self, name: str, text: str) -> object:
        if text.lstrip()[:1] not in ("[", "{"):
            return text
        value = _json(text)
        if value is None:
            value = _printed(text)
            self.printed += value is not None and _is_nested(name, value)
        return value if _is_nested(name, value) else text

    def _with_roles(self, value: object) -> object:
        if isinstance(value, list):
            return [self._with_roles(item) for item in value]
        if not isinstance(value, dict):
            return value
        new = {key: self._with_roles(part) for key, part in value.items() if key not in ("role", "from")}
        for key in ("role", "from"):
            if key in value:
                usual = self.roles.get(value[key]) if isinstance(value[key], str) else None
                self.renamed += usual is not None
                new[key] = usual or value[key]
        return new


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _printed(text: str) -> object:
    """The value that Python printed, with None, True and single quotes; None where it is no such thing."""
    if len(text) > MAX_PRINTED_CHARS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value: object = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return value


def _is_nested(name: str, value: object) -> bool:
    """Whether a value is part of a conversation."""
    if isinstance(value, Mapping):
        return not MARKS.isdisjoint(value) or name == "attributes"
    if not isinstance(value, list) or not value:
        return False
    if name == "history":
        return all(isinstance(pair, list) and len(pair) == 2 for pair in value)
    return all(isinstance(item, Mapping) and (not MARKS.isdisjoint(item) or set(item) == {"text"}) for item in value)
