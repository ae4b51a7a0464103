"""Conversations in the shape of ShareGPT: ``conversations`` of ``from`` and ``value``.

Preference pairs add ``chosen`` and ``rejected``, one message each; single judged answers add ``kto_tag``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._preference import pair_draft, unpaired
from tunewright.data.formats._roles import suggestion
from tunewright.data.formats._turns import Turns, read_turns, write_turns
from tunewright.data.formats.chat import conversation_of, draft_of, turns_to_write, with_own_tools_only
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import canonical_json, read_tools
from tunewright.records.example import Example, Message

ORDER = 12
NAME = "sharegpt"
DESCRIPTION = "conversations in the shape of ShareGPT (from, value)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
KEYS = ("conversations", "conversation")
FROM = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "system": "system",
    "function_call": "assistant",
    "observation": "tool",
    "tool": "tool",
    "function_response": "tool",
}
# Names of single products stand for the assistant: told, for a person may not know that they are there.
TOLD = frozenset({"chatgpt", "bing", "bard"})
KTO = "kto_tag"


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    value = _turns_of(cells)
    if (columns is not None and columns.input) or not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) and "from" in item and "value" in item for item in value)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({*KEYS, "system", "chosen", "rejected", KTO} | target)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    if cell_text(cells.get(KTO)).lower() == "false":
        return unpaired()
    system = cells.get("system")
    before = 1 if isinstance(system, str) and system else 0
    found = _read(_turns_of(cells), "messages", before)
    if isinstance(found, Refusal):
        return found
    if before:
        found = Turns((Message("system", str(system)), *found.messages), found.tags, found.remarks)
    cells = with_own_tools_only(cells)
    if any(cells.get(key) and not isinstance(cells[key], Mapping) for key in ("chosen", "rejected")):
        return Refusal("preference.not_one_answer", "'chosen' and 'rejected' are not one turn each")
    kto = ((KTO, "true"),) if cells.get(KTO) else ()
    if isinstance(cells.get("chosen"), Mapping) or isinstance(cells.get("rejected"), Mapping):
        draft = _pair(found, cells)
    else:
        whole = conversation_of(found, cells, columns, require_target)
        draft = whole if isinstance(whole, Refusal) else draft_of(whole)
    if isinstance(draft, Refusal):
        return draft
    return draft._replace(tags=(*draft.tags, *kto), remarks=found.remarks)


def _turns_of(cells: Cells) -> object:
    return next((cells[key] for key in KEYS if cells.get(key)), None)


def _pair(prompt: Turns, cells: Cells) -> Draft | Refusal:
    chosen, rejected = _read([cells.get("chosen")], "chosen"), _read([cells.get("rejected")], "rejected")
    return pair_draft(prompt, chosen, rejected, read_tools(cells.get("tools")))


def _read(value: object, where: str, first: int = 0) -> Turns | Refusal:
    """The turns of a list, put into the OpenAI shape and read as that."""
    if not isinstance(value, list):
        return Refusal("data.other_shape", "there is no list of turns with 'from' and 'value'")
    turns: list[dict[str, object]] = []
    remarks: dict[str, None] = {}
    for place, item in enumerate(value, start=1):
        given = item if isinstance(item, Mapping) else {}
        name = cell_text(given.get("from")).strip().lower()
        role = FROM.get(name)
        if role is None:
            reason = f"turn {place} is from the unknown side '{name}'{suggestion(name)}"
            return Refusal("chat.unknown_role", reason, name)
        if name in TOLD:
            remarks[f"turns from '{name}' were read as the assistant's"] = None
        turn = {key: part for key, part in given.items() if key not in ("from", "value")}
        turn |= {"role": role, "content": given.get("value")}
        if name == "function_call":
            calls = _calls(given.get("value"))
            if calls is None:
                return Refusal(
                    "chat.tool_call", f"the function call of turn {place} is not JSON with name and arguments"
                )
            turn |= {"content": None, "tool_calls": calls}
        turns.append(turn)
    found = read_turns(turns, where, first)
    return found if isinstance(found, Refusal) else found._replace(remarks=tuple(remarks))


def _calls(value: object) -> list[object] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    calls = value if isinstance(value, list) else [value]
    return calls if all(isinstance(call, dict) and "name" in call for call in calls) else None


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    tags = dict(example.tags)
    turns = example.messages if example.rejected else turns_to_write(example)
    cells: dict[str, object] = {}
    before = 1 if turns and turns[0].role == "system" and turns[0].content else 0
    if before:
        cells["system"] = turns[0].content
    both = [message for message in (*turns, *example.rejected) if message.tool_calls and message.content]
    if both or (example.target and example.target_calls):
        return Refusal("write.text_and_call", "a turn has both text and tool calls, and this format holds one of them")
    written, used = write_turns(turns[before:], tags, one=_written, first=before)
    cells[KEYS[0]] = written
    if example.rejected:
        if len(example.rejected) != 1:
            return Refusal("write.one_turn", "its rejected answer has several messages, and this format holds one")
        answer = Message("assistant", example.target, example.target_calls, weight=example.target_weight)
        chosen, in_chosen = write_turns((answer,), tags, "chosen", _written)
        rejected, in_rejected = write_turns(example.rejected, tags, "rejected", _written)
        cells |= {"chosen": chosen[0], "rejected": rejected[0]}
        used |= in_chosen | in_rejected
    if example.tools:
        cells["tools"] = "[" + ",".join(example.tools) + "]"
    if tags.get(KTO) == "true":
        cells[KTO], used = True, used | {KTO}
    return Written(cells, used)


def _written(message: Message) -> dict[str, object]:
    side = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}[message.role]
    weight = {} if message.weight is None else {"weight": message.weight}
    if not message.tool_calls:
        return {"from": side, "value": message.content, **weight}
    calls = [{"name": call.name, "arguments": json.loads(call.arguments)} for call in message.tool_calls]
    return {"from": "function_call", "value": canonical_json(calls[0] if len(calls) == 1 else calls), **weight}
