"""``labels``: a set of labels per case, in any order.

Scores are F1 of the two sets, their Jaccard share, or whether they are equal (subset accuracy); measures of all cases
are micro and macro F1 and subset accuracy (Tsoumakas et al. 2010, section 7). A label outside the task's is a wrong
one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tunewright.evaluation import counts as counting
from tunewright.evaluation.counts import Counts
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, bad_option, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.text_grader import Measure, TextGrader, scored
from tunewright.records.example import Example

NAME = "labels"
SUMMARY = "A set of labels per case: F1 of sets or subset accuracy, micro and macro F1."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "score": Option("f1", "f1, jaccard or exact", "a half right set is worth something", ("f1", "jaccard", "exact")),
    "separator": Option(",", "text", "what stands between labels; a JSON list is read too"),
    "none": Option("none", "text", "how an answer says that no label fits; an empty text says so too"),
}
UNKNOWN = "(no label)"


class LabelsGrader(TextGrader):
    """Scores one case; parts are ``tp:``, ``fp:`` and ``fn:`` of every label."""

    def __init__(self, settings: Settings, known: Sequence[str]) -> None:
        self._score = str(settings["score"])
        self._separator = str(settings["separator"])
        self._none = _fold(str(settings["none"]))
        labels = sorted({label for text in known for label in self._split(text)})
        identity = make_identity(NAME, VERSION, settings, [__file__, counting.__file__], labels=json.dumps(labels))
        super().__init__(identity, binary=self._score == "exact")
        self._known: dict[str, str] = {}
        for label in labels:
            self._known.setdefault(_fold(label), label)

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The grade with its counts by label; the answer is kept as a JSON list."""
        wanted, given = self.set_of(target), self.set_of(text)
        found = counts_of(wanted, given)
        if self._score == "f1":
            score = found.f1()
        elif self._score == "jaccard":
            score = len(wanted & given) / len(wanted | given) if wanted | given else 1.0
        else:
            score = float(wanted == given)
        return scored(score, json.dumps(sorted(given), ensure_ascii=False), found.parts())

    def set_of(self, text: str) -> frozenset[str]:
        """The labels that a text names; every unknown one stays a label of its own, marked as unknown."""
        found = set()
        for label in self._split(text):
            known = self._known.get(_fold(label))
            unknown = f"{UNKNOWN} {label.removeprefix(UNKNOWN).strip()}" if self._known else " ".join(label.split())
            found.add(unknown if known is None else known)
        return frozenset(found)

    def _split(self, text: str) -> list[str]:
        stripped = text.strip()
        parts: list[str] | None = None
        if stripped.startswith("["):
            try:
                value = json.loads(stripped)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, list) and all(isinstance(part, str) for part in value):
                parts = value
        if parts is None:
            parts = stripped.split(self._separator)
        return [part.strip() for part in parts if part.strip() and _fold(part) != self._none]


def counts_of(wanted: frozenset[str], given: frozenset[str]) -> Counts:
    """Counts by label; unknown labels are counted under one name."""
    found = Counts()
    for labels, into in ((wanted & given, found.tp), (given - wanted, found.fp), (wanted - given, found.fn)):
        into.update(UNKNOWN if label.startswith(UNKNOWN) else label for label in labels)
    return found


def build(options: Settings, context: GraderContext) -> LabelsGrader:
    """The grader; the labels are those of the context, or any where it has none.

    Raises:
        InputError: nothing stands between labels.
    """
    settings = read(options, OPTIONS, NAME)
    if not settings["separator"]:
        raise bad_option(NAME, "separator", "is empty", "Write separator: ',' or another sign.")
    return LabelsGrader(settings, context.labels)


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Micro F1, macro F1 over the labels that occur, and subset accuracy; an answer of no use names no label."""
    grader = build(options, context)

    def counts(answers: Sequence[str | None], targets: Sequence[str]) -> Counts:
        total = Counts()
        for answer, target in zip(answers, targets, strict=True):
            total.add(counts_of(grader.set_of(target), grader.set_of(answer or "")))
        return total

    def subset(answers: Sequence[str | None], targets: Sequence[str]) -> float:
        pairs = zip(answers, targets, strict=True)
        right = [answer is not None and grader.set_of(answer) == grader.set_of(target) for answer, target in pairs]
        return sum(right) / len(right) if right else 0.0

    return (
        Measure("micro_f1", lambda answers, targets: counts(answers, targets).f1()),
        Measure("macro_f1", lambda answers, targets: counting.macro_f1(counts(answers, targets))),
        Measure("subset_accuracy", subset),
    )


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
