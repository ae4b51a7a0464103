"""The review queue: from findings to questions about rows, the most valuable first.

A question is one finding about one row. Its value is severity times score times one plus the number of other findings
that the row has: a row with three troubles is worth a look before one with a single. Label errors stay in the order
that their own check gave them. A row is shown once, with all its questions; what concerns the set as a whole is no
question. Called by reviewing and by the exchange of queues.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from tunewright.audit.edits import Edit, edit_of_fix
from tunewright.audit.findings import Finding, Fix, Item, Severity
from tunewright.audit.masking import NotPlaced
from tunewright.records.example import Example

WEIGHT: dict[Severity, float] = {"error": 3.0, "warning": 2.0, "note": 1.0}
# Checks whose order of items is better than any value made of severity and score.
OWN_RANK = frozenset({"label_errors"})
# Checks and kinds that judge the set: their rows are examples, and nobody can mend the finding in one row.
OF_THE_SET = frozenset(
    {
        "accidental_habits",
        "class_balance",
        "classes_need_more",
        "coverage",
        "drift_from_deployment",
        "label_drift",
        "label_errors.overlap",
        "label_errors.unlearnable",
        "label_need",
        "openers",
        "order_of_rows",
        "preference_pairs.length_bias",
        "redundancy",
        "shortcuts",
        "slices",
        "source_concentration",
        "topics",
    }
)
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

    @property
    def masks(self) -> bool:
        """Whether something of the row should be covered."""
        return self.fix is not None and self.fix.action == "mask"

    def suggestion(self, example: Example, now: Example | None = None) -> Edit | None:
        """What is suggested, as an edit of the row as it is ``now``; masks of several items become one edit.

        None where nothing is, or where the text was changed so that the suggestion does not fit any more.
        """
        try:
            return self.mask(example, now) if self.masks else self._first(example, now)
        except NotPlaced:
            return None

    def mask(self, example: Example, now: Example | None = None) -> Edit | None:
        """The mask of all items; None where nothing is left to be covered.

        Raises:
            NotPlaced: something is, and nobody can tell where.
        """
        spans = tuple(span for item in self.items for span in item.spans)
        return edit_of_fix(Item((self.row,), "", spans=spans, fix=self.fix), example, now)

    def _first(self, example: Example, now: Example | None) -> Edit | None:
        return next((e for item in self.items if (e := edit_of_fix(item, example, now)) is not None), None)


@dataclass(frozen=True, slots=True)
class RowQuestions:
    """A row with everything that is asked about it, the gravest first."""

    row: int
    questions: tuple[Question, ...]

    @property
    def severity(self) -> Severity:
        """The gravest of its findings."""
        return self.questions[0].finding.severity


def check_of(kind: str) -> str:
    """The check that a kind of finding belongs to."""
    return kind.partition(".")[0]


def question_id(kind: str, row: str) -> str:
    """The name of a question: 12 hex characters of finding and lasting name of the row."""
    return hashlib.sha256(f"{kind} {row}".encode()).hexdigest()[:ID_CHARS]


def of_the_set(finding: Finding) -> bool:
    """Whether a finding is about the rows together, and no decision about one of them settles it."""
    return finding.kind in OF_THE_SET or check_of(finding.kind) in OF_THE_SET


def build_queue(
    findings: Sequence[Finding], names: Sequence[str], *, only: Collection[str] = ()
) -> tuple[Question, ...]:
    """Every question that the findings ask, the most valuable first.

    Args:
        names: the lasting name of every row, such as ``VersionShelf.names`` gives.
        only: names of checks or kinds of findings; empty means all. Other findings still count for the value.
    """
    asking = [(finding, _by_row(finding, len(names))) for finding in findings if not of_the_set(finding)]
    on_row: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for finding, by_row in asking:
        for row in by_row:
            on_row[row][finding.kind] = finding.title
    questions = []
    for finding, by_row in asking:
        if only and finding.kind not in only and check_of(finding.kind) not in only:
            continue
        value = float("inf")
        for row, items in by_row.items():
            others = tuple(title for kind, title in on_row[row].items() if kind != finding.kind)
            own = WEIGHT[finding.severity] * max(item.score for item in items) * (1 + len(others))
            value = min(value, own) if check_of(finding.kind) in OWN_RANK else own
            identity = question_id(finding.kind, names[row])
            questions.append(Question(identity, finding, row, tuple(items), others, value))
    return tuple(sorted(questions, key=lambda question: -question.value))


def rows_of(questions: Sequence[Question]) -> tuple[RowQuestions, ...]:
    """The questions by row: rows with errors first, then the row of the most valuable question."""
    by_row: defaultdict[int, list[Question]] = defaultdict(list)
    for question in questions:
        by_row[question.row].append(question)
    made = [RowQuestions(row, tuple(sorted(found, key=_gravest_first))) for row, found in by_row.items()]
    place = {question.row: -number for number, question in reversed(list(enumerate(questions)))}
    return tuple(sorted(made, key=lambda one: (one.severity != "error", -place[one.row])))


def _gravest_first(question: Question) -> tuple[float, float]:
    return -WEIGHT[question.finding.severity], -question.value


def _by_row(finding: Finding, n: int) -> dict[int, list[Item]]:
    """The evidence by the row to act upon."""
    by_row: defaultdict[int, list[Item]] = defaultdict(list)
    for item in finding.items:
        for part in _parts(item):
            if part.rows and 0 <= part.rows[0] < n:
                by_row[part.rows[0]].append(part)
    return by_row


def _parts(item: Item) -> Iterator[Item]:
    """A mask acts upon every row that it has places in, anything else upon the first row."""
    rows = {span.row for span in item.spans} if item.fix is not None and item.fix.action == "mask" else set()
    if len(rows - {-1}) < 2:
        yield item
        return
    for row in item.rows:
        spans = tuple(span for span in item.spans if span.row == row or (span.row == -1 and row == item.rows[0]))
        if spans:
            yield replace(item, rows=(row, *(other for other in item.rows if other != row)), spans=spans)
