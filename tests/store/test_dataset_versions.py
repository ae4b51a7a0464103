"""Versions hold rows by content, know their parents and edits, and lose a row when it is erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_helpers import example

from tunewright.errors import InputError, WorkError
from tunewright.records.example import Example, Message, Source, ToolCall
from tunewright.store import NewDecision, Store, VersionEdit
from tunewright.store.row_blobs import pack, unpack

SECRET = "Mrs Wilhelmina Featherstonehaugh lost her blue umbrella"
ROWS = [
    example(SECRET, "lost", "T-1", 2),
    example("where is my parcel", "delivery", "T-2", 3),
    example("hi", "x", "T-3", 4),
]


def _holding(folder: Path, text: str) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def test_what_is_stored_comes_back_whole_and_in_order(store: Store) -> None:
    rich = Example(
        (
            Message("system", "Be brief."),
            Message("user", "add 1 2", name="ann"),
            Message("tool", "3", tool_call_id="c"),
        ),
        "it is 3",
        Source("a b.jsonl", 7, "Sheet 1"),
        "R",
        group="g",
        time="2026-01-01",
        critical=True,
        tags=(("licence", "MIT"), ("consent", "yes")),
        tools=('{"name":"add"}',),
        target_calls=(ToolCall("add", '{"a":1}', "c"),),
        target_weight=0.5,
        rejected=(Message("assistant", "4", weight=0.0),),
    )
    version = store.versions.record([rich, *ROWS], "a b.jsonl")
    assert [row.example for row in store.versions.rows(version)] == [rich, *ROWS]
    assert (version.number, version.n_rows, version.parent) == (1, 4, None)


texts = st.text(st.characters(), max_size=20)


@given(texts, texts, st.lists(st.tuples(texts, texts), max_size=2), st.one_of(st.none(), texts))
def test_packing_loses_nothing(text: str, target: str, tags: list[tuple[str, str]], group: str | None) -> None:
    row = Example((Message("user", text),), target, Source("f", 1), "r", group=group, tags=tuple(tags))
    assert unpack(pack(row), row.source, row.row_id) == row


def test_reading_a_file_twice_makes_no_second_version(store: Store) -> None:
    first = store.versions.record(ROWS, "a.csv")
    moved = [replace(row, source=Source("b.csv", row.source.line + 5)) for row in reversed(ROWS)]
    assert store.versions.record(moved, "b.csv") == first
    assert len(store.versions.all()) == 1
    assert store.versions.record(ROWS[:2], "c.csv").hash != first.hash


def test_a_version_is_named_by_rows_parent_and_edits(store: Store) -> None:
    base = store.versions.record(ROWS, "a.csv")
    better = ROWS[1].with_target("post")
    edit = VersionEdit(ROWS[1], better, "relabel", 7)
    after = [ROWS[0], better, ROWS[2]]
    made = store.versions.record(after, "b.csv", parent=base, edits=[edit])
    assert made.parent == base.hash
    assert store.versions.record(after, "b.csv", parent=base, edits=[edit]) == made
    # The same rows without a parent are known as that version; another history is another version.
    assert store.versions.record(after, "c.csv") == made
    other = store.versions.record(after, "c.csv", parent=base, edits=[replace(edit, action="edit")])
    assert other.hash != made.hash
    assert other.rows_hash == made.rows_hash
    (kept,) = store.versions.edits(made)
    assert (kept.action, kept.decision) == ("relabel", 7)
    assert [kept.before, kept.after] == store.versions.digests([ROWS[1], better])


def test_versions_are_found_by_number_hash_and_latest(store: Store) -> None:
    one = store.versions.record(ROWS, "a.csv")
    two = store.versions.record(ROWS[:1], "a.csv", parent=one)
    assert [store.versions.find(n) for n in ("1", "v2", two.hash[:8], "latest")] == [one, two, two, two]
    for name in ("v3", "nothing", two.hash[:3]):
        with pytest.raises(InputError, match="no version"):
            store.versions.find(name)


def test_rows_of_equal_content_have_names_of_their_own(store: Store) -> None:
    twin = replace(ROWS[0], source=Source("tickets.csv", 9), row_id="T-9")
    names = store.versions.names([ROWS[0], ROWS[1], twin])
    assert len(set(names)) == 3
    assert names[2] == f"{names[0]}#2"


def test_versions_cannot_be_changed(store: Store) -> None:
    version = store.versions.record(ROWS, "a.csv")
    with pytest.raises(WorkError) as caught, store._database.write() as connection:
        connection.exec_driver_sql(f"UPDATE dataset_versions SET source = 'x' WHERE number = {version.number}")
    assert caught.value.code == "store.append_only"


def _edited(store: Store, rows: Sequence[Example], after: Sequence[Example], action: str = "edit") -> None:
    base = store.versions.record(rows, "a.csv")
    edits = [VersionEdit(b, a, action) for b, a in zip(rows, after, strict=True) if a != b]
    store.versions.record(after, "b.csv", parent=base, edits=edits)


def test_erasing_a_row_takes_it_out_of_versions_notes_and_index(store: Store, project: Path) -> None:
    rewritten = replace(ROWS[0], messages=(Message("user", f"Hello! {SECRET}"),))
    _edited(store, ROWS, [rewritten, *ROWS[1:]])
    (name,) = store.versions.names(ROWS[:1])
    store.decisions.add(
        "ann", [NewDecision(ROWS[0], name, "x.y", "edit", (("input", f"Hello! {SECRET}"),), note=SECRET)]
    )
    assert _holding(store.folder, SECRET)
    found = store.where("T-1")
    assert [(p.version, p.row_id) for p in found.versions] == [(1, "T-1"), (2, "T-1")]
    assert (found.decisions, found.notes) == (1, 1)
    report = store.purge(store.row_key(ROWS[0]), project / "runs")
    assert set(report.row_keys) == {store.row_key(ROWS[0]), store.row_key(rewritten)}
    assert (report.n_version_rows, report.n_notes) == (2, 1)
    assert _holding(store.folder, SECRET) == []
    left = store.versions.find("v2")
    assert [row.example.row_id for row in store.versions.rows(left)] == ["T-2", "T-3"]
    assert left.n_rows == 3
    assert store.where("T-2").versions
    (decision,) = store.decisions.standing()
    assert decision.erased
    assert decision.note == ""
    # It may not come back, as it was or as it became.
    for row in (ROWS[0], rewritten):
        with pytest.raises(WorkError) as caught:
            store.versions.record([row], "c.csv")
        assert caught.value.code == "store.row_erased"
        with pytest.raises(WorkError):
            store.decisions.add("ann", [NewDecision(row, name, "x.y", "keep")])
    assert store.unfinished_purges() == []


def test_erasing_one_person_spares_another_who_was_masked_to_the_same_text(store: Store, project: Path) -> None:
    ann, bob = example("ann@example.org", "x", "A", 2), example("bob@example.org", "x", "B", 3)
    blank = (Message("user", "[EMAIL]"),)
    _edited(store, [ann, bob], [replace(ann, messages=blank), replace(bob, messages=blank)], "mask")
    store.purge(ann, project / "runs")
    assert [row.example.row_id for row in store.versions.rows(store.versions.find("v1"))] == ["B"]
    assert [row.example.text for row in store.versions.rows(store.versions.find("v2"))] == ["[EMAIL]", "[EMAIL]"]
    assert not store.is_erased(bob)
    assert not store.is_erased(replace(bob, messages=blank))


def test_a_row_known_only_by_a_version_is_found_by_place_and_text(store: Store) -> None:
    store.versions.record(ROWS, "a.csv")
    for query in ("T-1", "tickets.csv:2", SECRET):
        assert store.where(query).row_keys == (store.row_key(ROWS[0]),)


def test_rows_that_no_version_holds_are_collected(store: Store, project: Path) -> None:
    store.versions.record(ROWS, "a.csv")
    with store._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM version_rows WHERE row_id = 'T-1'")
    store.gc(10**9)
    with store._database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM row_blobs").scalar() == 2
