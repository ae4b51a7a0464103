"""Reviewing: decisions are kept at once, a new file and version result, and the old file stays as it was."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunewright.audit.edits import DROP, KEEP, Edit, apply_edit
from tunewright.audit.exchange import Answer, from_csv, to_csv
from tunewright.audit.findings import Finding, Fix, Item, Span
from tunewright.data.read import ColumnMap
from tunewright.errors import InputError, WorkError
from tunewright.store import Store
from tunewright.workflow.erase import purge, where
from tunewright.workflow.reviewing.review import Review
from tunewright.workflow.reviewing.review_data import read_data, without_erased
from tunewright.workflow.reviewing.write_back import Changed, new_path, write_back

ROWS = [
    ("T-1", "card is lost", "lost", "ann", "=1+1"),
    ("T-2", "mail a@x.org, thanks", "lost", "bob", "x"),
    ("T-3", "where is my card", "arrival", "ann", ""),
    ("T-4", "where is my card", "arrival", "ann", ""),
    ("T-5", "pay back", "lost", "bob", "y"),
    ("T-6", "card is stolen", "arrival", "bob", ""),
]
COLUMNS = ColumnMap(("text",), "label", "id")
RELABEL = Finding(
    "label_errors.slips",
    "warning",
    "2 labels look like slips",
    "",
    "",
    (Item((4, 0), "not like the others", 0.9, fix=Fix("relabel", "refund")), Item((5,), "unlikely", 0.5)),
)
EMAIL = Finding(
    "pii.email",
    "error",
    "1 row has an address",
    "",
    "",
    (Item((1,), "an address", 1.0, (Span("input", 5, 12, 1, "email"),), Fix("mask")),),
)
COPY = Finding(
    "duplicates.exact", "warning", "1 copy", "", "", (Item((3, 2), "a copy", 1.0, fix=Fix("drop", safe=True)),)
)
FINDINGS = (RELABEL, EMAIL, COPY)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("id", "text", "label", "who", "note"), *ROWS])
    return path


def _review(store: Store, table: Path, who: str = "ann", findings: tuple[Finding, ...] = FINDINGS) -> Review:
    result, kind = read_data(table, COLUMNS)
    result, erased = without_erased(store, result)
    assert kind == "classify"
    return Review(store, table, result, kind, findings, who, erased=erased)


def _cells(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def _decide(review: Review, row: int, edit: Edit | None = None) -> None:
    question = next(q for q in review.pending() if q.row == row)
    edit = edit or review.suggestion(question)
    assert edit is not None
    review.decide(question, edit, seconds=3.0)


def test_a_review_makes_a_new_file_and_version_and_leaves_the_old_one_alone(store: Store, table: Path) -> None:
    before = table.read_bytes()
    review = _review(store, table)
    for row in (1, 3, 4):
        _decide(review, row)
    _decide(review, 5, KEEP)
    assert review.n_pending == 0
    done = review.write()
    assert done is not None
    assert table.read_bytes() == before
    assert done.path.name == "tickets.reviewed.csv"
    assert (done.rows, done.changed, done.left_out, done.new) == (5, 2, 1, True)
    wanted = [list(row) for row in ROWS if row[0] != "T-4"]
    wanted[1][1], wanted[3][2] = "mail [EMAIL], thanks", "refund"
    assert _cells(done.path) == [["id", "text", "label", "who", "note"], *wanted]
    base, made = store.versions.all()
    assert made.parent == base.hash
    assert [edit.action for edit in store.versions.edits(made)] == ["mask", "drop", "relabel"]
    assert made.about["reviewed_by"] == ["ann"]
    numbers = {d.number: d.finding for d in store.decisions.standing()}
    assert [numbers[e.decision or 0] for e in store.versions.edits(made)] == [EMAIL.kind, COPY.kind, RELABEL.kind]


def test_it_goes_on_where_one_left_off_and_writes_the_same_only_once(store: Store, table: Path) -> None:
    first = _review(store, table)
    _decide(first, 1)
    one = first.write()
    again = _review(store, table, "bob")
    assert {q.row for q in again.pending()} == {3, 4, 5}
    same = again.write()
    assert one is not None
    assert same is not None
    assert (same.path, same.new, same.version) == (one.path, False, one.version)
    _decide(again, 4, Edit("relabel", (("target", "arrival"),)))
    two = again.write()
    assert two is not None
    assert two.path.name == "tickets.reviewed-2.csv"
    assert two.version.about["reviewed_by"] == ["ann", "bob"]
    with pytest.raises(InputError) as caught:
        again.write(two.path)
    assert caught.value.code == "write.exists"


def test_only_one_of_two_equal_rows_is_left_out(store: Store, table: Path) -> None:
    with table.open("a", newline="") as stream:
        csv.writer(stream).writerow(("T-4", "where is my card", "arrival", "ann", ""))
    copy = Finding("duplicates.exact", "warning", "2", "", "", (Item((6, 3), "a copy", fix=Fix("drop", safe=True)),))
    review = _review(store, table, findings=(copy,))
    _decide(review, 6)
    done = review.write()
    assert done is not None
    assert [row[0] for row in _cells(done.path)][1:] == [row[0] for row in ROWS]


def test_undo_takes_back_the_last_decision_of_this_or_an_earlier_session(store: Store, table: Path) -> None:
    review = _review(store, table)
    _decide(review, 4)
    _decide(review, 1)
    undone = review.undo()
    assert undone == 1
    assert 1 in {q.row for q in review.pending()}
    later = _review(store, table)
    undone = later.undo()
    assert undone == 4
    assert later.undo() is None
    assert later.write() is None


def test_skipping_puts_off_to_the_next_time(store: Store, table: Path) -> None:
    review = _review(store, table)
    asked = next(review.rows())
    (question,) = asked.questions
    review.skip(asked, seconds=1.0)
    assert question.id not in {q.id for q in review.pending()}
    assert question.id in {q.id for q in _review(store, table).pending()}
    assert review.cost().n == 0


def test_a_row_left_out_asks_nothing_more(store: Store, table: Path) -> None:
    other = Finding("shape.x", "warning", "1 odd row", "", "", (Item((4,), "odd"),))
    review = _review(store, table, findings=(RELABEL, other))
    _decide(review, 4, DROP)
    assert {q.row for q in review.pending()} == {5}


def test_what_reviewers_change_is_measured(store: Store, table: Path) -> None:
    review = _review(store, table)
    _decide(review, 4)
    _decide(review, 5, KEEP)
    (one,) = review.agreement()
    assert (one.asked, one.changed) == (2, 1)
    # Wilson, 1 of 2: 0.0945 to 0.9055 (statsmodels proportion_confint).
    assert one.interval == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert review.cost().median_s == 3.0


def test_only_fixes_that_cannot_hurt_are_safe(store: Store, table: Path) -> None:
    review = _review(store, table)
    fixes = review.safe()
    assert [(q.row, e) for q, e in fixes] == [(3, DROP)]
    assert review.diff(fixes) == ["@@ tickets.csv:5 @@", "-where is my card", "-=> arrival"]
    review.decide_all([Answer(question, edit, "safe fix") for question, edit in fixes])
    assert review.safe() == []


def test_an_edit_that_fits_no_row_is_refused(store: Store, table: Path) -> None:
    review = _review(store, table)
    question = next(review.pending())
    for edit in (Edit("edit", (("messages[9]", "x"),)), Edit("relabel", (("target", " "),))):
        with pytest.raises(InputError) as caught:
            review.decide(question, edit)
        assert caught.value.code == "review.edit"
    assert store.decisions.standing() == []


def test_unknown_checks_are_refused(store: Store, table: Path) -> None:
    result, kind = read_data(table, COLUMNS)
    with pytest.raises(InputError) as caught:
        Review(store, table, result, kind, FINDINGS, "ann", ["nothing"])
    assert "label_errors" in str(caught.value)
    assert {q.row for q in Review(store, table, result, kind, FINDINGS, "ann", ["pii"]).questions} == {1}
    assert Review(store, table, result, kind, FINDINGS, "ann", ["quiet"], ran=["quiet"]).questions == ()


def test_answers_from_elsewhere_are_taken_once_and_never_against_a_decision(store: Store, table: Path) -> None:
    review = _review(store, table)
    lines = to_csv(review.tasks()).splitlines(keepends=True)
    filled = [line.replace(",refund,,,", ",refund,accept,,") for line in lines]
    answers = from_csv("".join(filled), review.all_tasks())
    assert [a.question.row for a in answers] == [4]
    assert review.take(answers) == 1
    again = _review(store, table, "bob")
    assert again.take(from_csv("".join(filled), again.all_tasks())) == 0
    other = from_csv("".join(line.replace(",refund,,,", ",refund,drop,,") for line in lines), again.all_tasks())
    with pytest.raises(InputError) as caught:
        again.take(other)
    assert caught.value.code == "review.conflict"
    assert "by ann" in str(caught.value)


def test_erased_rows_are_not_asked_about_and_not_written_again(store: Store, table: Path) -> None:
    review = _review(store, table)
    store.purge(review.examples[0], table.parent / "runs")
    later = _review(store, table, findings=())
    assert [e.row_id for e in later.examples] == ["T-2", "T-3", "T-4", "T-5", "T-6"]
    shifted = Finding("x.y", "warning", "1", "", "", (Item((0,), "", fix=Fix("relabel", "other")),))
    again = _review(store, table, findings=(shifted,))
    _decide(again, 0)
    done = again.write()
    assert done is not None
    assert "card is lost" not in done.path.read_text()


CHAT = [
    {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hi"}], "topic": "hi there"},
    {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one\ntwo"},
            {"role": "assistant", "content": "fine"},
            {"role": "user", "content": "and now a@x.org?"},
            {"role": "assistant", "content": "done"},
        ],
        "n": 3,
    },
]


def test_conversations_keep_all_but_what_was_changed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    lines = [json.dumps(row) for row in CHAT]
    path.write_text("\n".join([lines[0], "{broken", lines[1]]) + "\n")
    result, kind = read_data(path, None)
    assert kind == "generate"
    mask = Item((1,), "", spans=(Span("messages[3]", 8, 15, 1, "email"),), fix=Fix("mask"))
    findings = (
        Finding("pii.email", "error", "1", "", "", (mask,)),
        Finding("x.y", "warning", "1", "", "", (Item((0,), "", fix=Fix("edit", "hello!")), Item((1,), "", 0.5))),
    )
    review = Review(store, path, result, kind, findings, "ann", keep_unusable=True)
    _decide(review, 1)
    _decide(review, 0)
    done = review.write()
    assert done is not None
    first, broken, second = done.path.read_text().splitlines()
    assert broken == "{broken"
    assert json.loads(first)["messages"][1]["content"] == "hello!"
    assert json.loads(first)["messages"][0]["content"] == "hi"
    wanted = json.loads(lines[1])
    wanted["messages"][3]["content"] = "and now [EMAIL]?"
    assert json.loads(second) == wanted


def test_rows_of_a_document_on_one_line_are_known_by_their_number(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    rows = [{"text": f"text {n}", "label": "ab"[n % 2]} for n in range(4)] + [{"text": "no answer", "label": ""}]
    path.write_text(json.dumps(rows))
    result, kind = read_data(path, ColumnMap(("text",), "label"))
    assert [str(e.source) for e in result.examples] == [f"t.json#{n}" for n in (1, 2, 3, 4)]
    assert str(result.set_aside[0].source) == "t.json#5"
    finding = Finding("x.y", "warning", "1", "", "", (Item((2,), "", fix=Fix("relabel", "c")),))
    review = Review(store, path, result, kind, (finding,), "ann", keep_unusable=True)
    _decide(review, 2)
    done = review.write()
    assert done is not None
    wanted = [dict(row) for row in rows]
    wanted[2]["label"] = "c"
    assert json.loads(done.path.read_text()) == wanted
    # Versions remember the place.
    assert [str(row.example.source) for row in store.versions.rows(store.versions.all()[0])][2] == "t.json#3"


def test_several_input_columns_are_taken_apart_again(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("title,body,label\nHelp,lost a@x.org,a\nOrder,none,b\n" + "Hey,you,a\n" * 4)
    columns = ColumnMap(("title", "body"), "label")
    result, kind = read_data(path, columns)
    text = result.examples[0].text
    at = text.index("a@x.org")
    item = Item((0,), "", spans=(Span("input", at, at + 7, kind="email"),), fix=Fix("mask"))
    review = Review(store, path, result, kind, (Finding("p.e", "error", "1", "", "", (item,)),), "ann")
    _decide(review, 0)
    done = review.write()
    assert done is not None
    assert _cells(done.path)[1] == ["Help", "lost [EMAIL]", "a"]
    first = apply_edit(result.examples[0], Edit("edit", (("input", "no columns here"),)))
    with pytest.raises(InputError) as caught:
        write_back(path, tmp_path / "other.csv", Changed(result, [first, *result.examples[1:]]), kind)
    assert caught.value.code == "write.place"
    assert not list(tmp_path.glob("*other*"))


def test_a_file_that_would_not_read_back_is_not_written(store: Store, table: Path, tmp_path: Path) -> None:
    result, kind = read_data(table, COLUMNS)
    # A label that readers take for a missing value.
    after = [result.examples[0].with_target("NaN"), *result.examples[1:]]
    with pytest.raises(WorkError) as caught:
        write_back(table, tmp_path / "new.csv", Changed(result, after), kind)
    assert caught.value.code == "write.untrue"
    assert not (tmp_path / "new.csv").exists()


def test_new_files_have_free_names(tmp_path: Path) -> None:
    (tmp_path / "a.reviewed.tsv").touch()
    assert new_path(tmp_path / "a.tsv", "reviewed", "csv").name == "a.reviewed-2.tsv"
    assert new_path(tmp_path / "a.xlsx", "reviewed", "xlsx").name == "a.reviewed.csv"
    assert new_path(tmp_path / "b.c.jsonl.gz", "reviewed", "jsonl").name == "b.c.reviewed.jsonl"


def test_where_and_purge_reach_what_a_review_left(store: Store, table: Path, tmp_path: Path) -> None:
    review = _review(store, table)
    _decide(review, 4, Edit("edit", (("input", "give Zebulon his money back"),)))
    review.write()
    store.close()
    found = where("T-5", tmp_path)
    assert [(p.version, p.source) for p in found.versions] == [(1, "tickets.csv:6"), (2, "tickets.csv:6")]
    assert (found.decisions, found.notes) == (1, 1)
    done = purge("T-5", tmp_path)
    assert sum(report.n_version_rows for report in done.reports) == 2
    state = [path for path in (tmp_path / ".tunewright").rglob("*") if path.is_file()]
    assert not [path for path in state if b"Zebulon" in path.read_bytes() or b"pay back" in path.read_bytes()]
    assert where("T-5", tmp_path).versions == ()


def test_answers_about_labels_say_what_is_left(store: Store, table: Path) -> None:
    review = _review(store, table)
    assert review.labels_left() is None
    first, second = sorted((q for q in review.questions if q.finding is RELABEL), key=lambda q: -q.items[0].score)
    suggested = review.suggestion(first)
    assert suggested is not None
    review.decide(first, suggested)
    state = review.labels_left()
    assert state is not None
    assert (state.answered, state.wrong, state.left) == (1, 1, 1)
    review.decide(second, KEEP)
    state = review.labels_left()
    assert state is not None
    assert (state.answered, state.wrong, state.left, state.stop) == (2, 1, 0, True)
