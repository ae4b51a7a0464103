"""What graders by the package sacrebleu share: a score for each answer, and one for all answers together.

A metric is handed in; which one, and with which options, is the business of the graders ``bleu`` and ``chrf``.
"""

from __future__ import annotations

from collections.abc import Sequence

from sacrebleu.metrics.base import Metric

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import Settings, make_identity
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.normal_text import references
from tunewright.evaluation.text_grader import Measure, TextGrader, scored
from tunewright.records.example import Example


class SacreGrader(TextGrader):
    """Scores each answer in [0, 1] by a metric of sacrebleu; ``file`` is the module that chose it."""

    def __init__(self, name: str, version: int, file: str, settings: Settings, metric: Metric) -> None:
        self._metric = metric
        self._references = str(settings["references"])
        # The signature is whole only after the first score.
        metric.sentence_score("a", ["a"])
        files = [file, __file__, normal_text.__file__]
        super().__init__(
            make_identity(name, version, settings, files, signature=str(metric.get_signature())), binary=False
        )

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The score of the case; equal text is 1, also where it has no words."""
        accepted = references(target, self._references)
        if text.split() in [one.split() for one in accepted]:
            return scored(1.0, text.strip())
        return scored(self._metric.sentence_score(text, list(accepted)).score / 100, text.strip())


def corpus_measure(name: str, settings: Settings, metric: Metric) -> Measure:
    """The metric over all answers, in [0, 1]; an answer of no use is an empty text."""

    def corpus(answers: Sequence[str | None], targets: Sequence[str]) -> float:
        if not targets:
            return 0.0
        accepted = [references(target, str(settings["references"])) for target in targets]
        longest = max(map(len, accepted))
        # Cases with fewer references repeat one, which changes nothing.
        streams = [[one[min(place, len(one) - 1)] for one in accepted] for place in range(longest)]
        score = metric.corpus_score([a or "" for a in answers], streams).score
        return float(score) / 100

    return Measure(name, corpus)
