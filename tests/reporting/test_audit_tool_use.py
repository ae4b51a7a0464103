"""Calls and answers of tools are shown on the page and on the terminal, and notes are never cut in the middle."""

from __future__ import annotations

import io

from rich.console import Console
from sample_audits import CONTEXT, EMAIL, report

from tunewright.audit.findings import CheckResult, Finding, Item, NotChecked, Span
from tunewright.audit.result import AuditResult
from tunewright.audit.view import View
from tunewright.records.example import Example, Message, Source, ToolCall
from tunewright.reporting.audit_page import audit_page
from tunewright.reporting.audit_privacy import Cover
from tunewright.reporting.audit_queue import queue_view
from tunewright.reporting.audit_terminal import print_audit

ASKED = Message("user", "where is order 12")
CALLING = Message("assistant", "", (ToolCall("look_up", '{"order": 12}', "call_7"),))
ANSWER = Message("tool", f"on its way to {EMAIL}", tool_call_id="call_7", name="look_up")
LOOP = Example((ASKED, CALLING, ANSWER), "It is on its way.", Source("c.jsonl", 1), "r1")
CALL = Example((ASKED,), "", Source("c.jsonl", 2), "r2", target_calls=(ToolCall("cancel", '{"order": 12}', "call_9"),))
AT = ANSWER.content.index(EMAIL)
PRIVATE = Finding(
    "personal_data.in_inputs", "error", "1 address", "", "",
    (Item((0,), "an address", 1.0, (Span("messages[2]", AT, AT + len(EMAIL), 0, "email"),)),),
)  # fmt: skip
ODD = Finding("tool_calls.odd", "error", "2 odd calls", "", "", (Item((0,), "odd"), Item((1,), "odd")))
HINT = "Install it with `pip install presidio-analyzer` and a spaCy model of the language, which takes some 500 MB."


def _audit(hint: str = HINT) -> tuple[AuditResult, View]:
    gap = NotChecked("personal_data.names", "names of persons in prose were not looked for", hint)
    checks = (
        report("personal_data", "privacy-reviewed", CheckResult((PRIVATE,), (gap,))),
        report("tool_calls", "correct", CheckResult((ODD,))),
    )
    return AuditResult(2, checks), View((LOOP, CALL), "generate")


def _printed(hint: str = HINT, width: int = 80) -> str:
    stream = io.StringIO()
    print_audit(*_audit(hint), CONTEXT, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


def test_the_queue_shows_calls_with_arguments_and_ids_and_what_the_tools_said() -> None:
    result, view = _audit()
    first, second = queue_view(ODD, view, Cover(result, view, {})).items
    shown = {f.name: "".join(p.text for p in f.pieces) for f in first.rows[0].fields}
    assert shown["Message 2: Call of look_up [call_7]"] == '{"order": 12}'
    assert shown["Message 3: answer of the tool look_up [call_7]"] == "on its way to [e-mail]"
    shown = {f.name: "".join(p.text for p in f.pieces) for f in second.rows[0].fields}
    assert shown["Call of cancel [call_9]"] == '{"order": 12}'
    page = audit_page(result, view, CONTEXT)
    assert "Call of look_up [call_7]" in page
    assert EMAIL not in page
    assert "on its way" not in audit_page(result, view, CONTEXT, texts=False)


def test_the_terminal_shows_what_an_answer_calls() -> None:
    printed = " ".join(_printed().split())
    assert '"where is order 12 => cancel({"order": 12})"' in printed
    assert EMAIL not in printed


def test_what_a_gap_needs_is_told_whole_or_not_at_all() -> None:
    for width in (60, 80, 100):
        printed = " ".join(_printed(width=width).split())
        assert "in prose were not looked for." in printed
        assert HINT in printed or "Install it" not in printed
    assert HINT in " ".join(_printed().split())
    assert "Install it" not in _printed(hint=HINT * 3)
