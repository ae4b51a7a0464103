"""``span``: a short answer in words, by token F1 or exact match as in SQuAD, against the reference that fits best.

Without a reference (an empty JSON list with ``references: json``) the question has no answer, and only an empty one is
right.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.evaluation import normal_text, spans
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.normal_text import best, references
from tunewright.evaluation.text_grader import TextGrader, scored
from tunewright.records.example import Example

NAME = "span"
SUMMARY = "A short answer in words: token F1 or exact match as in SQuAD, several references."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "measure": Option("f1", "f1 or exact", "a span that is one word longer is nearly right", ("f1", "exact")),
    "references": Option(
        "json", "one, lines or json", "SQuAD's targets are lists; another target is one answer", normal_text.REFERENCES
    ),
}


class SpanGrader(TextGrader):
    """Scores token F1 (or 1 and 0); parts are ``f1`` and ``exact``."""

    def __init__(self, settings: Settings) -> None:
        files = [__file__, spans.__file__, normal_text.__file__]
        super().__init__(make_identity(NAME, VERSION, settings, files), binary=settings["measure"] == "exact")
        self._references = str(settings["references"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The best score over the references."""
        accepted = (target,) if text == target else references(target, self._references)
        both = {"f1": best(text, accepted, spans.token_f1), "exact": best(text, accepted, spans.exact)}
        return scored(both["exact" if self.binary else "f1"], text.strip(), tuple(both.items()))


def build(options: Settings, context: GraderContext) -> SpanGrader:
    """The grader; see ``OPTIONS``."""
    return SpanGrader(read(options, OPTIONS, NAME))
