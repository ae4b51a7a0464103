"""The texts behind the keys of a run's rows, wherever they still stand: its tables, or any dataset version.

A run keeps keys and places, no texts. Where a table was edited in place the old texts are gone, and the row is told by
its name alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tunewright.errors import TunewrightError
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example
from tunewright.store import Store
from tunewright.workflow.compare_runs.past_run import PastRun
from tunewright.workflow.load import load


class Texts:
    """Examples by the key of their row, and by that of their input."""

    def __init__(self, store: Store, examples: Iterable[Example]) -> None:
        self._store = store
        self._by_row: dict[str, Example] = {}
        self._by_input: dict[str, Example] = {}
        self.add(examples)

    def add(self, examples: Iterable[Example]) -> None:
        """More examples; the first of equal keys stays."""
        for example in examples:
            self._by_row.setdefault(self._store.row_key(example), example)
            self._by_input.setdefault(self._store.input_key(example), example)

    def row(self, row_key: str) -> Example | None:
        """The example, input and target."""
        return self._by_row.get(row_key)

    def input(self, input_key: str) -> Example | None:
        """An example with this input, whatever its target."""
        return self._by_input.get(input_key)


def texts_of(runs: Sequence[PastRun], root: Path, store: Store) -> Texts:
    """The texts of the rows of some runs; the later one first, for its tables are the likeliest to be as they were."""
    found = Texts(store, ())
    for run in reversed(runs):
        found.add(_of_tables(run, root, store))
    missing = {row.row_key for run in runs for row in run.rows if found.row(row.row_key) is None}
    for version in reversed(store.versions.all()):
        if not missing:
            break
        rows = [row.example for row in store.versions.rows(version)]
        found.add(rows)
        missing -= {store.row_key(example) for example in rows}
    return found


def _of_tables(run: PastRun, root: Path, store: Store) -> list[Example]:
    """The rows of the tables of a run as they are now; none where a table is gone or cannot be read any more."""
    try:
        settings: ProjectSettings = run.settings()
        loaded = load(settings, root, store)
    except (TunewrightError, OSError):
        return []
    return [*loaded.examples, *(loaded.test or ())]
