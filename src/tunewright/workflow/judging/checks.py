"""What a judge is checked for beside its errors: changing its mind, the order, length, its own family, people's limit.

Pure questions to answers and scores, but for asking again, which asks the judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from tunewright.evaluation.judging import JudgingGrader
from tunewright.project.settings import ProjectSettings
from tunewright.records.answers import Answer
from tunewright.records.base import Interval
from tunewright.statistics.agreement import krippendorff_alpha
from tunewright.statistics.clusters import t_quantile
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.judging.people import People
from tunewright.workflow.judging.sample import PASS, Arm, Floats
from tunewright.workflow.outcome import Outcome

REPEATED_ITEMS = 50
TIMES = 3
MIN_PAIRED = 20
MIN_HALF = 10
MAX_COUNT = 1 << 30
ORDER_DECIDED = "order_decided"


def asked_again(grader: JudgingGrader, arms: Sequence[Arm], order: Sequence[int]) -> tuple[int, int]:
    """(judgements that changed sides, judgements asked again): 50 answers, two more times each.

    Raises:
        Cancelled: a person stopped the run.
    """
    main = [arm for arm in arms if arm.main] or list(arms)
    items = [(arm, place) for place in order for arm in main if arm.answers[place] and not np.isnan(arm.scores[place])]
    items = items[:REPEATED_ITEMS]
    cases = [(Answer(answer.text), answer.example) for arm, place in items if (answer := arm.answers[place])]
    changed = asked = 0
    for repetition in range(1, TIMES):
        for (arm, place), grade in zip(items, grader.grade_again(cases, repetition), strict=True):
            if grade.score is not None:
                asked += 1
                changed += (grade.score >= PASS) != (arm.scores[place] >= PASS)
    return changed, asked


def order_flips(outcomes: Sequence[Outcome]) -> float | None:
    """Share of pairs in which the order of the two answers decided; None where the judge compares nothing."""
    found = [value for o in outcomes for row in o.rows for name, value in row.parts if name == ORDER_DECIDED]
    return round(float(np.mean(found)), 6) if found else None


def length_gap(arms: Sequence[Arm], people: Mapping[str, Floats]) -> tuple[float | None, Interval | None]:
    """How much higher the judge scores the longer half of the answers than the shorter half; 95 % interval (t).

    Among answers that people call good and among those that they call bad, apart, so that neither a judge that is
    merely often wrong nor longer answers that are better look like a liking for length; the two are then averaged by
    their numbers.
    """
    found = [
        (len(answer.text), arm.scores[place], people[arm.name][place] >= PASS)
        for arm in arms
        for place, answer in enumerate(arm.answers)
        if answer is not None and not np.isnan(arm.scores[place] - people[arm.name][place])
    ]
    gaps, weights, variances, least = [], [], [], MAX_COUNT
    for good in (False, True):
        lengths, scores = np.array([(n, s) for n, s, g in found if bool(g) == good]).reshape(-1, 2).T
        long = lengths > np.median(lengths) if len(lengths) else np.zeros(0, dtype=bool)
        few = int(min(long.sum(), (~long).sum()))
        if few < MIN_HALF:
            continue
        gaps.append(float(scores[long].mean() - scores[~long].mean()))
        variances.append(float(scores[long].var(ddof=1) / long.sum() + scores[~long].var(ddof=1) / (~long).sum()))
        weights.append(len(scores))
        least = min(least, few)
    if not gaps:
        return None, None
    shares = np.array(weights) / sum(weights)
    gap = float(shares @ np.array(gaps))
    half = t_quantile(least, 0.025) * float(np.sqrt(shares**2 @ np.array(variances)))
    return round(gap, 6), (round(gap - half, 6), round(gap + half, 6))


def ceiling(arms: Sequence[Arm], people: People) -> tuple[float | None, int]:
    """Krippendorff's alpha between two people on the answers that two judged, and how many those are."""
    answers = {answer.key: answer for arm in arms for answer in arm.answers if answer is not None}
    pairs = [said[:2] for answer in answers.values() if len(said := people.of(answer)) > 1]
    if len(pairs) < MIN_PAIRED:
        return None, len(pairs)
    counts = np.array([[sum((one.score >= PASS) == side for one in pair) for side in (False, True)] for pair in pairs])
    alpha = krippendorff_alpha(counts)
    return None if alpha is None else round(alpha, 6), len(pairs)


def same_family(settings: ProjectSettings, judge: str, contestants: Sequence[Contestant]) -> list[str]:
    """Systems whose model is of the judge's family, as far as names tell: gpt, llama, qwen, ..."""
    own = _family(_model(settings, judge))
    found = []
    for contestant in contestants:
        named = [contestant.entry.argument, *(contestant.entry.options.get(key) for key in ("use", "model"))]
        if own and any(isinstance(name, str) and _family(_model(settings, name)) == own for name in named):
            found.append(contestant.name)
    return found


def _model(settings: ProjectSettings, name: str) -> str:
    entry = settings.models.get(name, {})
    return str(entry.get("openai") or entry.get("local") or name)


def _family(model: str) -> str:
    """The letters that the last part of a model's name begins with: ``meta-llama/Llama-3.1-8B`` is of ``llama``."""
    found = re.match(r"[a-z]+", model.rstrip("/").rpartition("/")[2].casefold())
    return found[0] if found else ""
