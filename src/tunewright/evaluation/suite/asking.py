"""Asks a model the items of the suite; whoever keeps replies keeps these too.

Options are put to the model by their likelihood as its whole answer, so that a model that hardly writes can still show
what it knows; everything else it writes, greedily.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.evaluation.suite import Item
from tunewright.evaluation.suite.grading import grade
from tunewright.records.example import Message
from tunewright.records.generation import Backend, Decoding, Request, Watch

MAX_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Asked:
    """One item with the model's answer and its score; None where no answer came back for reasons outside the model."""

    item: Item
    text: str | None
    score: float | None


def request_of(item: Item) -> Request:
    """What the model is sent."""
    decoding = Decoding(max_tokens=MAX_TOKENS, choices=item.options, logprobs=bool(item.options))
    return Request((Message("user", item.prompt),), decoding)


def ask(backend: Backend, items: Sequence[Item], watch: Watch) -> list[Asked]:
    """The answers of a model, in the order of the items.

    Raises:
        Cancelled: asked to stop.
    """
    found: list[Asked] = [Asked(item, None, None) for item in items]
    for place, reply in backend.complete([request_of(item) for item in items], watch):
        if not reply.status.is_missing:
            found[place] = Asked(items[place], reply.text, grade(items[place], reply.text))
    return found
