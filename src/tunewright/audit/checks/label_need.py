"""Whether there are enough examples, which classes need more, and which rows to label next.

The numbers are those of the decision table that the program goes by (50, 200 and 20 of each class). Rows to label next
are uncertain and unlike one another; a random choice of equal size stands beside them as the control, because a choice
that looks clever often learns no more than chance.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.findings import CheckResult, Finding, Item, NotChecked
from tunewright.audit.next_rows import doubtful_and_diverse
from tunewright.audit.out_of_sample import STRENGTH, features
from tunewright.audit.registry import Limits
from tunewright.audit.softmax_fit import fit_softmax
from tunewright.audit.view import View
from tunewright.audit.wording import counted, percent
from tunewright.data.components import find_components

NAME = "label_need"
TITLE = "Enough examples"
QUALITY = "complete"
COST = "seconds"
VERSION = 1
LIMITS: Limits = {
    # Different training rows below which tuning makes no sense, below which it is a pilot, and rows of each class.
    "rows_least": 50,
    "rows_enough": 200,
    "rows_per_class": 20,
    # Rows proposed for labelling, and the most candidates that are looked at.
    "next": 50,
    "candidates": 20_000,
}
STEPS = 20
IntArray = NDArray[np.int64]


def run(view: View, limits: Limits) -> CheckResult:
    """Counts against what is needed; proposals where there are rows without a target."""
    labelled = [row for row in view.rows_of("train") if view.examples[row].target or view.examples[row].target_calls]
    if not labelled and not len(view):
        return CheckResult()
    copies = find_components(view.examples, view.duplicates.edges(), groups=False)
    different = len(np.unique(copies[np.array(labelled, dtype=np.int64)])) if labelled else 0
    findings = [_amount(different, limits)]
    numbers = (("different_training_rows", float(different)),)
    gaps: tuple[NotChecked, ...] = ()
    if view.kind == "classify":
        findings.append(_classes(view, labelled, copies, limits))
        bare = np.array([row for row, example in enumerate(view.examples) if not example.target], dtype=np.int64)
        if len(bare):
            proposed = _next(view, np.array(labelled, dtype=np.int64), bare, limits)
            if isinstance(proposed, NotChecked):
                gaps = (proposed,)
            else:
                findings += proposed
    return CheckResult(tuple(f for f in findings if f is not None), gaps, numbers)


def _amount(different: int, limits: Limits) -> Finding | None:
    """Rows 10 to 12 of the decision table."""
    least, enough = int(limits["rows_least"]), int(limits["rows_enough"])
    if different >= enough:
        return None
    rows = "row" if different == 1 else "rows"
    numbers = (("different_training_rows", float(different)),)
    if different < least:
        return Finding(
            "label_need.too_few",
            "error",
            f"{different:,} different training {rows}, {least} are the least",
            "With so few examples a tuned model learns their wording, and a good prompt does better.",
            f"Use them as examples in a prompt, and collect {least - different:,} more before tuning.",
            numbers=numbers,
            rows_affected=different,
        )
    return Finding(
        "label_need.pilot",
        "warning",
        f"{different:,} different training {rows}, enough for a pilot only",
        f"Below {enough} examples a gain can rarely be told from luck.",
        f"Call what is tuned on them a pilot, draw a learning curve, and collect {enough - different:,} more.",
        numbers=numbers,
        rows_affected=different,
    )


def _classes(view: View, labelled: list[int], copies: IntArray, limits: Limits) -> Finding | None:
    """Classes with too few different rows, the thinnest first."""
    need = int(limits["rows_per_class"])
    seen: dict[str, dict[int, int]] = {}
    for row in labelled:
        seen.setdefault(view.examples[row].target, {}).setdefault(int(copies[row]), row)
    thin = sorted((len(rows), label) for label, rows in seen.items() if len(rows) < need)
    if not thin or len(seen) > len(labelled) / 2:
        return None
    items = tuple(
        Item(
            tuple(sorted(seen[label].values())[:5]),
            f"'{label}' has {counted(size, 'different row')}; {need - size:,} more are needed.",
            1 - size / need,
        )
        for size, label in thin
    )
    missing = sum(need - size for size, _ in thin)
    number = len(thin)
    return Finding(
        "label_need.thin_classes",
        "warning",
        f"{number:,} of {len(seen):,} classes {'has' if number == 1 else 'have'} fewer than {need} rows",
        "A class with few examples is learned badly, and its errors hide in the mean.",
        f"Label {missing:,} more rows of these classes, merge them with their neighbours, or leave them to people.",
        items,
        (("rows_missing", float(missing)),),
        sum(size for size, _ in thin),
    )


def _next(view: View, labelled: IntArray, bare: IntArray, limits: Limits) -> list[Finding | None] | NotChecked:
    """Rows without a label that are worth one, and a random choice of the same size."""
    most = int(limits["candidates"])
    labelled, bare = (_some(view, rows, most) for rows in (labelled, bare))
    names = sorted({view.examples[row].target for row in labelled.tolist()})
    if len(names) < 2:
        because = f"{len(bare):,} rows have no label, and fewer than two classes are known to choose among them."
        return NotChecked("label_need.next", because, "Label fifty rows chosen at random first.")
    number = {name: place for place, name in enumerate(names)}
    labels = np.array([number[view.examples[row].target] for row in labelled.tolist()], dtype=np.int64)
    inputs, _ = features(view, np.concatenate([labelled, bare]), len(names))
    known, candidates = inputs[: len(labelled)], inputs[len(labelled) :]
    chances = fit_softmax(known, labels, len(names), STRENGTH, STEPS).probabilities(candidates)
    best_two = np.argsort(-chances, axis=1, kind="stable")[:, :2]
    top = np.take_along_axis(chances, best_two, axis=1).astype(np.float64)
    size = min(int(limits["next"]), len(bare))
    chosen = doubtful_and_diverse(candidates, 1 - (top[:, 0] - top[:, 1]), size, view.seed)
    items = tuple(
        Item(
            (int(bare[place]),),
            f"Models hesitate between '{names[best_two[place, 0]]}' ({percent(top[place, 0])}) and "
            f"'{names[best_two[place, 1]]}' ({percent(top[place, 1])}), and no other row of its kind is chosen.",
            1 - rank / size,
        )
        for rank, place in enumerate(chosen.tolist())
    )
    control = _some(view, bare, size, "control")
    why = "Labels cost time; a row like those already labelled adds little."
    return [
        Finding(
            "label_need.next",
            "note",
            f"{size:,} of {len(bare):,} rows without a label are worth one first",
            why,
            "Label these and as many of the random choice beside them. Whether choosing pays here, "
            "`tunewright label --measure` finds out on the rows that are labelled already.",
            items,
        ),
        Finding(
            "label_need.control",
            "note",
            f"{size:,} rows without a label were chosen at random as the control",
            "A choice of rows must beat chance to be worth its trouble.",
            "Label them too, tune once with each half, and compare on the same test.",
            tuple(Item((int(row),), "Chosen at random.", 0.5) for row in control.tolist()),
        ),
    ]


def _some(view: View, rows: IntArray, most: int, salt: str = "some") -> IntArray:
    """At most so many of the rows, by a hash of the seed and the row's text: a random choice that can be repeated."""
    if len(rows) <= most:
        return rows
    keys = [
        hashlib.sha256(f"{salt}:{view.seed}:{row}:{view.examples[row].text}".encode("utf-8", "replace")).digest()
        for row in rows.tolist()
    ]
    order = sorted(range(len(rows)), key=lambda place: keys[place])
    return np.sort(rows[np.array(order[:most], dtype=np.int64)])
