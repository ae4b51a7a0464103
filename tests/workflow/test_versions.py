"""What two versions differ in, and the card of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tunewright.audit.findings import CheckResult, Finding, Item, NotChecked
from tunewright.audit.result import AuditResult, CheckReport
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source
from tunewright.store import NewDecision, Store, VersionEdit
from tunewright.workflow.auditing.approvals import approve, remember_audit, require_rights
from tunewright.workflow.reviewing.versions import compare, data_card


def _row(text: str, target: str, line: int, name: str | None = None, **tags: str) -> Example:
    source = Source("t.csv", line)
    return Example((Message("user", text),), target, source, name or str(source), tags=tuple(tags.items()))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


def test_rows_are_added_removed_changed_and_relabelled(store: Store) -> None:
    old = [_row(t, "x", n, n_) for n, (t, n_) in enumerate((("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")), start=2)]
    new = [
        replace(old[0], source=Source("other.csv", 40)),
        old[1].with_target("y"),
        replace(old[2], messages=(Message("user", "c c"),)),
        _row("e", "x", 9, "E"),
    ]
    one, two = store.versions.record(old, "t.csv"), store.versions.record(new, "other.csv")
    found = compare(store, one, two)
    assert found.same == 1
    assert [e.row_id for e in found.added] == ["E"]
    assert [e.row_id for e in found.removed] == ["D"]
    assert [(p.before.text, p.after.text) for p in found.changed] == [("c", "c c")]
    assert [(p.before.target, p.after.target) for p in found.relabelled] == [("x", "y")]
    back = compare(store, two, one)
    assert (len(back.added), len(back.removed), len(back.changed), len(back.relabelled)) == (1, 1, 1, 1)


def test_without_names_an_equal_input_or_a_written_edit_tells_what_became_of_a_row(store: Store) -> None:
    old = [_row("a", "x", 2), _row("b", "x", 3), _row("secret", "x", 4)]
    masked = replace(old[2], messages=(Message("user", "[NAME]"),))
    new = [
        replace(e, source=Source("n.csv", n), row_id=f"n.csv:{n}")
        for n, e in enumerate((old[1].with_target("y"), masked), 2)
    ]
    one = store.versions.record(old, "t.csv")
    edits = [
        VersionEdit(old[0], None, "drop"),
        VersionEdit(old[1], new[0], "relabel"),
        VersionEdit(old[2], new[1], "mask"),
    ]
    found = compare(store, one, store.versions.record(new, "n.csv", parent=one, edits=edits))
    assert [e.text for e in found.removed] == ["a"]
    assert [p.after.text for p in found.changed] == ["[NAME]"]
    assert [p.after.target for p in found.relabelled] == ["y"]
    assert found.added == ()


def test_repeated_rows_count_each(store: Store) -> None:
    row = _row("a", "x", 2)
    one = store.versions.record([row, row, row], "t.csv")
    two = store.versions.record([row], "t.csv")
    found = compare(store, one, two)
    assert (found.same, len(found.removed), len(found.added)) == (1, 2, 0)


def test_a_card_says_what_is_in_a_version_and_what_was_not_looked_at(store: Store) -> None:
    rows = [
        _row("secret text one", "a|b", 2, licence="MIT", consent="yes", lang="en"),
        _row("secret text two", "a|b", 3, licence="MIT"),
        _row("secret text three", "c", 4, licence="CC0", consent="no", lang="de"),
        _row("secret text four", "c", 5),
    ]
    version = store.versions.record(rows, "t.csv")
    assert "No audit looked at this version." in data_card(store, version)
    finding = Finding("pii.email", "warning", "1 address", "", "", (Item((0,), "x"),))
    result = CheckResult((finding,), (NotChecked("pii.names", "there is no model for names"),))
    report = CheckReport("pii", "Personal data", "privacy-reviewed", "seconds", 1, result, 0.0)
    remember_audit(store, rows, AuditResult(4, (report,), ("near_duplicates",)))
    with pytest.raises(InputError):
        require_rights(store, rows)
    (name,) = store.versions.names(rows[:1])
    store.decisions.add("ann", [NewDecision(rows[0], name, "pii.email", "keep")])
    approve(store, "pii.email", "bob", "our own address")
    card = data_card(store, version)
    for line in (
        "| rows | 4 |",
        "| a\\|b | 2 |",
        "| MIT | 2 |",
        "| (not stated) | 1 |",
        "| no | 1 |",
        "| pii | pii.email | warning | 1 |",
        "| pii | pii.names |",
        "Not run: near_duplicates.",
        "| ann | pii.email | keep | 1 |",
    ):
        assert line in card
    assert "- pii.email, 1 rows: our own address (bob," in card
    assert "secret text" not in card
    assert version.hash in card


def test_texts_of_answers_have_no_place_on_a_card(store: Store) -> None:
    version = store.versions.record([_row(str(n), f"long answer {n}", n) for n in range(2, 8)], "t.csv")
    assert "long answer" not in data_card(store, version)


def test_a_card_says_that_rows_were_erased_and_whose_audit_it_shows(store: Store, tmp_path: Path) -> None:
    rows = [_row("a", "x", 2), _row("b", "x", 3)]
    base = store.versions.record(rows, "t.csv")
    remember_audit(store, rows, AuditResult(2, ()))
    after = rows[1].with_target("y")
    made = store.versions.record([rows[0], after], "n.csv", parent=base, edits=[VersionEdit(rows[1], after, "relabel")])
    store.purge(rows[0], tmp_path / "runs")
    card = data_card(store, made)
    assert "| erased since | 1 rows" in card
    assert "what was found in v1, before the edits" in card
