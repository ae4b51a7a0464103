"""``rouge``: how many words and word pairs of the reference the answer has (ROUGE-1, -2, -L; which variant:
``evaluation/rouge``)."""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.evaluation import normal_text, rouge
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.normal_text import references
from tunewright.evaluation.text_grader import TextGrader, scored
from tunewright.records.example import Example

NAME = "rouge"
SUMMARY = "Words (ROUGE-1), word pairs (ROUGE-2) or common order (ROUGE-L) shared with a reference summary."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "measure": Option("rougeL", "rouge1, rouge2 or rougeL", "it sees order, and needs no n", rouge.MEASURES),
    "side": Option("f1", "f1, recall or precision", "recall alone rewards length", ("f1", "recall", "precision")),
    "references": Option(
        "one",
        "one, lines or json",
        "a target is one summary unless the person says it holds several",
        normal_text.REFERENCES,
    ),
}


class RougeGrader(TextGrader):
    """Scores one side of one measure; parts are the F1 of all three."""

    def __init__(self, settings: Settings) -> None:
        files = [__file__, rouge.__file__, normal_text.__file__]
        super().__init__(make_identity(NAME, VERSION, settings, files), binary=False)
        self._measure = str(settings["measure"])
        self._side = str(settings["side"])
        self._references = str(settings["references"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The best score over the references; a reference without words, or pairs, takes equal text alone."""
        accepted = references(target, self._references)
        found = {name: [rouge.rouge(text, one, name) for one in accepted] for name in rouge.MEASURES}
        score = max(float(getattr(overlap, self._side)) for overlap in found[self._measure])
        if text.split() in [one.split() for one in accepted]:
            score = 1.0
        parts = tuple((name, max(overlap.f1 for overlap in overlaps)) for name, overlaps in found.items())
        return scored(score, text.strip(), parts)


def build(options: Settings, context: GraderContext) -> RougeGrader:
    """The grader; see ``OPTIONS``."""
    return RougeGrader(read(options, OPTIONS, NAME))
