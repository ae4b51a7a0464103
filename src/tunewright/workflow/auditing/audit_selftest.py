"""``tunewright audit --self-test``: the checks on trial, on a copy of a person's own data with known defects in it.

Reads as the audit does and keeps nothing: no rows are registered and no file is written. The rows are taken to be
mostly clean; what is wrong with them already is told by the audit itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tunewright.audit.planted import MOST_ROWS, SelfTest, self_test
from tunewright.audit.planted_score import Score
from tunewright.audit.registry import all_checks
from tunewright.audit.run import AuditOptions
from tunewright.audit.view import View
from tunewright.errors import InputError
from tunewright.project.thresholds import load_thresholds
from tunewright.workflow.auditing.audit import AuditRequest, encoder_of
from tunewright.workflow.auditing.audit_data import read_for_audit
from tunewright.workflow.opened import downloads_as
from tunewright.workflow.study import Hooks


@dataclass(frozen=True, slots=True)
class AuditSelfTest:
    """The figures with the name of the file; ``vectors`` says whether texts were compared by meaning too. ``only`` are
    the checks that were asked for; none: all."""

    file: str
    kind: str
    vectors: bool
    result: SelfTest
    only: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[CheckLine, ...]:
        """The figures of each check that was asked for."""
        return tuple(line for line in by_check(self.result.scores) if not self.only or line.check in self.only)

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints. Shares are in [0, 1], ``seconds`` of wall time."""
        result = self.result
        return {
            "file": self.file,
            "kind": self.kind,
            "rows": result.rows,
            "rows_given": result.rows_given,
            "seed": result.seed,
            "vectors": self.vectors,
            "seconds": round(result.seconds, 1),
            "defects": [_entry(score) for score in result.scores],
            "checks": [asdict(line) for line in self.checks],
            "untried": list(result.untried),
        }


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check over all defects that it may find: rows it should have found, those it found, its false alarms."""

    check: str
    planted: int
    found: int
    false_alarms: int

    @property
    def recall(self) -> float | None:
        """Share of the rows planted for it that it found itself."""
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """Share of planted rows among all that it flagged newly."""
        flagged = self.found + self.false_alarms
        return self.found / flagged if flagged else None


def audit_selftest(request: AuditRequest, root: Path, hooks: Hooks, most_rows: int = MOST_ROWS) -> AuditSelfTest:
    """Read, plant, audit and score; of more than ``most_rows`` rows a sample.

    Raises:
        InputError: a file cannot be read, a check does not exist, or there are too few rows.
        WorkError: the encoder cannot be had.
        Cancelled: the person asked to stop.
    """
    checks = all_checks()
    known = sorted(check.NAME for check in checks)
    unknown = [name for name in request.only if name not in known]
    if unknown:
        hint = f"Checks: {', '.join(known)}"
        raise InputError("audit.unknown_check", f"There is no check named {unknown[0]!r}.", where="--check", hint=hint)
    limits = load_thresholds(root, {check.NAME: check.LIMITS for check in checks})
    data = read_for_audit(request.path, request.columns, (), request.kind)
    if not data.examples:
        raise InputError("audit.no_rows", "No row of this file can be used.", where=str(request.path))
    with downloads_as(request.egress):
        embed, why_not = encoder_of(request, hooks, "self-test")
        view = View(
            data.examples,
            data.kind,
            embed=embed,
            no_vectors=why_not,
            seed=request.seed,
            cancelled=hooks.cancelled,
            progress=lambda what, share: hooks.progress("self-test", "done" if share >= 1 else what, share),
        )
        result = self_test(view, AuditOptions(request.only, limits), most_rows)
    return AuditSelfTest(request.path.name, data.kind, embed is not None, result, request.only)


def by_check(scores: Sequence[Score]) -> tuple[CheckLine, ...]:
    """The figures of each check over the defects of rows that it could judge.

    Where several checks may find a defect, each answers for what it found; what all of them missed is the first's.
    """
    lines: dict[str, CheckLine] = {}
    for score in scores:
        if score.status != "scored" or score.of_the_set:
            continue
        for place, (check, found, false_alarms) in enumerate(score.by_check):
            line = lines.get(check, CheckLine(check, 0, 0, 0))
            planted = found if place else found + score.planted - score.found
            lines[check] = CheckLine(
                check, line.planted + planted, line.found + found, line.false_alarms + false_alarms
            )
    return tuple(lines[name] for name in sorted(lines))


def _entry(score: Score) -> dict[str, Any]:
    entry = asdict(score)
    entry["by_check"] = [
        {"check": check, "found": found, "false_alarms": false} for check, found, false in score.by_check
    ]
    shares = {"recall": score.recall, "recall_95": score.recall_interval, "precision": score.precision}
    return {**entry, **shares, "seconds": round(score.seconds, 2)}
