"""Numbered questions of which the answer numbers fewer: the last parts were left out.

Only the sure case is told: the input numbers its parts from 1 to n, and the answer its own from 1 to fewer than n.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tunewright.audit.checks._by_kind import Found, Words, findings_of
from tunewright.audit.conversation import request_of
from tunewright.audit.findings import CheckResult, Cost, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "unanswered_parts"
TITLE = "Parts left unanswered"
QUALITY: Quality = "complete"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {"question_share": 0.6}

WORDS = {
    "parts": Words(
        "warning",
        "1 answer leaves out parts of a numbered question",
        "{n} answers leave out parts of a numbered question",
        "The model learns that the last parts of a question need no answer.",
        "Write the missing parts, or take them out of the question.",
    ),
}
_NUMBERED = re.compile(r"^[ \t]*(?:\*\*)?(\d{1,2})[.):][ \t]+(\S.*)$", re.MULTILINE)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """Whether the answer numbers fewer parts than the question does."""
    asked = _numbered(request_of(example))
    if len(asked) < 3 or sum(text.rstrip().endswith("?") for text in asked) < limits["question_share"] * len(asked):
        return ()
    given = _numbered(example.target)
    if not 2 <= len(given) < len(asked):
        return ()
    why = f"The input numbers {len(asked)} parts and the answer {len(given)}."
    return (Sighting("parts", why, 0.8, (Span("target", 0, len(example.target)),)),)


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding; nothing for labels."""
    del limits
    return CheckResult() if view.kind == "classify" else CheckResult(findings_of(NAME, found, WORDS))


def _numbered(text: str) -> list[str]:
    """The texts of a list that is numbered 1, 2, 3 and so on; empty if the numbers do anything else."""
    matches = _NUMBERED.findall(text)
    numbers = [int(number) for number, _ in matches]
    return [line for _, line in matches] if numbers == list(range(1, len(numbers) + 1)) else []
