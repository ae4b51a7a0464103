"""The work of one row check: which rows must be looked at, looking at them in other processes, and remembering.

Rows of equal content are looked at once. Called by ``run``.
"""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from tunewright.audit.registry import Limits, RowCheck, Sighting, all_checks, is_row_check
from tunewright.audit.sightings import read_sightings, write_sightings
from tunewright.audit.view import View
from tunewright.records.example import Example, example_digest

ROWS_PER_TASK = 1_000
WAIT_S = 0.5

Sightings = tuple[Sighting, ...]


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
    """One row check on its way through the rows of a view. ``remembered`` counts rows known from earlier audits."""

    check: RowCheck
    view: View
    limits: Limits
    memory: RowMemory | None = None
    remembered: int = 0
    _seen: dict[str, Sightings] = field(default_factory=dict)
    _tasks: list[tuple[list[int], Future[list[Sightings]] | None]] = field(default_factory=list)

    def start(self, pool: ProcessPoolExecutor | None) -> None:
        """Find out what is not known, and hand it to the processes where there are any."""
        digests = row_digests(self.view)
        self._recall(digests)
        first: dict[str, int] = {}
        for row, digest in enumerate(digests):
            if digest not in self._seen:
                first.setdefault(digest, row)
        missing = list(first.values())
        for start in range(0, len(missing), ROWS_PER_TASK):
            rows = missing[start : start + ROWS_PER_TASK]
            examples = [self.view.examples[row] for row in rows]
            task = None if pool is None else pool.submit(look_at, self.check.NAME, examples, dict(self.limits))
            self._tasks.append((rows, task))

    def finish(self) -> dict[int, Sightings]:
        """Sightings by row, without the rows in which nothing was seen.

        Raises:
            Cancelled: the person asked to stop; what was looked at is remembered.
        """
        digests = row_digests(self.view)
        for number, (rows, task) in enumerate(self._tasks):
            found = self._wait(task) if task else self._look(rows)
            pairs = [(digests[row], sightings) for row, sightings in zip(rows, found, strict=True)]
            self._seen.update(pairs)
            if self.memory is not None:
                kept = [(digest, write_sightings(sightings)) for digest, sightings in pairs]
                self.memory.put_many(self.check.NAME, self.check.VERSION, limits_key(self.limits), kept)
            self.view.progress(self.check.TITLE, (number + 1) / len(self._tasks))
        seen = ((row, self._seen[digest]) for row, digest in enumerate(digests))
        return {row: sightings for row, sightings in seen if sightings}

    def _look(self, rows: Sequence[int]) -> list[Sightings]:
        self.view.stop_if_asked()
        return [self.check.look(self.view.examples[row], self.limits) for row in rows]

    def _wait(self, task: Future[list[Sightings]]) -> list[Sightings]:
        while True:
            self.view.stop_if_asked()
            try:
                return task.result(WAIT_S)
            except TimeoutError:
                continue

    def _recall(self, digests: Sequence[str]) -> None:
        if self.memory is None:
            return
        rows: defaultdict[str, int] = defaultdict(int)
        for digest in digests:
            rows[digest] += 1
        distinct = list(rows)
        known = self.memory.get_many(self.check.NAME, self.check.VERSION, limits_key(self.limits), distinct)
        for place, text in known.items():
            sightings = read_sightings(text)
            if sightings is not None:
                self._seen[distinct[place]] = sightings
                self.remembered += rows[distinct[place]]


def row_digests(view: View) -> list[str]:
    """The content digest of every row."""
    return view.once("row digests", lambda: [example_digest(example) for example in view.examples])


def limits_key(limits: Limits) -> str:
    """A check's thresholds as one text; other thresholds, other memory."""
    return " ".join(f"{name}={limits[name]:.12g}" for name in sorted(limits))


def look_at(name: str, examples: Sequence[Example], limits: Limits) -> list[Sightings]:
    """What a check sees in each of some rows. Runs in a process of its own."""
    check = next(check for check in all_checks() if name == check.NAME)
    if not is_row_check(check):
        raise TypeError(name)
    return [check.look(example, limits) for example in examples]


def ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that owns the others decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
