"""Two findings of one row never undo one another: masks are united, and texts that contradict are refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunewright.audit.edits import Edit
from tunewright.audit.exchange import Answer, from_csv, from_label_studio, to_csv, to_label_studio
from tunewright.audit.findings import Finding, Fix, Item, Severity, Span
from tunewright.data.read import ColumnMap
from tunewright.errors import InputError
from tunewright.store import Store
from tunewright.workflow.reviewing.review import Review
from tunewright.workflow.reviewing.review_data import read_data, without_erased

TEXT = "Call 0170 1234567 or 0151 7654321, thanks"
FIRST = Span("messages[0]", 5, 17, 0, "phone")
SECOND = Span("messages[0]", 21, 33, 0, "phone")
CLEAN = "Call [PHONE] or [PHONE], thanks"
COLUMNS = ColumnMap(("text",), "label", "id")


def _finding(kind: str, severity: Severity, *items: Item) -> Finding:
    return Finding(kind, severity, f"{kind} title", "", "", items)


def _mask(*spans: Span, rows: tuple[int, ...] = (0,), safe: bool = False) -> Item:
    return Item(rows, "a phone", 0.9, spans, Fix("mask", safe=safe))


PERSONAL = _finding("personal_data.in_inputs", "warning", _mask(FIRST, SECOND))
REPEATED = _finding("identity_exposure.in_answers", "warning", _mask(FIRST, Span("messages[0]", 0, 12, 1, "phone"),
                                                                     rows=(0, 1)))  # fmt: skip
TRIMMED = _finding("text_debris.space", "warning", Item((0,), "space", 0.5, fix=Fix("edit", TEXT + "!", "input")))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    with path.open("w", newline="") as stream:
        rows = [("T-1", TEXT, "a"), ("T-2", "0170 1234567 is mine", "b"), ("T-3", "hi", "a"), ("T-4", "you", "b")]
        csv.writer(stream).writerows([("id", "text", "label"), *rows])
    return path


def _review(store: Store, table: Path, *findings: Finding, who: str = "ann") -> Review:
    result, erased = without_erased(store, read_data(table, COLUMNS)[0])
    return Review(store, table, result, "classify", findings, who, erased=erased)


def _texts(review: Review) -> list[str]:
    done = review.write()
    assert done is not None
    with done.path.open(newline="") as stream:
        return [row[1] for row in csv.reader(stream)][1:]


def _accepting(text: str) -> str:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, rows[0].keys())
    writer.writeheader()
    writer.writerows({**row, "decision": "accept"} for row in rows)
    return stream.getvalue()


@pytest.mark.parametrize("findings", [(PERSONAL, REPEATED), (REPEATED, PERSONAL)])
def test_masks_of_two_findings_are_united_when_a_queue_comes_back(
    store: Store, table: Path, findings: tuple[Finding, ...]
) -> None:
    review = _review(store, table, *findings)
    filled = _accepting(to_csv(review.tasks()))
    assert review.take(from_csv(filled, review.all_tasks())) == 3
    assert review.n_pending == 0
    assert _texts(review)[:2] == [CLEAN, "[PHONE] is mine"]
    # The same file again changes nothing and is no conflict.
    again = _review(store, table, *findings, who="bob")
    assert again.take(from_csv(filled, again.all_tasks())) == 0
    assert _texts(again)[0] == CLEAN


def test_the_same_from_label_studio(store: Store, table: Path) -> None:
    review = _review(store, table, PERSONAL, REPEATED)
    import json

    tasks = json.loads(to_label_studio(review.tasks()))
    for task in tasks:
        task["annotations"] = [{"result": task["predictions"][0]["result"]}]
    review.take(from_label_studio(json.dumps(tasks), review.all_tasks()))
    assert _texts(review)[0] == CLEAN


def test_masks_decided_one_by_one_and_all_at_once_give_the_same(store: Store, table: Path) -> None:
    review = _review(store, table, REPEATED, PERSONAL)
    asked = next(review.rows())
    assert len(asked.questions) == 2
    assert review.accept(asked, asked.questions[:1]) == 1
    assert review.now(0) is not None
    asked = next(review.rows())
    if asked.row == 0:
        review.accept(asked, asked.questions)
    assert {q.row for q in review.pending()} == {1}
    assert _texts(review)[0] == CLEAN


def test_a_mask_that_is_there_already_asks_nothing(store: Store, table: Path) -> None:
    review = _review(store, table, PERSONAL, _finding("identity_exposure.in_inputs", "warning", _mask(FIRST)))
    personal = next(q for q in review.pending() if q.check == "personal_data")
    suggestion = review.suggestion(personal)
    assert suggestion is not None
    review.decide(personal, suggestion)
    assert review.n_pending == 0


def test_safe_masks_are_united(store: Store, table: Path) -> None:
    findings = [_finding(f"{kind}.x", "note", _mask(span, safe=True)) for kind, span in (("a", FIRST), ("b", SECOND))]
    review = _review(store, table, *findings)
    review.decide_all([Answer(question, edit) for question, edit in review.safe()])
    assert _texts(review)[0] == CLEAN


def test_a_text_and_a_mask_of_one_import_both_hold(store: Store, table: Path) -> None:
    review = _review(store, table, PERSONAL, TRIMMED)
    review.take(from_csv(_accepting(to_csv(review.tasks())), review.all_tasks()))
    assert _texts(review)[0] == CLEAN + "!"


def test_a_text_made_for_the_unmasked_row_is_refused_after_the_mask(store: Store, table: Path) -> None:
    review, other = _review(store, table, PERSONAL, TRIMMED), _review(store, table, PERSONAL, TRIMMED, who="bob")
    trim = next(q for q in review.pending() if q.check == "text_debris")
    made_for_the_old_text = review.suggestion(trim)
    assert made_for_the_old_text is not None
    personal = next(q for q in other.pending() if q.check == "personal_data")
    other.decide(personal, other.suggestion(personal) or Edit("keep"))
    with pytest.raises(InputError) as caught:
        review.decide(trim, made_for_the_old_text)
    assert caught.value.code == "review.conflict"
    assert _texts(review)[0] == CLEAN
    # A person who types the number again is refused too.
    with pytest.raises(InputError, match="bring back what another decision masked"):
        review.decide(trim, Edit("edit", (("messages[0]", "Call 0151 7654321"),)))


def test_two_texts_for_one_field_are_a_conflict(store: Store, table: Path) -> None:
    relabels = [_finding(f"{k}.x", "warning", Item((0,), "", 0.9, fix=Fix("relabel", k))) for k in ("b", "c")]
    review = _review(store, table, *relabels)
    with pytest.raises(InputError) as caught:
        review.take(from_csv(_accepting(to_csv(review.tasks())), review.all_tasks()))
    assert caught.value.code == "review.conflict"
    assert store.decisions.standing() == []
    # In the dialogue the first is taken, and the other stays a question.
    asked = next(review.rows())
    assert review.accept(asked, asked.questions) == 1
    assert review.n_pending == 1


def test_keeping_a_label_does_not_keep_the_phone(store: Store, table: Path) -> None:
    label = _finding("label_errors.slips", "warning", Item((0,), "", 0.9, fix=Fix("relabel", "b")))
    review = _review(store, table, label, PERSONAL)
    review.keep(next(review.rows()))
    (question,) = review.pending()
    assert question.check == "personal_data"
    review.keep(next(review.rows()))
    assert review.n_pending == 0


def test_an_own_text_settles_masks_only_where_nothing_is_left(store: Store, table: Path) -> None:
    review = _review(store, table, PERSONAL)
    review.change(next(review.rows()), Edit("edit", (("messages[0]", "Call 0151 7654321, please"),)))
    assert review.n_pending == 1
    review.change(next(review.rows()), Edit("edit", (("messages[0]", "Call me, please"),)))
    assert review.n_pending == 0
    assert review.undo() == 0
    assert review.n_pending == 1
