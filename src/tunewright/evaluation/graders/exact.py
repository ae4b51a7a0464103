"""``exact``: the answer is the target, character for character; white space around it does not count."""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.text_grader import TextGrader, scored
from tunewright.records.example import Example

NAME = "exact"
SUMMARY = "The answer is the target, character for character."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "trim": Option(True, "yes or no", "models end a text with a line break, which nobody sees"),
    "references": Option(
        "one",
        "one, lines or json",
        "a target is one answer unless the person says it holds several",
        normal_text.REFERENCES,
    ),
}


class ExactGrader(TextGrader):
    """Scores 1 or 0."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(make_identity(NAME, VERSION, settings, [__file__, normal_text.__file__]), binary=True)
        self._trim = bool(settings["trim"])
        self._references = str(settings["references"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """1 where the text is one of the references."""
        accepted = normal_text.references(target, self._references)
        answer = text.strip() if self._trim else text
        return scored(float(answer in ([r.strip() for r in accepted] if self._trim else accepted)), answer)


def build(options: Settings, context: GraderContext) -> ExactGrader:
    """The grader; see ``OPTIONS``."""
    return ExactGrader(read(options, OPTIONS, NAME))
