"""Opening: making, migrating, refusing, explaining."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import inspect
from store_helpers import example

from forks import fork, killed_at, reap
from tunewright.errors import InputError, TunewrightError, WorkError
from tunewright.store import Store
from tunewright.store.database import Database
from tunewright.store.migrations import APPLICATION_ID, STATE_STEPS, Step, migrate
from tunewright.store.schema import metadata


def test_a_new_folder_is_made_and_ignored_by_git(project: Path) -> None:
    with Store.open(project / ".tunewright") as store:
        assert store.folder == project / ".tunewright"
    assert (project / ".tunewright" / ".gitignore").read_text() == "*\n"
    assert (project / ".tunewright" / "blobs").is_dir()


def test_tables_of_the_migrations_are_those_of_the_queries(store: Store) -> None:
    database = Database(store.folder / "state.db", busy_timeout_s=1, wal=True)
    with database.read() as connection:
        found = inspect(connection)
        tables = {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}
    assert tables == {name: set(table.columns.keys()) for name, table in metadata.tables.items()}
    database.close()


def test_the_secret_is_private_and_stays(project: Path) -> None:
    folder = project / ".tunewright"
    with Store.open(folder) as store:
        key = store.row_key(example("a"))
    secret = folder / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32
    with Store.open(folder) as store:
        assert store.row_key(example("a")) == key


def test_two_programs_that_start_at_once_agree_on_the_secret(project: Path) -> None:
    folder, gate = project / ".tunewright", project / "go"

    def start(name: str) -> None:
        while not gate.exists():
            pass
        with Store.open(folder) as store:
            (project / name).write_text(store.row_key(example("a")))

    children = [fork(partial(start, name)) for name in ("one", "two", "three")]
    gate.touch()
    assert [reap(child) for child in children] == [0, 0, 0]
    assert len({(project / name).read_text() for name in ("one", "two", "three")}) == 1


@pytest.mark.parametrize("damage", ["gone", "short", "other"])
def test_an_unusable_secret_is_refused(project: Path, damage: str) -> None:
    folder = project / ".tunewright"
    Store.open(folder).close()
    secret = folder / "secret"
    if damage == "gone":
        secret.unlink()
    else:
        secret.write_bytes(b"x" * (31 if damage == "short" else 32))
    with pytest.raises(InputError) as caught:
        Store.open(folder)
    assert caught.value.code == "store.secret"
    assert damage == "gone" or secret.read_bytes().startswith(b"x")


def test_a_newer_schema_is_refused_and_left_alone(project: Path) -> None:
    folder = project / ".tunewright"
    Store.open(folder).close()
    _run_sql(folder / "state.db", f"PRAGMA user_version = {len(STATE_STEPS) + 1}")
    with pytest.raises(InputError) as caught:
        Store.open(folder)
    assert caught.value.code == "store.newer"
    assert _run_sql(folder / "state.db", "PRAGMA user_version") == [(len(STATE_STEPS) + 1,)]


def test_a_database_of_another_program_is_refused(project: Path) -> None:
    folder = project / ".tunewright"
    folder.mkdir()
    _run_sql(folder / "state.db", "CREATE TABLE theirs (x)")
    with pytest.raises(InputError) as caught:
        Store.open(folder)
    assert caught.value.code == "store.foreign"


def test_a_second_step_keeps_what_the_first_stored(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db", busy_timeout_s=1, wal=True)
    one = Step("one", ("CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (7)"))
    two = Step("two", ("ALTER TABLE a ADD COLUMN y TEXT DEFAULT 'new'",))
    migrate(database, (one,))
    migrate(database, (one, two))
    database.close()
    assert _run_sql(tmp_path / "x.db", "SELECT x, y FROM a") == [(7, "new")]


def test_a_step_that_fails_leaves_the_last_whole_one_and_is_resumed(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db", busy_timeout_s=1, wal=True)
    one = Step("one", ("CREATE TABLE a (x INTEGER)",))
    broken = Step("two", ("CREATE TABLE b (x INTEGER)", "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(WorkError):
        migrate(database, (one, broken))
    tables = "SELECT name FROM sqlite_master ORDER BY name"
    assert _run_sql(tmp_path / "x.db", tables) == [("a",)]
    assert _run_sql(tmp_path / "x.db", "PRAGMA user_version") == [(1,)]
    migrate(database, (one, Step("two", ("CREATE TABLE b (x INTEGER)",))))
    database.close()
    assert _run_sql(tmp_path / "x.db", tables) == [("a",), ("b",)]


def test_opening_survives_a_kill_at_any_point(in_memory: Path) -> None:
    step, killed = 0, True
    while killed:
        folder = in_memory / str(step)

        def open_it(folder: Path = folder) -> None:
            Store.open(folder).close()

        killed = killed_at(step, lambda work=open_it: work)
        with Store.open(folder) as store:
            store.remember_sides("split", [example("a")], ["test"])
            assert store.sides_for("split", [example("a")]) == ["test"]
        step += 1
    assert step > len(STATE_STEPS[0].statements)


def test_a_damaged_database_is_explained(project: Path) -> None:
    folder = project / ".tunewright"
    folder.mkdir()
    (folder / "state.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(WorkError) as caught:
        Store.open(folder)
    assert caught.value.code == "store.corrupt"
    assert str(folder) in str(caught.value)


def test_pages_damaged_later_are_explained(project: Path) -> None:
    folder = project / ".tunewright"
    with Store.open(folder) as store:
        store.remember_sides("split", [example(str(n)) for n in range(500)], ["test"] * 500)
    content = bytearray((folder / "state.db").read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (folder / "state.db").write_bytes(content)
    with pytest.raises(TunewrightError) as caught:
        Store.open(folder)
    assert caught.value.code == "store.corrupt"


def test_a_locked_database_is_explained(project: Path) -> None:
    folder = project / ".tunewright"
    with Store.open(folder, busy_timeout_s=0.05) as store:
        other = sqlite3.connect(folder / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WorkError) as caught:
            store.append_scores([])
        assert caught.value.code == "store.locked"
        assert store.scores("fit", "test") == []  # readers are not blocked
        other.close()
        store.append_scores([])


def test_a_read_only_folder_is_explained() -> None:
    # Outside of pytest's folders, which only their owner may enter.
    project = Path(tempfile.mkdtemp())
    try:
        folder = project / ".tunewright"
        Store.open(folder).close()
        project.chmod(0o755)
        for path in (folder, folder / "state.db"):
            path.chmod(0o555 if path.is_dir() else 0o444)

        def open_as_nobody() -> None:
            if os.geteuid() == 0:
                os.setuid(65534)
            with pytest.raises(WorkError) as caught:
                Store.open(folder)
            assert caught.value.code == "store.read_only"
            with pytest.raises(InputError) as refused:
                Store.open(folder / "below")
            assert refused.value.code == "store.folder"

        assert reap(fork(open_as_nobody)) == 0
        folder.chmod(0o755)
    finally:
        shutil.rmtree(project)


def test_a_store_does_not_cross_a_fork(store: Store) -> None:
    def use() -> None:
        with pytest.raises(WorkError) as caught:
            store.unfinished_runs()
        assert caught.value.code == "store.forked"

    assert reap(fork(use)) == 0


def test_a_file_in_the_way_is_explained(project: Path) -> None:
    (project / ".tunewright").write_text("")
    with pytest.raises(InputError) as caught:
        Store.open(project / ".tunewright")
    assert caught.value.code == "store.folder"


@pytest.mark.process
def test_naming_the_package_loads_no_database_library() -> None:
    code = "import sys, tunewright.store; raise SystemExit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_known_names_are_offered() -> None:
    import tunewright.store

    assert all(getattr(tunewright.store, name) is not None for name in tunewright.store.__all__)
    with pytest.raises(AttributeError):
        tunewright.store.nothing  # noqa: B018


def test_the_mark_of_the_file_is_ours(store: Store) -> None:
    assert _run_sql(store.folder / "state.db", "PRAGMA application_id") == [(APPLICATION_ID,)]


def _run_sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()
