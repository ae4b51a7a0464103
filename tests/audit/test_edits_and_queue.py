"""Edits do exactly what they say, and the queue asks the most valuable question first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.audit.edits import DROP, KEEP, Edit, apply_edit, apply_edits, diff_lines, edit_of_fix, masked
from tunewright.audit.findings import Finding, Fix, Item, Severity, Span
from tunewright.audit.queue import build_queue, question_id
from tunewright.records.example import Example, Message, Source


def _row(text: str, target: str = "billing", line: int = 2) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", line), f"r{line}")


def _finding(kind: str, severity: Severity, *items: Item) -> Finding:
    return Finding(kind, severity, f"title of {kind}", "why", "advice", items)


ROW = _row("mail ann@x.org or bob@y.org now")


def test_edits_are_applied_in_order_and_a_row_left_out_stays_out() -> None:
    assert apply_edit(ROW, KEEP) == ROW
    assert apply_edit(ROW, DROP) is None
    relabel, rewrite = Edit("relabel", (("target", "refund"),)), Edit("edit", (("input", "hello"),))
    done = apply_edits(ROW, [relabel, rewrite, Edit("relabel", (("target", "other"),)), Edit("weigh", weight=0.5)])
    assert done is not None
    assert (done.text, done.target, done.target_weight) == ("hello", "other", 0.5)
    assert apply_edits(ROW, [DROP, relabel]) is None
    with pytest.raises(KeyError):
        apply_edit(ROW, Edit("edit", (("messages[7]", "x"),)))


def test_a_mask_covers_spans_overlapping_ones_once() -> None:
    spans = (Span("input", 5, 14, kind="email"), Span("input", 9, 14, kind="domain"), Span("messages[0]", 18, 27))
    assert masked(ROW, ROW, spans[:2]) == (("input", "mail [EMAIL] or bob@y.org now"),)
    assert masked(ROW, ROW, spans[2:], "***") == (("messages[0]", "mail ann@x.org or *** now"),)
    assert masked(ROW, ROW, (Span("input", 3, 3),)) == ()


def test_a_mask_follows_its_text_where_the_row_was_changed() -> None:
    span = (Span("input", 5, 14, kind="email"),)
    assert masked(ROW, _row("Please mail ann@x.org."), span) == (("input", "Please mail [EMAIL]."),)
    assert masked(ROW, _row("Please call."), span) == ()


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5))
def test_what_a_mask_covers_is_gone_and_all_else_stays(text: str, places: list[tuple[int, int]]) -> None:
    row = _row(text)
    spans = tuple(Span("input", min(a, b, len(text)), min(max(a, b), len(text))) for a, b in places)
    covered = {n for span in spans for n in range(span.start, span.end)}
    (_, new) = next(iter(masked(row, row, spans, "")), ("", text))
    # The slow twin: character by character.
    assert new == "".join(c for n, c in enumerate(text) if n not in covered)


@pytest.mark.parametrize(
    ("fix", "edit"),
    [
        (Fix("drop", safe=True), DROP),
        (Fix("keep"), KEEP),
        (Fix("relabel", "refund"), Edit("relabel", (("target", "refund"),))),
        (Fix("edit", "hi", "input"), Edit("edit", (("input", "hi"),))),
        (Fix("weigh", "0.25"), Edit("weigh", weight=0.25)),
        (Fix("mask"), Edit("mask", (("input", "mail [EMAIL] or bob@y.org now"),))),
        (Fix("relabel", "billing"), None),
        (None, None),
    ],
)
def test_a_suggestion_becomes_an_edit(fix: Fix | None, edit: Edit | None) -> None:
    item = Item((0, 1), "", spans=(Span("input", 5, 14, row=0, kind="email"), Span("input", 0, 4, row=1)), fix=fix)
    assert edit_of_fix(item, ROW) == edit


def test_a_suggestion_about_a_text_that_was_changed_since_is_dropped() -> None:
    item = Item((0,), "", fix=Fix("relabel", "refund"))
    assert edit_of_fix(item, ROW, ROW.with_target("other")) is None
    assert edit_of_fix(item, ROW, ROW) is not None


def test_a_diff_shows_fields_that_differ_and_rows_left_out() -> None:
    assert diff_lines(ROW, None)[-1] == "-=> billing"
    assert diff_lines(ROW, ROW.with_target("refund")) == [" target:", "-billing", "+refund"]
    assert diff_lines(ROW, ROW) == []


NAMES = ["a" * 32, "b" * 32, "c" * 32, "d" * 32]


def test_the_queue_goes_by_severity_score_and_other_findings() -> None:
    findings = [
        _finding("shape.x", "warning", Item((0,), "", 0.9), Item((1,), "", 0.5)),
        _finding("pii.y", "error", Item((2,), "", 0.5), Item((1, 3), "", 0.4)),
        _finding("length.z", "note", Item((3,), "", 1.0)),
    ]
    queue = build_queue(findings, NAMES)
    # Two findings on row 1 double both: 3 x 0.4 x 2 and 2 x 0.5 x 2.
    assert [(q.finding.kind, q.row, round(q.value, 6)) for q in queue] == [
        ("pii.y", 1, 2.4),
        ("shape.x", 1, 2.0),
        ("shape.x", 0, 1.8),
        ("pii.y", 2, 1.5),
        ("length.z", 3, 1.0),
    ]
    assert queue[0].others == ("title of shape.x",)
    assert queue[0].like == (3,)


def test_label_errors_keep_their_own_order() -> None:
    items = (Item((0,), "", 0.5), Item((1,), "", 0.9), Item((2,), "", 0.7))
    assert [q.row for q in build_queue([_finding("label_errors.slips", "warning", *items)], NAMES)] == [0, 1, 2]
    assert [q.row for q in build_queue([_finding("other", "warning", *items)], NAMES)] == [1, 2, 0]


def test_one_check_can_be_asked_about_alone_with_the_others_still_counting() -> None:
    findings = [_finding("a.x", "note", Item((0,), "")), _finding("b.y", "note", Item((0,), ""))]
    for only in (["a"], ["a.x"]):
        (question,) = build_queue(findings, NAMES, only=only)
        assert (question.finding.kind, question.value) == ("a.x", 2.0)


def test_items_of_one_row_are_one_question_with_one_mask() -> None:
    spans = [(Span("input", 5, 14, kind="email"),), (Span("input", 18, 27, kind="email"),)]
    items = tuple(Item((0,), "an address", spans=s, fix=Fix("mask")) for s in spans)
    (question,) = build_queue([_finding("pii.email", "error", *items)], NAMES)
    assert question.suggestion(ROW) == Edit("mask", (("input", "mail [EMAIL] or [EMAIL] now"),))


def test_a_question_keeps_its_name_as_long_as_row_and_finding_stay() -> None:
    items = (Item((0,), "", 0.1), Item((2,), "", 0.2))
    before = {q.row: q.id for q in build_queue([_finding("a.x", "note", *items)], NAMES)}
    moved = build_queue([_finding("a.x", "error", Item((1,), "", 1.0))], ["f" * 32, NAMES[0]])
    assert moved[0].id == before[0] == question_id("a.x", NAMES[0])
    assert before[0] != before[2]
    assert build_queue([_finding("a.x", "note", Item((), "all of it"))], NAMES) == ()
