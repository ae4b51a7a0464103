"""``ordered``: labels with an order (low, medium, high; 1 to 5): near misses cost less than far ones.

A case scores 1 less its distance in steps over the largest possible; measures of all cases are kappa with quadratic
weights (Cohen 1968) and the mean absolute error in steps. An answer that is no label scores 0, and is taken in both
measures for the label farthest from its target.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from tunewright.evaluation.grader_options import (
    GraderContext,
    Option,
    Settings,
    bad_option,
    make_identity,
    read,
    words,
)
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.text_grader import Measure, TextGrader, scored, shown, unjudged, unusable
from tunewright.records.example import Example

NAME = "ordered"
SUMMARY = "Labels with an order: distance in steps, quadratic kappa, mean absolute error."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "order": Option("", "low, medium, high", "empty: the labels of the task by number, if all are numbers"),
    "score": Option("distance", "distance or exact", "a near miss is worth something", ("distance", "exact")),
}


class OrderedGrader(TextGrader):
    """Scores one case; the part ``steps`` is its distance."""

    def __init__(self, settings: Settings, order: Sequence[str]) -> None:
        self._exact = settings["score"] == "exact"
        identity = make_identity(NAME, VERSION, settings, [__file__], order=json.dumps(list(order)))
        super().__init__(identity, binary=self._exact or len(order) == 2)
        self._order = tuple(order)
        self._place = {_fold(label): place for place, label in enumerate(order)}

    @property
    def last(self) -> int:
        """The largest distance in steps, at least 1."""
        return len(self._order) - 1

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The grade; the answer is kept as the label."""
        wanted, given = self.place(target), self.place(text)
        if wanted is None:
            return unjudged(f"the target is none of the ordered labels: {shown(target)}")
        if given is None:
            return unusable(f"none of the ordered labels: {shown(text)}")
        steps = abs(wanted - given)
        score = float(steps == 0) if self._exact else 1 - steps / self.last
        return scored(score, self._order[given], (("steps", float(steps)),))

    def place(self, text: str) -> int | None:
        """The place of a label in the order, from 0."""
        return self._place.get(_fold(text))

    def places(self, answers: Sequence[str | None], targets: Sequence[str]) -> tuple[list[int], list[int]]:
        """Places of answers and targets; targets outside the order are left out with their answers."""
        given, wanted = [], []
        for answer, target in zip(answers, targets, strict=True):
            right = self.place(target)
            if right is not None:
                place = None if answer is None else self.place(answer)
                wanted.append(right)
                given.append((0 if right > self.last / 2 else self.last) if place is None else place)
        return given, wanted


def quadratic_kappa(given: Sequence[int], wanted: Sequence[int], classes: int) -> float:
    """``1 - sum(w O) / sum(w E)``, ``w = (i - j)^2``; in [-1, 1], 0 without cases, 1 where all are one equal label."""
    if not given:
        return 0.0
    observed = np.zeros((classes, classes))
    np.add.at(observed, (np.asarray(wanted), np.asarray(given)), 1.0)
    steps = np.arange(classes, dtype=np.float64)
    weights = (steps[:, None] - steps[None, :]) ** 2
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / len(given)
    chance = float((weights * expected).sum())
    return 1.0 - float((weights * observed).sum()) / chance if chance else 1.0


def build(options: Settings, context: GraderContext) -> OrderedGrader:
    """The grader.

    Raises:
        InputError: there is no order of at least two labels.
    """
    settings = read(options, OPTIONS, NAME)
    order = words(settings["order"])
    if not order:
        try:
            order = tuple(sorted(context.labels, key=float))
        except ValueError:
            order = ()
    if len(order) < 2 or len({_fold(label) for label in order}) < len(order):
        raise bad_option(
            NAME, "order", "names no order of at least two different labels", "Write order: low, medium, high."
        )
    outside = [label for label in context.labels if _fold(label) not in {_fold(known) for known in order}]
    if outside:
        raise bad_option(NAME, "order", f"does not say where {outside[0]!r} stands, a label of the task")
    return OrderedGrader(settings, order)


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Quadratic kappa in [-1, 1], and the mean absolute error in steps (0 is best, no share)."""
    grader = build(options, context)

    def kappa(answers: Sequence[str | None], targets: Sequence[str]) -> float:
        return quadratic_kappa(*grader.places(answers, targets), grader.last + 1)

    def error(answers: Sequence[str | None], targets: Sequence[str]) -> float:
        given, wanted = grader.places(answers, targets)
        return float(np.mean(np.abs(np.subtract(given, wanted)))) if given else 0.0

    return Measure("quadratic_kappa", kappa), Measure("mean_absolute_error", error)


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
