"""``slots``: labelled pieces of a text (slots, entities) as JSON, by F1 over (name, value) pairs.

A slot is right when name and value both are; the same pair twice must be found twice. Places in the text do not count,
as a model that writes JSON gives none; the CoNLL 2003 measure, which this follows otherwise, counts them. With
``frame``, one further field (an intent) belongs to the frame: with ``score: exact`` it must be right too (frame
accuracy).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tunewright.evaluation import counts as counting
from tunewright.evaluation import json_answers, spans
from tunewright.evaluation.counts import Counts, of_multisets
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.json_answers import canonical, parse_json
from tunewright.evaluation.text_grader import Measure, TextGrader, scored, unjudged, unusable
from tunewright.records.example import Example

NAME = "slots"
SUMMARY = "Labelled pieces of a text as JSON: F1 over pairs of name and value."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "score": Option(
        "f1", "f1 or exact", "a half right frame is worth something; exact counts whole frames", ("f1", "exact")
    ),
    "list": Option("slots", "field", "where the list of slots stands; empty: the JSON is the list"),
    "name": Option("slot", "field", "where a slot says what it is"),
    "value": Option("value", "field", "where a slot says its text"),
    "frame": Option("", "field, such as intent", "empty: slots alone count"),
    "fences": Option(True, "yes or no", "a code block around the JSON is cut off by nearly every program"),
}
Pairs = Counter[tuple[str, str]]


class SlotsGrader(TextGrader):
    """Scores F1 of the case (or whether the frame is right); parts are ``tp:``, ``fp:`` and ``fn:`` of every slot."""

    def __init__(self, settings: Settings) -> None:
        modules = (counting, json_answers, spans)
        files = [__file__, *(module.__file__ for module in modules)]
        super().__init__(make_identity(NAME, VERSION, settings, files), binary=settings["score"] == "exact")
        self._fields = {name: str(settings[name]) for name in ("list", "name", "value", "frame")}
        self._fences = bool(settings["fences"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The grade with its counts by slot."""
        wanted, problem = self._pairs(target, fences=True)
        if wanted is None:
            return unjudged(f"the target is {problem}")
        given, problem = self._pairs(text, fences=self._fences or text == target)
        if given is None:
            return unusable(problem, of_multisets(wanted, Counter()).parts())
        counts = of_multisets(wanted, given)
        score = float(counts.exact) if self.binary else counts.f1()
        value, _ = parse_json(text, fences=True)
        return scored(score, canonical(value), counts.parts())

    def counts(self, answers: Sequence[str | None], targets: Sequence[str]) -> Counts:
        """Counts by slot over all cases; targets that hold no slots are left out."""
        total = Counts()
        for answer, target in zip(answers, targets, strict=True):
            wanted, _ = self._pairs(target, fences=True)
            given, _ = self._pairs(answer or "", fences=self._fences)
            if wanted is not None:
                total.add(of_multisets(wanted, given or Counter()))
        return total

    def _pairs(self, text: str, *, fences: bool) -> tuple[Pairs | None, str]:
        """The pairs of a text, or None and why there are none."""
        value, problem = parse_json(text, fences=fences)
        if problem is not None:
            return None, problem
        held, field, frame = value, self._fields["list"], self._fields["frame"]
        if field:
            if not isinstance(value, dict) or field not in value:
                return None, f"JSON without the field {field!r}"
            held = value[field]
        pairs = spans.slots_of(held, self._fields["name"], self._fields["value"])
        if pairs is None:
            return None, "JSON, but no list of slots"
        if frame and isinstance(value, dict) and value.get(frame) is not None:
            pairs[(frame, " ".join(str(value[frame]).split()))] += 1
        return pairs, ""


def build(options: Settings, context: GraderContext) -> SlotsGrader:
    """The grader; see ``OPTIONS``."""
    return SlotsGrader(read(options, OPTIONS, NAME))


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Micro F1 over all slots of all cases (the usual slot F1), and macro F1, the mean over names of slots."""
    grader = build(options, context)
    return (
        Measure("micro_f1", lambda answers, targets: grader.counts(answers, targets).f1()),
        Measure("macro_f1", lambda answers, targets: counting.macro_f1(grader.counts(answers, targets))),
    )
