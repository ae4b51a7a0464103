"""The cases that two runs can be compared on: the same inputs, unseen by both, never asked anew in a locked test.

Runs with few rows have answers out of fold to every row. Runs with a locked test have validation rows; answers to test
rows only where both runs opened the same test, and then as they are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.records.example import Example
from tunewright.reporting.compare_document import Cases
from tunewright.store import RegisteredRow
from tunewright.workflow.compare_runs.past_run import PastRun
from tunewright.workflow.compare_runs.texts import Texts
from tunewright.workflow.prepare import MAX_COPIES

TEST, VALIDATION = "test", "validation"
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the later run whose input the earlier run knows as well; ``example`` is None where its text is gone."""

    before: RegisteredRow
    after: RegisteredRow
    example: Example | None

    @property
    def relabelled(self) -> bool:
        return self.before.row_key != self.after.row_key


@dataclass(frozen=True, slots=True)
class CommonCases:
    """The cases, of how many in each run, what they are, and groups where rows belong together."""

    cases: tuple[Case, ...]
    kind: Cases
    of_before: int
    of_after: int
    groups: IntArray | None

    def folds(self) -> tuple[IntArray | None, IntArray | None]:
        """The fold of each case in the earlier and in the later run; None where answers are not out of fold."""
        before = [case.before.part for case in self.cases]
        after = [case.after.part for case in self.cases]
        return _numbered(before), _numbered(after)


def common_cases(before: PastRun, after: PastRun, texts: Texts) -> CommonCases:
    """The cases that both runs have answers to, or may be asked about.

    Every row of the later run counts, copies included, as in its own verdict.
    """
    kind, parts = _kind(before, after)
    old, new = _rows(before, parts[0]), _rows(after, parts[1])
    by_row = {row.row_key: row for row in reversed(old)}
    by_input = {row.input_key: row for row in reversed(old)}
    cases = tuple(
        Case(earlier, row, texts.row(row.row_key))
        for row in new
        if (earlier := by_row.get(row.row_key) or by_input.get(row.input_key)) is not None
    )
    grouped = bool(after.manifest["settings"].get("data", {}).get("group"))
    return CommonCases(cases, kind, len(old), len(new), _groups(cases, grouped=grouped))


def _kind(before: PastRun, after: PastRun) -> tuple[Cases, tuple[str, str]]:
    """What the cases are, and in which parts they stand before and after; "fold" is any fold."""
    locked = [run.regime == "locked" for run in (before, after)]
    if not any(locked):
        return "out-of-fold", ("fold", "fold")
    if all(locked) and before.opened and after.opened:
        old = {row.input_key for row in before.rows_in(TEST)}
        if any(row.input_key in old for row in after.rows_in(TEST)):
            return "test", (TEST, TEST)
    names = [VALIDATION if one else "fold" for one in locked]
    return "validation", (names[0], names[1])


def _rows(run: PastRun, part: str) -> Sequence[RegisteredRow]:
    if part == "fold":
        return [row for row in run.rows if row.part.startswith("fold-")]
    return run.rows_in(part)


def _groups(cases: Sequence[Case], *, grouped: bool) -> IntArray | None:
    """Rows that belong together, by the same rule as in a run; a row whose text is gone stands alone."""
    known = [place for place, case in enumerate(cases) if case.example is not None]
    examples = [case.example for case in cases if case.example is not None]
    if not examples:
        return None
    component = find_components(examples, find_duplicates(examples).edges())
    copies = 1 - len(np.unique(component)) / len(examples)
    if not grouped and copies <= MAX_COPIES:
        return None
    groups = np.arange(len(cases), dtype=np.int64) + len(cases)
    groups[known] = component
    return groups


def _numbered(parts: Sequence[str]) -> IntArray | None:
    if not parts or not all(part.startswith("fold-") for part in parts):
        return None
    names = sorted(set(parts))
    return np.array([names.index(part) for part in parts], dtype=np.int64)
