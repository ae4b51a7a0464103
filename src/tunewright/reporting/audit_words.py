"""What an audit says in words that a manager understands: the answer, the scorecard, what was not checked, what next.

No row is looked at here. The terminal, the page and the document call it, so that all three say the same.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tunewright.audit.findings import Quality, Severity
from tunewright.audit.registry import Limits
from tunewright.audit.result import AuditResult, QualityLine
from tunewright.reporting.words import count, counted, joined

Tone = Literal["stop", "open", "ship", "look"]

MEANING: dict[Quality, str] = {
    "representative": "rows look like what will come in",
    "correct": "answers are right",
    "consistent": "like cases have like answers",
    "diverse": "rows are not the same thing again",
    "complete": "nothing is missing that an answer needs",
    "balanced": "no kind too rare, too common or given away",
    "privacy-reviewed": "no personal data, secrets or traps",
}
HEADING: dict[Severity, str] = {
    "error": "To settle before training",
    "warning": "To mend, or to have a reason for",
    "note": "Good to know",
}
LABEL: dict[Tone, str] = {
    "stop": "Not fit to train on yet",
    "open": "Fit to train on only with care",
    "ship": "Nothing found that must be mended",
    "look": "No answer yet",
}


@dataclass(frozen=True, slots=True)
class AuditContext:
    """What the result of an audit does not know of itself.

    ``file`` is the data as the person named it, ``digest`` its content (SHA-256), ``command`` what repeats the audit,
    ``created`` an ISO 8601 time, ``report`` where the page lies, ``limits`` the thresholds used, by check.
    """

    file: str
    digest: str
    command: str
    created: str
    report: Path | None = None
    limits: Mapping[str, Limits] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def tone_of(result: AuditResult) -> Tone:
    """How the answer is coloured."""
    if not result.rows or not _judged(result):
        return "look"
    tones: dict[Severity | None, Tone] = {"error": "stop", "warning": "open"}
    return tones.get(result.worst, "ship")


def answer(result: AuditResult) -> str:
    """One sentence: may we train on this? It never promises what was not looked at."""
    tone = tone_of(result)
    found = {severity: sum(f.finding.severity == severity for f in result.findings) for severity in HEADING}
    settle, mend = counted(found["error"], "thing"), found["warning"]
    if tone == "look":
        return "No answer yet: there are no rows." if not result.rows else "No answer yet: nothing could be judged."
    if tone == "stop":
        also = f", {count(mend)} should be mended" if mend else ""
        return f"{LABEL[tone]}: {settle} must be settled{also}."
    gaps = _gaps(result)
    if tone == "open":
        return (
            f"{LABEL[tone]}: {counted(mend, 'thing')} should be mended or have a reason{f'; {gaps}' if gaps else ''}."
        )
    return f"{LABEL[tone]}, but {gaps}." if gaps else f"{LABEL[tone]} in {counted(result.rows, 'row')}."


def tally(line: QualityLine) -> str:
    """What stands behind a grade: ``1 to settle, 2 to mend``."""
    found = [(line.errors, "to settle"), (line.warnings, "to mend"), (line.notes, "to know")]
    parts = [*found, (line.not_checked, "unchecked")]
    return ", ".join(f"{count(number)} {words}" for number, words in parts if number)


def rows_concerned(line: QualityLine) -> str:
    """How many; a dash where nothing was judged."""
    return "-" if line.grade == "not checked" else count(line.rows)


def next_command(result: AuditResult, context: AuditContext) -> str:
    """The command that comes next; empty where there is nothing to go through."""
    items = any(found.finding.items for found in result.findings)
    return f"tunewright review {shlex.quote(context.file)}" if items else ""


def not_asked(result: AuditResult) -> str:
    """The checks that were not asked for, in one sentence; empty where there are none."""
    return f"Not asked for: {joined([name.replace('_', ' ') for name in result.left_out])}." if result.left_out else ""


def number_words(value: float) -> str:
    """A measure with at most four digits that mean something; ``not measured`` where it is not finite."""
    if not math.isfinite(value):
        return "not measured"
    return count(value) if value == round(value) or abs(value) >= 1000 else f"{value:.4g}"


def name_words(name: str) -> str:
    """A measure's or a check's name as words."""
    return name.replace("_", " ").strip()


def _gaps(result: AuditResult) -> str:
    """What the answer does not speak of."""
    lines = result.scorecard()
    open_ones = sum(line.grade in ("not checked", "partly checked") or bool(line.not_checked) for line in lines)
    parts = []
    if open_ones:
        were = "was" if open_ones == 1 else "were"
        parts.append(f"{open_ones} of the {len(lines)} qualities {were} not checked in full")
    if result.left_out:
        were = "was" if len(result.left_out) == 1 else "were"
        parts.append(f"{counted(len(result.left_out), 'check')} {were} not asked for")
    return " and ".join(parts)


def _judged(result: AuditResult) -> bool:
    results = [check.result for check in result.checks]
    return any(found.findings or found.numbers or not found.not_checked for found in results)
