"""Conversations out of order, and calls of tools that fail: no answer, or arguments that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tunewright.audit.planting._defect import Defect, Planted, changing, choose
from tunewright.audit.view import View
from tunewright.records.example import Example, Message, ToolCall

TOOL = json.dumps(
    {
        "type": "function",
        "function": {
            "name": "look_up_entry",
            "description": "Looks an entry up in the register.",
            "parameters": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "limit": {"type": "integer"}},
                "required": ["name"],
            },
        },
    }
)
_RIGHT = {"name": "main", "limit": 3}
_WRONG: tuple[dict[str, object], ...] = ({"limit": 3}, {"name": "main", "limit": "many"}, {"name": 7})
Change = Callable[[Example], Example]


def _conversations(view: View) -> str | None:
    return None if view.kind == "generate" else "the rows are no conversations that end with an answer"


def _disordered(view: View, rng: np.random.Generator, n: int) -> Planted:
    """Two turns of the user, the assistant before its own answer, the system behind the user."""
    ways: tuple[Change, ...] = (_said_twice, _answered_before, _system_late)
    places = choose(rng, view, n, lambda example: example.messages[-1].role == "user")
    return changing(view, "roles", {place: ways[number % len(ways)] for number, place in enumerate(places)})


def _said_twice(example: Example) -> Example:
    more = Message("user", "I would like to add that it is urgent.")
    return replace(example, messages=(*example.messages, more))


def _answered_before(example: Example) -> Example:
    return replace(example, messages=(*example.messages, Message("assistant", "Let me see what I can do.")))


def _system_late(example: Example) -> Example:
    return replace(example, messages=(*example.messages, Message("system", "Answer in plain words.")))


def _needs_user_turns(view: View) -> str | None:
    if _conversations(view):
        return _conversations(view)
    asked = any(example.messages[-1].role == "user" for example in view.examples)
    return None if asked else "no conversation ends with a turn of the user"


def _unanswered(view: View, rng: np.random.Generator, n: int) -> Planted:
    return _with_calls(view, rng, n, "no-answer", lambda _number: _calling(_RIGHT, answered=False))


def _misfitting(view: View, rng: np.random.Generator, n: int) -> Planted:
    return _with_calls(view, rng, n, "arguments", lambda number: _calling(_WRONG[number % len(_WRONG)], answered=True))


def _with_calls(view: View, rng: np.random.Generator, n: int, name: str, wrong: Callable[[int], Change]) -> Planted:
    """A made-up tool and its call before the answer; calls that are right and answered must stay quiet."""
    places = choose(rng, view, 2 * n, lambda example: example.messages[-1].role == "user")
    mixed = [places[i] for i in rng.permutation(len(places)).tolist()]
    half = len(mixed) // 2
    change = {place: wrong(number) for number, place in enumerate(mixed[:half])}
    return changing(view, name, change, dict.fromkeys(mixed[half:], _calling(_RIGHT, answered=True)))


def _calling(arguments: dict[str, object], *, answered: bool) -> Change:
    def make(example: Example) -> Example:
        call = ToolCall("look_up_entry", json.dumps(arguments), "call_1")
        turns = [*example.messages, Message("assistant", "", (call,))]
        if answered:
            turns.append(Message("tool", '{"found": 1}', tool_call_id="call_1", name="look_up_entry"))
        return replace(example, messages=tuple(turns), tools=(*example.tools, TOOL))

    return make


DEFECTS = (
    Defect("roles", "Turns out of order", ("conversation_shape.",), _needs_user_turns, _disordered),
    Defect(
        "unanswered_calls", "Tool calls without an answer", ("tool_calls.unanswered",), _needs_user_turns, _unanswered
    ),
    Defect("wrong_arguments", "Tool calls that do not fit", ("tool_calls.arguments",), _needs_user_turns, _misfitting),
)
