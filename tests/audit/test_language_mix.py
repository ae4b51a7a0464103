"""Rows in another language than the rest."""

from __future__ import annotations

from small_sets import answered, example, labelled, view_of, with_input

from tunewright.audit.checks import language_mix as check
from tunewright.audit.findings import CheckResult
from tunewright.audit.view import Kind
from tunewright.records.example import Example

GERMAN = "Ich weiß nicht, warum meine Karte nicht mehr geht, können Sie mir bitte helfen?"


def _run(rows: list[Example], kind: Kind = "classify") -> CheckResult:
    return check.run(view_of(rows, kind), check.LIMITS)


def test_stray_rows_are_found() -> None:
    rows = [with_input(row, GERMAN) if n in (5, 50) else row for n, row in enumerate(labelled(200))]
    (finding,) = _run(rows).findings
    assert [item.rows for item in finding.items] == [(5,), (50,)]
    assert "German" in finding.items[0].why


def test_a_foreign_name_in_an_english_sentence_is_not_foreign() -> None:
    title = "add the new one to my Las Canciones Más Lindas Del Mundo de los años list"
    assert _run([with_input(row, title) if n == 5 else row for n, row in enumerate(labelled(200))]).findings == ()


def test_a_language_of_many_rows_is_part_of_the_task() -> None:
    rows = [with_input(row, GERMAN) if n % 3 == 0 else row for n, row in enumerate(labelled(200))]
    result = _run(rows)
    assert result.findings == ()
    assert dict(result.numbers)["share_de"] > 0.3


def test_an_answer_in_another_language_than_its_input() -> None:
    rows = answered(100)
    rows[4] = rows[4].with_target("Das ist nicht so schwer, wir können das für dich machen.")
    found = [finding for finding in _run(rows, "generate").findings if finding.kind == "language_mix.answer_differs"]
    assert [item.rows for item in found[0].items] == [(4,)]


def test_translations_are_the_task() -> None:
    rows = [example(f"I do not know what this is, number {n}", GERMAN) for n in range(100)]
    assert _run(rows, "generate").findings == ()


def test_english_alone_and_very_few_rows() -> None:
    assert _run(labelled(200)).findings == ()
    assert _run(labelled(10)) == CheckResult()
