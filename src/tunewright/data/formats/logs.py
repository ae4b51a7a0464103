"""Logged calls of a model: an input with messages, an output with the answer, and whatever else was noted.

Stored completions, Langfuse, LangSmith and spans of OpenTelemetry name the two differently; each is read, and
``input`` and ``output`` are written. The answer that was logged is the target, right or wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._turns import read_turns, split_answer, structure, write_turns
from tunewright.data.formats.chat import with_own_tools_only, with_tools
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import read_tools
from tunewright.records.example import Example, Message

ORDER = 5
NAME = "logs"
DESCRIPTION = "logged calls of a model (input and output with messages)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
PAIRS = (
    ("input", "output"),
    ("inputs", "outputs"),
    ("request", "response"),
    ("messages", "choices"),
    ("gen_ai.input.messages", "gen_ai.output.messages"),
)
SYSTEM = "gen_ai.system_instructions"
ROLES = {"human": "user", "ai": "assistant", "model": "assistant"}
OF_INPUT = "input."
# Where an output keeps its message.
WRAPPERS = ("choices", "messages", "message", "output", "generations")


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if columns is not None and columns.input:
        return False
    found = _pair(cells)
    return found is not None and _messages(found[0]) is not None


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({name for pair in PAIRS for name in pair} | {"attributes", SYSTEM} | target)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    found = _pair(cells)
    asked = _messages(found[0]) if found else None
    if found is None or asked is None:
        return Refusal("data.other_shape", "it has no input with messages beside an output")
    prompt = read_turns(_system(cells) + asked)
    if isinstance(prompt, Refusal):
        return prompt
    given = found[0] if isinstance(found[0], Mapping) else {}
    tools = read_tools(given.get("tools") or with_own_tools_only(cells).get("tools"))
    if isinstance(tools, Refusal):
        return tools
    beside = _beside(cells, given, found[1])
    tags = (*prompt.tags, *beside)
    if columns is not None and columns.target is not None:
        return Draft(prompt.messages, cells.get(columns.target), tools, tags=tags)
    output = _output(found[1])
    if output is None:
        return Draft(prompt.messages, None, tools, tags=tags)
    answer = read_turns(output, "output")
    if isinstance(answer, Refusal):
        return answer
    rest, last = split_answer(answer, "output")
    if last is None or rest.messages:
        return Refusal("logs.not_one_answer", "its output is not one message of the assistant")
    return Draft(prompt.messages, last.content, tools, last.tool_calls, last.weight, tags=(*tags, *rest.tags))


def _beside(cells: Cells, given: Mapping[str, object], output: object) -> list[tuple[str, str]]:
    """What was logged beside the messages: settings of the call, attributes, the use of tokens."""
    tags = [(OF_INPUT + key, cell_text(given[key])) for key in given if key not in ("messages", "tools")]
    if isinstance(output, Mapping):
        wrapper = next((key for key in WRAPPERS if output.get(key)), None)
        tags += [(f"output.{key}", cell_text(output[key])) for key in output if wrapper and key != wrapper]
    names = {name for pair in PAIRS for name in pair} | {SYSTEM}
    attributes = cells.get("attributes")
    if isinstance(attributes, Mapping):
        tags += [(key, cell_text(value)) for key, value in attributes.items() if key not in names]
    used = next((pair for pair in PAIRS if all(name in cells for name in pair)), ())
    return tags + [(name, cell_text(cells[name])) for name in cells if name in names and name not in (*used, SYSTEM)]


def _pair(cells: Cells) -> tuple[object, object] | None:
    attributes = cells.get("attributes")
    for place in (cells, attributes):
        for asked, answered in PAIRS:
            if isinstance(place, Mapping) and asked in place and answered in place:
                return _parsed(place[asked]), _parsed(place[answered])
    return None


def _parsed(value: object) -> object:
    """A list or object that was logged as text."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _system(cells: Cells) -> list[object]:
    attributes = cells.get("attributes")
    place = attributes if isinstance(attributes, Mapping) else cells
    parts = _parsed(place.get(SYSTEM))
    return [_message({"role": "system", "parts": parts})] if isinstance(parts, list) and parts else []


def _messages(value: object) -> list[object] | None:
    """The messages of an input; None where it has none."""
    if isinstance(value, Mapping):
        value = _parsed(value.get("messages"))
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]  # LangSmith logs batches of one
    if not isinstance(value, list) or not value:
        return None
    turns = [_message(item) for item in value]
    return turns if all(isinstance(turn, dict) and "role" in turn for turn in turns) else None


def _message(item: object) -> object:
    """A logged message in the OpenAI shape, whichever library logged it."""
    if not isinstance(item, Mapping):
        return item
    inner = item.get("kwargs", item.get("data")) if "role" not in item else item
    inner = inner if isinstance(inner, Mapping) else item
    kind = cell_text(item.get("role", item.get("type", inner.get("type"))))
    if isinstance(item.get("id"), list) and item["id"]:
        kind = cell_text(item["id"][-1]).removesuffix("Message").removesuffix("MessageChunk").lower()
        kind = cell_text(inner.get("type")) or kind
    if not kind:
        return item
    turn = {key: value for key, value in inner.items() if key not in ("type", "parts", "role", "finish_reason")}
    if isinstance(item.get("parts"), list):
        turn |= _of_parts(item["parts"])
    return {**turn, "role": ROLES.get(kind.lower(), kind)}


def _of_parts(parts: list[object]) -> dict[str, object]:
    """Content and calls of a message of OpenTelemetry."""
    texts: list[object] = []
    calls: list[object] = []
    answer: dict[str, object] = {}
    for part in parts:
        kind = cell_text(part.get("type")) if isinstance(part, Mapping) else ""
        if isinstance(part, Mapping) and kind == "tool_call":
            calls.append({"id": part.get("id"), "name": part.get("name"), "arguments": part.get("arguments")})
        elif isinstance(part, Mapping) and kind == "tool_call_response":
            answer = {"tool_call_id": part.get("id")}
            texts.append({"type": "text", "text": cell_text(part.get("response", part.get("result")))})
        elif isinstance(part, Mapping):
            texts.append({"type": kind or "text", "text": part.get("content")})
    return {"content": texts or None, **({"tool_calls": calls} if calls else {}), **answer}


def _output(value: object) -> list[object] | None:
    """The answer as a list of messages; None where nothing was answered."""
    if isinstance(value, str):
        return [{"role": "assistant", "content": value}] if value else None
    if isinstance(value, Mapping):
        for key in WRAPPERS:
            if value.get(key):
                return _output(value[key])
        value = [value] if value else []
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if not isinstance(value, list) or not value:
        return None
    inner = [item["message"] if isinstance(item, Mapping) and "message" in item else item for item in value]
    return [_message({"role": "assistant", **item} if _bare(item) else item) for item in inner]


def _bare(item: object) -> bool:
    return isinstance(item, Mapping) and not {"role", "type", "id", "kwargs", "data"} & set(item)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    tags = dict(example.tags)
    asked, used = write_turns(example.messages, tags)
    given = with_tools({"messages": asked}, example)
    inner = {name for name in tags if name.startswith(OF_INPUT) and name.removeprefix(OF_INPUT) not in given}
    for name in inner:
        given[name.removeprefix(OF_INPUT)] = structure(tags[name], scalars=True)
    cells: dict[str, object] = {"input": given}
    if example.target or example.target_calls:
        answer = Message("assistant", example.target, example.target_calls, weight=example.target_weight)
        written, in_output = write_turns((answer,), tags, "output")
        cells["output"], used = written[0], used | in_output
    else:
        cells["output"] = {}
    return Written(cells, used | inner)
