"""The summary of an audit: the answer first, every line fits, nothing private, at most about a screen."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sample_audits import ALL, CONTEXT, EMAIL, PERSON, SECRET, clean_set, labels, report

from tunewright.audit.findings import CheckResult, Finding, Item, NotChecked, Severity
from tunewright.audit.result import SEVERITIES, AuditResult
from tunewright.audit.view import View
from tunewright.reporting.audit_terminal import MOST_LINES, print_audit
from tunewright.reporting.audit_words import answer, number_words

REPORT = Path("audits") / "a-20261121-0930" / "report.html"


def printed(result: AuditResult, view: View, width: int = 80, **options: bool) -> str:
    stream = io.StringIO()
    print_audit(result, view, replace(CONTEXT, report=REPORT), Console(file=stream, width=width), **options)
    return stream.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("name", list(ALL))
def test_every_line_fits_and_none_ends_in_blanks(name: str, width: int) -> None:
    lines = printed(*ALL[name](), width).splitlines()
    assert max(len(line) for line in lines) <= min(width, 100)
    assert all(line == line.rstrip() for line in lines)
    assert len(lines) <= MOST_LINES


@pytest.mark.parametrize("name", list(ALL))
def test_a_pipe_gets_plain_text_without_words_of_the_machine(name: str) -> None:
    text = printed(*ALL[name]())
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", text)
    assert not re.search(r"\b(None|nan|inf|null)\b", text)


def test_the_answer_stands_first_then_the_seven_qualities_then_findings_gaps_and_what_next() -> None:
    text = printed(*labels(), 100)
    lines = text.splitlines()
    assert lines[0] == "Not fit to train on yet: 3 things must be settled, 3 should be mended."
    words = [line.split()[0] for line in lines[5:12]]
    assert words == ["representative", "correct", "consistent", "diverse", "complete", "balanced", "privacy-reviewed"]
    assert [*lines[6].split()][1:] == ["fails", "1", "1", "to", "settle"]
    order = ["SETTLE", "MEND", "KNOW", "Not checked:", "Not asked for", "Report", "Next"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert f"Report  {REPORT}" in lines
    assert lines[-1] == "Next    tunewright review 'tickets of may.csv'"


def test_findings_have_reason_advice_and_rows() -> None:
    text = flat(printed(*labels(), 100))
    assert "A wrong label teaches the opposite. Go through the queue, most likely slips first." in text
    assert 'row-0 (tickets.csv:2) and row-1 (tickets.csv:3): "my card was charged twice' in text
    assert "charge -> refund. Most rows like it say refund." in text
    assert "coverage: no sample of deployment inputs was given. Name one with --deployment FILE." in text


@pytest.mark.parametrize("texts", [True, False])
def test_private_words_stand_nowhere(texts: bool) -> None:
    text = flat(printed(*labels(), 100, texts=texts))
    for word in (EMAIL, SECRET, PERSON, "901820"):
        assert word not in text
    assert ("[api key]" in text) == texts
    assert ("my card was" in text) == texts


def test_colour_only_where_the_console_has_it() -> None:
    stream = io.StringIO()
    print_audit(*labels(), CONTEXT, Console(file=stream, width=90, force_terminal=True, color_system="standard"))
    assert "\x1b[" in stream.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()) == printed(*labels(), 90).replace(f"Report  {REPORT}\n", "")


def crowded(count: int, severity: Severity) -> tuple[AuditResult, View]:
    """Many findings with long reasons, and many gaps."""
    _, view = clean_set()
    items = tuple(Item((n % 2,), "It is " + "very " * 40 + "odd.") for n in range(9))
    told = [Finding(f"x.f{n:02}", severity, f"Finding {n:02}", "Why. " * 20, "Do. " * 9, items) for n in range(count)]
    gaps = tuple(NotChecked(f"x.g{n}", "there is nothing to compare with", "Give more.") for n in range(20))
    return AuditResult(2, (report("x", "correct", CheckResult(tuple(told), gaps)),)), view


@pytest.mark.parametrize("count", [1, 5, 12, 30, 200])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_much_to_say_still_fits_and_what_is_left_out_is_counted(count: int, severity: Severity) -> None:
    lines = printed(*crowded(count, severity)).splitlines()
    assert len(lines) <= MOST_LINES
    text = "\n".join(lines)
    named = len(set(re.findall(r"Finding \d+", text)))
    left = re.search(r"(\d+) findings? more in the report", text)
    assert named + (int(left[1]) if left else 0) == count
    assert named >= min(count, 20)
    assert "14 things more in the report" in text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pairs", "Not fit to train on yet: 1 thing must be settled."),
        (
            "answers",
            "Fit to train on only with care: 1 thing should be mended or have a reason; "
            "6 of the 7 qualities were not checked in full.",
        ),
        ("clean", "Nothing found that must be mended, but 6 of the 7 qualities were not checked in full."),
        ("unjudged", "No answer yet: nothing could be judged."),
        ("no rows", "No answer yet: there are no rows."),
    ],
)
def test_the_answer_never_promises_what_was_not_looked_at(name: str, sentence: str) -> None:
    assert answer(ALL[name]()[0]) == sentence


def test_only_a_full_audit_without_findings_says_so_plainly() -> None:
    from tunewright.audit.findings import QUALITIES

    checks = tuple(report(quality, quality, CheckResult()) for quality in QUALITIES)
    assert answer(AuditResult(1, checks)) == "Nothing found that must be mended in 1 row."
    partly = answer(AuditResult(1, checks, ("agreement",)))
    assert partly == "Nothing found that must be mended, but 1 check was not asked for."


@pytest.mark.parametrize(
    ("value", "words"),
    [(3.0, "3"), (12_345.6, "12,346"), (0.92345, "0.9234"), (float("nan"), "not measured"), (-2.0, "-2")],
)
def test_numbers(value: float, words: str) -> None:
    assert number_words(value) == words
