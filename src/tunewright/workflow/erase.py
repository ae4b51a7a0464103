"""Finding a row everywhere, and erasing it everywhere: state, caches, fits, reports, rows set aside."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError
from tunewright.store import PurgeReport, Store, Whereabouts
from tunewright.workflow.run import RUNS, STATE

# Shorter texts occur in reports by chance.
MIN_CHARS = 12


@dataclass(frozen=True, slots=True)
class Erased:
    """What went, by place."""

    reports: tuple[PurgeReport, ...]
    files: tuple[Path, ...]


def where(query: str, root: Path) -> Whereabouts:
    """Everything the project knows about a row, by its id, its place (``file:line``) or its whole text."""
    with Store.open(root / STATE) as store:
        return store.where(query)


def purge(query: str, root: Path) -> Erased:
    """Erase every row that the query finds, and files of runs that quote it.

    Raises:
        InputError: nothing is known under that query.
    """
    with Store.open(root / STATE) as store:
        found = store.where(query)
        files = _quoting_files(query, root / RUNS) if len(query) >= MIN_CHARS else []
        if not found.row_keys and not files:
            raise InputError(
                "purge.unknown",
                "Nothing is known about such a row.",
                where=query[:80],
                hint="Give its id, its place as FILE:LINE, or its whole text.",
            )
        reports = tuple(store.purge(key, root / RUNS) for key in found.row_keys)
        for path in files:
            _take_out(path, query)
    return Erased(reports, tuple(files))


def _quoting_files(text: str, runs: Path) -> list[Path]:
    """Files of runs that hold the text word for word, beyond those that are registered for the row."""
    needle = text.encode()
    return [path for path in sorted(runs.glob("*/*")) if path.is_file() and needle in path.read_bytes()]


def _take_out(path: Path, text: str) -> None:
    """Rows set aside are rewritten without the row; any other file that quotes it goes."""
    if not path.exists():
        return
    if path.suffix != ".csv":
        path.unlink()
        return
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.reader(stream) if not any(text in cell for cell in row)]
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(rows)
