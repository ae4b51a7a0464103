"""The words of a check: findings, the items they rest on, suggested fixes, and what could not be checked.

Rows are numbers in ``View.examples``, from 0. A place in a row is a field (``input``, ``target``, ``messages[2]``,
``rejected[0]``; see ``fields``) and characters of its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# error: do not train before it is settled; warning: mend it or say why not; note: good to know.
Severity = Literal["error", "warning", "note"]
Quality = Literal["representative", "correct", "consistent", "diverse", "complete", "balanced", "privacy-reviewed"]
# A finding lists so many items at most; its counts say the whole.
MAX_ITEMS = 2_000
QUALITIES: tuple[Quality, ...] = (
    "representative",
    "correct",
    "consistent",
    "diverse",
    "complete",
    "balanced",
    "privacy-reviewed",
)
# What a check costs: seconds per 10,000 rows; a minute or so (vectors, cross-validated fits); a language model.
Cost = Literal["seconds", "minutes", "model"]
Action = Literal["keep", "relabel", "edit", "drop", "mask", "weigh"]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``[start, end)`` of a field's text; ``row`` is filled in by the runner for row checks.

    ``kind`` says what stands there where that matters, such as ``email``.
    """

    field: str
    start: int
    end: int
    row: int = -1
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """One suggested change of one row: a new label (``relabel``), a new text of a field (``edit``), a weight in
    training (``weigh``, as a number in ``value``), a mask over the item's spans, or leaving the row out (``drop``).

    ``safe`` means that it cannot hurt, whatever the task: such fixes may be applied together after a look at the diff.
    """

    action: Action
    value: str | None = None
    field: str = "target"
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence: the rows concerned (the first is the one to act upon), and why, in one plain sentence.

    ``score`` in [0, 1] orders the queue: how likely it is a defect. ``why`` never repeats personal data or secrets.
    """

    rows: tuple[int, ...]
    why: str
    score: float = 1.0
    spans: tuple[Span, ...] = ()
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw, in words that a person who does not program understands.

    ``kind`` is stable (``label_errors.slips``); programs match on it. ``items`` come worst first. ``numbers`` are
    measures by name, shares in [0, 1]. ``affected`` counts rows; by default those that an item would act upon.
    """

    kind: str
    severity: Severity
    title: str
    why: str
    advice: str
    items: tuple[Item, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    rows_affected: int | None = None

    @property
    def affected(self) -> int:
        """Rows concerned."""
        if self.rows_affected is not None:
            return self.rows_affected
        return len({item.rows[0] for item in self.items if item.rows})


@dataclass(frozen=True, slots=True)
class NotChecked:
    """What a check could not judge, why, and what would make it possible. Never the same as "nothing found"."""

    kind: str
    because: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check says. ``numbers`` are measures of the whole set that are worth showing without a finding."""

    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
