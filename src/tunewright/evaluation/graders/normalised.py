"""``normalised``: the answer is the target once case, punctuation and articles are set aside; each can be made to
count.

Where nothing but articles and punctuation is left of a text, those count.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.text_grader import TextGrader, scored
from tunewright.records.example import Example

NAME = "normalised"
SUMMARY = "The answer is the target but for case, punctuation, articles and, if asked, numbers in words."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "case": Option(True, "yes or no", "set aside: few tasks turn on capital letters"),
    "punctuation": Option(True, "yes or no", "set aside, but for decimal points and minus signs"),
    "articles": Option(True, "yes or no", "a, an and the are set aside, as in SQuAD"),
    "numbers": Option(False, "yes or no", "twenty-one is not 21 unless asked: it costs errors in names"),
    "references": Option(
        "one",
        "one, lines or json",
        "a target is one answer unless the person says it holds several",
        normal_text.REFERENCES,
    ),
}


class NormalisedGrader(TextGrader):
    """Scores 1 or 0."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(make_identity(NAME, VERSION, settings, [__file__, normal_text.__file__]), binary=True)
        self._settings = settings

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """1 where the normal form of the text is that of a reference."""
        accepted = normal_text.references(target, str(self._settings["references"]))
        answer = self._form(text)
        return scored(float(any(answer == self._form(reference) for reference in accepted)), answer)

    def _form(self, text: str) -> str:
        case, punctuation, articles, numbers = (
            bool(self._settings[name]) for name in ("case", "punctuation", "articles", "numbers")
        )
        form = normal_text.normal(text, case=case, punctuation=punctuation, articles=articles, numbers=numbers)
        return form or normal_text.normal(text, case=case, punctuation=False, articles=False)


def build(options: Settings, context: GraderContext) -> NormalisedGrader:
    """The grader; see ``OPTIONS``."""
    return NormalisedGrader(read(options, OPTIONS, NAME))
