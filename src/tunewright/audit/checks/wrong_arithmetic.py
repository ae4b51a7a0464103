"""Sums in answers that do not come out, and final answers that the working above them never reaches.

Whether the right sum was chosen for the question is not judged: only that what stands there is true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from tunewright.audit.arithmetic import Sum, numbers_in, sums
from tunewright.audit.checks._by_kind import Found, Words, finding_of, findings_of, items_of, rows_with
from tunewright.audit.findings import CheckResult, Cost, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "wrong_arithmetic"
TITLE = "Sums worked out again"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Mapping[str, float] = {"most_per_row": 5, "rule_share": 0.9, "rule_least_rows": 30}

WORDS = {
    "wrong_sum": Words(
        "error",
        "1 answer holds a sum that does not come out",
        "{n} answers hold a sum that does not come out",
        "The model learns the wrong step as well as the right ones, and people lose trust at the first such answer.",
        "Work the sum out again and mend everything that follows from it, or leave these rows out.",
    ),
}
FINAL = Words(
    "warning",
    "1 final answer does not come from the working above it",
    "{n} final answers do not come from the working above them",
    "In nearly all rows of this set the final number stands in the working already. Here it does not, so one of the "
    "two is wrong or a step is missing.",
    "Look which of the two is right, and add the missing step.",
)
_FINAL = re.compile(r"(?:^####|\\boxed\{)\s*[^\d\n]{0,3}(-?[\d,.]*\d)", re.MULTILINE)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """Sums of the target that do not come out, and a final number that stands nowhere before."""
    text = example.target
    if "=" not in text and "####" not in text and "boxed" not in text:
        return ()
    given = " ".join(message.content for message in example.messages if message.role == "user")
    found = []
    for done in sums(text):
        if not done.holds and text[done.start : done.end].strip() not in given:
            found.append(_wrong(done))
            if len(found) == limits["most_per_row"]:
                break
    final = _FINAL.search(text)
    if final is not None and not _reached(final, text[: final.start()]):
        span = Span("target", final.start(1), final.end(1))
        found.append(Sighting("final_number", "The final number stands nowhere in the working.", 0.7, (span,)))
    return tuple(found)


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """Wrong sums; final numbers only where reaching them is the rule of the set."""
    if view.kind == "classify":
        return CheckResult()
    findings = list(findings_of(NAME, _only(found, "wrong_sum"), WORDS))
    finals = sum(_FINAL.search(example.target) is not None for example in view.examples)
    missing = rows_with(found, "final_number")
    if missing and finals >= limits["rule_least_rows"] and missing <= (1 - limits["rule_share"]) * finals:
        findings.append(finding_of(f"{NAME}.final_number", FINAL, items_of(found, "final_number")))
    return CheckResult(tuple(findings), numbers=(("rows_with_final_number", float(finals)),) if finals else ())


def _only(found: Found, kind: str) -> Found:
    kept = {row: tuple(s for s in sightings if s.kind == kind) for row, sightings in found.items()}
    return {row: sightings for row, sightings in kept.items() if sightings}


def _wrong(done: Sum) -> Sighting:
    why = f"Worked out again the left side comes to {_shown(done.left)}, which the right side is not."
    return Sighting("wrong_sum", why, 0.95 if done.marked else 0.85, (Span("target", done.start, done.end),))


def _shown(value: Fraction) -> str:
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):.6g}"


def _reached(final: re.Match[str], working: str) -> bool:
    """Whether the final number stands in the working; a working without numbers leaves nothing to compare."""
    wanted = numbers_in(final[1])
    there = [*numbers_in(working), *numbers_in(re.sub(r"(?<=\d) (?=\d{3}\b)", "", working))]
    # A hundredth of it is there where dollars became cents, or a share a percentage.
    return not wanted or not there or any(wanted[0] * factor in there for factor in (1, 100, Fraction(1, 100)))
