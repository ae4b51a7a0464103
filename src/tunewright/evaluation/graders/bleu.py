"""``bleu``: BLEU by the package sacrebleu, for one answer (smoothed) and for all answers together.

Source: Papineni et al. 2002; Post 2018 for the tokens and the signature, which is part of the grader's identity. BLEU
is a measure of a whole corpus: ``measures`` gives it, and the mean of the scores per case is another number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sacrebleu.metrics.bleu import BLEU

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.normal_text import references
from tunewright.evaluation.text_grader import Measure, TextGrader, scored
from tunewright.records.example import Example

NAME = "bleu"
SUMMARY = "BLEU by sacrebleu: n-grams of words shared with a reference, per case and for the corpus."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "tokenize": Option(
        "13a", "13a, intl, zh, char or none", "sacrebleu's default", ("13a", "intl", "zh", "char", "none")
    ),
    "lowercase": Option(False, "yes or no", "capital letters count, as in sacrebleu"),
    "references": Option(
        "one",
        "one, lines or json",
        "a target is one text unless the person says it holds several",
        normal_text.REFERENCES,
    ),
}


class BleuGrader(TextGrader):
    """Scores sentence BLEU in [0, 1], with effective order and exponential smoothing."""

    def __init__(self, settings: Settings) -> None:
        self._bleu = _bleu(settings, sentence=True)
        self._references = str(settings["references"])
        self._bleu.sentence_score("a", ["a"])
        identity = make_identity(
            NAME, VERSION, settings, [__file__, normal_text.__file__], signature=str(self._bleu.get_signature())
        )
        super().__init__(identity, binary=False)

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """Sentence BLEU; equal text is 1, also where it has no words."""
        accepted = references(target, self._references)
        if text.split() in [one.split() for one in accepted]:
            return scored(1.0, text.strip())
        return scored(self._bleu.sentence_score(text, list(accepted)).score / 100, text.strip())


def build(options: Settings, context: GraderContext) -> BleuGrader:
    """The grader; see ``OPTIONS``."""
    return BleuGrader(read(options, OPTIONS, NAME))


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Corpus BLEU in [0, 1]; an answer of no use is an empty text."""
    settings = read(options, OPTIONS, NAME)

    def corpus(answers: Sequence[str | None], targets: Sequence[str]) -> float:
        if not targets:
            return 0.0
        accepted = [references(target, str(settings["references"])) for target in targets]
        longest = max(map(len, accepted))
        # Cases with fewer references repeat one, which changes nothing.
        streams = [[one[min(place, len(one) - 1)] for one in accepted] for place in range(longest)]
        score = _bleu(settings, sentence=False).corpus_score([a or "" for a in answers], streams).score
        return float(score) / 100

    return (Measure("bleu", corpus),)


def _bleu(settings: Settings, *, sentence: bool) -> BLEU:
    return BLEU(tokenize=str(settings["tokenize"]), lowercase=bool(settings["lowercase"]), effective_order=sentence)
