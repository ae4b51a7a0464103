"""What a change took each system, as ``tunewright change`` measured it, in the place of what is assumed of upkeep.

The assumption of an account is that a system that learned gets so many new examples whenever it is made again. Where a
category or a page was taken out and put back, the examples that this system needed are known, and count instead, as
long as they are known of every change of the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from pydantic import ValidationError

from tunewright.decision.cost_line import RETRAINING
from tunewright.decision.upkeep import Effort, per_month
from tunewright.errors import WorkError
from tunewright.records.change import ChangeEffort, ChangeReport, ChangeSystem
from tunewright.records.money import CostPart, SystemMoney
from tunewright.workflow.runs import documents

DIGITS = 3


@dataclass(frozen=True, slots=True)
class MeasuredChanges:
    """The changes that the last report measured, and its folder's name."""

    report: ChangeReport
    name: str

    def of(self, system: str) -> list[tuple[ChangeSystem, ChangeEffort]]:
        """What every change took this system; nothing where one is unknown, or it did not work again after it.

        The mean of the others would be that of the easy ones.
        """
        found: list[tuple[ChangeSystem, ChangeEffort]] = []
        for change in self.report.changes:
            one = next((one for one in change.systems if one.system == system), None)
            if one is None or one.effort is None or one.effort.person_minutes is None:
                return []
            found.append((one, one.effort))
        return found


def measured_changes(root: Path) -> MeasuredChanges | None:
    """The last report of a project's changes; None where none was made.

    Raises:
        WorkError: the report cannot be read.
    """
    path = next(documents(root, "change-", "change.json"), None)
    if path is None:
        return None
    try:
        return MeasuredChanges(ChangeReport.model_validate_json(path.read_text(encoding="utf-8")), path.parent.name)
    except (OSError, ValueError, ValidationError) as error:
        raise WorkError(
            "cost.change_unreadable",
            "The report of what changes cost cannot be read.",
            where=str(path),
            why=str(error).splitlines()[0],
            hint="Measure it again (tunewright change), or take this folder away.",
        ) from error


def with_changes(one: SystemMoney, measured: MeasuredChanges, effort: Effort) -> SystemMoney:
    """The same account with the measured work of a change in the place of the assumed one; bills stay as they are."""
    known = measured.of(one.system)
    if not known:
        return one
    hours = mean((work.label_minutes + (work.person_minutes or 0.0)) / 60 for _, work in known)
    assumed = next((part for part in one.monthly if part.part == RETRAINING), None)
    usd = assumed.usd if assumed else 0.0
    if not hours and not assumed:
        return one
    needed = mean(change.needed or 0 for change, _ in known)
    often = effort.retrainings_per_year
    part = CostPart(
        part=RETRAINING,
        usd=usd,
        hours=round(per_month(hours, often) or 0.0, DIGITS),
        basis=f"{often:g} times a year, with {needed:.3g} examples for a change as measured ({measured.name})",
    )
    return one.model_copy(update={"monthly": [*(kept for kept in one.monthly if kept.part != RETRAINING), part]})


def change_lines(systems: Sequence[str], measured: MeasuredChanges) -> list[str]:
    """A sentence for every measured change of the systems named."""
    lines = []
    for change in measured.report.changes:
        said = " ".join(one.text for one in change.systems if one.system in systems)
        if said:
            lines.append(f"Measured by tunewright change ({measured.name}), {change.by} {change.name}: {said}")
    return lines
