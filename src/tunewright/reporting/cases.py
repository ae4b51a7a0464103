"""The cases that the recommended change fixes and breaks, with personal data masked and long texts cut.

A view for the report. Texts are masked before they are cut, so that no half of a number stays behind.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.records.verdict import CaseText, Verdict
from tunewright.reporting.masking import mask
from tunewright.reporting.words import clean

MOST_CASES = 50
LONGEST_TEXT = 600
NO_ANSWER, EMPTY = "no usable answer", "(empty)"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in shown words."""

    row: str
    text: str
    target: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CaseList:
    """Cases of one sort; ``more`` is how many the verdict holds beyond the shown ones."""

    rows: list[CaseRow]
    more: int


def case_list(cases: list[CaseText]) -> CaseList:
    """The first cases, ready to show."""
    return CaseList([_row(case) for case in cases[:MOST_CASES]], max(0, len(cases) - MOST_CASES))


def between(verdict: Verdict) -> tuple[str, str]:
    """Names of the systems before and after the change."""
    return verdict.cases_between or ("before", "after")


def shown(text: str) -> str:
    """A person's text as it may stand in a report: cleaned, masked, cut."""
    masked = mask(clean(text))
    return masked if len(masked) <= LONGEST_TEXT else f"{masked[:LONGEST_TEXT].rstrip()} …"


def _row(case: CaseText) -> CaseRow:
    return CaseRow(_cell(case.row), _cell(case.text), _cell(case.target), _cell(case.before), _cell(case.after))


def _cell(text: str | None) -> str:
    return NO_ANSWER if text is None else shown(text) or EMPTY
