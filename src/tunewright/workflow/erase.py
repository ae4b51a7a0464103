"""Finding a row everywhere, and erasing it everywhere: state, caches, fits, reports, rows set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.data.set_aside import HALF_WRITTEN, keep_set_aside, read_set_aside
from tunewright.errors import InputError
from tunewright.store import PurgeReport, Whereabouts
from tunewright.workflow.runs import ERASING, RUNS, finish_purges, open_state

# Shorter texts occur in reports by chance.
MIN_CHARS = 12
SET_ASIDE_NAME = "set_aside.csv"


@dataclass(frozen=True, slots=True)
class Erased:
    """What went, by place."""

    reports: tuple[PurgeReport, ...]
    files: tuple[Path, ...]


def where(query: str, root: Path) -> Whereabouts:
    """Everything the project knows about a row, by its id, its place (``file:line``) or its whole text."""
    with open_state(root) as store:
        return store.where(query)


def interrupted(found: Whereabouts, root: Path) -> list[str]:
    """Sentences on what was begun with these rows and is not done: runs, and their erasure."""
    known = {placement.run for placement in found.placements}
    with open_state(root) as store:
        runs = [run for run in store.unfinished_runs() if run.run in known]
        erasing = set(store.unfinished_purges()) & set(found.row_keys)
    lines = [f"{run.run} {'is still at work' if run.alive else 'was stopped before its end'}." for run in runs]
    return [*lines, "Its erasure was interrupted: repeat it, or the next run completes it."] if erasing else lines


def set_aside_places(query: str, root: Path) -> list[Path]:
    """Lists of rows set aside that hold the row, by its place or its text."""
    with open_state(root) as store:
        found = store.where(query)
    quoting = _quoting_files(query, root / RUNS) if _is_whole_text(query, found) else []
    return sorted({*_listing_files(root / RUNS, found, query), *(p for p in quoting if p.name == SET_ASIDE_NAME)})


def purge(query: str, root: Path) -> Erased:
    """Erase every row that the query finds, and what files of runs hold of it.

    Raises:
        InputError: nothing is known under that query.
    """
    with open_state(root) as store:
        finish_purges(store, root)
        for leftover in (root / RUNS).glob(f"*/*{HALF_WRITTEN}"):
            leftover.unlink(missing_ok=True)
        found = store.where(query)
        lists = _listing_files(root / RUNS, found, query)
        files = _quoting_files(query, root / RUNS) if _is_whole_text(query, found) else []
        if not found.row_keys and not lists and not files:
            raise InputError(
                "purge.unknown",
                "Nothing is known about such a row.",
                where=query[:80],
                hint="Give its id, its place as FILE:LINE, or its whole text.",
            )
        # What only the query can find goes first: killed from here on, an erasure is completed by the state alone.
        for path, places in lists.items():
            _rewrite(path, places)
        for path in files:
            _take_out(path, query)
        with store.lease(ERASING):
            reports = tuple(store.purge(key, root / RUNS) for key in found.row_keys)
    return Erased(reports, tuple(dict.fromkeys([*lists, *files])))


def _is_whole_text(query: str, found: Whereabouts) -> bool:
    """Whether the query found its row by its text, so that what quotes it may go; never by an id or a place."""
    names = {name for place in found.placements for name in (place.row_id, place.source)}
    names |= {name for version in found.versions for name in (version.row_id, version.source)}
    return len(query) >= MIN_CHARS and bool(found.row_keys) and query not in names


def _listing_files(runs: Path, found: Whereabouts, query: str) -> dict[Path, set[str]]:
    """Lists of rows set aside that name the row by its place, with the places to take out of each."""
    places: dict[Path, set[str]] = {}
    for path in sorted(runs.glob(f"*/{SET_ASIDE_NAME}")):
        wanted = {query, *(place.source for place in found.placements if place.run == path.parent.name)}
        listed = wanted & {_place_of(row) for row in read_set_aside(path)}
        if listed:
            places[path] = listed
    return places


def _quoting_files(text: str, runs: Path) -> list[Path]:
    """Files of runs that hold the text word for word, beyond those that are registered for the row."""
    needle = text.encode()
    return [path for path in sorted(runs.glob("*/*")) if path.is_file() and needle in path.read_bytes()]


def _take_out(path: Path, text: str) -> None:
    """Rows set aside are rewritten without the row; any other file that quotes it goes."""
    if not path.exists():
        return
    if path.name == SET_ASIDE_NAME:
        _rewrite(path, {_place_of(row) for row in read_set_aside(path) if any(text in cell for cell in row)})
    else:
        path.unlink()


def _rewrite(path: Path, places: set[str]) -> None:
    """The same list without the rows of these places."""
    keep_set_aside(path, lambda row: _place_of(row) not in places)


def _place_of(row: Sequence[str]) -> str:
    """The place of a listed row, as sources are written elsewhere; the columns are file, sheet, line."""
    return f"{row[0]} [{row[1]}]:{row[2]}" if row[1] else f"{row[0]}:{row[2]}"
