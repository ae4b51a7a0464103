"""Rows that nobody may learn from: withdrawn consent, an objection, or a licence that forbids it, by their columns.

A row without such a column is not judged. Training stops at these rows until they are left out or a person takes the
responsibility by name.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Fix, Item, NotChecked, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.rights import (
    CONSENT_FIELDS,
    LICENCE_FIELDS,
    OPT_OUT_FIELDS,
    field_name,
    refused_by_consent,
    refused_by_licence,
)
from tunewright.audit.view import View

NAME = "consent"
TITLE = "Consent and licences"
QUALITY: Quality = "privacy-reviewed"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {}
WITHDRAWN, LICENCE = f"{NAME}.withdrawn", f"{NAME}.licence"
_MOST_CHARS = 40
_FIELDS = CONSENT_FIELDS | OPT_OUT_FIELDS | LICENCE_FIELDS
_ADVICE = "Leave these rows out, or have it in writing that you may, and approve the finding by name."


def run(view: View, limits: Limits) -> CheckResult:
    """Rows that say no, in columns of consent and in columns of licences."""
    if not len(view):
        return CheckResult()
    if not any(field_name(name) in _FIELDS for example in view.examples for name, _ in example.tags):
        because = "no column says anything about consent or licences"
        hint = "Where you have it, keep it beside the rows, in a column such as consent, opt_out or licence."
        return CheckResult(not_checked=(NotChecked(f"{NAME}.columns", because, hint),))
    consent, licence = refused_by_consent(view.examples), refused_by_licence(view.examples)
    findings = (
        _finding(WITHDRAWN, consent, "row has", "rows have", "no consent for learning"),
        _finding(LICENCE, licence, "row is", "rows are", "under a licence that forbids learning"),
    )
    numbers = (("refused", float(len(consent.keys() | licence.keys()))),)
    return CheckResult(tuple(f for f in findings if f is not None), (), numbers)


def _finding(kind: str, rows: Mapping[int, tuple[str, str]], one: str, many: str, what: str) -> Finding | None:
    if not rows:
        return None
    items = tuple(
        Item((row,), f"The column '{column}' says '{value[:_MOST_CHARS]}'.", 1.0, fix=Fix("drop"))
        for row, (column, value) in list(rows.items())[:MAX_ITEMS]
    )
    return Finding(
        kind,
        "error",
        f"{len(rows):,} {one if len(rows) == 1 else many} {what}",
        "Consent and licences bind whoever trains, and what was learned cannot be handed back.",
        _ADVICE,
        items,
        rows_affected=len(rows),
    )
