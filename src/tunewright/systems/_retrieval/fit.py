"""How quoting is tuned: weights, form, and the probability under which the refusal is said.

A declared grid: each pair of weights and form is one trial, whose threshold is the best for it. Training rows count
beside validation rows, for thresholds of few rows are noise; weights that score a training row were learned without it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.documents.library import Found
from tunewright.errors import Cancelled
from tunewright.records.answers import Answer
from tunewright.records.example import Example, input_digest
from tunewright.records.system import Budget, FitContext, Setting, Trial
from tunewright.systems._honest import DIGITS, parts_of
from tunewright.systems._retrieval.certainty import USUAL_CERTAINTY, learn_certainty, learn_confidence
from tunewright.systems._retrieval.features import Candidate, features
from tunewright.systems._retrieval.quote import FORMS, Best, Quoter, Quoting, best_among, quoted
from tunewright.systems._retrieval.refusal import USUAL, usual_refusal
from tunewright.systems._retrieval.sources import Sources
from tunewright.systems._retrieval.weights import LEAST_ANSWERED, Weights, holding, learn, usual
from tunewright.systems.fitlog import FitLog

_MOST_ROWS = 2000
_PARTS = 5
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Looked:
    """A row with its candidates, their features ``[N, F]``, and which hold its answer ``[N]``."""

    row: Example
    found: tuple[Found, ...]
    made: list[Candidate]
    matrix: NDArray[np.float64]
    right: NDArray[np.bool_]


def fit_quoter(
    sources: Sources, train: Sequence[Example], validation: Sequence[Example], context: FitContext, count: int
) -> Quoter:
    """A system that quotes, tuned.

    Raises:
        Cancelled: the person asked to stop.
    """
    learned_refusal = usual_refusal([row.target for row in train], sources.library.passages)
    refusal = learned_refusal or USUAL
    vectors = sources.library.vectors is not None
    learning, others = train[:_MOST_ROWS], validation[:_MOST_ROWS]
    looked = _look(sources, [*learning, *others], refusal, count, context)
    training = len(learning)
    known = {"usual": usual(vectors)}
    own = learn([one.matrix for one in looked[:training]], [one.right for one in looked[:training]])
    if own is not None:
        known["learned"] = own
    trials: list[Trial] = []
    choices: list[Quoting] = []
    graded: list[Graded] = []
    for name, weights in known.items():
        folds = _crossed(looked, training, weights) if name == "learned" else [weights] * len(looked)
        best = [best_among(w, one.made, one.matrix, one.found) for w, one in zip(folds, looked, strict=True)]
        certainty, sure = _certainties(looked, training, best, refusal)
        for form in FORMS:
            if context.cancelled():
                raise Cancelled
            started = time.perf_counter()
            tried = _tried([one.row for one in looked], best, sure, form, refusal, context)
            settings: dict[str, Setting] = {"weights": name, "form": form, "threshold": round(tried.threshold, 4)}
            trials.append(Trial(settings, tried.score, time.perf_counter() - started))
            graded.append(tried.graded)
            rest = (form, refusal, tried.threshold, vectors)
            choices.append(Quoting(count, weights, certainty, tried.quote_right, tried.refusal_right, *rest))
    picked = max(range(len(trials)), key=lambda place: round(trials[place].validation_score, DIGITS))
    notes = [_said(choices[picked], learned_refusal, trials[picked])]
    if own is None:
        notes.append(f"weights are the usual ones: fewer than {LEAST_ANSWERED} training answers stand in a sentence")
    budget = Budget(len(trials), len(trials), exhausted=True)
    log = FitLog(tuple(trials) if looked else (), budget, tuple(notes), score_elsewhere(graded))
    return Quoter(sources, choices[picked], log)


def best_threshold(
    probabilities: Sequence[float], quoting: Sequence[float], refusing: Sequence[float]
) -> tuple[float, float]:
    """The probability under which refusing is better, and the mean score with it.

    The middle between two neighbours in the order of probabilities; of equally good ones the lowest, which quotes more.
    """
    order = np.argsort(np.array(probabilities), kind="stable")
    sorted_p = np.array(probabilities)[order]
    gains = np.array(refusing)[order] - np.array(quoting)[order]
    totals = np.concatenate([[0.0], np.cumsum(gains)]) + float(np.sum(quoting))
    cuts = np.concatenate([[0.0], (sorted_p[:-1] + sorted_p[1:]) / 2, [np.nextafter(sorted_p[-1], 2.0)]])
    # A cut between equal probabilities would part what cannot be told apart.
    possible = np.concatenate([[True], sorted_p[1:] > sorted_p[:-1], [True]])
    place = int(np.where(possible, totals, -np.inf).argmax())
    return float(cuts[place]), float(totals[place]) / len(sorted_p)


@dataclass(frozen=True, slots=True)
class Graded:
    """One pair of weights and form on the rows: the probability of an answer, and the scores of quoting and of
    refusing, each float64[N] with nan where it has none."""

    probabilities: FloatArray
    quoting: FloatArray
    refusing: FloatArray

    @property
    def columns(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """As ``best_threshold`` takes them."""
        return self.probabilities, self.quoting, self.refusing

    def with_threshold(self, threshold: float) -> FloatArray:
        """The score of every row where refusing begins under this probability, float64[N]."""
        return np.where(self.probabilities < threshold, self.refusing, self.quoting)


def score_elsewhere(graded: Sequence[Graded]) -> float | None:
    """The score on rows that chose neither pair nor threshold: each fifth of them by what is best on the others.

    Only rows that every pair has its scores for; None without any.
    """
    if not graded:
        return None
    lacking = np.isnan([one.quoting + one.refusing for one in graded]).any(axis=0)
    rows = np.flatnonzero(~lacking)
    total = 0.0
    for part in parts_of(len(rows)):
        inside, outside = rows[part], np.delete(rows, part)
        if not len(outside):
            outside = inside
        cuts = [best_threshold(*(column[outside].tolist() for column in one.columns)) for one in graded]
        best = max(range(len(cuts)), key=lambda place: round(cuts[place][1], DIGITS))
        total += float(graded[best].with_threshold(cuts[best][0])[inside].sum())
    return total / len(rows) if len(rows) else None


@dataclass(frozen=True, slots=True)
class _Tried:
    threshold: float
    score: float
    quote_right: Weights
    refusal_right: Weights
    graded: Graded


def _tried(
    rows: Sequence[Example], best: Sequence[Best], sure: Sequence[float], form: str, refusal: str, context: FitContext
) -> _Tried:
    """One form with its best threshold, by the job's own grader."""
    texts = [quoted(b, row.text, form) if b.candidates else refusal for row, b in zip(rows, best, strict=True)]
    quoting = context.grade(rows, [Answer(text) for text in texts])
    refusing = context.grade(rows, [Answer(refusal)] * len(rows))
    graded = Graded(np.array(sure, dtype=np.float64), _or_nan(quoting), _or_nan(refusing))
    known = ~np.isnan(graded.quoting + graded.refusing)
    if not known.any():
        return _Tried(0.0, 0.0, learn_confidence([], []), learn_confidence([], []), graded)
    chances, quotes, refusals = (column[known].tolist() for column in graded.columns)
    threshold, score = best_threshold(chances, quotes, refusals)
    return _Tried(threshold, score, learn_confidence(chances, quotes), learn_confidence(chances, refusals), graded)


def _or_nan(scores: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if score is None else score for score in scores], dtype=np.float64)


def _certainties(
    looked: Sequence[_Looked], training: int, best: Sequence[Best], refusal: str
) -> tuple[Weights, list[float]]:
    """The weights that tell whether there is an answer, and that probability for each row, without its own part."""
    rows = np.array([one.signals for one in best]).reshape(len(best), -1)
    answered = [one.row.target != refusal for one in looked]
    weights = learn_certainty(rows[:training], answered[:training])
    if weights is None:
        return USUAL_CERTAINTY, [float(USUAL_CERTAINTY.probabilities(row[None])[0]) for row in rows]
    parts = [_part(one.row) for one in looked[:training]]
    without: dict[int | None, Weights] = {None: weights}
    for part in set(parts):
        rest = [place for place, own in enumerate(parts) if own != part]
        without[part] = learn_certainty(rows[rest], [answered[place] for place in rest]) or weights
    own_parts = [*parts, *[None] * (len(looked) - training)]
    return weights, [
        float(without[part].probabilities(row[None])[0]) for part, row in zip(own_parts, rows, strict=True)
    ]


def _look(sources: Sources, rows: Sequence[Example], refusal: str, count: int, context: FitContext) -> list[_Looked]:
    looked = []
    for number, row in enumerate(rows):
        if context.cancelled():
            raise Cancelled
        context.progress("looking up the cases", number / len(rows))
        inputs = row.inputs
        found = sources.find(inputs, count)
        view = sources.library.view(sources.reader_of(inputs))
        made, matrix = features(row.text, found, view, sources.library.vectors)
        right = np.zeros(len(made), dtype=bool) if row.target == refusal else holding(row.target, made)
        looked.append(_Looked(row, tuple(found), made, matrix, right))
    return looked


def _crossed(looked: Sequence[_Looked], training: int, weights: Weights) -> list[Weights]:
    """For each row weights that were learned without it and its group; for validation rows those of all training rows.

    Where too few rows are left to learn from, those of all.
    """
    parts = [_part(one.row) for one in looked[:training]]
    without = {}
    for part in set(parts):
        rest = [one for one, own in zip(looked[:training], parts, strict=True) if own != part]
        without[part] = learn([one.matrix for one in rest], [one.right for one in rest]) or weights
    return [without[part] for part in parts] + [weights] * (len(looked) - training)


def _part(row: Example) -> int:
    key = row.group if row.group is not None else input_digest(row.messages)
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[0] % _PARTS


def _said(quoting: Quoting, learned: str | None, trial: Trial) -> str:
    weights = "weights learned from training rows" if trial.settings["weights"] == "learned" else "the usual weights"
    says = f"{quoting.refusal!r} under a probability of {quoting.threshold:.2f}"
    known = "" if learned else " (no training target says it)"
    return f"quotes a {quoting.form} with {weights}; says {says}{known}"
