"""Two runs never hold the same lease."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from store_helpers import key, score

from forks import fork, reap
from tunewright.errors import Cancelled
from tunewright.store import Store
from tunewright.store.processes import Holder, this_process


def test_a_lease_is_given_back_even_after_an_error(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.lease("fit"):
        raise ZeroDivisionError
    waits: list[str] = []
    with store.lease("fit", on_wait=waits.append):
        pass
    assert waits == []


def test_different_keys_do_not_wait(store: Store) -> None:
    waits: list[str] = []
    with store.lease("one"), store.lease("two", on_wait=waits.append):
        assert waits == []


def test_waiting_is_told_once_and_can_be_stopped(store: Store) -> None:
    waits: list[str] = []
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(0.0)
        return len(asked) > 3

    with (
        store.lease("fit"),
        pytest.raises(Cancelled),
        store.lease("fit", on_wait=waits.append, cancelled=cancelled),
    ):
        pytest.fail("both held it")
    assert waits == [f"Waiting for process {os.getpid()}, which is fitting the same system."]


def test_the_next_gets_it_when_it_is_given_back(store: Store) -> None:
    order: list[str] = []
    held, waiting = threading.Event(), threading.Event()

    def first() -> None:
        with store.lease("fit"):
            held.set()
            waiting.wait(5)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(5)
    with store.lease("fit", on_wait=lambda _text: waiting.set()):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_lease_of_a_killed_process_is_taken_over(project: Path) -> None:
    folder, ready = project / ".tunewright", project / "ready"

    def hold_forever() -> None:
        with Store.open(folder) as store, store.lease("fit", seconds=600):
            ready.touch()
            time.sleep(60)

    child = fork(hold_forever)
    while not ready.exists():
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    assert reap(child) == -signal.SIGKILL
    waits: list[str] = []
    with Store.open(folder) as store, store.lease("fit", on_wait=waits.append, cancelled=lambda: True):
        assert waits == []


def test_a_lease_that_ran_out_is_taken_over(project: Path) -> None:
    times = [1000.0]
    with (
        Store.open(project / ".tunewright", now=lambda: times[0]) as store,
        Store.open(project / ".tunewright", now=lambda: times[0] + 50) as other,
        ExitStack() as others_lease,
    ):
        with store.lease("fit", seconds=0.3):
            times[0] += 100.0  # as if the machine had been suspended: no renewal in between
            others_lease.enter_context(other.lease("fit", cancelled=lambda: True))
        # Giving back a lost lease does not free what the other holds.
        with pytest.raises(Cancelled), store.lease("fit", cancelled=lambda: True):
            pytest.fail("both held it")


def test_a_held_lease_is_renewed(store: Store) -> None:
    with store.lease("fit", seconds=0.3):
        time.sleep(0.8)
        with pytest.raises(Cancelled), store.lease("fit", cancelled=lambda: True):
            pytest.fail("it ran out although it was renewed")


def test_two_processes_never_hold_it_together_and_lose_no_rows(project: Path) -> None:
    folder, marker = project / ".tunewright", project / "held"
    Store.open(folder).close()

    def hammer(first: int) -> None:
        with Store.open(folder) as store:
            for turn in range(25):
                with store.lease("fit"):
                    marker.touch(exist_ok=False)  # raises when the other holds it
                    store.append_scores([score(key(first + turn * 10 + n)) for n in range(10)])
                    marker.unlink()
                store.append_scores([score(key(first + turn), part="free"), score(key(turn), part="both")])

    children = [fork(partial(hammer, first)) for first in (0, 1000)]
    assert [reap(child) for child in children] == [0, 0]
    with Store.open(folder) as store:
        assert len(store.scores("fit", "test")) == 500
        assert len(store.scores("fit", "free")) == 50
        assert len(store.scores("fit", "both")) == 25


def test_only_a_process_of_this_machine_is_known_to_be_dead() -> None:
    child = fork(lambda: None)
    reap(child)
    here = this_process()
    assert Holder(here.host, child).surely_dead
    assert not Holder("another machine", child).surely_dead
    assert not here.surely_dead
