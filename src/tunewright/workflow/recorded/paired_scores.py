"""Recorded scores of several systems lined up case by case: one number per case and system, repetitions averaged.

Made from logs or tables of scores by ``line_up``; read by ``scores_verdict`` and ``score_details``. A case that a
system has no score for is nan, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.data.eval_logs import EvalLog, ScoredCase
from tunewright.data.eval_logs._cases import number_of
from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.statistics.preferences import BothOrders, both_orders

Floats = NDArray[np.float64]
SHOWN_FIRST = "shown_first"


@dataclass(frozen=True, slots=True, eq=False)
class SystemColumn:
    """One system: its log, the answers to each case, scores ``[n, K]`` (nan is missing) and their means ``[n]``.

    ``orders`` is set where a judge compared in both orders; each case then has one score.
    """

    name: str
    log: EvalLog
    answers: tuple[tuple[ScoredCase, ...], ...]
    repeated: Floats
    scores: Floats
    orders: BothOrders | None = None

    def amount(self, name: str) -> Floats:
        """Mean amount per answer of each case; nan where the log says nothing."""
        values = [[case.amounts[name] for case in cases if name in case.amounts] for cases in self.answers]
        return np.array([sum(found) / len(found) if found else np.nan for found in values], dtype=np.float64)

    def human(self) -> Floats:
        """Mean of people's labels in each case; nan where there is none."""
        values = [[case.human for case in cases if case.human is not None] for cases in self.answers]
        return np.array([sum(found) / len(found) if found else np.nan for found in values], dtype=np.float64)

    def status(self, row: int) -> tuple[Status, str]:
        """Status of a case over its repetitions: ok where any was scored, then the model's failure, then the first."""
        found = self.answers[row]
        if not found:
            return Status.INFRA_FAIL, "never came back"
        for wanted in (Status.OK, Status.MODEL_FAIL):
            for case in found:
                if case.status is wanted and not np.isnan(self.scores[row]):
                    return case.status, case.detail
        return (Status.JUDGE_FAIL if found[0].status is Status.OK else found[0].status), found[0].detail or "no score"


def line_up(
    names: Sequence[str],
    logs: Sequence[EvalLog],
    ids: Sequence[str],
    metric: str,
    worst: float = 0.0,
    best: float = 1.0,
) -> list[SystemColumn]:
    """A column for each log; scores from ``worst`` to ``best`` become 0 to 1.

    Raises:
        InputError: a score lies outside.
    """
    return [_column(name, log, ids, metric, worst, best) for name, log in zip(names, logs, strict=True)]


def _column(name: str, log: EvalLog, ids: Sequence[str], metric: str, worst: float, best: float) -> SystemColumn:
    by_id: dict[str, list[ScoredCase]] = {}
    for case in log.cases:
        by_id.setdefault(case.id, []).append(case)
    answers = tuple(tuple(by_id.get(identity, ())) for identity in ids)
    most = max((len(cases) for cases in answers), default=1) or 1
    repeated = np.full((len(ids), most), np.nan)
    for row, cases in enumerate(answers):
        for place, case in enumerate(cases):
            status, value = case.score(metric)
            if value is None:
                continue
            repeated[row, place] = (
                0.0 if status is Status.MODEL_FAIL else _scaled(value, worst, best, log, case, metric)
            )
    orders = _both_orders(answers, repeated)
    if orders is not None:
        return SystemColumn(name, log, answers, orders.scores[:, None], orders.scores, orders)
    counts = (~np.isnan(repeated)).sum(axis=1)
    means = np.where(counts > 0, np.nansum(repeated, axis=1) / np.maximum(counts, 1), np.nan)
    return SystemColumn(name, log, answers, repeated, means)


def _both_orders(answers: Sequence[Sequence[ScoredCase]], repeated: Floats) -> BothOrders | None:
    """One verdict per case where every case was judged twice, once with the system's answer shown first."""
    if repeated.shape[1] != 2 or np.isnan(repeated).any():
        return None
    first, second = np.zeros(len(answers)), np.zeros(len(answers))
    for row, cases in enumerate(answers):
        shown = [number_of(case.tags.get(SHOWN_FIRST, "")) for case in cases]
        if sorted(-1.0 if value is None else value for value in shown) != [0.0, 1.0]:
            return None
        first[row], second[row] = repeated[row, shown.index(1.0)], repeated[row, shown.index(0.0)]
    return both_orders(first, second)


def _scaled(value: float, worst: float, best: float, log: EvalLog, case: ScoredCase, metric: str) -> float:
    if min(worst, best) <= value <= max(worst, best):
        return (value - worst) / (best - worst)
    raise InputError(
        "logs.score_range",
        f"The {metric!r} of the case {case.id!r} is {value:g}, which is not between {worst:g} and {best:g}.",
        where=str(log.path),
        why="Gains are shares of the whole scale.",
        hint="Name the worst and the best score: --scale 1:5",
    )


def tag_values(columns: Sequence[SystemColumn], tag: str, n: int) -> list[str | None]:
    """The tag of each case, from the first system that has it."""
    found: list[str | None] = []
    for row in range(n):
        known = (case.tags[tag] for column in columns for case in column.answers[row] if tag in case.tags)
        found.append(next(known, None))
    return found


def all_tags(columns: Sequence[SystemColumn]) -> list[str]:
    """Names of all tags, in the order in which they come."""
    return list({name: None for column in columns for name in column.log.tags()})
