"""Answers that are whole and stand beside another input: two rows swapped, a stretch of a column slipped by a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tunewright.audit.planting._defect import Defect, Planted, changing, choose
from tunewright.audit.view import View
from tunewright.records.example import Example

# What an answer must have, and how many such answers there must be, before one of them can be said to stand elsewhere.
WORDS_OF_ANSWER = 5
FEWEST_ANSWERS = 100
FEWEST_SLIPPED = 40


def _swapped(view: View, rng: np.random.Generator, n: int) -> Planted:
    """Two rows have each other's answer."""
    places = choose(rng, view, n - n % 2, _has_sentence)
    mixed = [places[i] for i in rng.permutation(len(places)).tolist()]
    pairs = [(one, other) for one, other in zip(mixed[::2], mixed[1::2], strict=False)]
    from_where = {**dict(pairs), **{other: one for one, other in pairs}}
    return changing(view, "swap", {place: _answer_of(view.examples[other]) for place, other in from_where.items()})


def _slipped(view: View, rng: np.random.Generator, n: int) -> Planted:
    """In a stretch of rows each has the answer of the row above it, and the first that of the last."""
    length = max(n, FEWEST_SLIPPED)
    first = int(rng.integers(len(view) - length + 1))
    rows = range(first, first + length)
    above = {place: rows[number - 1] for number, place in enumerate(rows)}
    return changing(view, "slip", {place: _answer_of(view.examples[other]) for place, other in above.items()})


def _answer_of(other: Example) -> Callable[[Example], Example]:
    return lambda example: replace(example, target=other.target, target_calls=other.target_calls)


def _has_sentence(example: Example) -> bool:
    return len(example.target.split()) >= WORDS_OF_ANSWER and not example.target_calls


def _may_move(view: View) -> str | None:
    if view.kind != "generate":
        return "the targets are no free answers"
    few = sum(_has_sentence(example) for example in view.examples) < FEWEST_ANSWERS
    return f"fewer than {FEWEST_ANSWERS} answers have {WORDS_OF_ANSWER} words" if few else None


_KINDS = ("answers_belong.slipped", "answers_belong.elsewhere")
DEFECTS = (
    Defect("swapped_answers", "Answers of two rows swapped", _KINDS, _may_move, _swapped, ("answers_belong",)),
    Defect("slipped_answers", "Answers slipped by a row", _KINDS, _may_move, _slipped, ("answers_belong",), times=5),
)
