"""What the latest audit found in exactly these rows, read back from its document; nothing is looked at anew.

The document names rows, all their columns, checks, versions and thresholds: where one of them differs, it is another
audit. Suggested texts that the document withholds, because they repeat what stands in a row, are made again by their
own check. Called by ``review``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunewright.audit.findings import Finding, Fix, Item, Span
from tunewright.audit.registry import Limits, all_checks
from tunewright.records.example import Example
from tunewright.reporting.audit_document import rows_digest
from tunewright.workflow.runs import documents

DOCUMENT = "audit.json"


@dataclass(frozen=True, slots=True)
class KnownAudit:
    """Findings of an audit, the checks that ran, when it ran; ``withheld`` checks have suggestions that are missing."""

    findings: tuple[Finding, ...]
    checks: tuple[str, ...]
    created: str
    withheld: tuple[str, ...]


def last_audit(root: Path, examples: Sequence[Example], kind: str, limits: Mapping[str, Limits]) -> KnownAudit | None:
    """The latest audit of exactly these rows with all checks of today; None where there is none.

    Args:
        root: the folder of the project.
        kind: what the audit took the rows for.
        limits: the thresholds that hold now, by check.
    """
    digest = ""
    for path in documents(root, "audit-", DOCUMENT):
        document = _read(path)
        if document is None or not _same_checks(document, limits):
            continue
        dataset = document.get("dataset", {})
        if dataset.get("rows") != len(examples) or dataset.get("kind") != kind:
            continue
        digest = digest or rows_digest(examples)
        if dataset.get("rows_digest") != digest:
            continue
        try:
            return _known(document)
        except (KeyError, TypeError, ValueError):
            continue
    return None


def with_fixes(findings: Sequence[Finding], made: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with suggestions that were withheld, from the same findings made again."""
    fixes = {_place(f, item): item.fix for f in made for item in f.items}
    return tuple(
        replace(f, items=tuple(i if i.fix else replace(i, fix=fixes.get(_place(f, i))) for i in f.items))
        for f in findings
    )


def _place(finding: Finding, item: Item) -> tuple[str, tuple[int, ...], tuple[Span, ...]]:
    spans = tuple(replace(s, row=s.row if s.row >= 0 or not item.rows else item.rows[0]) for s in item.spans)
    return finding.kind, item.rows[:1], spans


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _same_checks(document: Mapping[str, Any], limits: Mapping[str, Limits]) -> bool:
    """Whether every check ran in the version and with the thresholds of today."""
    ran = {check["name"]: (check["version"], check["limits"]) for check in document.get("checks", ())}
    return ran == {check.NAME: (check.VERSION, dict(limits[check.NAME])) for check in all_checks()}


def _known(document: Mapping[str, Any]) -> KnownAudit:
    findings, withheld = [], set()
    for found in document["findings"]:
        items = tuple(_item(item) for item in found["items"])
        if len(items) < found["items_total"] or any((i["fix"] or {}).get("withheld") for i in found["items"]):
            withheld.add(found["check"])
        numbers = tuple((name, float("nan") if value is None else value) for name, value in found["numbers"].items())
        findings.append(
            Finding(
                found["kind"],
                found["severity"],
                found["title"],
                found["why"],
                found["advice"],
                items,
                numbers,
                found["affected"],
            )
        )
    checks = tuple(check["name"] for check in document["checks"])
    return KnownAudit(tuple(findings), checks, document["created"], tuple(sorted(withheld)))


def _item(item: Mapping[str, Any]) -> Item:
    spans = tuple(Span(s["field"], s["start"], s["end"], s["number"], s["kind"]) for s in item["spans"])
    fix = item["fix"]
    made = None
    if fix is not None and not fix["withheld"]:
        made = Fix(fix["action"], fix["value"], fix["field"], fix["safe"])
    score = 0.0 if item["score"] is None else float(item["score"])
    return Item(tuple(row["number"] for row in item["rows"]), item["why"], score, spans, made)
