"""Which classes need more rows: those that are recognised less often than the others, and whether rows would help.

Evidence for each class: how many rows, how often models that have not seen a row recognise it, and what twice the rows
brought (a learning curve over nested quarters and halves of the training rows). The latter is counted over the rows of
the class and those taken for it: of two classes that cannot be told apart, one is recognised more often whenever the
other is less. Nothing is extrapolated. ``label_need`` counts rows against fixed numbers; this check measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from tunewright.audit.findings import CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.folds import fold_of_rows, row_keys
from tunewright.audit.out_of_sample import FIRST_STEPS, STRENGTH, OutOfSample, Refusal, features, judged_targets
from tunewright.audit.registry import Limits
from tunewright.audit.softmax_fit import fit_softmax
from tunewright.audit.view import View
from tunewright.audit.wording import counted, percent
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.proportions import wilson_interval
from tunewright.statistics.shares import holm

NAME = "classes_need_more"
TITLE = "Classes that need more"
QUALITY: Quality = "complete"
COST: Cost = "minutes"
VERSION = 1
LIMITS: Limits = {
    # A class is weak if, after Holm's correction for all classes, chance explains its recall with less than this.
    "max_p": 0.05,
    # Points of recall that the last doubling must have brought for more rows to be the advice.
    "min_gain": 0.02,
    # Where so many of a class's errors go to one other class, rows help only if that shows: it is about the border.
    "share_to_one_rival": 0.75,
    # The same for all rows together, surely (its 95 % bound), for more rows of every class to be the advice.
    "min_gain_of_all": 0.05,
    # A class's own gain counts against that of all rows as so many rows do.
    "rows_of_prior": 30,
    "max_rows": 20_000,
}
PARTS = (0.25, 0.5)
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What models that had a quarter, half and all of the rows of other folds say of each judged row.

    ``guess`` ``[3, n]`` numbers of labels; ``labels`` and ``groups`` ``[n]``; ``rows`` ``[n]`` numbers in the view.
    """

    guess: IntArray
    labels: IntArray
    groups: IntArray
    rows: IntArray

    @property
    def right(self) -> FloatArray:
        """1 where a row was recognised, ``[3, n]``."""
        return np.asarray(self.guess == self.labels, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Evidence:
    """About one class: rows, recall with its 95 % interval, what the last doubling brought with its own interval (over
    the rows of the class and those taken for it), the same drawn towards the gain of all rows, and the class that most
    of its errors go to."""

    label: int
    rows: int
    recall: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float
    expected_gain: float
    rival: int
    to_rival: int
    errors: int


def run(view: View, limits: Limits) -> CheckResult:
    """Weak classes, those apart that more rows have not helped; nothing for other kinds than labels."""
    if view.kind != "classify":
        return CheckResult()
    opinion = judged_targets(view)
    if isinstance(opinion, Refusal):
        because = f"how often each class is recognised cannot be told: {opinion.because}"
        return CheckResult(not_checked=(NotChecked(NAME, because, opinion.hint),))
    rows = np.flatnonzero(np.isin(opinion.rows, view.rows_of("train")))
    if len(rows) > limits["max_rows"]:
        because = f"beyond {limits['max_rows']:,.0f} labelled rows classes are seldom short of rows"
        return CheckResult(not_checked=(NotChecked(NAME, because, "Raise the limit 'max_rows' to have them judged."),))
    curve = _curve(view, opinion, rows)
    if curve is None:
        return CheckResult()
    recall = float(curve.right[2].mean())
    gain, low, high = _gain(curve.right[2] - curve.right[1], curve.groups)
    earlier = float((curve.right[1] - curve.right[0]).mean())
    numbers = (
        ("recall", recall),
        ("gain_of_last_doubling", gain),
        ("gain_low", low),
        ("gain_high", high),
        ("gain_of_doubling_before", earlier),
    )
    weak = [_evidence(curve, label, gain, limits) for label in _weak(curve, len(opinion.names), limits)]
    helped = [each for each in weak if _rows_help(each, limits)]
    others = [each for each in weak if not _rows_help(each, limits)]
    findings = (
        _all_gain(len(rows), gain, low, high) if low >= limits["min_gain_of_all"] else None,
        _more_rows(helped, curve, opinion.names, recall),
        _not_rows(others, curve, opinion.names, recall),
    )
    return CheckResult(tuple(f for f in findings if f is not None), (), numbers)


def _curve(view: View, opinion: OutOfSample, rows: IntArray) -> Curve | None:
    """Fits on nested parts of the training rows of each fold; None where there are too few rows to part them."""
    labels, numbers = opinion.labels[rows], opinion.rows[rows]
    folds = fold_of_rows(view, opinion.rows, opinion.labels)[rows]
    if len(np.unique(folds)) < 2:
        return None
    inputs, _ = features(view, numbers, len(opinion.names))
    # Rows in an order by chance that keeps copies together: its beginnings are the nested parts.
    turn = np.argsort(np.array(row_keys(view, numbers), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15), kind="stable")
    guess = np.zeros((len(PARTS) + 1, len(rows)), dtype=np.int64)
    guess[-1] = opinion.first[rows].argmax(axis=1)
    for fold in np.unique(folds).tolist():
        inside = np.flatnonzero(folds == fold)
        learn = turn[folds[turn] != fold]
        for place, share in enumerate(PARTS):
            view.stop_if_asked()
            some = learn[: max(2, round(share * len(learn)))]
            guess[place, inside] = _answers(inputs, labels, some, inside)
    return Curve(guess, labels, opinion.groups[rows], numbers)


def _answers(inputs: Any, labels: IntArray, learn: IntArray, asked: IntArray) -> IntArray:
    """Labels that a classifier fitted on some rows gives to others."""
    present, numbered = np.unique(labels[learn], return_inverse=True)
    if len(present) == 1:
        return np.full(len(asked), present[0])
    fit = fit_softmax(inputs[learn], numbered.astype(np.int64), len(present), STRENGTH, FIRST_STEPS)
    return np.asarray(present[fit.probabilities(inputs[asked]).argmax(axis=1)], dtype=np.int64)


def _weak(curve: Curve, classes: int, limits: Limits) -> list[int]:
    """Classes recognised less often than all rows are, beyond chance (one-sided binomial test, Holm's correction)."""
    sizes = np.bincount(curve.labels, minlength=classes)
    hits = np.bincount(curve.labels[curve.right[-1] > 0], minlength=classes)
    chances = binom.cdf(hits, sizes, float(curve.right[-1].mean()))
    adjusted = holm(np.where(sizes > 0, chances, 1.0))
    return np.flatnonzero((sizes > 0) & (adjusted < limits["max_p"])).tolist()


def _evidence(curve: Curve, label: int, gain_of_all: float, limits: Limits) -> Evidence:
    inside = curve.labels == label
    size = int(inside.sum())
    hits = int(curve.right[-1][inside].sum())
    low, high = wilson_interval(hits, size)
    concerned = inside | (curve.guess[1:] == label).any(axis=0)
    gains = (curve.right[-1] - curve.right[-2])[concerned]
    gain, gain_low, gain_high = _gain(gains, curve.groups[concerned])
    prior = limits["rows_of_prior"]
    expected = (float(gains.sum()) + prior * gain_of_all) / (len(gains) + prior)
    others = np.bincount(curve.guess[-1][inside & (curve.guess[-1] != label)], minlength=1)
    rival = int(others.argmax())
    return Evidence(
        label,
        size,
        hits / size,
        float(low),
        float(high),
        gain,
        gain_low,
        gain_high,
        expected,
        rival,
        int(others[rival]),
        size - hits,
    )


def _rows_help(each: Evidence, limits: Limits) -> bool:
    one_border = each.to_rival >= limits["share_to_one_rival"] * each.errors and each.gain_low <= 0
    return each.expected_gain >= limits["min_gain"] and not one_border


def _gain(gains: FloatArray, groups: IntArray) -> tuple[float, float, float]:
    """The mean gain and its 95 % interval; copies count as one."""
    ((low, high),) = gain_intervals([effective_counts(gains, groups)])
    return float(gains.mean()), low, high


def _all_gain(rows: int, gain: float, low: float, high: float) -> Finding:
    return Finding(
        f"{NAME}.all_gain",
        "note",
        f"{counted(rows, 'labelled row')}, and every class still learns from more",
        f"With twice the rows models recognise {100 * gain:.0f} points more of those that they have not seen "
        f"({100 * low:.0f} to {100 * high:.0f}): the learning curve has not flattened.",
        "Label more rows before anything dear is tried, and look at this figure again with each doubling.",
        numbers=(("gain_of_last_doubling", gain), ("gain_low", low), ("gain_high", high)),
        rows_affected=rows,
    )


def _more_rows(weak: list[Evidence], curve: Curve, names: tuple[str, ...], recall: float) -> Finding | None:
    if not weak:
        return None
    number = len(weak)
    return Finding(
        f"{NAME}.more_rows",
        "note",
        f"{counted(number, 'class', 'classes')} of {len(names):,} {'is' if number == 1 else 'are'} recognised less "
        "often than the others, and more rows should help",
        f"Over all classes {percent(recall)} of the rows are recognised by models that have not seen them.",
        "Label about as many more rows of each as it has, those at the top first. They will be recognised more often; "
        "the share that is right over all rows hardly rises, and falls where a class gets far more than its share.",
        _items(sorted(weak, key=lambda e: (-e.expected_gain, e.label)), curve, names),
        rows_affected=sum(e.rows for e in weak),
    )


def _not_rows(weak: list[Evidence], curve: Curve, names: tuple[str, ...], recall: float) -> Finding | None:
    if not weak:
        return None
    number = len(weak)
    return Finding(
        f"{NAME}.not_rows",
        "note",
        f"{counted(number, 'class', 'classes')} of {len(names):,} {'is' if number == 1 else 'are'} recognised less "
        "often than the others, and more rows have not been shown to help",
        f"Over all classes {percent(recall)} of the rows are recognised by models that have not seen them; here twice "
        "the rows brought little, or nearly all errors go to one other class.",
        "Look at the rows that are taken for another class: say where the border is, merge the two, or mend labels.",
        _items(sorted(weak, key=lambda e: (e.recall, e.label)), curve, names),
        rows_affected=sum(e.rows for e in weak),
    )


def _items(weak: list[Evidence], curve: Curve, names: tuple[str, ...]) -> tuple[Item, ...]:
    """One item for each class, with five of its rows that were not recognised."""
    items = []
    for each in weak:
        missed = np.flatnonzero((curve.labels == each.label) & (curve.right[-1] == 0))[:5]
        why = (
            f"'{names[each.label]}': {percent(each.recall)} of {counted(each.rows, 'row')} are recognised "
            f"({percent(each.low)} to {percent(each.high)}); twice the rows brought {100 * each.gain:+.0f} points "
            f"({100 * each.gain_low:+.0f} to {100 * each.gain_high:+.0f}) on them and those taken for them."
        )
        if 2 * each.to_rival >= each.errors >= 4:
            why += f" {each.to_rival} of its {each.errors} errors are taken for '{names[each.rival]}'."
        items.append(Item(tuple(curve.rows[missed].tolist()), why, 1 - each.recall))
    return tuple(items)
