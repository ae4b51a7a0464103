"""The sentences about a judge, for the gate, the document and the next step."""

from __future__ import annotations

import shlex

from tunewright.decision.levels import ALPHA
from tunewright.records.judging import JudgedGain
from tunewright.statistics.judge_quality import MIN_LABELS
from tunewright.workflow.judging.admission import Admission
from tunewright.workflow.judging.people import share_of_level
from tunewright.workflow.judging.sample import MAIN_CASES
from tunewright.workflow.study import Study

MANY_ORDERS = 0.2


def command(study: Study) -> str:
    """How people's judgements are collected in this project."""
    return f"tunewright label {shlex.quote(str(study.root))} --judgements"


def refused(found: Admission, study: Study, ask: str) -> str:
    """Why the judge decides nothing, and what to do."""
    wanted = min(MAIN_CASES, len(study.scored))
    if not found.tested:
        done = f" ({found.cases} of at least {MIN_LABELS} cases are done)" if found.cases else ""
        return (
            f"A language model judged ({found.judge}), and nobody has checked it{done}. Judge {wanted} cases yourself, "
            f"blind, then run again: {ask}"
        )
    return (
        f"The judge {found.judge} cannot be believed: {'; '.join(found.reasons)}. Mend its rubric or take another "
        "model, then run again; your judgements are kept. Or grade in another way."
    )


def unopened(found: Admission, ask: str) -> str:
    """Before the cases that decide are opened."""
    return (
        f"A language model judged ({found.judge}), and nobody has checked it: these scores are the judge's rate, not "
        f"accuracy. After run --final you judge answers yourself, blind: {ask}"
    )


def admitted(found: Admission) -> str:
    """What the judge is worth."""
    return (
        f"The judge {found.judge} was held against people on {found.labelled:,} answers: it passes "
        f"{_percent(found.sensitivity)} of what they call good and fails {_percent(found.specificity)} of what they "
        "call bad."
    )


def summary(found: Admission, study: Study, binding: JudgedGain | None, ask: str) -> str:
    """The judge in a few sentences."""
    if not found.admitted:
        return f"{refused(found, study, ask)} Until then its scores are the judge's rate, not accuracy."
    lines = [admitted(found)]
    if binding is not None and binding.gain is not None and binding.interval is not None:
        low, high = (100 * end for end in binding.interval)
        lines.append(
            f"By the judge alone the gain over {binding.system} is {100 * binding.judged:+.1f} points; with its errors "
            f"taken out it is {100 * binding.gain:+.1f} ({low:+.1f} to {high:+.1f}), and that decides."
        )
    return " ".join(lines)


def notes(found: Admission, looks: int) -> list[str]:
    """What a careful reader would ask about."""
    lines = []
    if found.same_family:
        lines.append(
            f"The judge is of the same family as {', '.join(found.same_family)}; models tend to like their own."
        )
    if found.length_gap is not None and found.length_interval is not None:
        if found.length_interval[0] > 0:
            lines.append(f"The judge likes long answers: {100 * found.length_gap:.0f} points above as good short ones.")
        elif found.length_interval[1] < 0:
            lines.append(
                f"The judge likes short answers: {-100 * found.length_gap:.0f} points above as good long ones."
            )
    if found.order_flip_rate is not None and found.order_flip_rate > MANY_ORDERS:
        lines.append(
            f"In {found.order_flip_rate:.0%} of the pairs the order of the answers decided; they count as ties."
        )
    if found.ceiling is not None and found.agreement is not None:
        lines.append(
            f"Two people agree to {found.ceiling:.2f} (alpha, {found.ceiling_cases} answers), judge and people to "
            f"{found.agreement:.2f}."
        )
    elif found.tested:
        lines.append("Nobody judged the same answers twice, so how far two people agree is not known (--second).")
    if found.other_rubric:
        lines.append(f"{found.other_rubric:,} judgements were given under another rubric than today's.")
    if looks > 1:
        lines.append(
            f"The judgements have decided {looks} times as they grew or changed, so each test has a level of "
            f"{100 * ALPHA * share_of_level(looks):.2g} % instead of {100 * ALPHA:.2g} %."
        )
    return lines


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share:.0%}"
