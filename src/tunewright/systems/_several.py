"""Several labels per case: targets as sets, and from the chance of each label to the set that is answered.

Every label is decided on its own (binary relevance; Tsoumakas et al. 2010, section 3.1): it is answered where its
chance reaches one cut-off for all, chosen on validation rows by the job's own measure. Called by ``tfidf``,
``embedding`` and ``finetune``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tunewright.errors import Cancelled
from tunewright.records.answers import Answer
from tunewright.records.example import Example
from tunewright.records.system import Budget, FitContext, Trial
from tunewright.systems._honest import Scored
from tunewright.systems.fitlog import FitLog

# Even steps on the scale of log odds: below 0.5 they lie close, for the best cut-off for F1 is half of the best F1
# (Lipton et al. 2014, theorem 1), and a label rarely is sure.
THRESHOLDS = tuple(round(float(chance), 4) for chance in expit(np.linspace(-4.0, 1.5, 23)))
BoolArray = NDArray[np.bool_]


def names_in(target: str) -> list[str]:
    """The labels of a target."""
    return [str(name) for name in json.loads(target)]


def as_target(names: Iterable[str]) -> str:
    """Labels as targets and answers have them: a JSON list in sorted order, each once."""
    return json.dumps(sorted(set(names)), ensure_ascii=False)


def indicators(rows: Sequence[Example], labels: Sequence[str]) -> BoolArray:
    """``[N, labels]`` which labels each row has; labels that are not listed are left out."""
    place = {label: position for position, label in enumerate(labels)}
    found = np.zeros((len(rows), len(labels)), dtype=np.bool_)
    for number, row in enumerate(rows):
        found[number, [place[name] for name in names_in(row.target) if name in place]] = True
    return found


def always_some(rows: Sequence[Example]) -> bool:
    """Whether every row has a label."""
    return all(names_in(row.target) for row in rows)


@dataclass(frozen=True, slots=True)
class Cut:
    """Labels whose chance is at least ``threshold`` are answered; with ``at_least_one`` the likeliest one always is."""

    threshold: float
    at_least_one: bool

    def sets(self, chances: NDArray[np.floating]) -> BoolArray:
        """Which labels are answered, of the chances ``[N, labels]`` of each."""
        chosen = np.asarray(chances >= self.threshold, dtype=np.bool_)
        if self.at_least_one and chances.shape[1]:
            empty = np.flatnonzero(~chosen.any(axis=1))
            chosen[empty, chances[empty].argmax(axis=1)] = True
        return chosen

    def texts(self, chances: NDArray[np.floating], labels: Sequence[str]) -> list[str]:
        """The answers as texts."""
        return [as_target(labels[place] for place in np.flatnonzero(row).tolist()) for row in self.sets(chances)]

    def answers(self, chances: NDArray[np.floating], labels: Sequence[str]) -> list[Answer]:
        """The answers; the confidence is the chance that the whole set is right, labels taken as independent."""
        chosen = self.sets(chances)
        sure = np.where(chosen, chances, 1.0 - chances).astype(np.float64).prod(axis=1)
        texts = self.texts(chances, labels)
        return [Answer(text, confidence=round(float(one), 6)) for text, one in zip(texts, sure, strict=True)]


def choose_cut(
    chances: NDArray[np.floating], scored: Scored, labels: Sequence[str], at_least_one: bool
) -> tuple[Cut, float]:
    """The cut-off of the grid with the best measure on rows ``[N, labels]``, the nearest to 0.5 among equals; and it.

    One scored pass for every cut-off of the grid, the nearest to 0.5 first.
    """
    cuts = [Cut(threshold, at_least_one) for threshold in sorted(THRESHOLDS, key=lambda one: abs(one - 0.5))]
    scores = [scored.add(cut.texts(chances, labels)) for cut in cuts]
    best = scores.index(max(scores))
    return cuts[best], scores[best]


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found: its trials, the best strength with its cut-off, and what choosing them is worth."""

    trials: tuple[Trial, ...]
    strength: float
    cut: Cut
    honest: float | None

    def log(self, notes: Sequence[str] = ()) -> FitLog:
        """As a fit leaves it behind: every cut-off was a scored pass, and the grid is exhausted."""
        passes = len(self.trials) * len(THRESHOLDS)
        return FitLog(self.trials, Budget(passes, passes, exhausted=True), tuple(notes), self.honest)


def search(
    strengths: Sequence[float],
    chances_of: Callable[[float], NDArray[np.floating]],
    labels: Sequence[str],
    train: Sequence[Example],
    validation: Sequence[Example],
    context: FitContext,
) -> Searched:
    """Every strength with its best cut-off; the weakest among equals wins.

    Args:
        chances_of: from a strength to the chances ``[N, labels]`` on the validation rows of a model fitted with it.

    Raises:
        Cancelled: the person asked to stop.
    """
    scored, some = Scored([row.target for row in validation], context.measure), always_some(train)
    trials: list[Trial] = []
    best: tuple[float, float, Cut] | None = None
    for number, strength in enumerate(strengths):
        if context.cancelled():
            raise Cancelled
        started = time.perf_counter()
        cut, score = choose_cut(chances_of(strength), scored, labels, some)
        settings = {"strength": strength, "threshold": cut.threshold}
        trials.append(Trial(settings, score, time.perf_counter() - started))
        context.progress("choosing the strength", (number + 1) / len(strengths))
        if best is None or score > best[0]:
            best = (score, strength, cut)
    assert best is not None
    return Searched(tuple(trials), best[1], best[2], scored.honest())
