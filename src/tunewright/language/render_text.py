"""One assistant turn as two texts: what a server would send before it, and what the model is to write then.

Texts only; ``render`` makes tokens of them. Where the answer starts comes from the template itself: the rendering with
the answer starts with the rendering that asks for it. Some templates do not keep that promise (they ask with an opened
thought and write an answer without one); there the template is asked twice more, with two answers of one letter, and
what the two renderings share is all that stands before an answer. Where the answer ends is told in the same way, by
what renderings with other answers share at their end. Nothing is ever searched for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tunewright.errors import InputError
from tunewright.language.spec import RenderSpec, special_tokens
from tunewright.language.templates import render_text
from tunewright.records.example import Message


@dataclass(frozen=True, slots=True)
class TurnText:
    """The texts of one assistant turn.

    ``completion`` is all that the template writes from the answer on. ``joined`` says that the template writes
    ``prompt + completion`` itself; if not, the completion is written after the prompt as it stands.
    """

    message: int
    prompt: str
    completion: str
    joined: bool


def prompt_text(messages: Sequence[Message], tools: Sequence[str], spec: RenderSpec) -> str:
    """What is sent to have the next assistant turn written.

    Raises:
        InputError: the template refuses, or there is no message.
    """
    if spec.template is None:
        ordered = [m.content for m in messages if m.role == "system"]
        ordered += [m.content for m in messages if m.role != "system"]
        text = "\n".join(ordered)
        return text if text[-1:].isspace() else text + "\n"
    if not messages:
        raise InputError(
            "render.no_context",
            "An assistant turn stands at the start, with nothing before it.",
            why="A server cannot ask for an answer to nothing, so that no model can be asked for this turn.",
            hint="Put a system or user message before it, or give that turn the weight 0.",
        )
    return _written(messages, tools, spec, add_generation_prompt=True)


def turn_text(messages: Sequence[Message], index: int, tools: Sequence[str], spec: RenderSpec) -> TurnText:
    """The texts of the assistant turn ``messages[index]``; later messages play no part.

    Raises:
        InputError: the template refuses, or does not let prompt and answer be told apart.
    """
    prompt = prompt_text(messages[:index], tools, spec)
    answer = messages[index]
    if spec.template is None:
        return TurnText(index, prompt, answer.content, True)
    whole = _written(messages[: index + 1], tools, spec, add_generation_prompt=False)
    if whole.startswith(prompt):
        return TurnText(index, prompt, whole[len(prompt) :], True)
    start = _answer_start(messages[: index + 1], tools, spec, prompt, whole)
    return TurnText(index, prompt, whole[start:], False)


def close_text(messages: Sequence[Message], index: int, tools: Sequence[str], spec: RenderSpec, completion: str) -> str:
    """What the template writes after the answer of the turn ``messages[index]``: the end that its ``completion`` shares
    with two turns of other words, and other arguments where it calls tools.

    Raises:
        InputError: the template refuses such a turn.
    """
    answer = messages[index]
    shared = completion[::-1]
    for content, arguments in (("A", '{"a":1}'), ("B", "{}")):
        calls = tuple(replace(call, arguments=arguments) for call in answer.tool_calls)
        other = replace(answer, content=content, tool_calls=calls)
        text = _written((*messages[:index], other), tools, spec, add_generation_prompt=False)[::-1]
        shared = shared[: _agreement(shared, text)]
    return shared[::-1]


def _answer_start(messages: Sequence[Message], tools: Sequence[str], spec: RenderSpec, prompt: str, whole: str) -> int:
    """Where in ``whole`` that begins which the model is to write after ``prompt``.

    The head of the turn (all before an answer's first letter) and the prompt agree for a while. What the head says
    after that, such as the mark of a closed thought, the model has to write itself; it begins at a line or behind a
    token of the template, never within one. Where even the context is written differently, the answer alone is it.
    """
    answer = messages[-1]
    one, two = (
        _written((*messages[:-1], replace(answer, content=letter)), tools, spec, add_generation_prompt=False)
        for letter in "AB"
    )
    head = one[: _agreement(one, two)]
    if not whole.startswith(head):
        raise InputError(
            "render.inseparable",
            "The chat template writes this answer in a form in which its start cannot be told.",
            why="Training on a wrong part of the text teaches the model to write the prompt.",
            hint="Choose other arguments for the template, or another template.",
        )
    shared = _agreement(head, prompt)
    if shared < len(head):
        marks = "|".join(re.escape(str(token)) for token in _added_tokens(spec))
        ends = [found.end() for found in re.finditer(f"\n|{marks}" if marks else "\n", head)]
        shared = max((end for end in ends if end <= shared), default=0)
    context = _written(messages[:-1], tools, spec, add_generation_prompt=False)
    return shared if head[:shared].startswith(context) else len(head)


def _written(
    messages: Sequence[Message], tools: Sequence[str], spec: RenderSpec, *, add_generation_prompt: bool
) -> str:
    assert spec.template is not None
    return render_text(
        spec.template,
        messages,
        tools,
        add_generation_prompt=add_generation_prompt,
        arguments=spec.arguments,
        special_tokens=special_tokens(spec.tokenizer),
        date=spec.date,
    )


def _agreement(one: str, two: str) -> int:
    """How many characters two texts have in common from the start."""
    for place, (left, right) in enumerate(zip(one, two, strict=False)):
        if left != right:
            return place
    return min(len(one), len(two))


def _added_tokens(spec: RenderSpec) -> list[str]:
    added = getattr(spec.tokenizer, "added_tokens_decoder", {})
    return sorted((token.content for token in added.values()), key=len, reverse=True)
