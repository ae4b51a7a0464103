"""Conversations to token ids with the weight of every token: the one renderer of training, evaluation and serving.

``prompt_ids`` is what a server sends; ``render`` makes a row to train on, whose ids before a trained turn are exactly
that. ``render_rows`` does many rows and hands texts to the tokenizer in batches; both give the same. Which text belongs
to which turn is told by ``render_text``; what may go wrong with the rows of a file is found by ``gates``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tunewright.errors import InputError
from tunewright.language.render_encoder import Encoder
from tunewright.language.render_text import TurnText, close_text, prompt_text, turn_text
from tunewright.language.spec import RenderSpec
from tunewright.records.example import Example, Message

__all__ = [
    "RenderSpec",
    "Rendered",
    "Span",
    "Train",
    "place_of",
    "prompt_ids",
    "render",
    "render_prompts",
    "render_rows",
    "try_render_rows",
]

Train = Literal["all", "last"]
ROWS_PER_BATCH = 256


@dataclass(frozen=True, slots=True)
class Span:
    """The trained tokens ``[start, end)`` of one assistant turn; ``message`` is its place in the conversation."""

    start: int
    end: int
    message: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """One row of ``T`` tokens.

    ``weights[t]`` is the weight of predicting ``ids[t]`` from ``ids[:t]``: 0 where the token is context, and always 0
    at the first place. For each span, ``ids[:span.start]`` is the prompt that a server sends for that turn.
    """

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    spans: tuple[Span, ...]


def prompt_ids(messages: Sequence[Message], tools: Sequence[str], spec: RenderSpec) -> tuple[int, ...]:
    """The ids that serving sends: the context and the generation prompt.

    Raises:
        InputError: the template refuses the messages.
    """
    encoder = Encoder(spec, by_stretch=False)
    return (*encoder.prefix, *encoder.of(prompt_text(messages, tools, spec)))


def render(
    messages: Sequence[Message], tools: Sequence[str], spec: RenderSpec, train: Train = "last"
) -> tuple[Rendered, ...]:
    """A conversation, whose last message is the assistant's, as rows to train on.

    Args:
        messages: the conversation.
        tools: JSON schemas as text.
        spec: how it is rendered.
        train: ``all`` trains every assistant turn of a weight other than 0, ``last`` the last message only.

    Returns:
        One row where the template writes earlier turns the same once later ones follow, else one row per trained turn.
        A conversation of which nothing is trained gives one row without spans.

    Raises:
        InputError: the template refuses, or the last message is not the assistant's.
    """
    draft = _draft(messages, tools, spec, train)
    encoder = Encoder(spec, by_stretch=False)
    return _rows_of(draft, encoder, spec)


def render_rows(examples: Sequence[Example], spec: RenderSpec, train: Train = "last") -> list[tuple[Rendered, ...]]:
    """Each example with its target, as ``render`` gives it.

    Raises:
        InputError: of the first row that cannot be rendered, with its place.
    """
    rows = try_render_rows(examples, spec, train)
    for row in rows:
        if isinstance(row, InputError):
            raise row
    return [row for row in rows if not isinstance(row, InputError)]


def try_render_rows(
    examples: Sequence[Example], spec: RenderSpec, train: Train = "last"
) -> list[tuple[Rendered, ...] | InputError]:
    """As ``render_rows``, with the error in the place of a row that cannot be rendered."""
    results: list[tuple[Rendered, ...] | InputError] = []
    encoder = Encoder(spec)
    for start in range(0, len(examples), ROWS_PER_BATCH):
        drafts: list[_Draft | InputError] = []
        for example in examples[start : start + ROWS_PER_BATCH]:
            try:
                drafts.append(_draft(example.conversation, example.tools, spec, train))
            except InputError as error:
                error.where = place_of(example) + (f"; {error.where}" if error.where else "")
                drafts.append(error)
        encoder.forget()
        encoder.prepare(text for draft in drafts if isinstance(draft, _Draft) for text in draft.texts())
        results += [_rows_of(draft, encoder, spec) if isinstance(draft, _Draft) else draft for draft in drafts]
    return results


def render_prompts(
    conversations: Sequence[tuple[Sequence[Message], Sequence[str]]], spec: RenderSpec
) -> list[tuple[int, ...]]:
    """``prompt_ids`` of many (messages, tools), tokenised together, each text as a whole.

    Raises:
        InputError: the template refuses one of them.
    """
    encoder = Encoder(spec, by_stretch=False)
    texts = [prompt_text(messages, tools, spec) for messages, tools in conversations]
    encoder.prepare(texts)
    return [(*encoder.prefix, *encoder.of(text)) for text in texts]


def place_of(example: Example) -> str:
    """Where a row stands, for messages: its id and its place in the file."""
    source = str(example.source)
    return source if example.row_id == source else f"row {example.row_id} ({source})"


@dataclass(frozen=True, slots=True)
class _Draft:
    """The texts of a conversation's trained turns with their weights; ``untrained`` where there are none."""

    messages: Sequence[Message]
    tools: Sequence[str]
    turns: tuple[TurnText, ...]
    weights: tuple[float, ...]
    untrained: str = ""

    def texts(self) -> Iterable[str]:
        """All that will be tokenised for sure."""
        if not self.turns:
            yield self.untrained
        for turn in self.turns:
            yield turn.prompt
            yield turn.prompt + turn.completion if turn.joined else turn.completion


@dataclass(frozen=True, slots=True)
class _Turn:
    """One trained turn as a row of its own."""

    ids: tuple[int, ...]
    weight: float
    span: Span


def _draft(messages: Sequence[Message], tools: Sequence[str], spec: RenderSpec, train: Train) -> _Draft:
    if not messages or messages[-1].role != "assistant":
        raise InputError(
            "render.no_target",
            "The conversation does not end with an assistant message.",
            why="The last message is what the model is to learn to write.",
            hint="End each training conversation with the answer.",
        )
    last = len(messages) - 1
    trained: list[tuple[int, float]] = []
    for index, message in enumerate(messages):
        weight = 1.0 if message.weight is None else float(message.weight)
        if not math.isfinite(weight) or weight < 0:
            raise InputError("render.weight", f"Message {index + 1} has the weight {weight}, which is not 0 or more.")
        if message.role == "assistant" and weight > 0 and (train == "all" or index == last):
            trained.append((index, weight))
    turns = tuple(turn_text(messages, index, tools, spec) for index, _ in trained)
    if turns:
        return _Draft(messages, tools, turns, tuple(weight for _, weight in trained))
    turn = turn_text(messages, last, tools, spec)
    return _Draft(messages, tools, (), (), turn.prompt + turn.completion)


def _rows_of(draft: _Draft, encoder: Encoder, spec: RenderSpec) -> tuple[Rendered, ...]:
    if not draft.turns:
        ids = (*encoder.prefix, *encoder.of(draft.untrained))
        return (Rendered(ids, (0.0,) * len(ids), ()),)
    turns = [_turn(turn, weight, draft, encoder, spec) for turn, weight in zip(draft.turns, draft.weights, strict=True)]
    whole = turns[-1].ids
    if all(turn.ids[: turn.span.end] == whole[: turn.span.end] for turn in turns):
        return (_rendered(whole, turns),)
    return tuple(_rendered(turn.ids, [turn]) for turn in turns)


def _turn(turn: TurnText, weight: float, draft: _Draft, encoder: Encoder, spec: RenderSpec) -> _Turn:
    prompt = (*encoder.prefix, *encoder.of(turn.prompt))
    completion: tuple[int, ...] | None = None
    if turn.joined:
        whole = (*encoder.prefix, *encoder.of(turn.prompt + turn.completion))
        if whole[: len(prompt)] == prompt:
            completion = whole[len(prompt) :]
    if completion is None:
        completion = encoder.after_a_prompt(turn.completion)
    if spec.template is None:
        completion = (*completion, *spec.stop[:1])
        trained = len(completion)
    else:
        trained = _trained_tokens(completion, turn, draft, encoder, spec)
    return _Turn((*prompt, *completion), weight, Span(len(prompt), len(prompt) + trained, turn.message))


def _trained_tokens(
    completion: tuple[int, ...], turn: TurnText, draft: _Draft, encoder: Encoder, spec: RenderSpec
) -> int:
    """How many tokens of a completion are trained: up to the first stop token behind the answer, a special one if any.

    A stop token may stand in the answer too, such as a newline among the stop tokens of a model; those behind the
    answer are counted in the template's close. A lone special token is no part of an answer (the gates see to that).
    """
    stops = [place for place, token in enumerate(completion) if token in spec.stop]
    if not stops or (len(stops) == 1 and completion[stops[0]] in encoder.control):
        return stops[0] + 1 if stops else len(completion)
    close = close_text(draft.messages, turn.message, draft.tools, spec, turn.completion)
    behind = sum(token in spec.stop for token in encoder.after_a_prompt(close)) if close else 0
    last = stops[max(0, len(stops) - behind) :] if behind else []
    # The close of a call may hold newlines before the special token that ends the turn.
    if not last:
        return len(completion)
    return next((place for place in last if completion[place] in encoder.control), last[0]) + 1


def _rendered(ids: tuple[int, ...], turns: Sequence[_Turn]) -> Rendered:
    weights = [0.0] * len(ids)
    for turn in turns:
        # Nothing predicts the first token, not even where a template writes nothing before an answer.
        for place in range(max(1, turn.span.start), turn.span.end):
            weights[place] = turn.weight
    return Rendered(ids, tuple(weights), tuple(turn.span for turn in turns if turn.span.end > turn.span.start))
