"""The review queue: from findings to questions about rows, the most valuable first.

A question is one finding about one row. Its value is severity times score times one plus the number of other findings
that the row has: a row with three troubles is worth a look before one with a single. Label errors stay in the order
that their own check gave them. Called by reviewing and by the exchange of queues.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tunewright.audit.edits import Edit, edit_of_fix
from tunewright.audit.findings import Finding, Fix, Item, Severity
from tunewright.records.example import Example

WEIGHT: dict[Severity, float] = {"error": 3.0, "warning": 2.0, "note": 1.0}
# Checks whose order of items is better than any value made of severity and score.
OWN_RANK = frozenset({"label_errors"})
ID_CHARS = 12


@dataclass(frozen=True, slots=True)
class Question:
    """One finding about one row, to be decided by a person.

    ``row`` is the number of the row, ``items`` the evidence for it, ``others`` the titles of its other
    findings. ``id`` names the question by finding and content of the row: it is the same in the next audit.
    """

    id: str
    finding: Finding
    row: int
    items: tuple[Item, ...]
    others: tuple[str, ...]
    value: float

    @property
    def check(self) -> str:
        """The check that asks."""
        return check_of(self.finding.kind)

    @property
    def like(self) -> tuple[int, ...]:
        """Rows to be shown beside it."""
        rows = (row for item in self.items for row in item.rows[1:])
        return tuple(dict.fromkeys(row for row in rows if row != self.row))

    @property
    def fix(self) -> Fix | None:
        """What is suggested first."""
        return next((item.fix for item in self.items if item.fix is not None), None)

    def suggestion(self, example: Example, now: Example | None = None) -> Edit | None:
        """What is suggested, as an edit of the row as it is ``now``; masks of several items become one edit."""
        edits = [edit for item in self.items if (edit := edit_of_fix(item, example, now)) is not None]
        if not edits or edits[0].action != "mask":
            return edits[0] if edits else None
        spans = tuple(span for item in self.items for span in item.spans)
        return edit_of_fix(Item((self.row,), "", spans=spans, fix=self.fix), example, now)


def check_of(kind: str) -> str:
    """The check that a kind of finding belongs to."""
    return kind.partition(".")[0]


def question_id(kind: str, row: str) -> str:
    """The name of a question: 12 hex characters of finding and lasting name of the row."""
    return hashlib.sha256(f"{kind} {row}".encode()).hexdigest()[:ID_CHARS]


def build_queue(
    findings: Sequence[Finding], names: Sequence[str], *, only: Collection[str] = ()
) -> tuple[Question, ...]:
    """Every question that the findings ask, the most valuable first.

    Args:
        names: the lasting name of every row, such as ``VersionShelf.names`` gives.
        only: names of checks or kinds of findings; empty means all. Other findings still count for the value.
    """
    on_row: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for finding in findings:
        for item in finding.items:
            for row in item.rows[:1]:
                on_row[row][finding.kind] = finding.title
    questions = []
    for finding in findings:
        if only and finding.kind not in only and check_of(finding.kind) not in only:
            continue
        by_row: defaultdict[int, list[Item]] = defaultdict(list)
        for item in finding.items:
            if item.rows and 0 <= item.rows[0] < len(names):
                by_row[item.rows[0]].append(item)
        value = float("inf")
        for row, items in by_row.items():
            others = tuple(title for kind, title in on_row[row].items() if kind != finding.kind)
            own = WEIGHT[finding.severity] * max(item.score for item in items) * (1 + len(others))
            value = min(value, own) if check_of(finding.kind) in OWN_RANK else own
            identity = question_id(finding.kind, names[row])
            questions.append(Question(identity, finding, row, tuple(items), others, value))
    return tuple(sorted(questions, key=lambda question: -question.value))
