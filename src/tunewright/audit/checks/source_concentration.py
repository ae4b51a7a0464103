"""One origin with more than its share: an author, a file or a month that gives most rows of a class, or of a habit.

It may be an expert, a batch that was labelled in haste, or someone who wants the model to learn something.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from tunewright.audit.association import BoolArray
from tunewright.audit.behaviours import behaviours_of
from tunewright.audit.features import second_names
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.provenance import MISSING, Column, provenance
from tunewright.audit.registry import Limits
from tunewright.audit.view import IntArray, View
from tunewright.audit.wording import counted, percent
from tunewright.statistics.shares import cramers_v, cross_table

NAME = "source_concentration"
TITLE = "Origins with more than their share"
QUALITY: Quality = "representative"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    "min_rows": 10,
    # Of a class that comes from one origin, which has at most such a part of all rows.
    "min_share_of_class": 0.5,
    "max_share_of_rows": 0.25,
    "min_ratio": 4.0,
    "max_p": 1e-4,
    # Where origin and class go together throughout, that is a shortcut and told there.
    "max_cramers_v": 0.8,
    "max_findings": 5,
}


def run(view: View, limits: Limits) -> CheckResult:
    """Classes, or behaviours of free answers, of which one origin has most."""
    hidden = second_names(view) if view.kind == "classify" else ()
    columns = [column for column in provenance(view) if column.name not in hidden]
    if not columns:
        hint = "give a file with columns such as author, source or date, or several files"
        return CheckResult(
            not_checked=(NotChecked(f"{NAME}.origins", "the rows do not say where they come from", hint),)
        )
    findings: list[tuple[float, Finding]] = []
    for column in columns:
        view.stop_if_asked()
        if view.kind == "classify":
            names, labels = view.labels
            table = cross_table(column.codes, labels, len(column.values), len(names))
            if cramers_v(table) <= limits["max_cramers_v"]:
                for value, label in _concentrated(column, table, limits):
                    inside: BoolArray = (column.codes == value) & (labels == label)
                    findings.append(_finding(column, value, f"the rows of “{names[label]}”", inside, table[:, label]))
        else:
            for behaviour, there in behaviours_of(view).items():
                table = cross_table(column.codes, there.astype(np.int64), len(column.values), 2)
                for value, which in _concentrated(column, table, limits):
                    if which == 1:
                        inside = (column.codes == value) & there
                        findings.append(_finding(column, value, f"the answers that {behaviour}", inside, table[:, 1]))
    findings.sort(key=lambda each: (-each[0], each[1].title))
    return CheckResult(
        tuple(finding for _, finding in findings[: int(limits["max_findings"])]),
        numbers=(
            ("columns_of_origin", float(len(columns))),
            ("origins_with_more_than_their_share", float(len(findings))),
        ),
    )


def _concentrated(column: Column, table: IntArray, limits: Limits) -> list[tuple[int, int]]:
    """(value, class) pairs where the value has most of the class and little of the rest; p by the binomial,
    corrected for all pairs.
    """
    of_value, of_class = table.sum(axis=1), table.sum(axis=0)
    share = of_value / max(table.sum(), 1)
    within = table / np.maximum(of_class, 1)
    p = binom.sf(table - 1, of_class, share[:, None]) * max(int((table > 0).sum()), 1)
    given = np.array([value != MISSING for value in column.values])
    hit = (
        given[:, None]
        & (table >= limits["min_rows"])
        & (within >= limits["min_share_of_class"])
        & (within >= limits["min_ratio"] * share[:, None])
        & (share[:, None] <= limits["max_share_of_rows"])
        & (p < limits["max_p"])
    )
    return [(int(value), int(label)) for value, label in np.argwhere(hit)]


def _finding(column: Column, value: int, what: str, inside: BoolArray, counts: IntArray) -> tuple[float, Finding]:
    rows = np.flatnonzero(inside).tolist()
    share = len(rows) / int(counts.sum())
    overall = float((column.codes == value).mean())
    finding = Finding(
        f"{NAME}.origin",
        "warning",
        f"{percent(share)} of {what} come from one {column.name} that has {percent(overall)} of all rows",
        f"{counted(len(rows), 'row')} of {int(counts.sum()):,}. What this origin does differently, its wording, its "
        "mistakes or its aims, becomes what the model knows of them.",
        "Look at some of these rows with someone who knows the origin; label some from elsewhere.",
        tuple(Item((row,), f"From the {column.name} that has most of them.") for row in rows[:2000]),
        (("share", share), ("share_of_all_rows", overall), ("ratio", share / max(overall, 1e-9))),
        len(rows),
    )
    return share / max(overall, 1e-9), finding
