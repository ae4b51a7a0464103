"""``chrf``: chrF and chrF++ by the package sacrebleu: n-grams of characters, recall counting twice.

Source: Popović 2015 and 2017; Post 2018 for the signature, which is part of the grader's identity.
"""

from __future__ import annotations

from collections.abc import Mapping

from sacrebleu.metrics.chrf import CHRF

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, read
from tunewright.evaluation.sacre_grader import SacreGrader, corpus_measure
from tunewright.evaluation.text_grader import Measure

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


def build(options: Settings, context: GraderContext) -> SacreGrader:
    """chrF of each case; see ``OPTIONS``."""
    settings = read(options, OPTIONS, NAME)
    return SacreGrader(NAME, VERSION, __file__, settings, _chrf(settings))


def measures(options: Settings, context: GraderContext) -> tuple[Measure, ...]:
    """Corpus chrF in [0, 1]."""
    settings = read(options, OPTIONS, NAME)
    return (corpus_measure(NAME, settings, _chrf(settings)),)


def _chrf(settings: Settings) -> CHRF:
    return CHRF(word_order=2 if settings["words"] else 0, lowercase=bool(settings["lowercase"]))
