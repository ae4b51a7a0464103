"""Tool calls against the tools that the row offers, and against the answers that follow them.

A call in the target needs no answer: it is what is learned. Arguments are judged by ``json_schema``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tunewright.audit.checks._by_kind import Found, Words, findings_of
from tunewright.audit.conversation import named_turns, rejected_turns
from tunewright.audit.findings import CheckResult, Cost, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.data.json_schema import known_schema, misfits
from tunewright.records.example import Example, Message, ToolCall

NAME = "tool_calls"
TITLE = "Tool calls"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {"most_misfits_per_call": 3}

_LEARNS = "The model learns to call tools in this way, and the program that receives the call will fail on it."
WORDS = {
    "undeclared": Words(
        "error",
        "1 row calls a tool that it does not offer",
        "{n} rows call a tool that they do not offer",
        _LEARNS,
        "Add the tool to the tools of the row, or mend the name.",
    ),
    "arguments": Words(
        "error",
        "1 row calls a tool with arguments that do not fit its schema",
        "{n} rows call a tool with arguments that do not fit its schema",
        _LEARNS,
        "Mend the arguments, or the schema if it is the schema that is wrong.",
    ),
    "no_tools": Words(
        "warning",
        "1 row calls tools and offers none",
        "{n} rows call tools and offer none",
        "In deployment the tools stand in the prompt. Trained without them the model learns to invent tools.",
        "Put the tools that are offered in deployment beside the messages of each row.",
    ),
    "broken_schema": Words(
        "error",
        "1 row offers a tool whose schema is broken",
        "{n} rows offer a tool whose schema is broken",
        "Servers refuse such a tool, and calls of it cannot be checked.",
        "Mend the schema of the tool; one file of tools usually serves all rows.",
    ),
    "same_tool_twice": Words(
        "warning",
        "1 row offers two tools of one name",
        "{n} rows offer two tools of one name",
        "Servers refuse this or take one of the two.",
        "Keep one of them, or give them different names.",
    ),
    "unanswered": Words(
        "error",
        "1 row has a call that no tool answers",
        "{n} rows have a call that no tool answers",
        "The assistant goes on as if it had the answer, so the model learns to invent results.",
        "Add the tool's answer behind the call, or remove the call.",
    ),
    "answer_without_call": Words(
        "error",
        "1 row has a tool's answer that belongs to no call",
        "{n} rows have a tool's answer that belongs to no call",
        "Chat templates refuse such rows, or show the model a result that nobody asked for.",
        "Mend the id of the answer, or put back the call.",
    ),
    "same_id_twice": Words(
        "warning",
        "1 row uses one call id twice",
        "{n} rows use one call id twice",
        "It cannot be told which answer belongs to which call, and servers refuse such conversations.",
        "Give each call of a conversation an id of its own.",
    ),
    "name": Words(
        "warning",
        "1 row has a tool name that servers refuse",
        "{n} rows have a tool name that servers refuse",
        "OpenAI and most other servers take letters, digits, _ and - only, at most 64.",
        "Rename the tool in the tools and in the calls.",
    ),
}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """What is wrong with the calls, the tools and the answers of one row."""
    turns = named_turns(example)
    others = rejected_turns(example)
    calling = [turn for turn in turns + others if turn[1].tool_calls]
    if not (calling or example.tools or any(message.role == "tool" for _, message in turns)):
        return ()
    tools = _declared(example.tools)
    found = [Sighting(kind, why) for kind, why in tools.problems]
    for place, message in calling:
        for number, call in enumerate(message.tool_calls):
            found += _judged(call, place, number, tools, example, int(limits["most_misfits_per_call"]))
    found += _pairs(turns)
    if others:
        found += [s for s in _pairs([*turns[:-1], *others]) if s.spans and s.spans[0].field.startswith("rejected")]
    return tuple(dict.fromkeys(found))


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding per kind of trouble."""
    del limits, view
    return CheckResult(findings_of(NAME, found, WORDS))


@dataclass(frozen=True, slots=True)
class _Tools:
    """The tools of a row: schemas of their parameters by name (None where they declare none), and their problems."""

    schemas: dict[str, object]
    problems: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def _declared(tools: tuple[str, ...]) -> _Tools:
    schemas: dict[str, object] = {}
    problems: list[tuple[str, str]] = []
    for text in tools:
        name, schema = _parsed(text)
        if name is None:
            problems.append(("broken_schema", "A tool is no JSON object with a name."))
            continue
        wrong = None if schema is None else known_schema(schema)
        if wrong:
            problems.append(("broken_schema", f"The schema of the tool '{name}' cannot be used: {wrong}."))
            schema = None
        if name in schemas:
            problems.append(("same_tool_twice", f"The tool '{name}' is offered twice."))
        if not _NAME.fullmatch(name):
            problems.append(("name", f"The name of the tool '{name[:80]}' has other characters, or more than 64."))
        schemas[name] = schema
    return _Tools(schemas, tuple(problems))


def _parsed(text: str) -> tuple[str | None, object]:
    """Name and schema of the parameters of a tool, in the shapes of OpenAI (wrapped or flat) and Anthropic."""
    try:
        tool = json.loads(text)
    except ValueError:
        return None, None
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None, None
    schema = next((function[key] for key in ("parameters", "input_schema", "inputSchema") if key in function), None)
    return function["name"], schema


def _judged(call: ToolCall, place: str, number: int, tools: _Tools, example: Example, most: int) -> Iterator[Sighting]:
    where = Span(f"target_calls[{number}]", 0, len(call.arguments)) if place == "target" else Span(place, 0, 0)
    if not example.tools:
        yield Sighting("no_tools", f"It calls '{call.name}'.", 0.8, (where,))
        return
    if call.name not in tools.schemas:
        yield Sighting("undeclared", f"The tool '{call.name}' is not among those offered.", 1.0, (where,))
        return
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        yield Sighting("arguments", f"The arguments of '{call.name}' are not JSON.", 1.0, (where,))
        return
    schema = tools.schemas[call.name]
    for _, why in zip(range(most), misfits(arguments, schema), strict=False):
        yield Sighting("arguments", f"Arguments of '{call.name}': {why}.", 1.0, (where,))


@dataclass(slots=True)
class _Open:
    """Calls that wait for their answers, and all ids so far."""

    waiting: list[ToolCall] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def answered(self, message: Message) -> bool:
        """Whether a waiting call takes this answer; it waits no longer then."""
        call = self._call_of(message)
        if call is not None:
            self.waiting.remove(call)
        return call is not None

    def _call_of(self, message: Message) -> ToolCall | None:
        if message.tool_call_id is not None and any(call.id is not None for call in self.waiting):
            return next((call for call in self.waiting if call.id == message.tool_call_id), None)
        named = [call for call in self.waiting if message.name in (None, call.name)]
        return next(iter(named), None)


def _pairs(turns: list[tuple[str, Message]]) -> Iterator[Sighting]:
    """Calls without answers, answers without calls, and ids used twice."""
    state = _Open()
    for place, message in turns:
        if message.role == "tool":
            if not state.answered(message):
                why = "No call before this answer waits for it."
                yield Sighting("answer_without_call", why, 1.0, (Span(place, 0, len(message.content)),))
            continue
        for call in state.waiting:
            why = f"The call of '{call.name}' is not answered before the next turn."
            yield Sighting("unanswered", why, 1.0, (Span(place, 0, 0),))
        state.waiting = list(message.tool_calls)
        for call in message.tool_calls:
            if call.id is not None and call.id in state.ids:
                yield Sighting(
                    "same_id_twice", "One id stands at two calls of this conversation.", 0.8, (Span(place, 0, 0),)
                )
            state.ids.update([call.id] if call.id else [])
