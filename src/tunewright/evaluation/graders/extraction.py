"""``extraction``: JSON compared field by field with the target: precision, recall and F1, with counts for every field.

Types, numbers with a tolerance, dates in several notations, lists in any order, objects and lists of objects, and what
is missing, null or empty are compared as ``json_fields`` says. An answer that is no JSON misses every field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunewright.evaluation import counts as counting
from tunewright.evaluation import dates, json_answers, json_fields, normal_text
from tunewright.evaluation.counts import Counts
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read, words
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.json_answers import canonical, parse_json
from tunewright.evaluation.json_fields import FieldRules, compare_fields, missed_fields
from tunewright.evaluation.text_grader import Measure, TextGrader, scored, unjudged, unusable
from tunewright.records.example import Example

NAME = "extraction"
SUMMARY = "JSON compared field by field: precision, recall and F1, with a table per field."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "score": Option(
        "f1", "f1 or exact", "a half right answer is worth something; exact counts whole answers", ("f1", "exact")
    ),
    "empty": Option(
        "same", "same, null or apart", "missing, null and empty mean the same to most programs", json_fields.EMPTY
    ),
    "text": Option(
        "spaces", "exact, spaces, case or normal", "only spaces are folded: values are copied", json_fields.TEXT
    ),
    "dates": Option("auto", "auto, none, or fields", "texts that both read as dates are compared as dates"),
    "date_order": Option("", "dmy or mdy", "03/04/2024 is no date until somebody says which", dates.ORDERS),
    "absolute": Option(0.0, "units of the number", "equal is equal, unless a tolerance is given"),
    "relative": Option(1e-9, "share of the target", "the last digit of a computed float is noise"),
    "ordered": Option("", "fields, such as steps", "lists are compared in any order unless named here"),
    "loose": Option(False, "yes or no", 'the text "12" is not the number 12: programs stumble over it'),
    "fences": Option(True, "yes or no", "a code block around the JSON is cut off by nearly every program"),
}


class ExtractionGrader(TextGrader):
    """Scores micro F1 of the case (or whether all is right); parts are ``tp:``, ``fp:`` and ``fn:`` of every field."""

    def __init__(self, settings: Settings) -> None:
        modules = (counting, dates, json_answers, json_fields, normal_text)
        files = [__file__, *(module.__file__ for module in modules)]
        super().__init__(make_identity(NAME, VERSION, settings, files), binary=settings["score"] == "exact")
        self._rules = _rules(settings)
        self._fences = bool(settings["fences"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The grade with its counts by field."""
        wanted, problem = parse_json(target, fences=True)
        if problem is not None:
            return unjudged(f"the target is {problem}")
        given, problem = parse_json(text, fences=self._fences or text == target)
        if problem is not None:
            return unusable(problem, missed_fields(wanted, self._rules).parts())
        counts = compare_fields(wanted, given, self._rules)
        score = float(counts.exact) if self.binary else counts.f1()
        return scored(score, canonical(given), counts.parts())

    def counts(self, answers: Sequence[str | None], targets: Sequence[str]) -> Counts:
        """Counts by field over all cases, for the table per field; targets that are no JSON are left out."""
        total = Counts()
        for answer, target in zip(answers, targets, strict=True):
            wanted, problem = parse_json(target, fences=True)
            if problem is not None:
                continue
            given, problem = parse_json(answer or "", fences=self._fences)
            total.add(missed_fields(wanted, self._rules) if problem else compare_fields(wanted, given, self._rules))
        return total


def build(options: Settings, context: GraderContext) -> ExtractionGrader:
    """The grader; see ``OPTIONS``."""
    return ExtractionGrader(read(options, OPTIONS, NAME))


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Micro F1 over all values of all cases, and macro F1, the mean over fields."""
    grader = build(options, context)
    return (
        Measure("micro_f1", lambda answers, targets: grader.counts(answers, targets).f1()),
        Measure("macro_f1", lambda answers, targets: counting.macro_f1(grader.counts(answers, targets))),
    )


def _rules(settings: Settings) -> FieldRules:
    named = words(settings["dates"])
    return FieldRules(
        dates=frozenset() if named == ("none",) else frozenset(named),
        date_order=str(settings["date_order"]),
        absolute=float(settings["absolute"]),
        relative=float(settings["relative"]),
        ordered=frozenset(words(settings["ordered"])),
        empty=str(settings["empty"]),
        text=str(settings["text"]),
        loose=bool(settings["loose"]),
    )
