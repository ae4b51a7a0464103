"""Leases: two runs do not fit the same system at the same time.

A lease names what is being made. Its holder renews it from a thread; it passes to the next when the holder's process
is dead or the lease has run out. A holder that slept past the end (a suspended laptop) can lose it; saving stays
safe all the same, because the first saved result wins. Called by the workflow around every fit.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from tunewright.errors import Cancelled, TunewrightError
from tunewright.store.database import Database
from tunewright.store.processes import Holder, this_process
from tunewright.store.schema import leases

_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 0.5
_RENEWALS_PER_TERM = 3


@dataclass(frozen=True, slots=True)
class _Claim:
    token: str
    holder: Holder
    expires: float

    def is_over(self, now: float) -> bool:
        return self.expires <= now or self.holder.surely_dead


@contextmanager
def hold(
    database: Database,
    now: Callable[[], float],
    key: str,
    seconds: float,
    on_wait: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Iterator[None]:
    """Hold the lease of a key while the block runs, after waiting for its present holder.

    Args:
        seconds: how long the lease lasts without renewal.
        on_wait: called once with a sentence to show when somebody else holds it.
        cancelled: asked while waiting.

    Raises:
        Cancelled: when ``cancelled`` says so while waiting.
    """
    token = secrets.token_hex(16)
    _acquire(database, now, key, token, seconds, on_wait, cancelled)
    stop = threading.Event()
    thread = threading.Thread(
        target=_renew_until, args=(database, now, key, token, seconds, stop), name="tunewright-lease", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        # A lease that cannot be given back runs out by itself, and the block's own error matters more.
        with suppress(TunewrightError), database.write() as connection:
            connection.execute(delete(leases).where(leases.c.key == key, leases.c.token == token))


def _acquire(
    database: Database,
    now: Callable[[], float],
    key: str,
    token: str,
    seconds: float,
    on_wait: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    wait_s, told = _FIRST_WAIT_S, False
    while True:
        with database.read() as connection:
            claim = _claim(connection, key)
        if claim is None or claim.is_over(now()):
            with database.write() as connection:
                # Asked again under the write lock: another process may have been quicker.
                claim = _claim(connection, key)
                if claim is None or claim.is_over(now()):
                    _take(connection, key, token, now() + seconds)
                    return
        if not told:
            told = True
            on_wait(_waiting_text(claim))
        if cancelled():
            raise Cancelled
        time.sleep(wait_s)
        wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)


def _renew_until(
    database: Database, now: Callable[[], float], key: str, token: str, seconds: float, stop: threading.Event
) -> None:
    while not stop.wait(seconds / _RENEWALS_PER_TERM):
        # A full disk or a long lock may pass; the next turn tries again.
        with suppress(TunewrightError), database.write() as connection:
            renewed = connection.execute(
                update(leases).where(leases.c.key == key, leases.c.token == token).values(expires=now() + seconds)
            )
            if not renewed.rowcount:
                return


def _claim(connection: Connection, key: str) -> _Claim | None:
    row = connection.execute(select(leases).where(leases.c.key == key)).first()
    return None if row is None else _Claim(row.token, Holder(row.host, row.pid), row.expires)


def _take(connection: Connection, key: str, token: str, expires: float) -> None:
    holder = this_process()
    values = {"token": token, "host": holder.host, "pid": holder.pid, "expires": expires}
    statement = insert(leases).values(key=key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[leases.c.key], set_=values))


def _waiting_text(claim: _Claim) -> str:
    here = claim.holder.host == this_process().host
    who = f"process {claim.holder.pid}" if here else "a run on another machine"
    return f"Waiting for {who}, which is fitting the same system."
