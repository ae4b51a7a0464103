"""What a person sees of a review: rows with all findings, words for fields, warnings, one answer for many rows."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from review_desk import CHECKS, LABEL, REVIEW, cells, copies, document, in_folder, typed

from tunewright.audit.findings import CheckResult, Finding, Fix, Item
from tunewright.audit.view import View
from tunewright.cli import dialogue
from tunewright.cli.dialogue import Terminal

__all__ = ["in_folder"]
pytestmark = pytest.mark.usefixtures("in_folder")


def test_a_row_is_asked_once_with_all_its_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("tickets.csv").open("a", newline="") as stream:
        csv.writer(stream).writerow(("T-6", "pay a@x.org", "lost"))
    result = typed(*REVIEW, answers="f 9\nf\nd\nq\n")
    screens = result.stderr.split("-" * 60)[1:]
    assert [screen.count("suggested:") for screen in screens] == [2, 1, 1]
    assert "4 rows open, 5 questions. tickets.csv:7, T-6" in screens[0]
    assert "1  SETTLE error: 1 address (pii.email)" in screens[0]
    assert "2  MEND warning: 2 labels look like slips (label_errors.slips)" in screens[0]
    assert "numbers 1 to 2" in screens[0]
    assert cells("tickets.reviewed.csv")[-1] == ["T-6", "pay [EMAIL]", "refund"]
    # An undo takes the whole answer back.
    typed(*REVIEW, answers="k\nu\nu\nu\nu\nq\n")
    assert document(*REVIEW)["open"] == 5


def test_notes_are_asked_about_on_request_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHECKS[2], "run", _notes)
    result = typed(*REVIEW, answers="k\nk\n")
    assert "No question is open." in result.stdout
    assert "Not asked about: 1 that are merely good to know; --all" in result.stdout
    assert document(*REVIEW, "--all")["open"] == 1
    assert document(*REVIEW, "--check", "copies")["open"] == 1
    assert document(*REVIEW, "--apply-safe")["safe_fixes"] == 1


def _notes(view: View, limits: object) -> CheckResult:
    return CheckResult(tuple(replace(f, severity="note") for f in copies(view, limits).findings))


def _spellings(view: View, _limits: object) -> CheckResult:
    rows = [n for n, e in enumerate(view.examples) if e.target == "lost"]
    items = tuple(Item((n,), "another spelling", 0.9, fix=Fix("relabel", "LOST")) for n in rows)
    set_level = Finding("openers.same", "warning", "All begin alike", "", "Vary them.", items)
    return CheckResult((Finding("label_spelling.variants", "warning", "3 rows", "", "", items), set_level))


def test_one_answer_for_all_rows_of_a_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHECKS[2], "run", _spellings)
    monkeypatch.setattr(CHECKS[0], "run", lambda *_words: CheckResult())
    result = typed(*REVIEW, answers="k\nk\nk all\n")
    assert "'f all' or 'k all' answers for 2 rows at once" in result.stderr
    assert "Decided for 2 rows" in result.stderr
    assert "No question is open." in result.stdout
    assert result.stderr.count("All begin alike") == 1
    assert "openers" not in result.stderr.partition("----")[2]


def test_an_answer_for_all_is_taken_back_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHECKS[2], "run", _spellings)
    monkeypatch.setattr(CHECKS[0], "run", lambda *_words: CheckResult())
    typed(*REVIEW, answers="r arrival\ns\nk all\n")
    done = document(*REVIEW, answers="u\nf all\n")
    assert (done["open"], done["changed"]) == (1, 3)
    assert [row[2] for row in cells(done["path"])[1:]] == ["LOST", "arrival", "arrival", "arrival", "LOST"]


def test_fields_are_called_as_the_person_calls_them() -> None:
    result = typed(*REVIEW, "--check", "pii", answers="e\ntext\nwrite to us\n")
    assert "Which text (text, label)? [text]" in result.stderr
    assert "messages[0]" not in result.stderr
    assert cells("tickets.reviewed.csv")[2][1] == "write to us"
    result = typed(*REVIEW, "--check", "label_errors", answers="e\ninput\npay it\n")
    assert cells("tickets.reviewed-2.csv")[5][1] == "pay it"


def test_an_export_says_what_is_in_it_and_who_must_delete_it() -> None:
    result = typed(*REVIEW, "--export", "queue.csv")
    told = " ".join(result.stdout.split())
    assert "3 questions are in queue.csv" in told
    assert "nothing is masked. 1 row of it holds personal data or keys." in told
    assert "`tunewright purge` does not reach it" in told


def test_an_interrupted_review_says_where_its_answers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(dialogue, "Terminal", lambda: Terminal(read))
    assert ".tunewright; the same command goes on" in " ".join(typed(*REVIEW, code=1).stderr.split())


def test_tool_calls_and_answers_of_tools_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    call = {"id": "call_7", "type": "function", "function": {"name": "look_up", "arguments": '{"order": 12}'}}
    messages = [
        {"role": "user", "content": "where is order 12, a@x.org"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_7", "name": "look_up", "content": "on its way"},
        {"role": "assistant", "content": "It is on its way."},
    ]
    asked = [messages[0], {"role": "assistant", "content": "", "tool_calls": [call]}]
    Path("chat.jsonl").write_text("".join(json.dumps({"messages": m}) + "\n" for m in (messages, asked)))
    monkeypatch.setattr(CHECKS[1], "run", _emails_at_once)
    shown = typed("review", "chat.jsonl", "--by", "ann", answers="k\nk\n").stderr
    assert 'assistant calls: look_up({"order":12}) [call_7]' in shown.replace('": 12', '":12')
    assert "tool look_up [call_7]: on its way" in shown
    assert 'target calls: look_up({"order":12}) [call_7]' in shown.replace('": 12', '":12')


def _emails_at_once(view: View, _limits: object) -> CheckResult:
    items = tuple(Item((n,), "an address", 1.0) for n in range(len(view.examples)))
    return CheckResult((Finding("pii.email", "error", "1 address", "", "", items),))


def test_approving_without_a_finding_or_a_reason_says_what_is_missing() -> None:
    typed(*REVIEW, answers="q\n")
    told = " ".join(typed("approve", "--by", "X", "--reason", "y", code=2).output.split())
    assert "Which finding is approved is not said" in told
    assert "pii.email" in told
    short = " ".join(typed("approve", "pii.email", "--by", "X", "--reason", "y", code=2).output.split())
    assert "a reason of 5 characters or more; the reason has 1 characters" in short
    assert "5 characters or more" in typed("approve").stdout


def test_commands_are_no_labels_at_any_prompt() -> None:
    Path("inputs.csv").write_text("text\nquestion 0\nquestion 1\n")
    words = (*LABEL, "--order", "file", "--label", "lost", "--label", "arrival")
    # Taken back at the kind of case, at a new label, and after the list of labels.
    result = typed(*words, answers="lost\n:u\narrival\nn\nnew\n:u\n?\n:u\nlost\ne\n:q\n")
    assert result.stderr.count("Taken back") == 2
    assert "Nothing to undo" in result.stderr
    assert cells("inputs.labelled.csv")[1:] == [["question 0", "lost", "edge"]]
    assert "--input text --target target" in result.stdout
