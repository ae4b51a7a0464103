"""``bleu``: BLEU by the package sacrebleu, for one answer (smoothed) and for all answers together.

Source: Papineni et al. 2002; Post 2018 for the tokens and the signature, which is part of the grader's identity. BLEU
is a measure of a whole corpus: ``measures`` gives it, and the mean of the scores per case is another number.
"""

from __future__ import annotations

from collections.abc import Mapping

from sacrebleu.metrics.bleu import BLEU

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, read
from tunewright.evaluation.sacre_grader import SacreGrader, corpus_measure
from tunewright.evaluation.text_grader import Measure

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


def build(options: Settings, context: GraderContext) -> SacreGrader:
    """Sentence BLEU with effective order and exponential smoothing; see ``OPTIONS``."""
    settings = read(options, OPTIONS, NAME)
    return SacreGrader(NAME, VERSION, __file__, settings, _bleu(settings, sentence=True))


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Corpus BLEU in [0, 1]."""
    settings = read(options, OPTIONS, NAME)
    return (corpus_measure(NAME, settings, _bleu(settings, sentence=False)),)


def _bleu(settings: Settings, *, sentence: bool) -> BLEU:
    return BLEU(tokenize=str(settings["tokenize"]), lowercase=bool(settings["lowercase"]), effective_order=sentence)
