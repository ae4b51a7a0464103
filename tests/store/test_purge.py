"""A row is found everywhere, and nothing of it is left when it is erased."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath

import pytest
from store_helpers import example, key, make_folder, registered, score

from forks import killed_at
from tunewright.errors import WorkError
from tunewright.records.example import Example, Message, Source, example_digest
from tunewright.store import AuditCache, NewDecision, RecordedUse, Store, VersionEdit

SECRET_TEXT = "Mrs Wilhelmina Featherstonehaugh lost her blue umbrella"
SPARED_TEXT = "where is my parcel, it should have come on Monday"
_WHEN = "2026-01-02T03:04:05Z"

TARGET = example(SECRET_TEXT, "lost", row_id="T-1", line=2)
TWIN = example(SECRET_TEXT, "found", row_id="T-2", line=3)
OTHER = example(SPARED_TEXT, "delivery", row_id="T-3", line=4)


def _fill(store: Store, tmp_path: Path, runs: Path) -> None:
    """A run that put the text wherever a run may put it."""
    rows = [TARGET, TWIN, OTHER]
    store.begin_run("run-1", "tunewright run", _WHEN, {})
    store.register_rows("run-1", [registered(store, row) for row in rows])
    store.remember_sides("split", [TARGET, OTHER], ["train", "train"])
    both = store.row_set([store.row_key(row) for row in rows])
    spared = store.row_set([store.row_key(OTHER)])
    retrieval = make_folder(tmp_path / "retrieval", index=f"{SECRET_TEXT}\n{SPARED_TEXT}")
    store.save_artifact("learned", "fit", retrieval, both, {"name": "retrieval"})
    store.save_artifact("innocent", "fit", make_folder(tmp_path / "other", index=SPARED_TEXT), spared, {})
    store.append_scores([score(store.row_key(row), fit_key="learned", answer=row.text) for row in rows])
    store.append_scores([score(store.row_key(row), fit_key="innocent", answer=row.text) for row in rows])
    # A long answer, and more than one page of others around it.
    store.append_scores([score(store.row_key(TARGET), fit_key="long", answer=SECRET_TEXT * 400)])
    store.append_scores([score(key(n), fit_key="filler", answer="x" * 200) for n in range(200)])
    for name, row_set in (("report.html", both), ("data/set_aside.csv", both), ("verdict.json", spared)):
        store.register_file("run-1", PurePath(name), row_set)
        path = runs / "run-1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SPARED_TEXT if row_set == spared else SECRET_TEXT)


def _fill_versions(store: Store) -> None:
    """A review that rewrote the text, with a note, and an audit that remembers it."""
    rows = [TARGET, TWIN, OTHER]
    base = store.versions.record([TARGET, TWIN, OTHER], "tickets.csv")
    rewritten = replace(TARGET, messages=(Message("user", f"Hello, {SECRET_TEXT}"),))
    edit = VersionEdit(TARGET, rewritten, "edit")
    store.versions.record([rewritten, TWIN, OTHER], "reviewed.csv", parent=base, edits=[edit])
    (name,) = store.versions.names([TARGET])
    store.decisions.add("ann", [NewDecision(TARGET, name, "x.y", "edit", (("input", f"Hello, {SECRET_TEXT}"),))])
    with AuditCache.open(store) as cache:
        cache.put_many("check", 1, "", [(example_digest(row), row.text) for row in rows])


def _files_with(text: str, *folders: Path) -> list[Path]:
    needle = text.encode()
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in paths if needle in path.read_bytes()]


@pytest.fixture
def runs(project: Path) -> Path:
    return project / "runs"


def test_a_row_is_found_everywhere(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    found = store.where(TARGET)
    assert found.row_keys == tuple(sorted([store.row_key(TARGET), store.row_key(TWIN)]))
    assert [(p.run, p.row_id, p.part) for p in found.placements] == [
        ("run-1", "T-1", "train"),
        ("run-1", "T-2", "train"),
    ]
    assert [s.fit_key for s in found.scores] == ["innocent", "innocent", "learned", "learned", "long"]
    assert [a.key for a in found.artifacts] == ["learned"]
    assert [(f.run, f.path) for f in found.files] == [("run-1", "data/set_aside.csv"), ("run-1", "report.html")]
    assert {s.row_key for s in found.quoted} == {store.row_key(TARGET), store.row_key(TWIN)}
    assert found.erased == ()


def test_rows_are_found_by_label_place_key_and_text(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    both = tuple(sorted([store.row_key(TARGET), store.row_key(TWIN)]))
    for query in ("T-1", "T-2", "tickets.csv:2", store.row_key(TWIN), SECRET_TEXT):
        assert store.where(query).row_keys == both
    assert store.where("T-3").row_keys == (store.row_key(OTHER),)
    assert store.where("nothing like it").row_keys == ()
    assert store.where("found").quoted == ()


def test_an_example_with_a_system_prompt_finds_itself(store: Store) -> None:
    row = Example((Message("system", "Be brief."), Message("user", "a")), "x", Source("f", 1), "R")
    store.register_rows("run-1", [registered(store, row)])
    assert [p.row_id for p in store.where(row).placements] == ["R"]


def test_erasing_leaves_no_byte_of_the_text(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    assert len(_files_with(SECRET_TEXT, store.folder, runs)) >= 4
    report = store.purge(TARGET, runs)
    assert _files_with(SECRET_TEXT, store.folder, runs) == []
    store.close()
    assert _files_with(SECRET_TEXT, store.folder, runs) == []
    assert report.row_keys == tuple(sorted([store.row_key(TARGET), store.row_key(TWIN)]))
    assert [artifact.key for artifact in report.refit] == ["learned"]
    assert report.refit[0].meta == {"name": "retrieval"}
    assert [file.path for file in report.files] == ["data/set_aside.csv", "report.html"]
    # Of "learned" all three answers go; of "innocent" and "long" those to the two erased rows.
    assert (report.n_scores, report.n_registrations, report.n_sides) == (3 + 2 + 1, 2, 1)


def test_erasing_spares_what_does_not_hold_the_row(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    store.record_use(RecordedUse("t", "p", "m", "run-1", _WHEN))
    store.purge(TARGET, runs)
    assert store.artifact("innocent") is not None
    assert [row.answer for row in store.scores("innocent", "test")] == [SPARED_TEXT]
    assert len(store.scores("filler", "test")) == 200
    assert (runs / "run-1" / "verdict.json").read_text() == SPARED_TEXT
    assert store.sides_for("split", [TARGET, OTHER]) == [None, "train"]
    assert [place.row_id for place in store.where(OTHER).placements] == ["T-3"]
    assert len(store.uses("t")) == 1


def test_an_erased_row_is_known_when_it_comes_again(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    assert store.are_erased([TARGET, OTHER]) == [False, False]
    store.purge(TARGET, runs)
    assert store.is_erased(TARGET)
    assert store.is_erased(TARGET.with_target("another label"))
    assert not store.is_erased(OTHER)
    assert store.are_erased([OTHER, TWIN, TARGET.with_target("x")]) == [False, True, True]
    assert store.where(TARGET).erased == tuple(sorted([store.row_key(TARGET), store.row_key(TWIN)]))
    assert store.unfinished_purges() == []


def test_an_erased_row_can_be_set_aside_and_nothing_else(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    shared = store.row_set([store.row_key(OTHER)])
    store.purge(TARGET, runs)
    row_key = store.row_key(TARGET)
    store.register_rows("run-2", [registered(store, TARGET, "set-aside:erased")])
    refused = [
        lambda: store.register_rows("run-2", [registered(store, TARGET)]),
        lambda: store.register_rows("run-2", [registered(store, TARGET.with_target("new"))]),
        lambda: store.append_scores([score(store.row_key(OTHER), "new"), score(row_key, "new")]),
        lambda: store.row_set([row_key]),
    ]
    for attempt in refused:
        with pytest.raises(WorkError) as caught:
            attempt()
        assert caught.value.code == "store.row_erased"
    assert store.scores("new", "test") == []
    assert store.artifact("learned") is None
    store.register_file("run-2", PurePath("x.html"), shared)


def test_a_row_can_be_erased_by_its_key_and_twice(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    assert store.purge(store.row_key(TARGET), runs).n_registrations == 2
    again = store.purge(store.row_key(TARGET), runs)
    assert (again.n_scores, again.n_registrations, again.refit, again.files) == (0, 0, (), ())
    assert store.is_erased(TWIN)


def test_a_row_that_no_run_used_can_be_erased_in_advance(store: Store, runs: Path) -> None:
    assert store.purge(TARGET, runs).n_scores == 0
    assert store.is_erased(TARGET)


def test_the_ledger_of_erasures_holds_hashes_alone(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    store.purge(TARGET, runs)
    connection = sqlite3.connect(store.folder / "state.db")
    entries = connection.execute("SELECT row_key, input_key, event FROM erasures ORDER BY number").fetchall()
    connection.close()
    keys = sorted([store.row_key(TARGET), store.row_key(TWIN)])
    assert entries == [(key, store.input_key(TARGET), event) for event in ("begun", "done") for key in keys]


def test_leftovers_of_interrupted_saves_go_too(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    make_folder(store.folder / "blobs" / "0123456789abcdef01234567-00000000", index=SECRET_TEXT)
    store.purge(TARGET, runs)
    assert _files_with(SECRET_TEXT, store.folder) == []


def test_a_damaged_artifact_is_erased_as_well(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    learned = store.artifact("learned")
    assert learned is not None
    (learned.path / "index.txt").write_text(SECRET_TEXT + " and more")
    store.purge(TARGET, runs)
    assert _files_with(SECRET_TEXT, store.folder) == []


def test_a_file_that_cannot_be_deleted_stops_it_unfinished(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    learned = store.row_set([store.row_key(row) for row in (TARGET, TWIN, OTHER)])
    report = runs / "run-1" / "report.html"
    report.unlink()
    report.mkdir()
    with pytest.raises(WorkError) as caught:
        store.purge(TARGET, runs)
    assert caught.value.code == "store.purge_file"
    assert sorted(store.unfinished_purges()) == sorted([store.row_key(TARGET), store.row_key(TWIN)])
    # Another run that works on the old rows may not save what it learned from them any more.
    with pytest.raises(WorkError) as caught:
        store.save_artifact("late", "fit", make_folder(tmp_path / "late", index=SECRET_TEXT), learned, {})
    assert caught.value.code == "store.row_set"
    report.rmdir()
    store.purge(TARGET, runs)
    assert store.unfinished_purges() == []
    assert _files_with(SECRET_TEXT, store.folder, runs) == []


def test_a_long_reader_stops_it_unfinished(project: Path, tmp_path: Path, runs: Path) -> None:
    with Store.open(project / ".tunewright", busy_timeout_s=0.1) as store:
        _fill(store, tmp_path, runs)
        reader = sqlite3.connect(store.folder / "state.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM score_rows").fetchall()
        with pytest.raises(WorkError) as caught:
            store.purge(TARGET, runs)
        assert caught.value.code == "store.busy"
        assert store.unfinished_purges() != []
        reader.close()
        store.purge(TARGET, runs)
        assert store.unfinished_purges() == []
        assert _files_with(SECRET_TEXT, store.folder, runs) == []


def test_an_erasure_killed_at_any_point_is_completed_by_repeating_it(in_memory: Path) -> None:
    made = in_memory / "made"
    with Store.open(made / ".tunewright") as store:
        _fill(store, in_memory, made / "runs")
        _fill_versions(store)
    step, killed = 0, True
    while killed:
        project = shutil.copytree(made, in_memory / f"p{step}")

        def erase(project: Path = project) -> Callable[[], None]:
            store = Store.open(project / ".tunewright")

            def work() -> None:
                store.purge(TARGET, project / "runs")

            return work

        killed = killed_at(step, erase)
        with Store.open(project / ".tunewright") as store:
            begun = store.is_erased(TARGET)
            assert begun or _files_with(SECRET_TEXT, project / "runs")
            if not killed:
                assert store.unfinished_purges() == []
            store.purge(TARGET, project / "runs")
            assert store.unfinished_purges() == []
            assert _files_with(SECRET_TEXT, project) == []
            assert store.artifact("innocent") is not None
        shutil.rmtree(project)
        step += 1 if killed else 0
    assert step > 20


def test_a_save_under_way_does_not_bring_an_erased_row_back(store: Store, tmp_path: Path, runs: Path) -> None:
    _fill(store, tmp_path, runs)
    row_set = store.row_set([store.row_key(TARGET), store.row_key(OTHER)])
    innocent = store.artifact("innocent")
    assert innocent is not None
    store.purge(TARGET, runs)
    with pytest.raises(WorkError) as caught:
        store.save_artifact("late", "fit", make_folder(tmp_path / "late", index=SECRET_TEXT), row_set, {})
    assert caught.value.code == "store.row_set"
    with pytest.raises(WorkError):
        store.register_file("run-1", PurePath("late.html"), row_set)
    assert _files_with(SECRET_TEXT, store.folder) == []
    assert {path.name for path in (store.folder / "blobs").iterdir()} == {innocent.path.name}
