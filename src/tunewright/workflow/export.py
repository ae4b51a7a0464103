"""Score rows as a table: one line per system and case, from the state, which is the one truth for them.

Which fits and which rows they are is read from what the run wrote down, so that a table that changed since does no
harm. The state keeps no right answers: those come from the table, for the rows that still stand in it as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tunewright.data.own_tables import LED_TO, SCORES, SPENT, write_rows
from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings
from tunewright.records.usage import Spent
from tunewright.store import Store
from tunewright.workflow.load import load
from tunewright.workflow.release import InUse, read_in_use
from tunewright.workflow.report import require_new
from tunewright.workflow.runs import open_state

SUFFIXES = (".csv", ".parquet")
COLUMNS = (*SCORES, *SPENT, LED_TO)


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows were written, and what a person should know about them."""

    rows: int
    notes: tuple[str, ...]


def export_scores(root: Path, output: Path) -> Exported:
    """Write the score rows of the last run's comparison.

    Raises:
        InputError: no run is finished, nothing was scored, the output exists, or its ending is not .csv or .parquet.
    """
    if output.suffix not in SUFFIXES:
        raise InputError("export.format", "The output must end in .csv or .parquet.", where=str(output))
    require_new(output)
    with open_state(root) as store:
        in_use = read_in_use(store.folder)
        targets = _targets(in_use.settings, root, store)
        lines, lost = _lines(in_use, targets, store)
    if not lines:
        raise InputError(
            "export.nothing",
            "The last run left no score rows.",
            where=in_use.run,
            hint="Run again; with many rows, open the locked test with --final. After an erasure, run again too.",
        )
    if output.suffix == ".csv":
        with output.open("x", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
            write_rows(stream, COLUMNS, lines)
    else:
        pl.DataFrame(lines, schema=list(COLUMNS), orient="row", infer_schema_length=None).write_parquet(output)
    changed = len({line[2] for line in lines if line[3] is None})
    return Exported(len(lines), _notes(in_use.run, lost, changed))


def _lines(in_use: InUse, targets: Mapping[str, str], store: Store) -> tuple[list[tuple[object, ...]], int]:
    """(score rows of all systems, how many fits have some rows missing)."""
    names = {(row.part, row.row_key): row.row_id for row in store.rows_of(in_use.run)}
    lines: list[tuple[object, ...]] = []
    lost = 0
    for system, fits in in_use.fits.items():
        for part, key in fits.items():
            rows = [row for row in store.scores(key, part) if (part, row.row_key) in names]
            lost += len({row.row_key for row in rows}) < sum(of == part for of, _ in names)
            for row in rows:
                cells = (row.answer, row.score, row.status.value, row.confidence, row.repetition, row.detail)
                name, target = names[part, row.row_key], targets.get(row.row_key)
                lines.append((system, part, name, target, *cells, *_spent(row.spent), row.trace))
    return lines, lost


def _spent(spent: Spent | None) -> tuple[object, ...]:
    """Calls, tokens and dollars in the order of ``SPENT``; empty cells where no model was asked."""
    if spent is None:
        return (None,) * len(SPENT)
    usage = spent.usage
    return spent.calls, usage.input, usage.cached + usage.cache_written, usage.output, spent.usd


def _targets(settings: ProjectSettings, root: Path, store: Store) -> dict[str, str]:
    """Right answers by row, from the tables as they are now: a row whose content changed has another key."""
    try:
        loaded = load(settings, root, store)
    except InputError:
        return {}
    return {store.row_key(example): example.target for example in (*loaded.examples, *(loaded.test or ()))}


def _notes(run: str, lost: int, changed: int) -> tuple[str, ...]:
    notes = []
    if changed:
        notes.append(
            f"The table changed since {run}: {changed} rows have no target here, for they are not in it as then."
        )
    if lost:
        notes.append(f"Answers of {run} are missing, as after an erasure: run again for all of them.")
    return tuple(notes)
