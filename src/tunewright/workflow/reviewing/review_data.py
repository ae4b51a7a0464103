"""The rows that a person reviews or labels: read, without those that were erased, and audited.

Called by ``tunewright review`` and ``tunewright label``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tunewright.audit.findings import Finding
from tunewright.audit.registry import all_checks
from tunewright.audit.run import AuditOptions, limits_of, run_audit
from tunewright.audit.view import View
from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.project.thresholds import load_thresholds
from tunewright.records.example import Example
from tunewright.store import AuditCache, Store
from tunewright.workflow.auditing.approvals import remember_audit
from tunewright.workflow.auditing.audit_data import kind_of
from tunewright.workflow.auditing.last_audit import last_audit, with_fixes
from tunewright.workflow.reviewing.write_back import Kind

# In fewer rows labels have not yet repeated as often as an audit asks for.
ROWS_THAT_TELL = 40
MAX_SHARE_OF_DISTINCT_LABELS = 0.5


def read_data(path: Path, columns: ColumnMap | None, kind: Kind | None = None) -> tuple[ReadResult, Kind]:
    """A file of examples, read as labels where targets repeat and as texts otherwise.

    Raises:
        InputError: it cannot be read.
    """
    if kind is not None:
        return read_table(path, columns=columns, kind=kind), kind
    as_texts = read_table(path, columns=columns, kind="generate")
    if kind_of(as_texts.examples) == "classify" or _few_rows_with_labels(as_texts.examples):
        return read_table(path, columns=as_texts.columns, kind="classify", shape=as_texts.shape), "classify"
    return as_texts, "generate"


def _few_rows_with_labels(examples: Sequence[Example]) -> bool:
    """Whether the targets of a small file, of which an audit says no more than "texts", repeat like labels."""
    if len(examples) >= ROWS_THAT_TELL or any(e.target_calls or e.tools or e.rejected for e in examples):
        return False
    return len({example.target for example in examples}) <= MAX_SHARE_OF_DISTINCT_LABELS * len(examples)


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is to ask about: findings, the checks that ran, and a sentence on where they come from."""

    findings: tuple[Finding, ...]
    ran: tuple[str, ...]
    said: str


def look(
    store: Store,
    result: ReadResult,
    kind: Kind | None,
    root: Path,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Looked:
    """The findings of the latest audit of exactly these rows, or else those of a look without vectors.

    Args:
        kind: what the targets are, where a project says so; else it is found out as the audit does.
        root: the folder of the project, whose thresholds hold.
    """
    own_limits = load_thresholds(root, {check.NAME: check.LIMITS for check in all_checks()})
    options = AuditOptions(limits=own_limits)
    limits = {check.NAME: limits_of(check, options) for check in all_checks()}
    preference = any(example.rejected for example in result.examples)
    taken_for = "preference" if preference else kind or kind_of(result.examples)
    view = View(
        result.examples,
        taken_for,
        set_aside=result.set_aside,
        no_vectors="the review looks without an encoder",
        cancelled=cancelled,
        progress=progress,
    )
    known = last_audit(root, result.examples, taken_for, limits)
    with AuditCache.open(store) as memory:
        if known is not None:
            made = run_audit(view, AuditOptions(known.withheld, own_limits, memory)) if known.withheld else None
            findings = with_fixes(known.findings, [one.finding for one in made.findings]) if made else known.findings
            return Looked(findings, known.checks, f"Asked about is what the audit of {known.created} found.")
        found = run_audit(view, AuditOptions(limits=own_limits, memory=memory))
    remember_audit(store, result.examples, found)
    said = (
        "No audit of exactly these rows is known here, so this is a new look without comparing meanings; "
        "`tunewright audit` looks closer, and its findings are asked about then."
    )
    return Looked(tuple(one.finding for one in found.findings), tuple(check.name for check in found.checks), said)


def without_erased(store: Store, result: ReadResult) -> tuple[ReadResult, frozenset[int]]:
    """The rows that may be looked at, and the lines of those that were erased from this project."""
    gone = store.are_erased(result.examples)
    kept = tuple(example for example, erased in zip(result.examples, gone, strict=True) if not erased)
    lines = frozenset(e.source.line for e, erased in zip(result.examples, gone, strict=True) if erased)
    return (replace(result, examples=kept) if lines else result), lines
