"""What an audit says as a whole: every check with its result, findings in order, and the scorecard.

The scorecard has one line for each of the seven qualities. It never says "good" of what was not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tunewright.audit.findings import QUALITIES, CheckResult, Cost, Finding, NotChecked, Quality, Severity

# good: checked, and nothing to mend; needs work: warnings; fails: errors; partly checked: good as far as looked;
# not checked: no check of this quality could judge.
Grade = Literal["good", "partly checked", "needs work", "fails", "not checked"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One check that ran. ``remembered`` counts rows whose result was known from an earlier audit."""

    name: str
    title: str
    quality: Quality
    cost: Cost
    version: int
    result: CheckResult
    seconds: float
    remembered: int = 0


@dataclass(frozen=True, slots=True)
class FoundBy:
    """A finding, and the check that made it."""

    check: str
    quality: Quality
    finding: Finding


@dataclass(frozen=True, slots=True)
class QualityLine:
    """One line of the scorecard; ``rows`` counts rows that a warning or an error of this quality would act upon."""

    quality: Quality
    grade: Grade
    errors: int
    warnings: int
    notes: int
    rows: int
    not_checked: int


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Everything that an audit found in ``rows`` rows. ``left_out`` are checks that were not asked for."""

    rows: int
    checks: tuple[CheckReport, ...]
    left_out: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[FoundBy, ...]:
        """Errors first, then by the number of rows concerned."""
        found = [FoundBy(c.name, c.quality, finding) for c in self.checks for finding in c.result.findings]
        order = {severity: place for place, severity in enumerate(SEVERITIES)}
        return tuple(sorted(found, key=lambda f: (order[f.finding.severity], -f.finding.affected, f.finding.kind)))

    @property
    def not_checked(self) -> tuple[tuple[str, NotChecked], ...]:
        """(check, what it could not judge)."""
        return tuple((check.name, item) for check in self.checks for item in check.result.not_checked)

    @property
    def worst(self) -> Severity | None:
        """The gravest severity of any finding."""
        return self.findings[0].finding.severity if self.findings else None

    def scorecard(self) -> tuple[QualityLine, ...]:
        """One line for each quality, in their fixed order."""
        return tuple(_line(quality, [c for c in self.checks if c.quality == quality]) for quality in QUALITIES)


def _line(quality: Quality, checks: Sequence[CheckReport]) -> QualityLine:
    findings = [finding for check in checks for finding in check.result.findings]
    count = {severity: sum(f.severity == severity for f in findings) for severity in SEVERITIES}
    grave = [f for f in findings if f.severity != "note"]
    rows = {item.rows[0] for f in grave for item in f.items if item.rows}
    unjudged = sum(len(check.result.not_checked) for check in checks)
    # A check that says only "not checked" judged nothing.
    judged = any(c.result.findings or c.result.numbers or not c.result.not_checked for c in checks)
    return QualityLine(
        quality,
        _grade(count, judged, unjudged),
        count["error"],
        count["warning"],
        count["note"],
        max([len(rows), *(f.affected for f in grave)]),
        unjudged,
    )


def _grade(count: dict[Severity, int], judged: bool, unjudged: int) -> Grade:
    if count["error"]:
        return "fails"
    if count["warning"]:
        return "needs work"
    if not judged:
        return "not checked"
    return "partly checked" if unjudged else "good"
