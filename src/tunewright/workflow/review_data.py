"""The rows that a person reviews or labels: read, without those that were erased, and audited.

Called by ``tunewright review`` and ``tunewright label``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tunewright.audit.result import AuditResult
from tunewright.audit.run import AuditOptions, run_audit
from tunewright.audit.view import View
from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.records.example import Example
from tunewright.store import AuditCache, Store
from tunewright.workflow.approvals import remember_audit
from tunewright.workflow.audit_data import kind_of
from tunewright.workflow.write_back import Kind

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


def look(
    store: Store,
    result: ReadResult,
    kind: Kind,
    *,
    only: Sequence[str] = (),
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> AuditResult:
    """Audit the rows of a file (without vectors), with what earlier audits remember; it is written down."""
    preference = any(example.rejected for example in result.examples)
    view = View(
        result.examples,
        "preference" if preference else kind,
        set_aside=result.set_aside,
        no_vectors="the review looks without an encoder",
        cancelled=cancelled,
        progress=progress,
    )
    with AuditCache.open(store) as memory:
        found = run_audit(view, AuditOptions(only=tuple(only), memory=memory))
    remember_audit(store, result.examples, found)
    return found


def without_erased(store: Store, result: ReadResult) -> tuple[ReadResult, frozenset[int]]:
    """The rows that may be looked at, and the lines of those that were erased from this project."""
    gone = store.are_erased(result.examples)
    kept = tuple(example for example, erased in zip(result.examples, gone, strict=True) if not erased)
    lines = frozenset(e.source.line for e, erased in zip(result.examples, gone, strict=True) if erased)
    return (replace(result, examples=kept) if lines else result), lines
