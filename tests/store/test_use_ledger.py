"""Uses of locked test sets are remembered, wherever the project goes."""

from __future__ import annotations

import shutil
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from forks import fork, reap
from tunewright.records.example import Message, input_digest
from tunewright.store import RecordedUse, Store
from tunewright.store.database import Database
from tunewright.store.migrations import LEDGER_STEPS, migrate
from tunewright.store.test_uses import Overlap, OverlappingUse
from tunewright.store.test_uses import user_folder as folder_of_user

_WHEN = "2026-01-02T03:04:05Z"


def test_computing_the_same_again_is_no_other_use(store: Store) -> None:
    assert store.record_use(RecordedUse("t", "p", "m", "run-1", _WHEN))
    assert not store.record_use(RecordedUse("t", "p", "m", "run-2", "2027-01-01T00:00:00Z"))
    assert store.record_use(RecordedUse("t", "p2", "m", "run-3", "2027-01-02T00:00:00Z"))
    assert store.record_use(RecordedUse("t", "p", "m2", "run-4", "2027-01-03T00:00:00Z"))
    assert store.record_use(RecordedUse("t2", "p", "m", "run-5", "2027-01-04T00:00:00Z"))
    assert [use.run for use in store.uses("t")] == ["run-1", "run-3", "run-4"]
    assert store.uses("t")[0] == RecordedUse("t", "p", "m", "run-1", _WHEN)
    assert store.uses("never used") == []


def test_opening_alone_writes_nothing_for_the_user(store: Store, user_folder: Path) -> None:
    assert store.uses("t") == []
    assert not user_folder.exists()


def test_a_deleted_project_folder_resets_nothing(project: Path) -> None:
    folder = project / ".tunewright"
    with Store.open(folder) as store:
        store.record_use(RecordedUse("t", "p", "m", "run-1", _WHEN))
    shutil.rmtree(folder)
    with Store.open(folder) as store:
        assert [use.run for use in store.uses("t")] == ["run-1"]
        assert not store.record_use(RecordedUse("t", "p", "m", "run-9", "2027-01-01T00:00:00Z"))
        assert [use.run for use in store.uses("t")] == ["run-1"]


def test_a_moved_project_keeps_its_uses_and_a_new_user_sees_them(project: Path, tmp_path: Path) -> None:
    with Store.open(project / ".tunewright") as store:
        store.record_use(RecordedUse("t", "p", "m", "run-1", _WHEN))
    shutil.rmtree(tmp_path / "user")
    project.rename(tmp_path / "moved")
    with Store.open(tmp_path / "moved" / ".tunewright") as store:
        assert [use.run for use in store.uses("t")] == ["run-1"]


def test_a_copy_of_the_project_sees_uses_of_the_first(project: Path, tmp_path: Path) -> None:
    Store.open(project / ".tunewright").close()
    shutil.copytree(project, tmp_path / "copy")
    with Store.open(project / ".tunewright") as store:
        store.record_use(RecordedUse("t", "p", "m", "run-1", _WHEN))
    with Store.open(tmp_path / "copy" / ".tunewright") as store:
        assert [use.run for use in store.uses("t")] == ["run-1"]


def test_a_ledger_that_cannot_be_used_is_noted_and_does_not_stop_the_run(project: Path, user_folder: Path) -> None:
    user_folder.mkdir()
    (user_folder / "ledger.db").write_bytes(b"damaged" * 1000)
    with Store.open(project / ".tunewright") as store:
        assert store.notes == ()
        assert store.record_use(RecordedUse("t", "p", "m", "run-1", _WHEN))
        assert [use.run for use in store.uses("t")] == ["run-1"]
        assert len(store.notes) == 1
        assert str(user_folder) in store.notes[0]


def test_the_ledger_of_the_user_is_append_only(store: Store, user_folder: Path) -> None:
    store.record_use(RecordedUse("t", "p", "m", "run-1", _WHEN))
    ledger = sqlite3.connect(user_folder / "ledger.db")
    for statement in ("DELETE FROM test_uses", "UPDATE test_uses SET run = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            ledger.execute(statement)
    ledger.close()


def test_projects_write_to_it_at_once(tmp_path: Path) -> None:
    def use(name: str) -> None:
        with Store.open(tmp_path / name) as store:
            for turn in range(10):
                store.record_use(RecordedUse("t", f"{name}{turn}", "m", name, _WHEN))

    children = [fork(partial(use, name)) for name in ("one", "two")]
    assert [reap(child) for child in children] == [0, 0]
    with Store.open(tmp_path / "three") as store:
        assert len(store.uses("t")) == 20


def test_where_the_ledger_of_the_user_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert folder_of_user() == tmp_path / "user"
    monkeypatch.delenv("TUNEWRIGHT_USER_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder_of_user() == tmp_path / ".local" / "share" / "tunewright"


def _inputs(*texts: str) -> list[tuple[Message, ...]]:
    return [(Message("user", text),) for text in texts]


def _use(test_hash: str, run: str = "run-1", predictions: str = "p") -> RecordedUse:
    return RecordedUse(test_hash, predictions, "m", run, f"2026-01-0{run[-1]}T00:00:00Z")


def test_tests_that_share_cases_are_told_with_how_many(store: Store) -> None:
    store.record_use(_use("first"), _inputs("a", "b", "c"))
    store.record_use(_use("first", "run-2", "p2"), _inputs("a", "b", "c"))
    store.record_use(_use("second", "run-3"), _inputs("c", "d"))
    store.record_use(_use("apart", "run-4"), _inputs("x"))
    overlap = store.overlap("third", _inputs("b", "c", "d", "e"))
    assert [(other.use.run, other.shared_rows) for other in overlap.uses] == [("run-1", 2), ("run-2", 2), ("run-3", 2)]
    assert overlap.rows == 3
    assert store.overlap("first", _inputs("a", "b", "c")).uses == (OverlappingUse(_use("second", "run-3"), 1),)
    assert store.overlap("third", _inputs("new")) == Overlap((), 0)
    assert store.overlap("third", []) == Overlap((), 0)


def test_a_deleted_project_and_another_one_share_what_they_know(project: Path, tmp_path: Path) -> None:
    folder = project / ".tunewright"
    with Store.open(folder) as store:
        store.record_use(_use("first"), _inputs("a", "b"))
    shutil.rmtree(folder)
    for place in (folder, tmp_path / "elsewhere"):
        with Store.open(place) as store:
            overlap = store.overlap("second", _inputs("b", "c"))
            assert (len(overlap.uses), overlap.rows) == (1, 1)


def test_without_the_ledger_of_the_user_the_project_knows_its_own(project: Path, user_folder: Path) -> None:
    with Store.open(project / ".tunewright") as store:
        store.record_use(_use("first"), _inputs("a", "b"))
    shutil.rmtree(user_folder)
    with Store.open(project / ".tunewright") as store:
        assert store.overlap("second", _inputs("b")).rows == 1
    assert not user_folder.exists()


def test_no_text_and_no_plain_hash_of_one_is_kept(store: Store, user_folder: Path) -> None:
    messages = _inputs("a rather telling text")
    store.record_use(_use("first"), messages)
    plain = input_digest(messages[0])
    for path in (store.folder / "state.db", store.folder / "state.db-wal", user_folder / "ledger.db"):
        content = path.read_bytes() if path.exists() else b""
        for trace in (b"telling", plain.encode(), bytes.fromhex(plain)[:16]):
            assert trace not in content


def test_a_ledger_of_the_first_version_goes_on(store: Store, user_folder: Path) -> None:
    user_folder.mkdir()
    database = Database(user_folder / "ledger.db", busy_timeout_s=1.0, wal=False)
    migrate(database, LEDGER_STEPS[:1])
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO test_uses VALUES ('first', 'p', 'm', 'run-1', '2026-01-01T00:00:00Z')")
    database.close()
    assert store.overlap("second", _inputs("a")) == Overlap((), 0)
    assert [use.run for use in store.uses("first")] == ["run-1"]
    # Used again, its cases become known, and with them the first use counts.
    assert not store.record_use(_use("first"), _inputs("a", "b"))
    assert [other.use.run for other in store.overlap("second", _inputs("a")).uses] == ["run-1"]
    assert store.notes == ()


def test_a_lost_secret_of_the_user_is_noted(store: Store, user_folder: Path) -> None:
    store.record_use(_use("first"), _inputs("a"))
    (user_folder / "secret").unlink()
    assert store.overlap("second", _inputs("a")).rows == 1
    assert "secret" in store.notes[0]


def test_another_spelling_of_a_case_is_the_same_case(store: Store) -> None:
    store.record_use(_use("first"), _inputs("Where is it?", "I. Pay!", "ﬁne thing"))
    spelled = _inputs("where is  IT", "i pay", "fine\u00a0thing.", "other", "?!")
    assert store.overlap("second", spelled).rows == 3


def test_marks_and_texts_never_meet(store: Store) -> None:
    store.record_use(_use("first"), ["a", "b"])
    assert store.overlap("second", _inputs("a", "b")).rows == 0
    assert store.overlap("second", ["b", "c", "a"]).uses[0].shared_rows == 2


def test_cases_that_become_known_later_are_kept_beside_the_first(store: Store) -> None:
    store.record_use(_use("first"), _inputs("a"))
    store.record_use(_use("first", "run-2", "p2"), _inputs("a", "b"))
    overlap = store.overlap("second", _inputs("b"))
    assert [(other.use.run, other.shared_rows) for other in overlap.uses] == [("run-1", 1), ("run-2", 1)]


def test_uses_within_one_second_and_against_the_clock_keep_their_order(store: Store) -> None:
    for name in "zyxa":
        store.record_use(RecordedUse("t", name, "m", f"run-{name}", _WHEN))
    store.record_use(RecordedUse("t2", "p", "m", "run-5", "2020-01-01T00:00:00+00:00"))
    store.record_use(RecordedUse("t", "b", "m", "run-b", "2021-01-01T00:00:00+00:00"))
    assert [use.predictions_hash for use in store.uses("t")] == ["z", "y", "x", "a", "b"]
    moments = [use.moment for use in (*store.uses("t")[:4], *store.uses("t2"), store.uses("t")[4])]
    assert moments == sorted(set(moments))
