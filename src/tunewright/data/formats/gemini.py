"""Conversations of Vertex AI and Gemini: ``contents`` of ``parts``, roles user and model, ``systemInstruction``.

The role that a system instruction names is passed over, as it is there. Function declarations are read as tools in the
OpenAI shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._turns import Turns, unknown_role
from tunewright.data.formats.chat import conversation_of, draft_of, turns_to_write
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import canonical_json, read_tool_calls
from tunewright.records.example import Example, Message, ToolCall

ORDER = 4
NAME = "gemini"
DESCRIPTION = "conversations of Gemini (contents with parts)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
SYSTEM_KEYS = ("systemInstruction", "system_instruction")
DECLARATIONS = ("functionDeclarations", "function_declarations")
# A tool's answer that is no object stands under this name.
PLAIN_ANSWER = "output"


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    contents = cells.get("contents")
    if (columns is not None and columns.input) or not isinstance(contents, list):
        return False
    return bool(contents) and all(isinstance(turn, dict) and "parts" in turn for turn in contents)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({"contents", "tools", *SYSTEM_KEYS} | target)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    contents = cells.get("contents")
    if not isinstance(contents, list):
        return Refusal("data.other_shape", "there is no list 'contents'")
    messages: list[Message] = []
    system = next((cells[key] for key in SYSTEM_KEYS if cells.get(key)), None)
    if system:
        read = _turn({**system, "role": "user"} if isinstance(system, Mapping) else {}, 0)
        if isinstance(read, Refusal) or len(read) != 1:
            return Refusal("chat.content", "the system instruction has no parts of text")
        messages.append(Message("system", read[0].content))
    for place, item in enumerate(contents, start=1):
        read = (
            _turn(item, place) if isinstance(item, Mapping) else Refusal("data.other_shape", f"turn {place} is empty")
        )
        if isinstance(read, Refusal):
            return read
        messages += read
    tools = _tools(cells.get("tools"))
    if isinstance(tools, Refusal):
        return tools
    found = conversation_of(Turns(tuple(messages)), {**cells, "tools": tools}, columns, require_target)
    return found if isinstance(found, Refusal) else draft_of(found)


def _turn(item: Mapping[str, object], place: int) -> list[Message] | Refusal:
    """The messages of one turn: one, or one for each answer of a tool."""
    role, parts = cell_text(item.get("role")) or "user", item.get("parts")
    if role not in ("user", "model", "function", "tool"):
        return unknown_role(role, place)
    if isinstance(parts, Mapping):
        parts = [parts]
    if not isinstance(parts, list):
        return Refusal("chat.content", f"turn {place} has no list of parts")
    texts: list[str] = []
    calls: list[ToolCall] = []
    answers: list[Message] = []
    for part in parts:
        names = [name for name, value in part.items() if value is not None] if isinstance(part, Mapping) else []
        value = part[names[0]] if len(names) == 1 else None
        if names == ["text"] and isinstance(value, str):
            texts.append(value)
        elif names == ["functionCall"] and role == "model":
            call = _call(value, place)
            if isinstance(call, Refusal):
                return call
            calls.append(call)
        elif names == ["functionResponse"] and isinstance(value, Mapping):
            answers.append(_answer(value))
        else:
            return Refusal("chat.not_text", f"turn {place} has a part '{', '.join(names)}'; only text can be used")
    if answers:
        mixed = Refusal("chat.content", f"turn {place} mixes answers of tools with other parts")
        return mixed if texts or calls else answers
    return [Message("assistant" if role == "model" else "user", "\n".join(texts), tuple(calls))]


def _call(value: object, place: int) -> ToolCall | Refusal:
    given = value if isinstance(value, Mapping) else {}
    item = {"id": given.get("id"), "name": given.get("name"), "arguments": given.get("args")}
    calls = read_tool_calls([item], place)
    return calls if isinstance(calls, Refusal) else calls[0]


def _answer(value: Mapping[str, object]) -> Message:
    response, name, identity = value.get("response"), value.get("name"), value.get("id")
    plain = isinstance(response, Mapping) and set(response) == {PLAIN_ANSWER}
    inner = response[PLAIN_ANSWER] if isinstance(response, Mapping) and plain else response
    content = inner if isinstance(inner, str) else canonical_json(response)
    return Message(
        "tool",
        content,
        tool_call_id=identity if isinstance(identity, str) else None,
        name=name if isinstance(name, str) else None,
    )


def _tools(value: object) -> list[object] | Refusal:
    tools: list[object] = []
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return Refusal("chat.tools", "the tools are not JSON")
    for group in value if isinstance(value, list) else []:
        declared = next((group[key] for key in DECLARATIONS if key in group), None) if isinstance(group, dict) else None
        if not isinstance(declared, list):
            return Refusal("chat.tools", "a tool is no list of function declarations")
        tools += [{"type": "function", "function": declaration} for declaration in declared]
    return tools


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    turns = turns_to_write(example)
    cells: dict[str, object] = {}
    if turns and turns[0].role == "system":
        cells["systemInstruction"] = {"parts": [{"text": turns[0].content}]}
        turns = turns[1:]
    if any(message.role == "system" for message in turns):
        return Refusal("write.roles", "it has a system message that does not stand first")
    cells["contents"] = [_written(message) for message in turns]
    if example.tools:
        functions = [json.loads(tool).get("function") for tool in example.tools]
        if not all(isinstance(function, dict) for function in functions):
            return Refusal("write.tools", "its tools are not function declarations")
        cells["tools"] = [{DECLARATIONS[0]: functions}]
    return Written(cells)


def _written(message: Message) -> dict[str, object]:
    if message.role == "tool":
        answer = {"id": message.tool_call_id, "name": message.name, "response": _response(message.content)}
        given = {key: value for key, value in answer.items() if value is not None}
        return {"role": "user", "parts": [{"functionResponse": given}]}
    parts: list[dict[str, object]] = [{"text": message.content}] if message.content or not message.tool_calls else []
    for call in message.tool_calls:
        identity = {} if call.id is None else {"id": call.id}
        parts.append({"functionCall": {**identity, "name": call.name, "args": json.loads(call.arguments)}})
    return {"role": "model" if message.role == "assistant" else "user", "parts": parts}


def _response(content: str) -> object:
    """The answer of a tool as an object: itself where it is one, else a text under a name."""
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return {PLAIN_ANSWER: content}
    whole = isinstance(value, dict) and canonical_json(value) == content and set(value) != {PLAIN_ANSWER}
    return value if whole else {PLAIN_ANSWER: content}
