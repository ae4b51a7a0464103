"""ROUGE-N and ROUGE-L between two texts.

Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", sections 2 (ROUGE-N) and 3.1
(sentence-level ROUGE-L), with F1 (beta = 1). The variant: lower case, tokens are runs of letters and digits of any
script, each Chinese, Japanese or Korean character is a token of its own; no stemming, no stop words, the whole text is
one sentence. On plain English letters it equals the package ``rouge_score`` with ``use_stemmer=False``. Called by the
grader ``rouge``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

_ALONE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
MEASURES = ("rouge1", "rouge2", "rougeL")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Precision (share of the answer that is in the reference), recall (the reverse) and their F1, all in [0, 1]."""

    precision: float
    recall: float
    f1: float


def tokens(text: str) -> list[str]:
    """The tokens of a text, in lower case."""
    return _TOKEN.findall(text.lower())


def rouge(answer: str, reference: str, measure: str) -> Overlap:
    """One of ``MEASURES``. Nothing in common, or no token (or n-gram) on either side, is 0."""
    given, wanted = tokens(answer), tokens(reference)
    return rouge_l(given, wanted) if measure == "rougeL" else rouge_n(given, wanted, int(measure[-1]))


def rouge_n(answer: Sequence[str], reference: Sequence[str], n: int) -> Overlap:
    """Overlap of n-grams as multisets (equation 1)."""
    given, wanted = (Counter(zip(*(side[i:] for i in range(n)), strict=False)) for side in (answer, reference))
    return _overlap((given & wanted).total(), given.total(), wanted.total())


def rouge_l(answer: Sequence[str], reference: Sequence[str]) -> Overlap:
    """Overlap by the longest common subsequence (equations 2 to 4)."""
    number: dict[str, int] = {}
    given, wanted = ([number.setdefault(token, len(number)) for token in side] for side in (answer, reference))
    return _overlap(LCSseq.similarity(given, wanted), len(given), len(wanted))


def _overlap(same: int, given: int, wanted: int) -> Overlap:
    if not same:
        return Overlap(0.0, 0.0, 0.0)
    return Overlap(same / given, same / wanted, 2 * same / (given + wanted))
