"""Runs, and keeping the size in bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest
from store_helpers import key, make_folder

from forks import fork, reap
from tunewright.errors import WorkError
from tunewright.store import Store

_WHEN = "2026-01-02T03:04:05Z"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ticking(project: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(project / ".tunewright", now=clock) as opened:
        yield opened


def _save(store: Store, name: str, tmp_path: Path, n_bytes: int = 100) -> Path:
    folder = make_folder(tmp_path / name, weights="x" * n_bytes)
    return store.save_artifact(name, "fit", folder, store.row_set([key(1)]), {}).path


def test_a_run_is_unfinished_until_it_ends(store: Store) -> None:
    store.begin_run("run-1", "tunewright run", _WHEN, {"seed": 1, "threads": {"torch": [1, 2]}})
    store.begin_run("run-2", "tunewright run", _WHEN, {})
    (first, second) = store.unfinished_runs()
    assert (first.run, first.command, first.begun, first.state, first.alive) == (
        "run-1",
        "tunewright run",
        _WHEN,
        None,
        True,
    )
    assert first.manifest == {"seed": 1, "threads": {"torch": [1, 2]}}
    store.finish_run("run-1", "done")
    assert store.unfinished_runs() == [second]


def test_a_run_stopped_by_force_is_told_from_one_at_work(project: Path) -> None:
    folder = project / ".tunewright"

    def begin() -> None:
        with Store.open(folder) as store:
            store.begin_run("run-1", "tunewright run", _WHEN, {"seed": 1})

    assert reap(fork(begin)) == 0
    with Store.open(folder) as store:
        assert [run.alive for run in store.unfinished_runs()] == [False]
        store.begin_run("run-1", "tunewright run --again", _WHEN, {})
        (run,) = store.unfinished_runs()
        assert (run.alive, run.command, run.manifest) == (True, "tunewright run", {"seed": 1})


@pytest.mark.parametrize("bad", ["", "../x", "a/b", ".hidden", "a b", "x" * 200])
def test_what_cannot_name_a_folder_names_no_run(store: Store, bad: str) -> None:
    with pytest.raises(WorkError) as caught:
        store.begin_run(bad, "tunewright run", _WHEN, {})
    assert caught.value.code == "store.run_id"
    with pytest.raises(WorkError):
        store.register_file(bad, PurePath("report.html"), store.row_set([]))


def test_an_ended_run_does_not_begin_again(store: Store) -> None:
    store.begin_run("run-1", "tunewright run", _WHEN, {})
    store.finish_run("run-1", "failed")
    with pytest.raises(WorkError) as caught:
        store.begin_run("run-1", "tunewright run", _WHEN, {})
    assert caught.value.code == "store.run_exists"
    with pytest.raises(WorkError) as caught:
        store.finish_run("run-2", "done")
    assert caught.value.code == "store.run_unknown"


@pytest.mark.parametrize("bad", ["/etc/passwd", "../other/report.html", "a/../../b", "."])
def test_a_registered_file_stays_in_the_folder_of_its_run(store: Store, bad: str) -> None:
    with pytest.raises(WorkError) as caught:
        store.register_file("run-1", PurePath(bad), store.row_set([]))
    assert caught.value.code == "store.file_path"


def test_the_least_recently_used_go_first(ticking: Store, tmp_path: Path) -> None:
    paths = {name: _save(ticking, name, tmp_path) for name in ("a", "b", "c")}
    ticking.artifact("a")
    report = ticking.gc(max_bytes=250)
    assert [artifact.key for artifact in report.removed] == ["b"]
    assert (report.n_bytes_removed, report.n_bytes_kept) == (100, 200)
    assert {name for name, path in paths.items() if path.exists()} == {"a", "c"}
    assert ticking.artifact("b") is None
    assert ticking.gc(max_bytes=250).removed == ()
    assert [artifact.key for artifact in ticking.gc(max_bytes=0).removed] == ["c", "a"]


def test_what_the_latest_finished_run_used_stays(ticking: Store, tmp_path: Path) -> None:
    _save(ticking, "read", tmp_path)
    ticking.begin_run("old", "tunewright run", _WHEN, {})
    _save(ticking, "old", tmp_path)
    ticking.finish_run("old", "done")
    ticking.begin_run("new", "tunewright run", _WHEN, {})
    ticking.artifact("read")
    _save(ticking, "saved", tmp_path)
    ticking.finish_run("new", "done")
    ticking.begin_run("stopped", "tunewright run", _WHEN, {})
    _save(ticking, "resumed", tmp_path)
    ticking.finish_run("stopped", "cancelled")
    _save(ticking, "after", tmp_path)
    report = ticking.gc(max_bytes=0)
    assert [artifact.key for artifact in report.removed] == ["old", "after"]
    assert (report.n_bytes_kept, report.n_bytes_protected) == (300, 300)
    assert all(ticking.artifact(name) is not None for name in ("read", "saved", "resumed"))


def test_what_an_unfinished_run_may_need_stays(ticking: Store, tmp_path: Path) -> None:
    ticking.begin_run("at-work", "tunewright run", _WHEN, {})
    _save(ticking, "needed", tmp_path)
    with Store.open(ticking.folder) as other:
        other.begin_run("quick", "tunewright run", _WHEN, {})
        other.finish_run("quick", "done")
        assert other.gc(max_bytes=0).removed == ()
    ticking.finish_run("at-work", "cancelled")
    assert [artifact.key for artifact in ticking.gc(max_bytes=0).removed] == ["needed"]


def test_an_interrupted_run_keeps_its_work_until_a_later_one_ends(project: Path, tmp_path: Path) -> None:
    folder = project / ".tunewright"

    def crash() -> None:
        with Store.open(folder) as store:
            store.begin_run("crashed", "tunewright run", _WHEN, {})
            _save(store, "kept", tmp_path)

    assert reap(fork(crash)) == 0
    with Store.open(folder) as store:
        assert store.gc(max_bytes=0).removed == ()
        store.begin_run("next", "tunewright run", _WHEN, {})
        store.finish_run("next", "done")
        assert [artifact.key for artifact in store.gc(max_bytes=0).removed] == ["kept"]


def test_leftovers_go_and_folders_being_written_stay(ticking: Store, tmp_path: Path) -> None:
    kept = _save(ticking, "a", tmp_path)
    blobs = ticking.folder / "blobs"
    child = fork(lambda: None)
    reap(child)
    host = _host()
    dead = make_folder(blobs / f"tmp-{host}-{child}-0123456789abcdef")
    orphan = make_folder(blobs / "0123456789abcdef01234567-01234567", weights="12345")
    own = make_folder(blobs / f"tmp-{host}-{os.getpid()}-0123456789abcdef")
    foreign = make_folder(blobs / "tmp-0000000000000000-1-0123456789abcdef")
    ancient = make_folder(blobs / "tmp-0000000000000000-2-0123456789abcdef")
    os.utime(ancient, (1, 1))
    report = ticking.gc(max_bytes=10_000)
    assert (report.leftovers, report.removed) == (3, ())
    assert sorted(blobs.iterdir()) == sorted([kept, own, foreign])
    assert not dead.exists()
    assert not orphan.exists()


def test_sets_that_nothing_refers_to_go_after_a_day(project: Path, tmp_path: Path, clock: Clock) -> None:
    with Store.open(project / ".tunewright", now=clock) as store:
        _save(store, "a", tmp_path)
        unused = store.row_set([key(2)])
        named = store.row_set([key(3)])
        store.register_file("run-1", PurePath("report.html"), named)
        store.gc(max_bytes=10_000)
        store.register_file("run-1", PurePath("early.html"), unused)
        forgotten = store.row_set([key(4)])
        clock.seconds += 100_000
        store.gc(max_bytes=10_000)
        store.register_file("run-1", PurePath("late.html"), named)
        with pytest.raises(WorkError) as caught:
            store.register_file("run-1", PurePath("late.html"), forgotten)
        assert caught.value.code == "store.row_set"


def _host() -> str:
    from tunewright.store.processes import this_process

    return this_process().host
