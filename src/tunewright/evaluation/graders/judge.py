"""``judge``: a model judges the answer by a rubric, criterion by criterion, each from 0 to 1.

The score is the weighted mean of the criteria, which are the parts. A reply without a mark for each criterion leaves
the case ungraded (``judge_fail``). A judge is an instrument to be checked against people before its marks are believed
(Zheng et al. 2023, arXiv 2306.05685, on its biases).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.evaluation import json_answers, judging
from tunewright.evaluation.grader_options import (
    GraderContext,
    Option,
    Settings,
    bad_option,
    digest,
    make_identity,
    read,
    text_or_file,
)
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.judging import JudgingGrader, Mark, Scale, Verdict, fenced, judge_of, question, reason_of
from tunewright.evaluation.text_grader import scored
from tunewright.records.example import Example
from tunewright.records.generation import Request

NAME = "judge"
SUMMARY = "A model judges the answer by a rubric of weighted criteria."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "criteria": Option(
        "", "lines 'name (weight): what counts', or a file of them", "required: a judge without a rubric guesses"
    ),
    "levels": Option(4, "marks above 0", "a judge tells five grades apart, hardly more; 1 is yes or no"),
    "reference": Option(True, "yes or no", "a judge that sees the target is right more often"),
    "max_tokens": judging.MAX_TOKENS,
}
_LINE = re.compile(r"\A\s*(?:[-*]\s+)?([^:(]+?)\s*(?:\(\s*(\d+(?:\.\d+)?)\s*\))?\s*:\s*(\S.*)\Z")
_SYSTEM = (
    "You judge one answer to one task by fixed criteria, strictly and by what is written. Reply with one JSON object: "
    'first "reason", one or two sentences, then "marks", an object with a whole number for every criterion.'
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a rubric; weights count relative to each other."""

    name: str
    weight: float
    says: str


class JudgeGrader(JudgingGrader):
    """Scores the weighted mean of the criteria; parts are ``criterion:NAME``."""

    def __init__(self, settings: Settings, criteria: Sequence[Criterion], context: GraderContext) -> None:
        rubric = digest(repr([(one.name, one.weight, one.says) for one in criteria]))
        identity = make_identity(
            NAME, VERSION, settings, [__file__, judging.__file__, json_answers.__file__], rubric=rubric
        )
        self._levels = int(settings["levels"])
        binary = len(criteria) == 1 and self._levels == 1
        super().__init__(identity, context, judge_of(context, NAME), binary=binary)
        self._settings = settings
        self._criteria = tuple(criteria)

    @property
    def scale(self) -> Scale:
        """A mark for every criterion."""
        words = ("no", "yes") if self._levels == 1 else ()
        return Scale(tuple(Mark(one.name, one.says, self._levels, words) for one in self._criteria))

    def beside(self, example: Example) -> list[tuple[str, str]]:
        """The task, and the reference where the judge sees it."""
        return [("task", example.text), *([("reference", example.target)] if self._settings["reference"] else [])]

    def score_of(self, marks: Mapping[str, int]) -> float:
        """The weighted mean."""
        whole = sum(one.weight for one in self._criteria)
        return sum(one.weight * marks[one.name] / self._levels for one in self._criteria) / whole

    def questions(self, text: str, target: str, example: Example) -> list[Request]:
        """One question about the whole rubric."""
        names = {one.name: {"type": "integer", "minimum": 0, "maximum": self._levels} for one in self._criteria}
        marks = {"type": "object", "properties": names, "required": list(names), "additionalProperties": False}
        schema = {
            "type": "object",
            "properties": {"reason": {"type": "string", "maxLength": 600}, "marks": marks},
            "required": ["reason", "marks"],
            "additionalProperties": False,
        }
        rubric = "\n".join(f"- {one.name}: {one.says}" for one in self._criteria)
        scale = f"Marks go from 0 (not at all) to {self._levels} (fully)."
        parts = [fenced("task", example.text)]
        if self._settings["reference"]:
            parts.append("A good answer, for comparison; others can be as good:\n" + fenced("reference", target))
        parts += [fenced("answer", text), f"Criteria:\n{rubric}\n{scale}"]
        return [question(_SYSTEM, parts, schema, self._settings)]

    def problem_of(self, value: Mapping[str, object]) -> str:
        """A mark that is missing, no number or out of range."""
        marks = value.get("marks")
        if not isinstance(marks, dict):
            return "its reply has no marks"
        for one in self._criteria:
            mark = marks.get(one.name)
            if isinstance(mark, bool) or not isinstance(mark, int | float) or not 0 <= mark <= self._levels:
                return f"its reply has no mark from 0 to {self._levels} for {one.name!r}"
            if self.binary and mark not in (0, 1):
                return f"its mark for {one.name!r} is neither 0 nor 1"
        return ""

    def conclude(self, text: str, verdicts: Sequence[Verdict]) -> Grade:
        """The weighted mean."""
        marks = verdicts[0].value["marks"]
        assert isinstance(marks, dict)
        shares = {one.name: float(marks[one.name]) / self._levels for one in self._criteria}
        score = sum(one.weight * shares[one.name] for one in self._criteria) / sum(one.weight for one in self._criteria)
        parts = tuple((f"criterion:{name}", share) for name, share in shares.items())
        return scored(score, text, parts, reason_of(verdicts[0]))


def build(options: Settings, context: GraderContext) -> JudgeGrader:
    """The grader.

    Raises:
        InputError: no judge is named, or there are no criteria that can be read.
    """
    settings = read(options, OPTIONS, NAME)
    if not 1 <= int(settings["levels"]) <= 100 or int(settings["max_tokens"]) < 16:
        raise bad_option(NAME, "levels", "is not from 1 to 100, or 'max_tokens' is below 16")
    return JudgeGrader(settings, read_criteria(text_or_file(str(settings["criteria"]), context.root)), context)


def read_criteria(text: str) -> list[Criterion]:
    """The criteria of a rubric, one a line: ``correct (2): the facts agree with the reference``.

    Raises:
        InputError: a line cannot be read, two have one name, or no weight is above 0.
    """
    hint = "Write one criterion a line: correct (2): the facts agree with the reference."
    found: list[Criterion] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _LINE.match(line)
        if match is None:
            raise bad_option(NAME, "criteria", f"has a line that is no criterion: {line.strip()[:60]!r}", hint)
        found.append(Criterion(match[1], float(match[2] or 1), match[3].strip()))
    if not found or sum(one.weight for one in found) <= 0 or len({one.name for one in found}) < len(found):
        raise bad_option(NAME, "criteria", "names no criteria, or two of one name, or none with a weight", hint)
    return found
