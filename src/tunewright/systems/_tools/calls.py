"""One call of a tool, from the model's words to the message with its result: read, checked, run or run dry.

A call counts only where its tool is one of those offered and its arguments fit the schema; everything else goes back to
the model as an error. A tool that writes is never called for real. Called by ``_tools.loop``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from tunewright.data.json_schema import misfits
from tunewright.evaluation.json_answers import canonical, parse_json
from tunewright.records.example import Message, ToolCall
from tunewright.sandbox.signatures import DRY_RUN
from tunewright.sandbox.tools import Toolbox, ToolResult, ToolSpec
from tunewright.systems._prompting.repair import Form, relaxed_json
from tunewright.systems._tools.fence import fenced

Calling = Literal["native", "json"]
RESULT = "RESULT"
# More calls in one reply are not run; a model that asks for twenty at once has lost its way.
MOST_AT_ONCE = 5
DRY = {"dry": True}
_ERRORS_SHOWN = 3


@dataclass(slots=True)
class Tally:
    """What calls came to, over all cases that were answered; for the notes of a fit."""

    cases: int = 0
    called: int = 0
    calls: int = 0
    refused: int = 0
    failed: int = 0
    dry: int = 0

    def sentence(self) -> str:
        """One line for a person."""
        line = f"tools were called in {self.called} of {self.cases} validation cases, {self.calls} calls in all"
        parts = [
            f"{self.refused} of them not allowed or with arguments that do not fit" if self.refused else "",
            f"{self.failed} failed" if self.failed else "",
            f"{self.dry} ran dry" if self.dry else "",
        ]
        return ", ".join([line, *(part for part in parts if part)])


@dataclass(slots=True)
class Caller:
    """The tools as one case may call them; those that write run dry."""

    box: Toolbox

    def call(self, asked: ToolCall, before: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What became of one call, as it stands in the trace: tool, arguments, result, seconds, dry; ``refused`` where
        it was not made, ``failed`` where the tool did not do its work.

        Args:
            before: the calls of the same case; the same one again is not made twice.
        """
        spec = next((one for one in self.box.specs() if one.name == asked.name), None)
        if spec is None:
            known = ", ".join(one.name for one in self.box.specs())
            return _refused(asked.name, asked.arguments, f"there is no tool {asked.name!r}; there are: {known}")
        arguments, problem = read_arguments(asked.arguments, spec)
        if arguments is None:
            return _refused(spec.name, asked.arguments, problem)
        same = next((one for one in before if _is_same(one, spec.name, arguments)), None)
        if same is not None:
            return {**same, "seconds": 0.0, "again": True}
        return self._made(spec, arguments)

    def _made(self, spec: ToolSpec, arguments: dict[str, Any]) -> dict[str, Any]:
        dry = spec.writes or spec.dry_run
        said: dict[str, Any] = {"tool": spec.name, "arguments": arguments}
        if dry and not spec.dry_run:
            return {**said, "result": dict(DRY), "seconds": 0.0, "dry": True}
        given = {**arguments, DRY_RUN: True} if spec.dry_run else arguments
        result = self.box.call(spec.name, given)
        return {**said, **_result(result), "seconds": round(result.seconds, 3), "dry": dry}


def read_arguments(text: str, spec: ToolSpec) -> tuple[dict[str, Any] | None, str]:
    """The arguments of a call where they fit the tool's schema; else None and what is wrong, in words."""
    value, wrong = parse_json(text or "{}", fences=True)
    if wrong is not None and (strict := relaxed_json(text)) is not None:
        value, wrong = parse_json(strict, fences=False)
    if wrong is not None:
        return None, f"the arguments are {wrong}"
    problems = list(islice(misfits(value, json.loads(spec.parameters)), _ERRORS_SHOWN))
    if problems or not isinstance(value, dict):
        return None, f"the arguments do not fit: {'; '.join(problems) or 'they are no object'}"
    return value, ""


def tool_texts(specs: Sequence[ToolSpec]) -> tuple[str, ...]:
    """The tools as a request offers them."""
    return tuple(
        json.dumps(
            {
                "type": "function",
                "function": {
                    "name": one.name,
                    "description": one.description,
                    "parameters": json.loads(one.parameters),
                },
            },
            ensure_ascii=False,
        )
        for one in specs
    )


def choice_schema(specs: Sequence[ToolSpec], form: Form) -> str:
    """The JSON schema of one step of a model that knows no tools: a call, or the answer."""
    calls = [
        _closed({"tool": {"type": "string", "enum": [one.name]}, "arguments": json.loads(one.parameters)})
        for one in specs
    ]
    wanted: dict[str, Any] = {"type": "string"}
    if form.one_label:
        wanted = {"type": "string", "enum": list(form.labels)}
    elif form.kind == "extract" or form.several:
        wanted = json.loads(form.schema) if form.schema else {"type": "object"}
    return json.dumps({"oneOf": [*calls, _closed({"answer": wanted})]}, ensure_ascii=False)


def read_choice(text: str) -> tuple[ToolCall | None, str]:
    """The call in one step, or the answer as text; a step that is no JSON is the answer itself."""
    value, wrong = parse_json(text.strip(), fences=True)
    if wrong is not None and (strict := relaxed_json(text.strip())) is not None:
        value, wrong = parse_json(strict, fences=False)
    if wrong is not None or not isinstance(value, dict):
        return None, text
    if isinstance(value.get("tool"), str):
        return ToolCall(value["tool"], canonical(value.get("arguments", {}))), ""
    if "answer" not in value:
        return None, text
    answer = value["answer"]
    return None, answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def result_turns(asked: ToolCall, made: Mapping[str, Any], calling: Calling) -> tuple[Message, ...]:
    """What the model reads of a call: its result between marks, or what was wrong. One message."""
    shown = json.dumps(made["result"], ensure_ascii=False)
    text = fenced(RESULT, shown)
    if made.get("again"):
        text = f"The same call as before; call it no more.\n{text}"
    if calling == "native":
        return (Message("tool", text, tool_call_id=asked.id, name=asked.name),)
    return (Message("user", f"The tool {asked.name[:60]!r} returned:\n{text}"),)


def _result(result: ToolResult) -> dict[str, Any]:
    if result.failure is not None or result.result is None:
        return {"result": {"error": result.failure or "it returned nothing"}, "failed": True}
    return {"result": json.loads(result.result)}


def _refused(tool: str, arguments: str, reason: str) -> dict[str, Any]:
    value, wrong = parse_json(arguments, fences=True)
    shown = value if wrong is None else arguments[:500]
    return {
        "tool": tool[:60],
        "arguments": shown,
        "result": {"error": reason},
        "seconds": 0.0,
        "dry": False,
        "refused": True,
    }


def _is_same(one: Mapping[str, Any], tool: str, arguments: Mapping[str, Any]) -> bool:
    return one["tool"] == tool and not one.get("failed") and canonical(one["arguments"]) == canonical(arguments)


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
