"""What an example loses between writing and reading, in words, and the error that names rows and losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tunewright.errors import InputError
from tunewright.records.example import Example, Message, ToolCall

SHOWN_ROWS = 3
SHOWN_PROBLEMS = 5

_OF_MESSAGES: tuple[tuple[str, Callable[[Message], object]], ...] = (
    ("roles", lambda message: message.role),
    ("texts of messages", lambda message: message.content),
    ("tool calls", lambda message: _without_ids(message.tool_calls)),
    ("ids of tool calls", lambda message: (*(call.id for call in message.tool_calls), message.tool_call_id)),
    ("names of messages", lambda message: message.name),
    ("training weights", lambda message: message.weight),
)


def losses(before: Example, after: Example) -> set[str]:
    """Names of what differs between an example and what is read in its place; its place itself is not compared."""
    lost = _of_messages(before.messages, after.messages)
    lost |= {"rejected answer"} if _of_messages(before.rejected, after.rejected) else set()
    calls = (before.target_calls, after.target_calls)
    ids, other_ids = ([call.id for call in side] for side in calls)
    pairs: list[tuple[str, object, object]] = [
        ("target", before.target, after.target),
        ("tool calls", _without_ids(calls[0]), _without_ids(calls[1])),
        ("ids of tool calls", ids, other_ids),
        ("training weights", before.target_weight, after.target_weight),
        ("tools offered", before.tools, after.tools),
        ("group", before.group, after.group),
        ("time", before.time, after.time),
        ("critical", before.critical, after.critical),
    ]
    if before.row_id != str(before.source):
        pairs.append(("id", before.row_id, after.row_id))
    lost |= {name for name, one, other in pairs if one != other}
    theirs = dict(after.tags)
    return lost | {f"column '{name}'" for name, text in before.tags if theirs.get(name) != text}


def _without_ids(calls: tuple[ToolCall, ...]) -> list[tuple[str, str]]:
    return [(call.name, call.arguments) for call in calls]


def _of_messages(before: tuple[Message, ...], after: tuple[Message, ...]) -> set[str]:
    if len(before) != len(after):
        return {"number of messages"}
    return {name for name, part in _OF_MESSAGES if [part(m) for m in before] != [part(m) for m in after]}


@dataclass(slots=True)
class Problems:
    """Rows that a format cannot hold, by what is wrong."""

    format: str
    rows: int
    found: dict[str, list[Example]] = field(default_factory=dict)
    losses: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.found)

    def clear(self) -> None:
        """Forget everything, for another attempt."""
        self.found.clear()
        self.losses.clear()

    def refused(self, example: Example, reason: str) -> None:
        """A row that cannot be laid out or read."""
        self.found.setdefault(reason, []).append(example)

    def all_refused(self, examples: Sequence[Example], reason: str) -> None:
        """A file that cannot be read as these rows."""
        self.found.setdefault(reason, []).extend(examples)

    def lost(self, example: Example, lost: set[str]) -> None:
        """A row that would come back with less, or with something else."""
        self.losses |= lost
        self.refused(example, f"it would lose: {', '.join(sorted(lost))}")

    def raise_if_any(self) -> None:
        """Raise ``InputError`` with the commonest reasons and the places of some rows."""
        if not self.found:
            return
        by_size = sorted(self.found.items(), key=lambda item: -len(item[1]))
        lines = [_line(reason, examples) for reason, examples in by_size[:SHOWN_PROBLEMS]]
        if len(by_size) > SHOWN_PROBLEMS:
            lines.append(f"and {len(by_size) - SHOWN_PROBLEMS} other reasons")
        touched = len({id(example) for examples in self.found.values() for example in examples})
        lossy = bool(self.losses) and all(reason.startswith("it would lose") for reason in self.found)
        allow = f", or accept the loss: may_lose={sorted(self.losses)}" if lossy else ""
        raise InputError(
            "data.would_lose",
            f"{touched} of {self.rows} rows cannot be written as '{self.format}' without loss.",
            where="; ".join(lines),
            why="What a file drops in silence is missed long after it is gone.",
            hint=f"Leave these rows out, take a format that holds them (chat as jsonl holds most){allow}.",
        )


def _line(reason: str, examples: Sequence[Example]) -> str:
    places = ", ".join(str(example.source) for example in examples[:SHOWN_ROWS])
    more = ", ..." if len(examples) > SHOWN_ROWS else ""
    return f"{len(examples)} x {reason} ({places}{more})"
