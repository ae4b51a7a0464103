"""Preference pairs of messages (TRL): ``prompt``, ``chosen`` and ``rejected``, or two whole conversations.

Without a prompt the messages that both conversations share are the prompt.
"""

from __future__ import annotations

from functools import partial

from tunewright.data.formats import TEXT_USES, none_named
from tunewright.data.formats._preference import common_prefix, no_pair, pair_draft, same_prompt
from tunewright.data.formats._turns import Turns, is_turns, read_turns, write_message, write_turns
from tunewright.data.formats.chat import with_own_tools_only, with_tools
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import read_tools
from tunewright.records.example import Example, Message

ORDER = 16
NAME = "trl preference"
DESCRIPTION = "preference pairs of messages (chosen, rejected)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
KEYS = ("prompt", "chosen", "rejected")


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if not none_named(columns) or "chosen" not in cells or "rejected" not in cells:
        return False
    return all(is_turns(cells[key]) for key in ("chosen", "rejected"))


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset(KEYS)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    given = cells.get("prompt")
    if isinstance(given, str) and given:
        given = [{"role": "user", "content": given}]
    prompt = read_turns(given or [], "prompt")
    chosen, rejected = read_turns(cells.get("chosen"), "chosen"), read_turns(cells.get("rejected"), "rejected")
    tools = read_tools(with_own_tools_only(cells).get("tools"))
    if isinstance(chosen, Refusal) or isinstance(rejected, Refusal):
        return pair_draft(prompt, chosen, rejected, tools)
    if isinstance(prompt, Refusal):
        return prompt
    given_again = all(same_prompt(prompt.messages, side.messages) for side in (chosen, rejected))
    if prompt.messages and not given_again:
        return pair_draft(prompt, chosen, rejected, tools)
    shared = len(prompt.messages) or common_prefix(chosen.messages, rejected.messages)
    return pair_draft(
        _part(chosen, 0, shared, "chosen", "prompt"),
        _part(chosen, shared, len(chosen.messages), "chosen", "chosen"),
        _part(rejected, shared, len(rejected.messages), "rejected", "rejected"),
        tools,
    )


def _part(turns: Turns, start: int, end: int, was: str, name: str) -> Turns:
    """Some messages of a conversation, with their tags under another name and counted anew."""
    tags = tuple(
        (tag.replace(f"{was}[{number}]", f"{name}[{number - start}]", 1), text)
        for number in range(start, end)
        for tag, text in turns.tags
        if tag.startswith(f"{was}[{number}].")
    )
    return Turns(turns.messages[start:end], tags)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if not example.rejected:
        return no_pair()
    one, tags = partial(write_message, objects=True), dict(example.tags)
    answer = Message("assistant", example.target, example.target_calls, weight=example.target_weight)
    prompt, in_prompt = write_turns(example.messages, tags, "prompt", one)
    chosen, in_chosen = write_turns((answer,), tags, "chosen", one)
    rejected, in_rejected = write_turns(example.rejected, tags, "rejected", one)
    cells: dict[str, object] = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    return Written(with_tools(cells, example), in_prompt | in_chosen | in_rejected)
