"""``pairwise``: a model says which of two answers is better, asked in both orders.

1 where the answer wins in both orders, 0 where it loses in both, 0.5 for ties and where the order decides: a judge
that changes its mind with the order has not told them apart (Zheng et al. 2023, arXiv 2306.05685, section 3.4). The
other answer is the target, or stands in a column (what is used today).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from tunewright.evaluation.text_grader import scored, storable, unjudged
from tunewright.records.example import Example
from tunewright.records.generation import Request

NAME = "pairwise"
SUMMARY = "A model says which of two answers is better, asked in both orders; disagreement is a tie."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "better": Option(
        "The better answer does what the task asks, correctly and completely, without needless words.",
        "text or file",
        "the person's own words for what matters are better",
    ),
    "against": Option("", "column", "empty: the target; else the column that holds the other answer"),
    "max_tokens": judging.MAX_TOKENS,
}
_SYSTEM = (
    "You compare two answers to one task. Which stands first is chance and means nothing. Reply with one JSON object: "
    'first "reason", one or two sentences, then "better", which is "first", "second" or "tie".'
)
_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string", "maxLength": 600},
        "better": {"type": "string", "enum": ["first", "second", "tie"]},
    },
    "required": ["reason", "better"],
    "additionalProperties": False,
}
_TIE = 0.5


class PairwiseGrader(JudgingGrader):
    """Scores 1, 0.5 or 0; the part ``order_decided`` is 1 where the two orders disagree."""

    def __init__(self, settings: Settings, better: str, context: GraderContext) -> None:
        identity = make_identity(
            NAME, VERSION, settings, [__file__, judging.__file__, json_answers.__file__], better=digest(better)
        )
        super().__init__(identity, context, judge_of(context, NAME), binary=False)
        self._settings = settings
        self._better = better
        self._against = str(settings["against"])

    @property
    def scale(self) -> Scale:
        """Whether the answer is worse than the other, as good, or better."""
        return Scale((Mark("answer", self._better, 2, ("worse", "as good", "better")),))

    def beside(self, example: Example) -> list[tuple[str, str]]:
        """The task and the other answer."""
        return [("task", example.text), ("other answer", self._other(storable(example.target), example) or "")]

    def score_of(self, marks: Mapping[str, int]) -> float:
        """0 for worse, 0.5 for as good, 1 for better."""
        return marks["answer"] / 2

    def settled(self, text: str, target: str, example: Example) -> Grade | None:
        """Equal answers tie; a case without another answer cannot be judged."""
        other = self._other(target, example)
        if other is None:
            return unjudged(f"the case has no answer in the column {self._against!r}", text)
        same = other.split() == text.split()
        return scored(_TIE, text, (("order_decided", 0.0),), "both answers are equal") if same else None

    def questions(self, text: str, target: str, example: Example) -> list[Request]:
        """Both orders: the answer first, then the answer second."""
        other = self._other(target, example) or ""
        return [self._question(example.text, text, other), self._question(example.text, other, text)]

    def problem_of(self, value: Mapping[str, object]) -> str:
        """Anything but one of the three words."""
        return "" if value.get("better") in ("first", "second", "tie") else "its reply names neither answer nor a tie"

    def conclude(self, text: str, verdicts: Sequence[Verdict]) -> Grade:
        """Agreement of both orders, or a tie."""
        scores = {"first": (1.0, 0.0), "second": (0.0, 1.0), "tie": (_TIE, _TIE)}
        one, other = (scores[str(verdict.value["better"])][place] for place, verdict in enumerate(verdicts))
        reason = reason_of(verdicts[0])
        return scored(one if one == other else _TIE, text, (("order_decided", float(one != other)),), reason)

    def _other(self, target: str, example: Example) -> str | None:
        if not self._against:
            return target
        other = example.tag(self._against)
        return None if other is None else storable(other)

    def _question(self, task: str, first: str, second: str) -> Request:
        parts = [fenced("task", task), fenced("first", first), fenced("second", second), self._better]
        return question(_SYSTEM, parts, _SCHEMA, self._settings)


def build(options: Settings, context: GraderContext) -> PairwiseGrader:
    """The grader.

    Raises:
        InputError: no judge is named.
    """
    settings = read(options, OPTIONS, NAME)
    if int(settings["max_tokens"]) < 16:
        raise bad_option(NAME, "max_tokens", "is below 16")
    return PairwiseGrader(settings, text_or_file(str(settings["better"]), context.root), context)
