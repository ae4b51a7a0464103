"""Tool calls in a reply: how a template writes them, and reading them back.

A template's own form is found by letting it write a call: what stands before and behind the JSON object with name and
arguments are the marks to look for. Templates that write calls in another form than JSON have no form here, and their
replies stay text. Called by ``local.py``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from tunewright.errors import InputError
from tunewright.language.render_text import turn_text
from tunewright.language.spec import RenderSpec
from tunewright.records.example import Message, ToolCall

_NAME = "probe_tool"
_TOOL = json.dumps(
    {
        "type": "function",
        "function": {"name": _NAME, "description": "A probe.", "parameters": {"type": "object", "properties": {}}},
    }
)
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class CallForm:
    """The marks around a call's JSON; ``before`` is never empty. ``arguments`` is the name of that field."""

    before: str
    after: str
    arguments: str

    def read(self, text: str) -> tuple[str, tuple[ToolCall, ...]]:
        """The text of a reply without its calls, and the calls; what is no whole call stays in the text."""
        kept: list[str] = []
        calls: list[ToolCall] = []
        place = 0
        while (start := text.find(self.before, place)) >= 0:
            found = self._call(text, start + len(self.before))
            if found is None:
                kept.append(text[place : start + len(self.before)])
                place = start + len(self.before)
                continue
            kept.append(text[place:start])
            calls.append(found[0])
            place = found[1]
        kept.append(text[place:])
        left = "".join(kept)
        return (left.strip() if calls else left), tuple(calls)

    def _call(self, text: str, start: int) -> tuple[ToolCall, int] | None:
        while start < len(text) and text[start].isspace():
            start += 1
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            return None
        arguments = value.get(self.arguments, {})
        if not isinstance(arguments, dict):
            return None
        rest = text[end:]
        lead = len(rest) - len(rest.lstrip())
        if self.after and rest[lead:].startswith(self.after):
            end += lead + len(self.after)
        written = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
        return ToolCall(value["name"], written), end


def call_form(spec: RenderSpec) -> CallForm | None:
    """How the template of a spec writes a call; None where it writes none, or not as JSON between marks."""
    if spec.template is None:
        return None
    user = Message("user", "a")
    call = Message("assistant", "", (ToolCall(_NAME, '{"k":"v"}', "call00001"),))
    try:
        written = turn_text((user, call), 1, (_TOOL,), spec).completion
        plain = turn_text((user, Message("assistant", "")), 1, (_TOOL,), spec).completion
    except InputError:
        return None
    start = written.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(written, start)
        except ValueError:
            value, end = None, start
        if isinstance(value, dict) and value.get("name") == _NAME:
            names = [name for name, inner in value.items() if inner == {"k": "v"}]
            before = written[:start].strip()
            after = written[end:].removesuffix(plain).strip()
            return CallForm(before, after, names[0]) if names and before else None
        start = written.find("{", start + 1)
    return None
