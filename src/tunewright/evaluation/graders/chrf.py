"""``chrf``: chrF and chrF++ by the package sacrebleu: n-grams of characters, recall counting twice.

Source: Popović 2015 and 2017; Post 2018 for the signature, which is part of the grader's identity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sacrebleu.metrics.chrf import CHRF

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.normal_text import references
from tunewright.evaluation.text_grader import Measure, TextGrader, scored
from tunewright.records.example import Example

NAME = "chrf"
SUMMARY = "chrF by sacrebleu: n-grams of characters shared with a reference, for any language."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "words": Option(False, "yes or no", "chrF; with words it is chrF++ (n-grams of up to two words too)"),
    "lowercase": Option(False, "yes or no", "capital letters count, as in sacrebleu"),
    "references": Option(
        "one",
        "one, lines or json",
        "a target is one text unless the person says it holds several",
        normal_text.REFERENCES,
    ),
}


class ChrfGrader(TextGrader):
    """Scores chrF in [0, 1]."""

    def __init__(self, settings: Settings) -> None:
        self._chrf = _chrf(settings)
        self._references = str(settings["references"])
        self._chrf.sentence_score("a", ["a"])
        identity = make_identity(
            NAME, VERSION, settings, [__file__, normal_text.__file__], signature=str(self._chrf.get_signature())
        )
        super().__init__(identity, binary=False)

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """chrF of the case; equal text is 1, also where it is empty."""
        accepted = references(target, self._references)
        if text.split() in [one.split() for one in accepted]:
            return scored(1.0, text.strip())
        return scored(self._chrf.sentence_score(text, list(accepted)).score / 100, text.strip())


def build(options: Settings, context: GraderContext) -> ChrfGrader:
    """The grader; see ``OPTIONS``."""
    return ChrfGrader(read(options, OPTIONS, NAME))


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Corpus chrF in [0, 1]; an answer of no use is an empty text."""
    settings = read(options, OPTIONS, NAME)

    def corpus(answers: Sequence[str | None], targets: Sequence[str]) -> float:
        if not targets:
            return 0.0
        accepted = [references(target, str(settings["references"])) for target in targets]
        longest = max(map(len, accepted))
        # Cases with fewer references repeat one, which changes nothing.
        streams = [[one[min(place, len(one) - 1)] for one in accepted] for place in range(longest)]
        score = _chrf(settings).corpus_score([a or "" for a in answers], streams).score
        return float(score) / 100

    return (Measure("chrf", corpus),)


def _chrf(settings: Settings) -> CHRF:
    return CHRF(word_order=2 if settings["words"] else 0, lowercase=bool(settings["lowercase"]))
