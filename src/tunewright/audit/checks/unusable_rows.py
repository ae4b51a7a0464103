"""Rows that reading had to set aside, by reason: what is not learned from because it could not be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from tunewright.audit.findings import CheckResult, Cost, Finding, Quality, Severity
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.data.rows import SetAside

NAME = "unusable_rows"
TITLE = "Rows that cannot be used"
QUALITY: Quality = "complete"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {"error_share": 0.01, "shown_places": 10}

# What to do, by the code of the reason; others get the general advice.
_ADVICE = {
    "data.empty_target": "Give these rows their answer, or take them out of the file.",
    "data.empty_input": "Find the lost inputs, or take these rows out of the file.",
    "data.bad_json": "Mend trailing commas, single quotes, None or True, and lines with two objects.",
    "data.ragged_row": "Look for delimiters and line breaks in cells without quotation marks, and export it again.",
    "data.open_quote": "Look for a quotation mark that is never closed, and export the table again.",
    "data.bad_bytes": "Export the file again as UTF-8.",
    "data.other_shape": "The file mixes rows of several shapes: put each shape into a file of its own.",
    "chat.no_final_answer": "Add the missing answer, or cut the conversation behind its last answer.",
    "chat.no_answer": "Add the missing answer, or take these rows out of the file.",
    "chat.unknown_role": "Rename the role: system, user, assistant or tool.",
    "chat.tool_arguments": "Write the arguments of the calls as a JSON object.",
    "chat.not_text": "Only text can be learned from here: leave out images and files, or describe them in words.",
}
_GENERAL = "Mend these rows in the file and read it again, or leave them out on purpose."


def run(view: View, limits: Limits) -> CheckResult:
    """One finding per reason, the commonest first. Rows set aside are not in ``view.examples``: places are told in
    words.
    """
    total = len(view) + len(view.set_aside)
    if not view.set_aside:
        return CheckResult(numbers=(("set_aside_share", 0.0),) if total else ())
    by_code: defaultdict[str, list[SetAside]] = defaultdict(list)
    for row in view.set_aside:
        by_code[row.code].append(row)
    share = len(view.set_aside) / total
    severity: Severity = "error" if share > limits["error_share"] else "warning"
    ordered = sorted(by_code.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    findings = tuple(_finding(code, rows, severity, total, int(limits["shown_places"])) for code, rows in ordered)
    return CheckResult(findings, numbers=(("set_aside_share", share),))


def _finding(code: str, rows: list[SetAside], severity: Severity, total: int, shown: int) -> Finding:
    places = ", ".join(str(row.source) for row in rows[:shown])
    more = f" and {len(rows) - shown:,} more" if len(rows) > shown else ""
    reason = rows[0].reason if len({row.reason for row in rows}) == 1 else f"{rows[0].reason} (and similar reasons)"
    count = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    return Finding(
        f"{NAME}.{code}",
        severity,
        f"{count} could not be used: {reason}",
        "What cannot be read is not learned. If these rows are of one kind, that kind will be missing.",
        f"{_ADVICE.get(code, _GENERAL)} They are {places}{more}.",
        numbers=(("share", len(rows) / total),),
        rows_affected=len(rows),
    )
