"""The work of the row checks: all of them look at a row together, in other processes where there are any.

Rows of equal content are looked at once. What all checks saw in a row is remembered as one record: a record for each
check costs more than most of them take to look. Called by ``run``.
"""

from __future__ import annotations

import hashlib
import signal
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from tunewright.audit.registry import Limits, RowCheck, Sighting, all_checks, is_row_check
from tunewright.audit.sightings import read_seen, write_seen
from tunewright.audit.view import View
from tunewright.records.example import Example, example_digest

# About a third of a second of looking.
ROWS_PER_TASK, CHARS_PER_TASK = 1_000, 200_000
RECALLED_AT_ONCE = 20_000
WAIT_S = 0.5
# The name and format of the record of a row in the memory.
RECORD, RECORD_VERSION = "rows", 1

Sightings = tuple[Sighting, ...]
# What was seen in one row, by check; checks that saw nothing are not in it.
Seen = dict[str, Sightings]


class RowMemory(Protocol):
    """Remembers the sightings of rows as text, by row digest."""

    def get_many(self, check: str, version: int, limits: str, digests: Sequence[str]) -> Mapping[int, str]:
        """What is known, by place in ``digests``."""
        ...

    def put_many(self, check: str, version: int, limits: str, found: Sequence[tuple[str, str]]) -> None:
        """Keep (digest, text) pairs."""
        ...


@dataclass(slots=True)
class RowWork:
    """Some row checks on their way through the rows of a view, with the limits of each, by name.

    ``remembered`` counts rows known from earlier audits.
    """

    checks: tuple[RowCheck, ...]
    view: View
    limits: Mapping[str, Limits]
    memory: RowMemory | None = None
    remembered: int = 0
    _seen: dict[str, dict[int, Sightings]] = field(default_factory=lambda: defaultdict(dict))
    _copies: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _tasks: deque[tuple[list[int], Future[list[Seen]] | None]] = field(default_factory=deque)
    _rows: int = 0
    _looked: int = 0

    def start(self, pool: ProcessPoolExecutor | None) -> None:
        """Find out what is not known, and hand it to the processes where there are any."""
        for rows in self._tasks_of(self._missing()):
            self.view.stop_if_asked()
            task = None
            if pool is not None:
                examples = [self.view.examples[row] for row in rows]
                names = [check.NAME for check in self.checks]
                task = pool.submit(look_at, names, examples, {name: dict(self.limits[name]) for name in names})
            self._tasks.append((rows, task))
            self._rows += len(rows)

    def collect(self) -> None:
        """Take and remember what the processes have seen by now, without waiting for more."""
        while self._tasks:
            rows, task = self._tasks[0]
            if task is None or not task.done():
                return
            self._keep(rows, task.result())
            self._tasks.popleft()

    def finish(self) -> None:
        """Look at whatever is left, or wait for it.

        Raises:
            Cancelled: the person asked to stop; what was looked at is remembered.
        """
        self.view.progress("looking at rows", 0.0)
        while self._tasks:
            rows, task = self._tasks[0]
            self._keep(rows, self._wait(task) if task else self._look(rows))
            self._tasks.popleft()
            self.view.progress("looking at rows", self._looked / self._rows)

    def seen_by(self, check: str) -> dict[int, Sightings]:
        """Sightings of a check by row, ascending, without the rows in which nothing was seen."""
        return dict(sorted(self._seen.get(check, {}).items()))

    def _tasks_of(self, rows: Iterator[int]) -> Iterator[list[int]]:
        """Rows in tasks that are small enough to be waited for when a person wants to stop."""
        task: list[int] = []
        chars = 0
        for row in rows:
            task.append(row)
            chars += sum(len(message.content) for message in self.view.examples[row].messages)
            if len(task) == ROWS_PER_TASK or chars >= CHARS_PER_TASK:
                yield task
                task, chars = [], 0
        if task:
            yield task

    def _missing(self) -> Iterator[int]:
        """The first row of each content that is not known; what is known is taken on the way."""
        digests = row_digests(self.view)
        first: dict[str, int] = {}
        for row, digest in enumerate(digests):
            known = first.setdefault(digest, row)
            if known != row:
                self._copies[known].append(row)
        distinct = list(first.values())
        del first
        for start in range(0, len(distinct), RECALLED_AT_ONCE):
            rows = distinct[start : start + RECALLED_AT_ONCE]
            self.view.stop_if_asked()
            known_texts = self._recall([digests[row] for row in rows])
            for place, row in enumerate(rows):
                seen = read_seen(known_texts[place]) if place in known_texts else None
                if seen is None:
                    yield row
                    continue
                self._take(row, seen)
                self.remembered += 1 + len(self._copies.get(row, ()))

    def _recall(self, digests: Sequence[str]) -> Mapping[int, str]:
        if self.memory is None:
            return {}
        return self.memory.get_many(RECORD, RECORD_VERSION, self._key(), digests)

    def _keep(self, rows: Sequence[int], found: Sequence[Seen]) -> None:
        if self.memory is not None:
            digests = row_digests(self.view)
            kept = [(digests[row], write_seen(seen)) for row, seen in zip(rows, found, strict=True)]
            self.memory.put_many(RECORD, RECORD_VERSION, self._key(), kept)
        for row, seen in zip(rows, found, strict=True):
            self._take(row, seen)
        self._looked += len(rows)

    def _take(self, row: int, seen: Seen) -> None:
        for check, sightings in seen.items():
            for each in (row, *self._copies.get(row, ())):
                self._seen[check][each] = sightings

    def _key(self) -> str:
        return limits_key(self.checks, self.limits)

    def _look(self, rows: Sequence[int]) -> list[Seen]:
        self.view.stop_if_asked()
        return [_look(self.checks, self.view.examples[row], self.limits) for row in rows]

    def _wait(self, task: Future[list[Seen]]) -> list[Seen]:
        while True:
            self.view.stop_if_asked()
            try:
                return task.result(WAIT_S)
            except TimeoutError:
                continue


def row_digests(view: View) -> list[str]:
    """The content digest of every row."""
    return view.once("row digests", lambda: [example_digest(example) for example in view.examples])


def limits_key(checks: Sequence[RowCheck], limits: Mapping[str, Limits]) -> str:
    """Checks, their versions and thresholds as one short text; with any other of them, other memory."""
    parts = [
        f"{check.NAME} {check.VERSION} " + " ".join(f"{n}={v:.12g}" for n, v in sorted(limits[check.NAME].items()))
        for check in sorted(checks, key=lambda check: check.NAME)
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def look_at(names: Sequence[str], examples: Sequence[Example], limits: Mapping[str, Limits]) -> list[Seen]:
    """What some checks see in each of some rows. Runs in a process of its own."""
    checks = tuple(check for check in all_checks() if check.NAME in names and is_row_check(check))
    return [_look(checks, example, limits) for example in examples]


def ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that owns the others decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _look(checks: Sequence[RowCheck], example: Example, limits: Mapping[str, Limits]) -> Seen:
    found = ((check.NAME, check.look(example, limits[check.NAME])) for check in checks)
    return {name: sightings for name, sightings in found if sightings}
