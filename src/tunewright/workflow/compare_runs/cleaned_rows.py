"""What cleaning makes of the rows: by the decisions of a review where there are any, else as an audit proposes.

Decisions were made by people, row by row, and hold everywhere. An audit is made anew of the rows that a system would
learn from, and of no other: else the rows that it is scored on would have helped to choose what it learns from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tunewright.audit.findings import Finding
from tunewright.audit.run import AuditOptions, run_audit
from tunewright.audit.view import View
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example
from tunewright.store import Store
from tunewright.workflow.reviewing.decided_rows import DecidedRows
from tunewright.workflow.study import Hooks

# What is looked for without a person: single slips of labels, copies, and equal inputs with different answers.
SLIPS = "label_errors.slips"
CHECKS = ("label_errors", "exact_duplicates", "near_duplicates", "contradictions")
COPIES = frozenset({"exact_duplicates.rows", "near_duplicates.rows"})
CONTRADICTIONS = frozenset({"contradictions.equal", "contradictions.near"})
By = Literal["decisions", "audit"]


@dataclass(frozen=True, slots=True)
class Cleaning:
    """``rewritten`` rows by their position, None for those left out; rows that stay as they are stand in neither."""

    by: By
    rewritten: Mapping[int, Example | None]

    @property
    def left_out(self) -> int:
        return sum(example is None for example in self.rewritten.values())


def decided_cleaning(store: Store, examples: Sequence[Example]) -> Cleaning | None:
    """What reviews decided about these rows; None where they changed none of them."""
    decided = DecidedRows(store, examples, store.versions.names(examples))
    changed = dict(decided.changed())
    return Cleaning("decisions", changed) if changed else None


def proposed_cleaning(settings: ProjectSettings, examples: Sequence[Example], hooks: Hooks) -> Cleaning:
    """What an audit of these rows alone would leave out, without asking anybody: it will be wrong now and then.

    Of labels that look wrong those with a clear lead of another one, as many as the audit itself counts.
    """
    view = View(
        tuple(examples),
        "classify" if settings.kind == "classify" else "generate",
        no_vectors="cleaning that is put to the test looks at words alone",
        seed=settings.seed,
        cancelled=hooks.cancelled,
    )
    result = run_audit(view, AuditOptions(CHECKS))
    gone = {row for one in result.findings for row in _left_out(one.finding)}
    return Cleaning("audit", dict.fromkeys(sorted(gone)))


def _left_out(finding: Finding) -> list[int]:
    """The rows to leave out; of two that contradict each other both, unless the audit says which one is off."""
    if finding.kind == SLIPS:
        return [item.rows[0] for item in finding.items[: finding.affected]]
    if finding.kind in COPIES:
        return [item.rows[0] for item in finding.items]
    if finding.kind in CONTRADICTIONS:
        return [row for item in finding.items for row in (item.rows[:1] if item.fix else item.rows)]
    return []
