"""Labels that look wrong: single slips, worst first, and pairs of classes that are mixed up.

Confident learning over out-of-sample probabilities (``audit.confident``). Applies to labels, to short answers that are
labels in all but name, and to fields of JSON answers with few values. Models rank; how many of the queue are truly
wrong only answers can tell: on hard, right labels the count of confident learning is ten times too high, so what is
counted is rows with a clear lead of another class. Labels that do not follow from their inputs at all are said too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.confident import doubt, error_chances, likely_class, mixed_pair, self_confidence
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Finding, Fix, Item, NotChecked, Severity
from tunewright.audit.out_of_sample import OutOfSample, Refusal, judge, judged_targets
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.statistics.proportions import wilson_interval

NAME = "label_errors"
TITLE = "Wrong labels"
QUALITY = "correct"
COST = "seconds"
VERSION = 2
LIMITS: Limits = {
    # Two classes are mixed up if this share of their rows is confidently the other, in both directions so many rows.
    "overlap_share": 0.05,
    "overlap_rows": 3,
    # A row of two such classes is still a slip if its own label is this unlikely and the other leads by so much.
    "slip_probability": 0.05,
    "slip_lead": 0.5,
    # Another class leads clearly by so much. Among 616 right labels of 77 classes 8 rows do, among 2,500 with 342 wrong
    # ones 375 (BANKING77; TF-IDF and vectors).
    "clear_lead": 0.3,
    # A warning: from this share of clear rows on, if they are so many or the share surely is above it.
    "warning_share": 0.01,
    "warning_rows": 5,
    # Below this agreement the finding says that most of its rows are merely hard.
    "hard_agreement": 0.8,
    # Short answers, and fields of JSON answers, are labels if they have at most so many values over at least so many
    # rows, and so many rows for each value.
    "field_values": 50,
    "field_rows": 100,
    "field_rows_per_value": 5,
    "fields": 8,
}
MAX_PAIRS = 50
EXAMPLES_PER_PAIR = 5
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def run(view: View, limits: Limits) -> CheckResult:
    """Slips and mixed-up classes of the labels, or of each field that is a label."""
    if view.kind == "preference" or not len(view):
        return CheckResult()
    if view.kind == "classify":
        return _of_field(judged_targets(view), view, None, limits)
    parts = [_of_field(judge(view, values), view, field, limits) for field, values in _fields(view, limits)]
    return CheckResult(
        tuple(f for part in parts for f in part.findings),
        tuple(n for part in parts for n in part.not_checked),
        tuple(n for part in parts for n in part.numbers),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """One label column under judgement; arrays are over the judged rows. ``field`` is None for the whole target."""

    view: View
    judged: OutOfSample
    field: str | None
    likely: IntArray
    clear: BoolArray
    chances: NDArray[np.float64]
    own: NDArray[np.float64]
    other: NDArray[np.float64]
    limits: Limits

    @property
    def of(self) -> str:
        return f" of '{self.field}'" if self.field else ""

    def name(self, number: int) -> str:
        name = self.judged.names[number]
        return str(_json_value(name)) if self.field not in (None, "target") else name


def _of_field(judged: OutOfSample | Refusal, view: View, field: str | None, limits: Limits) -> CheckResult:
    of = f" of '{field}'" if field else ""
    if isinstance(judged, Refusal):
        because = f"Labels{of} were not judged: {judged.because}."
        refused = NotChecked("label_errors.refused", because, judged.hint)
        return CheckResult((_unlearnable(judged, of),) if judged.unlearnable else (), (refused,))
    doubts = doubt(judged.labels, judged.second, judged.votes)
    own, other = mixed_pair(judged.labels, judged.second, judged.votes)
    likely = likely_class(judged.second, judged.votes)
    clear = (likely != judged.labels) & (other - own >= limits["clear_lead"])
    chances = error_chances(doubts, float(clear.sum()))
    case = _Case(view, judged, field, likely, clear, chances, own, other, limits)
    queue = np.flatnonzero(likely != judged.labels)
    queue = queue[np.argsort(-doubts[queue], kind="stable")]
    pairs = _overlapping(case)
    slip = _is_slip(case, queue, pairs)
    findings = [_slips(case, queue[slip]), _overlaps(case, queue, pairs)]
    prefix = f"{field}." if field else ""
    numbers = (
        (f"{prefix}clearly_another_label", float(clear.mean())),
        (f"{prefix}agreement", float((likely == judged.labels).mean())),
    )
    return CheckResult(tuple(f for f in findings if f is not None), _gaps(judged, of), numbers)


def _unlearnable(refusal: Refusal, of: str) -> Finding:
    """Labels that do not follow from their inputs: never the same as labels that could not be judged."""
    number = refusal.unlearnable
    return Finding(
        "label_errors.unlearnable",
        "warning",
        f"At most half of {number:,} labels{of} follow from their inputs, as far as models see",
        f"From labels that the input does not decide nothing can be learned. Here {refusal.because}.",
        "Either the labels are random (shuffled, or joined to the wrong rows), or the input column is the wrong one, "
        "or the text does not say it. Read twenty rows, then look at the columns and at how the file was joined.",
        rows_affected=number,
    )


def _gaps(judged: OutOfSample, of: str) -> tuple[NotChecked, ...]:
    """What was left out, said aloud."""
    gaps = []
    if judged.left_out:
        rows = sum(size for _, size in judged.left_out)
        names = ", ".join(f"'{name}' ({size})" for name, size in judged.left_out[:5])
        more = f" and {len(judged.left_out) - 5:,} more" if len(judged.left_out) > 5 else ""
        because = f"{rows:,} rows with rare labels{of} were not judged: {names}{more}."
        gaps.append(NotChecked("label_errors.rare", because, "Label five rows of each class or more."))
    if judged.unsampled:
        because = f"{judged.unsampled:,} rows beyond the first {len(judged.rows):,} by hash were not judged{of}."
        gaps.append(NotChecked("label_errors.sampled", because, "Check the rest as a file of its own."))
    return tuple(gaps)


def _overlapping(case: _Case) -> dict[tuple[int, int], float]:
    """Pairs of classes ``(i, j)``, i < j, with the rows that the joint counts between them, most mixed first."""
    joint = case.judged.joint
    sizes = joint.scaled.sum(axis=1)
    least = np.minimum(joint.counts, joint.counts.T)
    found = []
    for i, j in np.argwhere(np.triu(least >= case.limits["overlap_rows"], 1)).tolist():
        mass = float(joint.scaled[i, j] + joint.scaled[j, i])
        share = mass / float(sizes[i] + sizes[j])
        if share >= case.limits["overlap_share"]:
            found.append((share, (i, j), mass))
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    return {pair: mass for _, pair, mass in found[:MAX_PAIRS]}


def _is_slip(case: _Case, queue: IntArray, pairs: dict[tuple[int, int], float]) -> BoolArray:
    """Which rows of the queue are single slips: all but those of mixed-up classes that the models are unsure of."""
    labels = case.judged.labels
    mixed_up = [(min(a, b), max(a, b)) in pairs for a, b in zip(labels[queue], case.likely[queue], strict=True)]
    sure = self_confidence(labels, case.judged.second)[queue] <= case.limits["slip_probability"]
    sure &= (case.other - case.own)[queue] >= case.limits["slip_lead"]
    return ~np.array(mixed_up, dtype=bool) | sure


def _slips(case: _Case, queue: IntArray) -> Finding | None:
    count = int(case.clear[queue].sum())
    if count < 1:
        return None
    rows = len(case.likely)
    looks = f"label{case.of} looks" if len(queue) == 1 else f"labels{case.of} look"
    agreement = float((case.likely == case.judged.labels).mean())
    hard = agreement < case.limits["hard_agreement"]
    mostly = " With so little agreement most of the others will be right and merely hard."
    margin = f"{count:,} by a clear margin" if count < len(queue) else "by a clear margin"
    return Finding(
        "label_errors.slips",
        _severity(case, count),
        f"{len(queue):,} {looks} wrong to models that have not seen them, {margin}",
        "A model learns wrong labels as truth, and a test with wrong labels punishes right answers. The models agree "
        f"with {agreement:.0%} of the labels; their order is a rank and no proof."
        + (mostly if hard and count < len(queue) else ""),
        "Go through the queue from the top; the review says how many may be left and when to stop.",
        tuple(_item(case, row) for row in queue[:MAX_ITEMS].tolist()),
        (("clear", count / rows), ("queue", len(queue) / rows), ("agreement", agreement)),
        count,
    )


def _severity(case: _Case, count: int) -> Severity:
    """By the share of clear rows. Never an error: models cannot tell wrong from hard, and with two classes every row
    that is hard may be clear."""
    rows, limits = len(case.likely), case.limits
    low, _ = wilson_interval(count, rows)
    sure = count >= limits["warning_rows"] or float(low) > limits["warning_share"]
    return "warning" if sure and count / rows >= limits["warning_share"] else "note"


def _overlaps(case: _Case, queue: IntArray, pairs: dict[tuple[int, int], float]) -> Finding | None:
    """One item for each pair of classes, with the rows between them that are most doubted."""
    if not pairs:
        return None
    labels = case.judged.labels
    between: dict[tuple[int, int], list[int]] = {pair: [] for pair in pairs}
    for row in queue.tolist():
        pair = _pair(int(labels[row]), int(case.likely[row]))
        if pair in between:
            between[pair].append(row)
    items = []
    sizes = np.bincount(labels, minlength=len(case.judged.names))
    for (i, j), mass in pairs.items():
        rows = tuple(int(case.judged.rows[row]) for row in between[i, j][:EXAMPLES_PER_PAIR])
        share = mass / float(sizes[i] + sizes[j])
        why = (
            f"'{case.name(i)}' ({int(sizes[i]):,} rows) and '{case.name(j)}' ({int(sizes[j]):,}): about "
            f"{round(mass):,} rows of one look like the other."
        )
        items.append(Item(rows, why, min(1.0, share)))
    number = len(pairs)
    subject = "1 pair of classes is" if number == 1 else f"{number:,} pairs of classes are"
    return Finding(
        "label_errors.overlap",
        "warning",
        f"{subject} mixed up{case.of}",
        "Where people cannot tell two classes apart, no model can, and no cleaning of single rows will help.",
        "Read the rows side by side, then sharpen the guideline, merge the classes, or relabel their rows together.",
        tuple(items),
        (("rows_between", float(sum(pairs.values())) / case.judged.joint.rows),),
        sum(len(rows) for rows in between.values()),
    )


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


def _item(case: _Case, row: int) -> Item:
    given, likely = int(case.judged.labels[row]), int(case.likely[row])
    at = int(case.judged.rows[row])
    why = (
        f"Labelled '{case.name(given)}'; models that have not seen this row say '{case.name(likely)}' "
        f"({case.other[row]:.0%} against {case.own[row]:.0%})."
    )
    return Item((at,), why, float(case.chances[row]), fix=_fix(case, at, case.judged.names[likely]))


def _fix(case: _Case, row: int, value: str) -> Fix | None:
    if case.field is None:
        return Fix("relabel", value)
    target = case.view.examples[row].target
    if case.field == "target":
        return Fix("edit", value)
    content = json.loads(target)
    content[case.field] = _json_value(value)
    text = json.dumps(content, ensure_ascii=False)
    compact = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Fix("edit", compact if ": " not in target and ", " not in target else text)


def _fields(view: View, limits: Limits) -> list[tuple[str, list[str | None]]]:
    """Columns that are labels: the whole target where it has few values, else fields of JSON targets."""
    targets = [example.target for example in view.examples]
    if _is_label(targets, limits):
        return [("target", [target or None for target in targets])]
    values: dict[str, list[str | None]] = {}
    parsed = 0
    for row, target in enumerate(targets):
        content = _json_object(target)
        parsed += content is not None
        if row >= limits["field_rows"] and parsed < row / 2:
            return []
        for field, value in (content or {}).items():
            if isinstance(value, (str, int, bool)) and len(str(value)) <= 200:
                values.setdefault(field, [None] * len(targets))[row] = json.dumps(value, ensure_ascii=False)
    fields = [(field, column) for field, column in values.items() if _is_label(column, limits)]
    return sorted(fields, key=lambda entry: (sum(v is None for v in entry[1]), entry[0]))[: int(limits["fields"])]


def _is_label(column: Sequence[str | None], limits: Limits) -> bool:
    filled = [value for value in column if value]
    values = len(set(filled))
    enough = len(filled) >= max(limits["field_rows"], limits["field_rows_per_value"] * values)
    return enough and 2 <= values <= limits["field_values"]


def _json_object(text: str) -> dict[str, object] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _json_value(text: str) -> object:
    return json.loads(text)
