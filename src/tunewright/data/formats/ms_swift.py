"""Conversations in the shape of ms-swift: ``messages`` with its own roles for tools, ``loss``, and rejected answers.

``tool_call`` messages in a row are one turn of several calls. A message's ``loss`` or ``loss_scale`` is its weight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._preference import same_prompt, unpaired
from tunewright.data.formats._turns import Turns, is_turns, read_turns, write_turns
from tunewright.data.formats.chat import conversation_of, draft_of, turns_to_write, with_own_tools_only, with_tools
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import canonical_json
from tunewright.records.example import Example, Message

ORDER = 7
NAME = "ms-swift"
DESCRIPTION = "conversations in the shape of ms-swift (loss, tool_call, rejected_response)"
USES = TEXT_USES
FAMILY = "conversations"
ALONE = False
REJECTED = ("rejected_response", "rejected_messages")
OWN_ROLES = frozenset({"tool_call", "tool_response"})
OWN_KEYS = frozenset({"loss", "loss_scale"})


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    messages = cells.get("messages")
    if (columns is not None and columns.input) or not is_turns(messages) or not messages:
        return False
    assert isinstance(messages, list)
    if any(cells.get(key) for key in REJECTED) or isinstance(cells.get("label"), bool):
        return True
    return any(cell_text(message["role"]) in OWN_ROLES or not OWN_KEYS.isdisjoint(message) for message in messages)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({"messages", "system", *REJECTED} | target)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    if cells.get("label") is False:
        return unpaired()
    system = cells.get("system")
    before = 1 if isinstance(system, str) and system else 0
    found = _read(cells.get("messages"), "messages", before)
    if isinstance(found, Refusal):
        return found
    if before:
        found = Turns((Message("system", str(system)), *found.messages), found.tags)
    whole = conversation_of(found, with_own_tools_only(cells), columns, require_target)
    if isinstance(whole, Refusal):
        return whole
    rejected = _rejected(cells, whole.messages)
    if isinstance(rejected, Refusal):
        return rejected
    return draft_of(whole)._replace(rejected=rejected.messages, tags=(*whole.tags, *rejected.tags))


def _rejected(cells: Cells, prompt: tuple[Message, ...]) -> Turns | Refusal:
    answer, whole = (cells.get(key) for key in REJECTED)
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, str) and answer:
        return Turns((Message("assistant", answer),))
    if answer:
        return Refusal("preference.several_others", "it has several rejected answers; one makes a pair")
    if not whole:
        return Turns(())
    found = _read(whole, "rejected", 0)
    if isinstance(found, Refusal):
        return found
    system = prompt[:1] if prompt and prompt[0].role == "system" and found.messages[:1] != prompt[:1] else ()
    if not same_prompt(prompt, (*system, *found.messages)):
        return Refusal("preference.other_prompt", "the rejected conversation does not begin with the same messages")
    start = len(prompt) - len(system)
    tags = [
        (tag.replace(f"rejected[{n}]", f"rejected[{n - start}]", 1), text)
        for n in range(start, len(found.messages))
        for tag, text in found.tags
        if tag.startswith(f"rejected[{n}].")
    ]
    return Turns(found.messages[start:], tuple(tags))


def _read(value: object, where: str, first: int) -> Turns | Refusal:
    if not isinstance(value, list):
        return Refusal("data.other_shape", "there is no list of messages")
    turns: list[object] = []
    calling: list[object] | None = None
    for place, item in enumerate(value, start=1):
        if not isinstance(item, Mapping):
            return Refusal("data.other_shape", f"message {place} is not an object")
        turn = {key: part for key, part in item.items() if key not in OWN_KEYS}
        weight = _weight(item)
        if weight is not None:
            turn["weight"] = weight
        role = cell_text(item.get("role"))
        if role != "tool_call":
            calling = None
            turns.append({**turn, "role": "tool"} if role == "tool_response" else turn)
            continue
        call = _call(item.get("content"))
        if call is None:
            return Refusal("chat.tool_call", f"the tool call of message {place} is not JSON with name and arguments")
        if calling is None:
            calling = [call]
            turns.append({**turn, "role": "assistant", "content": None, "tool_calls": calling})
        else:
            calling.append(call)
    return read_turns(turns, where, first)


def _weight(item: Mapping[str, object]) -> object:
    loss, scale = item.get("loss"), item.get("loss_scale")
    if isinstance(scale, int | float) and not isinstance(scale, bool):
        return scale
    return int(loss) if isinstance(loss, bool) else loss


def _call(content: object) -> object:
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except (ValueError, RecursionError):
            return None
    return content if isinstance(content, dict) and "name" in content else None


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    tags, turns = dict(example.tags), turns_to_write(example)
    if any(message.tool_calls and message.content for message in (*turns, *example.rejected)):
        return Refusal("write.text_and_call", "a turn has both text and tool calls, and this format holds one of them")
    if any(len(message.tool_calls) > 1 for message in (*turns, *example.rejected)):
        written, used = _spread(turns), frozenset[str]()
    else:
        written, used = write_turns(turns, tags, one=_written)
    cells = with_tools({"messages": written}, example)
    if example.rejected:
        other = example.rejected
        if len(other) == 1 and other[0] == Message("assistant", other[0].content):
            cells[REJECTED[0]] = other[0].content
        else:
            cells[REJECTED[1]] = _spread((*example.messages, *other))
    if tags.get("label") == "true":
        cells["label"], used = True, used | {"label"}
    return Written(cells, used)


def _spread(turns: tuple[Message, ...]) -> list[dict[str, object]]:
    """The messages, a turn of several calls as several messages."""
    return [
        _written(Message(turn.role, turn.content, (call,), weight=turn.weight)) if call else _written(turn)
        for turn in turns
        for call in (turn.tool_calls or (None,))
    ]


def _written(message: Message) -> dict[str, object]:
    weight: dict[str, object] = {}
    if message.weight is not None:
        weight = {"loss": bool(message.weight)} if message.weight in (0, 1) else {"loss_scale": message.weight}
    if message.tool_calls:
        call = message.tool_calls[0]
        content = canonical_json({"name": call.name, "arguments": json.loads(call.arguments)})
        return {"role": "tool_call", "content": content, **weight}
    role = "tool_response" if message.role == "tool" else message.role
    return {"role": role, "content": message.content, **weight}
