"""Like inputs labelled otherwise by one person, or from some day on: a guideline that was read or changed differently.

Like inputs are those that models which have not seen them put into one class. Among them the share of another label is
compared between people (Fisher's exact test, the permutation test of a count) and along time (largest cumulative sum,
whose limit is that of Kolmogorov and Smirnov). All comparisons together are held to one error rate (Bonferroni).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov
from scipy.stats import hypergeom

from tunewright.audit.annotator import annotators
from tunewright.audit.confident import likely_class
from tunewright.audit.findings import CheckResult, Finding, Item, NotChecked
from tunewright.audit.out_of_sample import OutOfSample, Refusal, judged_targets
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.statistics.agreement import cohen_kappa

NAME = "label_drift"
TITLE = "Label drift"
QUALITY = "consistent"
COST = "seconds"
VERSION = 1
LIMITS: Limits = {
    # Chance of any false alarm in the whole set.
    "alpha": 0.01,
    # Where rows came label by label, time says nothing of the guideline: agreement of neighbours in time above chance.
    # Likewise a person is not compared who gave one label to nearly all rows.
    "sorted": 0.5,
    "one_label": 0.8,
    # A label is compared inside a class if it has so many rows there; the change must be this large a share.
    "rows": 8,
    "difference": 0.15,
}
EXAMPLES = 20
MAX_ITEMS = 200
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """Rows (places among the judged) that models put into ``like``, and which of them are labelled ``label``."""

    like: int
    label: int
    members: IntArray
    has: NDArray[np.bool_]


def run(view: View, limits: Limits) -> CheckResult:
    """Drift by annotator where they are told, and by time where there are dates."""
    if view.kind != "classify":
        return CheckResult()
    people, times = annotators(view), _times(view)
    if people is None and times is None:
        return CheckResult()
    judged = judged_targets(view)
    if isinstance(judged, Refusal):
        because = f"Labels of like inputs were not compared: {judged.because}."
        return CheckResult(not_checked=(NotChecked("label_drift.refused", because, judged.hint),))
    cells = _cells(judged, int(limits["rows"]))
    findings = []
    if people is not None:
        findings.append(_by_person(judged, cells, people, limits))
    gaps: tuple[NotChecked, ...] = ()
    if times is not None and _came_by_label(judged, times) > limits["sorted"]:
        because = "Rows came label by label, so that a label that changed cannot be told from the next batch."
        gaps = (NotChecked("label_drift.sorted", because, "Give the time at which each row was labelled."),)
    elif times is not None:
        findings.append(_by_time(judged, cells, times, limits))
    return CheckResult(tuple(f for f in findings if f is not None), gaps)


def _cells(judged: OutOfSample, least: int) -> list[_Cell]:
    like = likely_class(judged.first)
    cells = []
    for stratum in np.unique(like).tolist():
        members = np.flatnonzero(like == stratum)
        counts = np.bincount(judged.labels[members], minlength=len(judged.names))
        for label in np.flatnonzero(counts >= least).tolist():
            if label != stratum:
                cells.append(_Cell(stratum, label, members, judged.labels[members] == label))
    return cells


def _by_person(
    judged: OutOfSample, cells: list[_Cell], people: tuple[str | None, ...], limits: Limits
) -> Finding | None:
    """Cells where one person gives the other label more often than chance would, against everybody else."""
    found: list[tuple[float, Item]] = []
    tests = 0
    narrow = _one_label(judged, people, limits["one_label"])
    for cell in cells:
        who = np.array([people[row] or "" for row in judged.rows[cell.members].tolist()])
        known = who != ""
        total, of_label = int(known.sum()), int((known & cell.has).sum())
        for person in np.unique(who[known]).tolist():
            own = who == person
            size, hits = int(own.sum()), int((own & cell.has).sum())
            if hits < limits["rows"] / 2 or size == total or person in narrow:
                continue
            tests += 1
            chance = float(hypergeom.sf(hits - 1, total, of_label, size))
            rest = (of_label - hits) / (total - size)
            if hits / size - rest < limits["difference"]:
                continue
            why = (
                f"{person} labels {hits:,} of {size:,} inputs like '{judged.names[cell.like]}' as "
                f"'{judged.names[cell.label]}'; the others {percent(rest)} of theirs."
            )
            rows = judged.rows[cell.members[own & cell.has]][:EXAMPLES]
            found.append((chance, Item(tuple(rows.tolist()), why, hits / size - rest)))
    items = _kept(found, tests, limits)
    return _finding(
        "label_drift.annotator",
        items,
        "habit of one person departs from the others on like inputs",
        "habits of single people depart from the others on like inputs",
        "The model learns whoever labelled last or most; the same question gets two answers.",
    )


def _by_time(judged: OutOfSample, cells: list[_Cell], times: NDArray[np.float64], limits: Limits) -> Finding | None:
    """Cells where the share of the other label changes at some moment."""
    found: list[tuple[float, Item]] = []
    tests = 0
    for cell in cells:
        at = times[judged.rows[cell.members]]
        known = np.flatnonzero(~np.isnan(at))
        order = known[np.argsort(at[known], kind="stable")]
        if len(order) < 2 * limits["rows"] or at[order[0]] == at[order[-1]]:
            continue
        tests += 1
        has = cell.has[order].astype(np.float64)
        cut, chance = change_point(has, at[order])
        before, after = float(has[:cut].mean()), float(has[cut:].mean())
        if abs(after - before) < limits["difference"]:
            continue
        day = datetime.fromtimestamp(float(at[order[cut]]), UTC).date().isoformat()
        why = (
            f"Of inputs like '{judged.names[cell.like]}', {percent(before)} were labelled '{judged.names[cell.label]}' "
            f"before {day} and {percent(after)} from then on."
        )
        side = order[cut:] if after > before else order[:cut]
        rows = judged.rows[cell.members[side[cell.has[side]]]][:EXAMPLES]
        found.append((chance, Item(tuple(rows.tolist()), why, abs(after - before))))
    return _finding(
        "label_drift.time",
        _kept(found, tests, limits),
        "label changed its meaning along the way",
        "labels changed their meaning along the way",
        "Rows labelled by the old rule teach the old rule; a test with both kinds of rows cannot be passed.",
    )


def _one_label(judged: OutOfSample, people: tuple[str | None, ...], share: float) -> set[str]:
    """People who gave one label to more than a share of their rows: batches by label, not judgements."""
    given: dict[str, Counter[int]] = {}
    for row, label in zip(judged.rows.tolist(), judged.labels.tolist(), strict=True):
        given.setdefault(people[row] or "", Counter())[label] += 1
    return {person for person, labels in given.items() if max(labels.values()) > share * labels.total()}


def _came_by_label(judged: OutOfSample, times: NDArray[np.float64]) -> float:
    """How much more often than by chance a row has the label of the row before it in time; 1 where always."""
    at = times[judged.rows]
    order = np.argsort(at, kind="stable")
    labels = judged.labels[order][~np.isnan(at[order])]
    return cohen_kappa(labels[1:], labels[:-1])


def change_point(values: NDArray[np.float64], times: NDArray[np.float64]) -> tuple[int, float]:
    """The place before which the mean differs most, and how likely so large a difference is by chance.

    ``values`` in the order of ``times``; a cut never parts equal times. The statistic is the largest cumulative sum of
    ``value - mean`` over ``spread * sqrt(n)``; its limit is the largest value of a Brownian bridge.
    """
    centred = values - values.mean()
    spread = float(centred.std())
    between = np.flatnonzero(times[1:] > times[:-1])
    if spread == 0 or not len(between):
        return 1, 1.0
    sums = np.abs(np.cumsum(centred))[between] / (spread * np.sqrt(len(values)))
    best = int(sums.argmax())
    return int(between[best]) + 1, float(kolmogorov(sums[best]))


def _kept(found: list[tuple[float, Item]], tests: int, limits: Limits) -> tuple[Item, ...]:
    """What is beyond chance over all tests, least likely first."""
    kept = [(chance, item) for chance, item in found if chance * tests <= limits["alpha"]]
    kept.sort(key=lambda entry: (entry[0], entry[1].rows))
    return tuple(item for _, item in kept[:MAX_ITEMS])


def _finding(kind: str, items: tuple[Item, ...], one: str, many: str, why: str) -> Finding | None:
    if not items:
        return None
    return Finding(
        kind,
        "warning",
        f"{len(items):,} {one if len(items) == 1 else many}",
        why,
        "Settle which label is right for these inputs, write it into the guideline, and relabel the other side.",
        items,
        (),
        len({row for item in items for row in item.rows}),
    )


def _times(view: View) -> NDArray[np.float64] | None:
    """Seconds since 1970 of each row (nan: not told), or None where fewer than half tell or all are equal."""
    times = np.array([_seconds(example.time) for example in view.examples])
    known = times[~np.isnan(times)]
    return times if len(known) >= max(len(times) / 2, 2) and known.min() < known.max() else None


def _seconds(text: str | None) -> float:
    if not text:
        return float("nan")
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
