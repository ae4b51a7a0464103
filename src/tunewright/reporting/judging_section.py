"""The judge as an instrument, for the report and the terminal: what it is worth, and rates without its errors.

A view like ``evidence``: a ``Verdict`` goes in, finished words come out; None where no language model judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.records.base import Interval
from tunewright.records.judging import JudgedGain, JudgedSystem, Judging
from tunewright.records.verdict import Verdict
from tunewright.reporting import words

NO_FIGURE = "-"
SYSTEM_HEADINGS = (
    ("The judge\u2019s rate", "no accuracy"),
    ("By people", "of the answers they judged"),
    ("Sensitivity", "good answers that it passes"),
    ("Specificity", "bad answers that it fails"),
    ("Good answers", "without its errors, 95 % interval"),
)
GAIN_HEADINGS = (
    ("By the judge alone", "decides nothing"),
    ("By people and judge", "this decides, 95 % interval"),
    ("Cases by people", "both answers judged"),
)


@dataclass(frozen=True, slots=True)
class JudgingView:
    """The section: a sentence, what it was checked for as (name, figure, asked), two tables, and notes."""

    admitted: bool
    text: str
    checks: list[tuple[str, str, str]]
    systems: list[tuple[str, list[str]]]
    gains: list[tuple[str, list[str]]]
    notes: list[str]


def judging_view(verdict: Verdict) -> JudgingView | None:
    """The words of the section."""
    judging = verdict.judging
    if judging is None:
        return None
    return JudgingView(
        admitted=judging.admitted,
        text=judging.text,
        checks=_checks(judging),
        systems=[(one.system, _system(one)) for one in judging.systems],
        gains=[(one.system, _gain(one)) for one in judging.gains] if judging.tested else [],
        notes=judging.notes,
    )


def judging_lines(verdict: Verdict) -> list[str]:
    """The judge in lines of text: the sentence where no gate says it already, then the notes."""
    judging = verdict.judging
    if judging is None:
        return []
    gate_says = any(gate.name == "judge" and not gate.passed for gate in verdict.gates)
    return [*([] if gate_says else [judging.text]), *judging.notes]


def corrected_line(verdict: Verdict) -> str:
    """Good answers of each system without the judge's errors; empty where no judge is admitted."""
    judging = verdict.judging
    known = [] if judging is None or not judging.admitted else [s for s in judging.systems if s.corrected is not None]
    if not known:
        return ""
    shown = [f"{one.system} {_corrected(one)}" for one in known]
    return f"Without the judge's errors (Rogan and Gladen, 95 %): {'; '.join(shown)}."


def _checks(judging: Judging) -> list[tuple[str, str, str]]:
    youden = NO_FIGURE if judging.youden_low is None else f"{judging.youden_low:.2f}"
    alpha = NO_FIGURE if judging.agreement is None else f"{judging.agreement:.2f}"
    n = judging.labelled
    rows = [
        ("Cases judged by people, at random and without a gap", words.count(judging.cases), "at least 100"),
        ("Good answers that it passes (sensitivity)", _share(judging.sensitivity, n), ""),
        ("Bad answers that it fails (specificity)", _share(judging.specificity, n), ""),
        ("Both together less 1 (Youden), lower bound", youden, "at least 0.4"),
        ("Agreement with people (Krippendorff\u2019s alpha)", alpha, "at least 0.6"),
        ("Judgements that change when asked again", _share(judging.flip_rate, judging.asked_again), "at most 5 %"),
    ]
    if judging.order_flip_rate is not None:
        rows.append(("Pairs where the order of the answers decides", _share(judging.order_flip_rate, n), ""))
    if judging.length_gap is not None and judging.length_interval is not None:
        gap = f"{_points(judging.length_gap)} ({_range(judging.length_interval)})"
        rows.append(("Long answers above as good short ones, points", gap, ""))
    if judging.ceiling is not None:
        name = f"Agreement of two people (alpha, {words.counted(judging.ceiling_cases, 'answer')})"
        rows.append((name, f"{judging.ceiling:.2f}", ""))
    return rows


def _system(one: JudgedSystem) -> list[str]:
    people = NO_FIGURE if one.people_rate is None else f"{_share(one.people_rate, one.people)} of {one.people:,}"
    return [
        _share(one.passed, 1000),
        people,
        _share(one.sensitivity, one.people),
        _share(one.specificity, one.people),
        _corrected(one),
    ]


def _corrected(one: JudgedSystem) -> str:
    corrected = _share(one.corrected, 1000)
    if one.corrected_interval is not None:
        corrected += f" ({words.percent_range(one.corrected_interval, 1000)})"
    return corrected


def _gain(one: JudgedGain) -> list[str]:
    together = NO_FIGURE
    if one.gain is not None and one.interval is not None:
        together = f"{_points(one.gain)} ({_range(one.interval)})"
    return [_points(one.judged), together, words.count(one.people)]


def _share(share: float | None, n: int) -> str:
    return NO_FIGURE if share is None else words.percent(share, n)


def _points(gain: float) -> str:
    return words.signed_points(gain, 1000)


def _range(interval: Interval) -> str:
    return words.points_range(interval, 1000)
