"""Rows of dataset versions under the keyed hash of their content, each once, however many versions hold it.

The content is all of a row but where it stands and what it is called: an inserted line or another file name does not
make it another row. Text is plain in the database, so that erasing it can be checked. Called by ``dataset_versions``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.records.example import Example, Message, Role, Source, ToolCall
from tunewright.store.schema import row_blobs, version_rows
from tunewright.store.secret import Keyring

_AT_ONCE = 5_000
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class RowContent:
    """A row as it is stored: the hash of its content, the keys it is found by, and the content itself."""

    row: str
    row_key: str
    input_key: str
    content: bytes


def row_content(keyring: Keyring, example: Example) -> RowContent:
    """The row of an example; equal contents have equal ``row``, 32 hex characters."""
    content = pack(example)
    row = keyring.key_of_digest(hashlib.sha256(content).hexdigest())
    return RowContent(row, keyring.row_key(example), keyring.input_key(example), content)


def row_digest(keyring: Keyring, example: Example) -> str:
    """The keyed hash of a row's content alone."""
    return keyring.key_of_digest(hashlib.sha256(pack(example)).hexdigest())


def keep_rows(connection: Connection, rows: Iterable[RowContent]) -> None:
    """Store rows that are not stored yet."""
    values = {r.row: {"row": r.row, "row_key": r.row_key, "input_key": r.input_key, "content": r.content} for r in rows}
    if values:
        ordered = [values[row] for row in sorted(values)]
        connection.execute(insert(row_blobs).on_conflict_do_nothing(), ordered)


def contents(connection: Connection, rows: Sequence[str]) -> dict[str, bytes]:
    """The stored content of rows; what was erased is missing."""
    wanted, found = sorted(set(rows)), dict[str, bytes]()
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        query = select(row_blobs.c.row, row_blobs.c.content).where(row_blobs.c.row.in_(part))
        found.update((row, bytes(content)) for row, content in connection.execute(query).all())
    return found


def delete_unused_rows(connection: Connection) -> int:
    """Delete rows that no version holds; returns how many."""
    return connection.execute(delete(row_blobs).where(row_blobs.c.row.not_in(select(version_rows.c.row)))).rowcount


def pack(example: Example) -> bytes:
    """The content of a row in one canonical form; what is empty is left out, so that later fields change nothing."""
    value: dict[str, object] = {"messages": [_plain_message(m) for m in example.messages], "target": example.target}
    value |= {name: text for name in ("group", "time") if (text := getattr(example, name)) is not None}
    if example.critical:
        value["critical"] = True
    if example.tags:
        value["tags"] = [list(tag) for tag in example.tags]
    if example.tools:
        value["tools"] = list(example.tools)
    if example.target_calls:
        value["target_calls"] = _plain_calls(example.target_calls)
    if example.target_weight is not None:
        value["target_weight"] = example.target_weight
    if example.rejected:
        value["rejected"] = [_plain_message(m) for m in example.rejected]
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


def unpack(content: bytes, source: Source, row_id: str) -> Example:
    """The example of a stored content, with its place and name."""
    value = json.loads(content.decode("utf-8", "surrogatepass"))
    return Example(
        messages=tuple(_message(m) for m in value["messages"]),
        target=value["target"],
        source=source,
        row_id=row_id,
        group=value.get("group"),
        time=value.get("time"),
        critical=value.get("critical", False),
        tags=tuple((name, text) for name, text in value.get("tags", ())),
        tools=tuple(value.get("tools", ())),
        target_calls=_calls(value.get("target_calls", ())),
        target_weight=value.get("target_weight"),
        rejected=tuple(_message(m) for m in value.get("rejected", ())),
    )


def _plain_message(message: Message) -> dict[str, object]:
    value: dict[str, object] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        value["tool_calls"] = _plain_calls(message.tool_calls)
    others = {"tool_call_id": message.tool_call_id, "name": message.name, "weight": message.weight}
    return value | {name: part for name, part in others.items() if part is not None}


def _plain_calls(calls: Sequence[ToolCall]) -> list[list[str | None]]:
    return [[call.name, call.arguments, call.id] for call in calls]


def _message(value: Mapping[str, object]) -> Message:
    weight = value.get("weight")
    return Message(
        role=cast(Role, value["role"]),
        content=cast(str, value["content"]),
        tool_calls=_calls(cast(Sequence[Sequence[str]], value.get("tool_calls", ()))),
        tool_call_id=cast("str | None", value.get("tool_call_id")),
        name=cast("str | None", value.get("name")),
        weight=cast("float | None", weight),
    )


def _calls(values: Sequence[Sequence[str]]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(name, arguments, identity) for name, arguments, identity in values)
