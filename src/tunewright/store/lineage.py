"""Where a row is: runs and parts, versions, decisions, scores, what learned from it, files that may hold its text.

Only looks; deleting is in ``purge.py``, which starts from the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, union

from tunewright.store.artifacts import Artifact, artifact_of
from tunewright.store.erasures import all_erased
from tunewright.store.row_sets import is_row_key, sets_holding
from tunewright.store.schema import (
    AnyText,
    artifacts,
    decision_texts,
    decisions,
    erasures,
    registered_rows,
    row_blobs,
    run_files,
    run_registers,
    score_rows,
    version_edits,
    version_rows,
)

# Shorter texts occur in answers by chance.
_QUOTE_CHARS = 12

# An erasure that was interrupted late is known by its tombstones alone.
_known = union(
    select(registered_rows.c.row_key, registered_rows.c.input_key),
    select(row_blobs.c.row_key, row_blobs.c.input_key),
    select(erasures.c.row_key, erasures.c.input_key),
).subquery()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a row went in one run."""

    run: str
    row_key: str
    row_id: str
    source: str
    part: str


@dataclass(frozen=True, slots=True)
class VersionPlace:
    """Where a row stands in one dataset version."""

    version: int
    row_key: str
    row_id: str
    source: str


@dataclass(frozen=True, slots=True)
class ScorePlace:
    """A stored answer, named by what is unique of it."""

    fit_key: str
    row_key: str
    part: str
    repetition: int


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run, relative to the folder of the run."""

    run: str
    path: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Everything the project state knows about one or more rows, those with the same input included.

    ``quoted`` are answers to any row that contain the text asked for, word for word. ``versions`` are places in dataset
    versions, also of what the rows became by editing; ``decisions`` counts review decisions about them, ``notes`` those
    with texts that are still there; ``cached`` counts kept results and vectors of audits.
    """

    row_keys: tuple[str, ...]
    placements: tuple[Placement, ...]
    scores: tuple[ScorePlace, ...]
    artifacts: tuple[Artifact, ...]
    files: tuple[RunFile, ...]
    quoted: tuple[ScorePlace, ...]
    erased: tuple[str, ...]
    versions: tuple[VersionPlace, ...] = ()
    decisions: int = 0
    notes: int = 0
    cached: int = 0


def find_rows(connection: Connection, query: str, input_key: str) -> list[str]:
    """The keys of rows known by a label, a place in a file, a key of a row, or the key of their input."""
    columns = registered_rows.c
    known = connection.execute(
        select(columns.row_key)
        .where(or_(columns.row_id == query, _has_place(columns.source, query), columns.input_key == input_key))
        .distinct()
    ).scalars()
    erased = connection.execute(select(_known.c.row_key).where(_known.c.input_key == input_key)).scalars()
    kept = version_rows.c
    in_versions = connection.execute(
        select(kept.row_key).where(or_(kept.row_id == query, _has_place(kept.source, query))).distinct()
    ).scalars()
    found = {*known, *erased, *in_versions}
    return sorted({*found, query} if is_row_key(query) else found)


def _has_place(source: ColumnElement[str], query: str) -> ColumnElement[bool]:
    """FILE:LINE, also where the row stands in a sheet: ``desk.xlsx:2`` finds ``desk.xlsx [Sheet1]:2``."""
    file, _, line = query.rpartition(":")
    if not file or not line.isdigit():
        return source == query
    return or_(source == query, and_(source.startswith(f"{file} [", autoescape=True), source.endswith(f"]:{line}")))


def input_key_of(connection: Connection, row_key: str) -> str | None:
    """The key of the input of a row, where a run or an erasure knows it."""
    return connection.execute(
        select(_known.c.input_key).where(_known.c.row_key == row_key, _known.c.input_key.is_not(None)).limit(1)
    ).scalar()


def rows_with_input(connection: Connection, input_key: str | None) -> list[str]:
    """The keys of all rows with an input, whatever their targets, erased ones included; none for no input."""
    if input_key is None:
        return []
    return sorted(connection.execute(select(_known.c.row_key).where(_known.c.input_key == input_key)).scalars())


def derived_rows(connection: Connection, row_keys: Iterable[str]) -> list[str]:
    """What rows became by editing, in any number of steps, where no other row became the same.

    A row that several others were edited into, such as one that only says "[EMAIL]", tells of none of them.
    """
    edits, found = version_edits.c, set(row_keys)
    known, new = set(found), set(found)
    while new:
        after = connection.execute(
            select(edits.after_key).where(edits.before_key.in_(new), edits.after_key.is_not(None)).distinct()
        ).scalars()
        candidates = {key for key in after if key not in found}
        shared = connection.execute(
            select(edits.after_key).where(edits.after_key.in_(candidates), edits.before_key.not_in(found)).distinct()
        ).scalars()
        new = candidates - set(shared)
        found |= new
    return sorted(found - known)


def whereabouts(connection: Connection, row_keys: Iterable[str], shelf: Path, text: str | None) -> Whereabouts:
    """Everything known about rows and about those with the same input, which is what an erasure would delete.

    ``shelf`` is the blob folder; ``text`` is looked for in answers.
    """
    asked = set(row_keys)
    twins = [rows_with_input(connection, input_key_of(connection, key)) for key in asked]
    same = asked.union(*twins)
    keys = sorted(same.union(derived_rows(connection, same)))
    set_ids = sorted({identity for key in keys for identity in sets_holding(connection, key)})
    erased = all_erased(connection).rows
    return Whereabouts(
        row_keys=tuple(keys),
        placements=_placements(connection, keys),
        scores=_scores(connection, keys),
        artifacts=artifacts_from(connection, set_ids, shelf),
        files=files_from(connection, set_ids),
        quoted=_quoting(connection, text) if text is not None and len(text) >= _QUOTE_CHARS else (),
        erased=tuple(key for key in keys if key in erased),
        versions=_version_places(connection, keys),
        decisions=_count_decisions(connection, keys),
        notes=_count_notes(connection, keys),
    )


def artifacts_from(connection: Connection, set_ids: list[str], shelf: Path) -> tuple[Artifact, ...]:
    """The artifacts that came from any of these sets of rows."""
    found = connection.execute(
        select(artifacts).where(artifacts.c.row_set.in_(set_ids)).order_by(artifacts.c.key)
    ).all()
    return tuple(artifact_of(row, shelf) for row in found)


def files_from(connection: Connection, set_ids: list[str]) -> tuple[RunFile, ...]:
    """The files of runs that hold text of any of these sets of rows."""
    columns = run_files.c
    found = connection.execute(
        select(columns.run, columns.path)
        .where(columns.row_set.in_(set_ids))
        .distinct()
        .order_by(columns.run, columns.path)
    ).all()
    return tuple(RunFile(run, path) for run, path in found)


def _placements(connection: Connection, keys: list[str]) -> tuple[Placement, ...]:
    rows, links = registered_rows.c, run_registers.c
    found = connection.execute(
        select(links.run, rows.row_key, rows.row_id, rows.source, rows.part)
        .join_from(registered_rows, run_registers, links.register == rows.register)
        .where(rows.row_key.in_(keys))
        .order_by(links.run, rows.number)
    ).all()
    return tuple(Placement(*row) for row in found)


def _version_places(connection: Connection, keys: list[str]) -> tuple[VersionPlace, ...]:
    rows = version_rows.c
    found = connection.execute(
        select(rows.version, rows.row_key, rows.row_id, rows.source)
        .where(rows.row_key.in_(keys))
        .order_by(rows.version, rows.place)
    ).all()
    return tuple(VersionPlace(*row) for row in found)


def _count_decisions(connection: Connection, keys: list[str]) -> int:
    query = select(func.count()).select_from(decisions).where(decisions.c.row_key.in_(keys))
    return connection.execute(query).scalar_one()


def _count_notes(connection: Connection, keys: list[str]) -> int:
    query = (
        select(func.count())
        .select_from(decision_texts)
        .join(decisions, decisions.c.number == decision_texts.c.decision)
        .where(decisions.c.row_key.in_(keys))
    )
    return connection.execute(query).scalar_one()


def _scores(connection: Connection, keys: list[str]) -> tuple[ScorePlace, ...]:
    columns = score_rows.c
    found = connection.execute(
        select(columns.fit_key, columns.row_key, columns.part, columns.repetition)
        .where(columns.row_key.in_(keys))
        .distinct()
        .order_by(columns.fit_key, columns.row_key, columns.part, columns.repetition)
    ).all()
    return tuple(ScorePlace(*row) for row in found)


def _quoting(connection: Connection, text: str) -> tuple[ScorePlace, ...]:
    columns = score_rows.c
    found = connection.execute(
        select(columns.fit_key, columns.row_key, columns.part, columns.repetition)
        .where(func.instr(columns.answer, literal(text, AnyText())) > 0)
        .distinct()
        .order_by(columns.fit_key, columns.row_key, columns.part, columns.repetition)
    ).all()
    return tuple(ScorePlace(*row) for row in found)
