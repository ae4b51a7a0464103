"""How well a planted defect was found: recall with its interval, precision among what was newly flagged, quiet rows.

A row is flagged when an item of a finding that counts names it, in whatever place. Rows that were flagged before
planting are left out of both figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunewright.audit.findings import Finding
from tunewright.audit.planting._defect import Defect, Planted, source_id
from tunewright.audit.result import AuditResult
from tunewright.records.example import Example
from tunewright.statistics.proportions import wilson_interval

Status = Literal["scored", "not planted", "could not judge"]
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Score:
    """How one defect fared.

    ``planted`` rows could be found, of which ``found`` were; ``flagged_before`` planted rows stood in a finding of
    these kinds already and are left out. ``false_alarms`` counts rows newly flagged that have nothing to do with what
    was planted, ``quiet_flagged`` those of the ``quiet`` look-alikes. ``untouched_flagged`` counts rows flagged before
    anything was planted, of ``untouched``. ``by_check`` is (check, planted rows it found, false alarms it raised).
    ``times`` it was planted, each time in a copy of its own; the counts are sums. A defect of the whole set counts as
    one each time. ``missed`` and ``wrongly_flagged`` name at most 20 rows.
    """

    name: str
    title: str
    status: Status
    because: str | None = None
    of_the_set: bool = False
    times: int = 1
    planted: int = 0
    found: int = 0
    flagged_before: int = 0
    false_alarms: int = 0
    quiet: int = 0
    quiet_flagged: int = 0
    untouched: int = 0
    untouched_flagged: int = 0
    by_check: tuple[tuple[str, int, int], ...] = ()
    missed: tuple[str, ...] = ()
    wrongly_flagged: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def recall(self) -> float | None:
        """Share of the planted rows that were found; None where nothing could be found."""
        return self.found / self.planted if self.planted and self.status == "scored" else None

    @property
    def recall_interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the recall. What is found in one piece or not at all counts by pieces."""
        if self.recall is None:
            return None
        n = self.times if self.times > 1 else self.planted
        low, high = wilson_interval(self.recall * n, n)
        return float(low), float(high)

    @property
    def precision(self) -> float | None:
        """Share of planted rows among all that are newly flagged; None where nothing is, or for a whole set."""
        flagged = self.found + self.false_alarms
        return self.found / flagged if flagged and self.status == "scored" and not self.of_the_set else None


@dataclass(frozen=True, slots=True)
class _Flags:
    """The items that count, as (check, ids of their rows), and the findings as sentences without their numbers."""

    items: tuple[tuple[str, frozenset[str]], ...]
    findings: frozenset[tuple[str, str, str]]

    @property
    def rows(self) -> frozenset[str]:
        return frozenset().union(*(rows for _, rows in self.items))


def score(
    defect: Defect,
    planted: Planted,
    before: tuple[Sequence[Example], AuditResult],
    after: AuditResult,
    seconds: float = 0.0,
) -> Score:
    """Compare what was flagged in the copy with what was planted, and with what was flagged before.

    Args:
        before: the untouched rows and their audit.
        after: the audit of the copy.
    """
    was, now = _flags(defect, *before), _flags(defect, planted.examples, after)
    bad = frozenset(row for row in planted.rows if source_id(row) not in was.rows)
    quiet = frozenset(row for row in planted.look_alikes if source_id(row) not in was.rows)
    found, wrong = bad & now.rows, _wrong(planted, was, now.items)
    whole = bool(now.findings - was.findings or found)
    because = None if found or (defect.of_the_set and whole) else _excuse(defect, after)
    if because is None and planted.rows and not bad and not (defect.of_the_set and whole):
        because = "its rows were flagged before anything was planted"
    of_check = {check: [item for item in now.items if item[0] == check] for check in defect.checks}
    return Score(
        defect.name,
        defect.title,
        "scored" if because is None else "could not judge",
        because,
        of_the_set=defect.of_the_set,
        planted=1 if defect.of_the_set else len(bad),
        found=int(whole) if defect.of_the_set else len(found),
        flagged_before=0 if defect.of_the_set else len(planted.rows) - len(bad),
        false_alarms=len(wrong),
        quiet=len(quiet),
        quiet_flagged=len(quiet & wrong),
        untouched=len(before[0]),
        untouched_flagged=len(was.rows),
        by_check=tuple(
            (check, len(bad & frozenset().union(*(rows for _, rows in items))), len(_wrong(planted, was, items)))
            for check, items in of_check.items()
        ),
        missed=_named(bad - found),
        wrongly_flagged=_named(wrong),
        seconds=seconds,
    )


def together(scores: Sequence[Score]) -> Score:
    """One score for the same defect planted several times; copies in which it could not be judged do not count."""
    judged = [one for one in scores if one.status == "scored"]
    if len(judged) <= 1:
        return (judged or scores)[0]
    checks = [check for check, _, _ in judged[0].by_check]
    lines = [[one.by_check[place] for one in judged] for place in range(len(checks))]
    return replace(
        judged[0],
        times=len(judged),
        planted=sum(one.planted for one in judged),
        found=sum(one.found for one in judged),
        flagged_before=sum(one.flagged_before for one in judged),
        false_alarms=sum(one.false_alarms for one in judged),
        quiet=sum(one.quiet for one in judged),
        quiet_flagged=sum(one.quiet_flagged for one in judged),
        by_check=tuple((line[0][0], sum(found for _, found, _ in line), sum(x for _, _, x in line)) for line in lines),
        missed=_named({row for one in judged for row in one.missed}),
        wrongly_flagged=_named({row for one in judged for row in one.wrongly_flagged}),
        seconds=sum(one.seconds for one in scores),
    )


def _wrong(planted: Planted, was: _Flags, items: Iterable[tuple[str, frozenset[str]]]) -> frozenset[str]:
    """Rows that are newly flagged for another reason than the defect. An item that names a planted row speaks of it,
    whatever other rows it names."""
    bad = frozenset(planted.rows)
    rows = frozenset().union(*(rows for _, rows in items if not rows & bad))
    return frozenset(row for row in rows - planted.partners if source_id(row) not in was.rows)


def _flags(defect: Defect, examples: Sequence[Example], result: AuditResult) -> _Flags:
    items: list[tuple[str, frozenset[str]]] = []
    said = set()
    for found in result.findings:
        if found.finding.kind.startswith(defect.kinds):
            rows_of_items = (item.rows for item in found.finding.items)
            items += [(found.check, frozenset(examples[row].row_id for row in rows)) for rows in rows_of_items]
            said.add(_said(found.finding))
    return _Flags(tuple(items), frozenset(said))


def _said(finding: Finding) -> tuple[str, str, str]:
    """A finding without its counts: the same thing said of a few rows more is no news."""
    return finding.kind, finding.severity, re.sub(r"[\d.,]+\s?%?", "#", finding.title)


def _excuse(defect: Defect, result: AuditResult) -> str | None:
    """Why a check could not judge, in its own words."""
    for check, gap in result.not_checked:
        if check in defect.checks and defect.excuses and gap.kind.startswith(defect.excuses):
            return gap.because
    return None


def _named(rows: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(rows)[:MOST_NAMED])
