"""Answers from documents without a language model: the best sentence is quoted, or the job's refusal is said.

Immune to instructions inside documents by construction: an answer is words that stand in a passage, or the refusal.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.documents.library import Found
from tunewright.records.answers import Answer
from tunewright.records.example import Inputs
from tunewright.systems._retrieval.certainty import log_odds, signals
from tunewright.systems._retrieval.features import Candidate, features
from tunewright.systems._retrieval.questions import nearest, phrases, wanted
from tunewright.systems._retrieval.sources import STATE_FILE, Sources, read_guarded, trace_of
from tunewright.systems._retrieval.weights import Weights
from tunewright.systems.fitlog import FitLog, Logged

# sentence: whole; pair: the two best sentences; phrase: the piece that is asked for; bare: a number without its unit.
FORMS = ("sentence", "pair", "phrase", "bare")
# A second sentence is added while both are no longer than this.
_LONGEST_PAIR_WORDS = 40


@dataclass(frozen=True, slots=True)
class Quoting:
    """What a fit has chosen: passages looked at, weights of sentences, form, refusal, and when it is said.

    The refusal is said where ``certainty`` (that there is an answer) is under ``threshold``; ``quote_right`` and
    ``refusal_right`` turn it into the confidence that what is said is right. ``guarded`` are the files that were not
    for everybody at the fit, where it is a fit of before.
    """

    count: int
    weights: Weights
    certainty: Weights
    quote_right: Weights
    refusal_right: Weights
    form: str
    refusal: str
    threshold: float
    vectors: bool
    guarded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Best:
    """The likeliest sentences for a question, the best first (none where nothing was found), and what was found.

    ``signals`` are what speaks for an answer, ``[5]``.
    """

    candidates: tuple[Candidate, ...]
    signals: NDArray[np.float64]
    found: tuple[Found, ...]

    @property
    def sources(self) -> list[Found]:
        """What was found, the passage of the best sentence first."""
        if not self.candidates:
            return list(self.found)
        first = self.candidates[0].passage
        return sorted(self.found, key=lambda one: one.passage != first)


@dataclass(slots=True)
class Quoter(Logged):
    """A fitted system that quotes."""

    sources: Sources
    quoting: Quoting
    log: FitLog

    def __post_init__(self) -> None:
        if self.quoting.guarded:
            self.sources.keep_guarded(self.quoting.guarded)

    @property
    def count(self) -> int:
        """How many passages sentences are looked for in."""
        return self.quoting.count

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        """One answer per input from the documents as they are now, each with its sources.

        Raises:
            InputError: the documents are gone, or who may read them is unclear.
        """
        self.sources.look()
        return [self._one(item) for item in inputs]

    def _one(self, item: Inputs) -> Answer:
        best = best_of(self.sources, item, self.quoting.count, self.quoting.weights)
        trace = trace_of(best.sources)
        certainty = float(self.quoting.certainty.probabilities(best.signals[None])[0])
        if not best.candidates or certainty < self.quoting.threshold:
            detail = f"an answer is not likely enough: {certainty:.2f} of {self.quoting.threshold:.2f}"
            right = _confidence(self.quoting.refusal_right, certainty)
            return Answer(self.quoting.refusal, confidence=right, detail=detail, trace=trace)
        text = quoted(best, item.text, self.quoting.form)
        return Answer(text, confidence=_confidence(self.quoting.quote_right, certainty), trace=trace)

    def save(self, folder: Path) -> None:
        value = {**asdict(self.quoting), "guarded": self.sources.library.guarded}
        (folder / STATE_FILE).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        self.log.write(folder)

    def close(self) -> None:
        """Nothing is held."""


def read_quoting(folder: Path) -> tuple[Quoting, bool]:
    """What ``save`` wrote: the choices, and whether the documents had rights."""
    value: dict[str, Any] = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    guarded = read_guarded(value.pop("guarded"))
    value["guarded"] = () if isinstance(guarded, bool) else guarded
    for name in ("weights", "certainty", "quote_right", "refusal_right"):
        value[name] = Weights(tuple(value[name]["values"]), value[name]["offset"])
    return Quoting(**value), bool(guarded)


def best_of(sources: Sources, item: Inputs, count: int, weights: Weights) -> Best:
    """The sentence most likely to hold the answer among those of the best passages."""
    found = sources.find(item, count)
    view = sources.library.view(sources.reader_of(item))
    made, matrix = features(item.text, found, view, sources.library.vectors)
    return best_among(weights, made, matrix, tuple(found))


def best_among(
    weights: Weights, made: Sequence[Candidate], matrix: NDArray[np.float64], found: tuple[Found, ...]
) -> Best:
    """The two likeliest of some sentences by their features ``[N, F]``."""
    probabilities = weights.probabilities(matrix)
    places = np.argsort(-probabilities, kind="stable")[:2]
    return Best(tuple(made[place] for place in places), signals(probabilities, matrix), found)


def quoted(best: Best, question: str, form: str) -> str:
    """The best sentence, both best in the order in which they stand, or the piece that the question asks for."""
    first = best.candidates[0]
    if form == "pair" and len(best.candidates) > 1:
        pair = list(best.candidates)
        if pair[0].passage == pair[1].passage:
            pair.sort(key=lambda one: one.number)
        both = " ".join(one.sentence for one in pair)
        return both if len(both.split()) <= _LONGEST_PAIR_WORDS else first.sentence
    if form in ("sentence", "pair"):
        return first.sentence
    pieces = phrases(wanted(question), first.sentence, question, units=form == "phrase")
    return nearest(pieces, first.sentence, question)


def _confidence(weights: Weights, certainty: float) -> float:
    return round(float(weights.probabilities(log_odds([certainty]))[0]), 6)
