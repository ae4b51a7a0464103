"""The candidates of a search and what each scored on which row: every call of the search goes through here.

Rows stand in one fixed order: validation first, on which candidates are compared, then training rows, which show a
writer what goes wrong. Nothing else is ever asked, and no candidate is asked a row twice.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tunewright.errors import Cancelled, WorkError
from tunewright.records.example import Example, example_digest
from tunewright.records.generation import Watch
from tunewright.records.system import FitContext
from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.systems._optimised.budget import Ledger
from tunewright.systems._prompting.compose import Job, instruction
from tunewright.systems._prompting.prompted import Prompted, Shots

# Requests put before a backend at once: enough to be worked on together, few enough to stop soon.
BATCH = 64


@dataclass(frozen=True, slots=True)
class Shown:
    """Examples before a case, under a name: ``none``, ``nearest``, ``covering``, ``right 2``.

    ``digest`` says which rows they are chosen from.
    """

    name: str
    shots: Shots
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way of asking: an instruction (``own``, with placeholders, or one of the written styles) and examples."""

    own: str | None
    style: str
    shown: Shown
    origin: str
    parent: str | None = None

    @property
    def key(self) -> str:
        """Hash of what is sent, whoever thought of it."""
        sent = json.dumps([self.own, self.style, self.shown.name, self.shown.digest])
        return hashlib.sha256(sent.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def text(self, job: Job) -> str:
        """The instruction with its placeholders, as a writer is shown it and a log keeps it."""
        if self.own is not None:
            return self.own
        text = instruction(replace(job, labels=("{labels}",), schema="{schema}" if job.schema else None), self.style)
        return text.replace('["{labels}"]', '["...", "..."]')


def digest_of_rows(rows: Sequence[Example]) -> str:
    """Content of the rows in their order."""
    return hashlib.sha256("".join(example_digest(row) for row in rows).encode()).hexdigest()


@dataclass(slots=True)
class Cell:
    """One candidate on one row: score (None is missing), what was answered, and how long the request was."""

    score: float | None
    answer: str | None
    characters: int
    words: str = ""


@dataclass(slots=True)
class Entry:
    """One candidate with its cells by row, and what became of it."""

    candidate: Candidate
    cells: dict[int, Cell] = field(default_factory=dict)
    calls: int = 0
    seconds: float = 0.0
    why: str = ""


@dataclass(slots=True)
class Table:
    """Scores by candidate and row. ``compared`` rows from the first are validation rows, the others training rows.

    ``spent`` says that a row could not be asked, for the budget has no room.
    """

    rows: Sequence[Example]
    compared: int
    model: str
    made: Callable[[Candidate], Prompted]
    context: FitContext
    ledger: Ledger
    entries: dict[str, Entry] = field(default_factory=dict)
    batch: int = BATCH
    spent: bool = False

    def add(self, candidate: Candidate) -> bool:
        """Take a candidate in; False where one that sends the same is there."""
        if candidate.key in self.entries:
            return False
        self.entries[candidate.key] = Entry(candidate)
        return True

    def ask(self, candidate: Candidate, places: Sequence[int]) -> bool:
        """Score the rows at these places that are not scored yet; False where the budget ends before.

        Raises:
            Cancelled: the person asked to stop; replies that came are kept.
        """
        self.add(candidate)
        entry = self.entries[candidate.key]
        missing = [place for place in places if place not in entry.cells]
        system, started = self.made(candidate), time.perf_counter()
        try:
            while missing:
                if self.context.cancelled():
                    raise Cancelled
                asked = self._ask_some(system, entry, missing[: self.batch])
                # Near the end of the dollars few go at once, and no more are made ready than may go.
                self.batch = max(1, min(BATCH, 2 * asked))
                if asked == 0:
                    self.spent = True
                    return False
                missing = missing[asked:]
                self.context.progress("searching for a prompt", self.ledger.share)
            return True
        finally:
            entry.seconds += time.perf_counter() - started
            system.close()

    def _ask_some(self, system: Prompted, entry: Entry, places: Sequence[int]) -> int:
        """How many of the rows at these places were asked: as many as the budget has room for."""
        requests = [system.request(self.rows[place].inputs) for place in places]
        room = self.ledger.room(self.model, requests)
        rows = [self.rows[place] for place in places[:room]]
        if not rows:
            return 0
        answers = system.ask([row.inputs for row in rows], Watch(self.context.cancelled))
        if not self.entries[next(iter(self.entries))].cells and all(answer.status.is_missing for answer in answers):
            raise _silent(answers[0].detail)
        entry.calls += room
        for request, answer in zip(requests[:room], answers, strict=True):
            self.ledger.count(self.model, request, answer.spent, answer.status)
        judged = self.context.judged(rows, answers)
        for place, request, answer, (score, word) in zip(places, requests, answers, judged, strict=False):
            sent = sum(len(message.content) for message in request.messages)
            entry.cells[place] = Cell(score, answer.text, sent - len(self.rows[place].text), word)
        return room

    @property
    def explained(self) -> bool:
        """Whether the grader said in words what was wrong with an answer."""
        return any(cell.words for entry in self.entries.values() for cell in entry.cells.values())

    def reached(self, candidate: Candidate) -> int:
        """How many validation rows are scored, from the first without a gap."""
        cells = self.entries[candidate.key].cells
        return next((place for place in range(self.compared) if place not in cells), self.compared)

    def scores(self, candidate: Candidate, count: int) -> FloatArray:
        """Scores on the first ``count`` validation rows, float64[count], nan where missing or not asked."""
        cells = self.entries[candidate.key].cells
        known = [cells[place].score if place in cells else None for place in range(count)]
        return np.array([np.nan if score is None else score for score in known], dtype=np.float64)

    def mean(self, candidate: Candidate, count: int) -> float:
        """The mean score on the first ``count`` validation rows; minus infinity where none is known."""
        scores = self.scores(candidate, count)
        return -float("inf") if np.isnan(scores).all() else float(np.nanmean(scores))

    def length(self, candidate: Candidate, count: int) -> float:
        """Characters sent for a case besides its own, on average over the first ``count`` validation rows asked."""
        cells = self.entries[candidate.key].cells
        sent = [cells[place].characters for place in range(count) if place in cells]
        return float(np.mean(sent)) if sent else float("inf")

    def groups(self, count: int) -> IntArray | None:
        """The groups of the first ``count`` rows as numbers, None where rows stand alone."""
        names = [row.group for row in self.rows[:count]]
        if all(name is None for name in names):
            return None
        numbers: dict[str, int] = {}
        ids = [numbers.setdefault(f"row {n}" if name is None else f"group {name}", n) for n, name in enumerate(names)]
        return np.array(ids, dtype=np.int64)


def _silent(detail: str) -> WorkError:
    return WorkError(
        "optimised_prompt.no_answer",
        "The model answered none of the first validation rows.",
        why=detail or "no reason was given",
        hint="Mend the connection and run again: what was answered is not paid twice.",
    )
