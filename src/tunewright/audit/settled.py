"""An audit's findings without the rows that a person has decided about already.

Which rows those are is handed in, by finding. Counts, shares and grades are those of what is left, and what was settled
is said. Called by the audit after its checks ran.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from tunewright.audit.checks import label_errors
from tunewright.audit.findings import CheckResult, Finding, Item, Severity
from tunewright.audit.result import AuditResult, CheckReport

Settled = Mapping[str, Collection[int]]


def without_settled(result: AuditResult, settled: Settled) -> AuditResult:
    """The result without evidence about settled rows.

    Args:
        settled: numbers of rows by kind of finding.
    """
    if not any(settled.values()):
        return result
    return replace(result, checks=tuple(_check(report, settled) for report in result.checks))


def _check(report: CheckReport, settled: Settled) -> CheckReport:
    findings = report.result.findings
    left = tuple(_finding(finding, settled.get(finding.kind, ())) for finding in findings)
    if left == findings:
        return report
    numbers = report.result.numbers
    if report.name == label_errors.NAME:
        pairs = [(old, new) for old, new in zip(findings, left, strict=True) if old.kind == "label_errors.slips"]
        shrunk = min((_shrunk(old, new) for old, new in pairs), default=1.0)
        numbers = tuple((name, value * shrunk if "wrong_labels_" in name else value) for name, value in numbers)
    return replace(report, result=CheckResult(left, report.result.not_checked, numbers))


def _finding(finding: Finding, settled: Collection[int]) -> Finding:
    left = tuple(item for item in finding.items if not _is_settled(item, settled))
    gone = len({item.rows[0] for item in finding.items if item not in left})
    if not gone:
        return finding
    told = f"{gone:,} settled by review"
    if not left and finding.affected <= gone:
        # A finding that is settled altogether is good to know, and nothing is asked of anybody.
        title = f"{told}, and no other: {finding.title}"
        return replace(finding, severity="note", title=title, items=(), rows_affected=0, numbers=_only_settled(gone))
    share = _weight(left) / max(_weight(finding.items), 1e-12)
    rows = len({item.rows[0] for item in finding.items if item.rows})
    estimated = finding.kind == "label_errors.slips"
    affected = round(finding.affected * share) if estimated else max(finding.affected - gone, 0)
    title = _recounted(finding.title, {rows: rows - gone, finding.affected: affected})
    numbers = finding.numbers
    if estimated:
        numbers = tuple((name, value * share) for name, value in numbers)
    return replace(
        finding,
        severity=_severity(finding, share) if estimated else finding.severity,
        title=f"{title} ({told})",
        items=left,
        rows_affected=affected,
        numbers=(*numbers, *_only_settled(gone)),
    )


def _is_settled(item: Item, settled: Collection[int]) -> bool:
    if not item.rows:
        return False
    masks = item.fix is not None and item.fix.action == "mask"
    return all(row in settled for row in item.rows) if masks else item.rows[0] in settled


def _weight(items: Collection[Item]) -> float:
    return sum(item.score for item in items)


def _shrunk(old: Finding, new: Finding) -> float:
    return _weight(new.items) / max(_weight(old.items), 1e-12)


def _severity(finding: Finding, share: float) -> Severity:
    """The grade that the labels have that are left, by the thresholds of the check; never a graver one."""
    wrong = dict(finding.numbers).get("estimated", 0.0) * share
    if finding.severity == "error" and wrong < label_errors.LIMITS["error_share"]:
        return "warning" if wrong >= label_errors.LIMITS["warning_share"] else "note"
    if finding.severity == "warning" and wrong < label_errors.LIMITS["warning_share"]:
        return "note"
    return finding.severity


def _recounted(title: str, counts: Mapping[int, int]) -> str:
    """The title with the numbers of what is left."""

    def number(found: re.Match[str]) -> str:
        value = int(found[0].replace(",", ""))
        return f"{counts[value]:,}" if value in counts else found[0]

    return re.sub(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w%])|(?<![\w.,])\d+(?![\w%,]|\.\d)", number, title)


def _only_settled(gone: int) -> tuple[tuple[str, float], ...]:
    return (("settled_by_review", float(gone)),)
