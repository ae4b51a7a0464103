"""A test file of the person's own: checked against the training rows before anything is fitted.

More than 1 % of exact leaks and nothing can be judged. Fewer: the training copies are dropped and listed. Near copies
stay, are counted, and the score is shown with and without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.data.leaks import LeakReport, find_leaks
from tunewright.data.rows import SetAside
from tunewright.records.example import Example
from tunewright.records.verdict import Gate

MAX_EXACT_SHARE = 0.01
SHOWN_ROWS = 50
MIN_CLEAN_ROWS = 20


@dataclass(frozen=True, slots=True)
class OwnTest:
    """Rows to learn from, copies taken out, the gate on leaks, and near leaks by test position."""

    learn: tuple[Example, ...]
    set_aside: tuple[SetAside, ...]
    gate: Gate
    near: tuple[int, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def adopt(train: Sequence[Example], test: Sequence[Example]) -> OwnTest:
    """Take the test file as it is and keep its copies out of the training rows."""
    report = find_leaks(train, test)
    copies = {leak.train_row: leak.test_row for leak in report.exact}
    set_aside = tuple(
        SetAside(train[row].source, "split.in_test", f"the same input is in the test file: {test[at].source}", "")
        for row, at in sorted(copies.items())
    )
    notes: tuple[str, ...] = ()
    if copies:
        notes = (f"{len(copies)} training rows stand in the test file too and are not learned from.",)
    warnings: tuple[str, ...] = ()
    if report.near:
        count = len(report.near_test_rows)
        warnings = (
            f"{count} of {len(test)} test rows ({count / len(test):.1%}) have a near copy among the training rows.",
        )
    shared = {e.group for e in train if e.group} & {e.group for e in test if e.group}
    if shared:
        warnings += (f"{len(shared)} groups stand both in the training and in the test file: the score may flatter.",)
    learn = tuple(example for row, example in enumerate(train) if row not in copies)
    return OwnTest(learn, set_aside, _gate(report, train, test), report.near_test_rows, notes, warnings)


def _gate(report: LeakReport, train: Sequence[Example], test: Sequence[Example]) -> Gate:
    leaking = report.exact_test_rows
    clean = len(test) - len(report.concerned)
    if report.near and clean < MIN_CLEAN_ROWS:
        text = f"Only {clean} of {len(test)} test rows have no near copy among the training rows. Take other test rows."
        return Gate(name="leaks", passed=False, text=text, rows=[test[r].row_id for r in report.concerned[:SHOWN_ROWS]])
    if report.exact_share <= MAX_EXACT_SHARE:
        text = f"{len(leaking)} of {len(test)} test rows stand among the training rows word for word (at most 1 %)."
        return Gate(name="leaks", passed=True, text=text, rows=[test[row].row_id for row in leaking[:SHOWN_ROWS]])
    first = next(leak for leak in report.exact if leak.test_row == leaking[0])
    text = (
        f"{len(leaking)} of {len(test)} test rows ({report.exact_share:.1%}) stand among the training rows word for "
        f"word, such as {test[first.test_row].source} and {train[first.train_row].source}. A system can know these "
        "answers by heart. Take test rows that were never used for training."
    )
    return Gate(name="leaks", passed=False, text=text, rows=[test[row].row_id for row in leaking[:SHOWN_ROWS]])
