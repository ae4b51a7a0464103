"""What the gap between training rows and new cases means, in plain sentences and without alarm.

A gap is no fault by itself: whoever keeps its rows finds them again. Only the figure on new cases counts, and the words
say so. Called by ``learned``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.decision.wording import percent, points
from tunewright.records.base import Interval
from tunewright.records.learned import Gap, NewRows
from tunewright.statistics.unpaired import difference_interval

DIGITS = 6
# Kinds that look their training rows up when they answer.
LOOKING_UP = frozenset({"retrieval", "few_shot"})
# A gap of which even the smaller end is as large as this is said to be memory.
LARGE = 0.10
# A system with fewer of its own rows right is not held back by their number.
FITTED = 0.85
_NEW: dict[NewRows, str] = {"test": "the test cases", "validation": "validation rows"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the sentences are made from. ``commonest``: the share right of always giving the commonest answer."""

    kind: str
    new_rows: NewRows
    gaps: Sequence[Gap]
    why_not: str
    commonest: float

    def of(self, rows: str) -> Gap | None:
        """The figure of one kind of rows."""
        return next((gap for gap in self.gaps if gap.rows == rows), None)

    @property
    def training_gap(self) -> tuple[float, Interval] | None:
        """Training rows minus new cases."""
        return _difference(self.of("training"), self.of(self.new_rows))

    @property
    def near_gap(self) -> tuple[float, Interval] | None:
        """The near half of the test minus the far one."""
        return _difference(self.of("test near training"), self.of("test far from training"))


def learned_text(told: Told) -> str:
    """One to four sentences."""
    lines = [*_training(told), *_near(told)]
    return " ".join(lines)


def _training(told: Told) -> list[str]:
    training, new, gap = told.of("training"), told.of(told.new_rows), told.training_gap
    if training is None or new is None or gap is None:
        return [f"{told.why_not[:1].upper()}{told.why_not[1:]}."] if told.why_not else []
    seen = f"{percent(training.score)} on rows it learned from, {percent(new.score)} on {_NEW[told.new_rows]}"
    low, high = gap[1]
    if low <= 0 <= high:
        weak = training.interval[1] < FITTED
        more = " It does not have its own rows right either: more rows of this kind will help little." if weak else ""
        return [f"No overfitting is seen: {seen}.{more}"]
    if high < 0:
        return [f"It is better on {_NEW[told.new_rows]} than on its own rows: {seen}. They may be easier."]
    lines = [f"{seen}: {points(gap[0])} less ({_between(gap[1])})."]
    if told.commonest and new.interval[0] <= told.commonest and low > LARGE:
        lines.append(
            "What it learned is not shown to carry over: on new cases it does no better than always giving the "
            "commonest answer might. Either the inputs do not tell the answer, or many labels are wrong."
        )
    elif told.kind in LOOKING_UP:
        lines.append("It looks its own rows up, so that this is to be expected and no fault; go by the lower figure.")
    elif low > LARGE and training.score >= FITTED:
        lines.append(
            "It has its own rows nearly by heart, which is no fault, but only the lower figure holds for new cases. "
            "More labelled rows usually narrow such a gap; longer training does not."
        )
    elif low > LARGE:
        lines.append("It does not have all of its own rows right either; only the lower figure holds for new cases.")
    return lines


def _near(told: Told) -> list[str]:
    near, far, gap = told.of("test near training"), told.of("test far from training"), told.near_gap
    if near is None or far is None or gap is None or gap[1][0] <= 0:
        return []
    return [
        f"{percent(near.score)} on the half of the test most alike a training row, {percent(far.score)} on the rest: "
        "expect the latter where new cases are unlike the old ones."
    ]


def _difference(first: Gap | None, second: Gap | None) -> tuple[float, Interval] | None:
    if first is None or second is None:
        return None
    low, high = difference_interval(first.score, first.interval, second.score, second.interval)
    return round(first.score - second.score, DIGITS), (round(low, DIGITS), round(high, DIGITS))


def _between(interval: Interval) -> str:
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"
