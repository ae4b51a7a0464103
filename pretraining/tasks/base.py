"""What a generated task is, and how its answer is judged.

A generator is a function of a random generator and the material (``material.Material``) that returns one ``Task``; the
modules of this package each hold one family. Nothing here reads files or draws numbers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pretraining.tasks.material import Material

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One conversation; its last message is the answer that the evaluation judges, all assistant turns are trained."""

    kind: str
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    judged_as: str = "text"  # "text", "json" or "call"


Generator = Callable[[random.Random, "Material"], Task]


def ask(rng: random.Random, kind: str, parts: dict[str, str], answer: str, judged_as: str = "text") -> Task:
    """A task of one question: ``instruction``, perhaps ``context``, ``input``, laid out in one of many ways.

    Args:
        parts: ``instruction`` and ``input``; ``context`` (label list, schema) may stand with either of them.
    """
    instruction, context, given = parts["instruction"], parts.get("context", ""), parts.get("input", "")
    told = f"{instruction}{rng.choice(chr(10) + ' ')}{context}" if context and "\n" not in context else instruction
    if context and "\n" in context:
        told = f"{instruction}\n{context}"
    if given and rng.random() < 0.45:
        messages = [{"role": "system", "content": told}, {"role": "user", "content": given}]
    elif given:
        name = rng.choice(("Text: ", "Input: ", "Message: ", "", "", "Text:\n", "Input:\n", "### Input\n"))
        first = rng.random() < 0.25
        content = f"{name}{given}\n\n{told}" if first else f"{told}\n\n{name}{given}"
        messages = [{"role": "user", "content": content}]
    else:
        messages = [{"role": "user", "content": told}]
    return Task(kind, (*messages, {"role": "assistant", "content": answer}), judged_as=judged_as)


def follow_up(task: Task, questions: list[tuple[str, str]]) -> Task:
    """The same conversation with further questions and answers."""
    more = [
        message
        for question, answer in questions
        for message in ({"role": "user", "content": question}, {"role": "assistant", "content": answer})
    ]
    return Task(task.kind, (*task.messages, *more), task.tools, task.judged_as)


def to_json(rng: random.Random, value: object) -> tuple[str, str]:
    """JSON text and a phrase that says how it is written: mostly as ``json.dumps``, sometimes compact."""
    if rng.random() < 0.2:
        phrase = rng.choice((" Write compact JSON without spaces.", " Use compact JSON.", " No spaces in the JSON."))
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")), phrase
    return json.dumps(value, ensure_ascii=False), ""


def pick(rng: random.Random, *choices: str) -> str:
    """One of several phrasings; ``a|b`` groups in braces are chosen inside it too: ``{Find|Give} the date``."""
    text = rng.choice(choices)
    while "{" in text:
        start = text.rindex("{")
        end = text.index("}", start)
        text = text[:start] + rng.choice(text[start + 1 : end].split("|")) + text[end + 1 :]
    return text.replace("  ", " ")
