"""Uses of locked test sets are remembered, wherever the project goes."""

from __future__ import annotations

import shutil
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from store_helpers import fork, reap

from tunewright.store import RecordedUse, Store
from tunewright.store.test_uses import user_folder as folder_of_user

_WHEN = "2026-01-02T03:04:05Z"


def test_computing_the_same_again_is_no_other_use(store: Store) -> None:
    assert store.record_use("t", "p", "m", "run-1", _WHEN)
    assert not store.record_use("t", "p", "m", "run-2", "2027-01-01T00:00:00Z")
    assert store.record_use("t", "p2", "m", "run-3", "2027-01-02T00:00:00Z")
    assert store.record_use("t", "p", "m2", "run-4", "2027-01-03T00:00:00Z")
    assert store.record_use("t2", "p", "m", "run-5", "2027-01-04T00:00:00Z")
    assert [use.run for use in store.uses("t")] == ["run-1", "run-3", "run-4"]
    assert store.uses("t")[0] == RecordedUse("t", "p", "m", "run-1", _WHEN)
    assert store.uses("never used") == []


def test_opening_alone_writes_nothing_for_the_user(store: Store, user_folder: Path) -> None:
    assert store.uses("t") == []
    assert not user_folder.exists()


def test_a_deleted_project_folder_resets_nothing(project: Path) -> None:
    folder = project / ".tunewright"
    with Store.open(folder) as store:
        store.record_use("t", "p", "m", "run-1", _WHEN)
    shutil.rmtree(folder)
    with Store.open(folder) as store:
        assert [use.run for use in store.uses("t")] == ["run-1"]
        assert not store.record_use("t", "p", "m", "run-9", "2027-01-01T00:00:00Z")
        assert [use.run for use in store.uses("t")] == ["run-1"]


def test_a_moved_project_keeps_its_uses_and_a_new_user_sees_them(project: Path, tmp_path: Path) -> None:
    with Store.open(project / ".tunewright") as store:
        store.record_use("t", "p", "m", "run-1", _WHEN)
    shutil.rmtree(tmp_path / "user")
    project.rename(tmp_path / "moved")
    with Store.open(tmp_path / "moved" / ".tunewright") as store:
        assert [use.run for use in store.uses("t")] == ["run-1"]


def test_a_copy_of_the_project_sees_uses_of_the_first(project: Path, tmp_path: Path) -> None:
    Store.open(project / ".tunewright").close()
    shutil.copytree(project, tmp_path / "copy")
    with Store.open(project / ".tunewright") as store:
        store.record_use("t", "p", "m", "run-1", _WHEN)
    with Store.open(tmp_path / "copy" / ".tunewright") as store:
        assert [use.run for use in store.uses("t")] == ["run-1"]


def test_a_ledger_that_cannot_be_used_is_noted_and_does_not_stop_the_run(project: Path, user_folder: Path) -> None:
    user_folder.mkdir()
    (user_folder / "ledger.db").write_bytes(b"damaged" * 1000)
    with Store.open(project / ".tunewright") as store:
        assert store.notes == ()
        assert store.record_use("t", "p", "m", "run-1", _WHEN)
        assert [use.run for use in store.uses("t")] == ["run-1"]
        assert len(store.notes) == 1
        assert str(user_folder) in store.notes[0]


def test_the_ledger_of_the_user_is_append_only(store: Store, user_folder: Path) -> None:
    store.record_use("t", "p", "m", "run-1", _WHEN)
    ledger = sqlite3.connect(user_folder / "ledger.db")
    for statement in ("DELETE FROM test_uses", "UPDATE test_uses SET run = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            ledger.execute(statement)
    ledger.close()


def test_projects_write_to_it_at_once(tmp_path: Path) -> None:
    def use(name: str) -> None:
        with Store.open(tmp_path / name) as store:
            for turn in range(10):
                store.record_use("t", f"{name}{turn}", "m", name, _WHEN)

    children = [fork(partial(use, name)) for name in ("one", "two")]
    assert [reap(child) for child in children] == [0, 0]
    with Store.open(tmp_path / "three") as store:
        assert len(store.uses("t")) == 20


def test_where_the_ledger_of_the_user_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert folder_of_user() == tmp_path / "user"
    monkeypatch.delenv("TUNEWRIGHT_USER_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder_of_user() == tmp_path / ".local" / "share" / "tunewright"
