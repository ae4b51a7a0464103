"""Score rows: the append-only evidence, one system on one example.

Evidence is never changed. Only a missing score (a backend or a judge failed) may be followed by another attempt, and
then the last attempt counts. Called by the workflow through the store.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from tunewright.errors import WorkError
from tunewright.records.answers import ScoreRow, Status
from tunewright.records.usage import Spent, Usage
from tunewright.store.erasures import all_erased, refuse
from tunewright.store.schema import score_rows

_KEYS_PER_QUERY = 500
_SCORE_TOLERANCE = 1e-9
_Place = tuple[str, str, str, int]


def append(connection: Connection, rows: Sequence[ScoreRow]) -> None:
    """Add score rows; one that is stored already is passed over.

    Two rows are the same when status, score and answer are; of the rest the first stays.

    Raises:
        WorkError: ``store.score_changed`` when another score is stored for the same system, row, part and
            repetition; ``store.row_erased`` when a row was erased in the meantime. Nothing is stored then.
    """
    refuse(sorted(all_erased(connection).rows.intersection(row.row_key for row in rows)))
    latest = _latest(connection, rows)
    fresh = []
    for row in rows:
        place = (row.fit_key, row.part, row.row_key, row.repetition)
        attempt, known = latest.get(place, (-1, None))
        if known is not None and (_same(known, row) or row.status.is_missing):
            continue
        if known is not None and not known.status.is_missing:
            raise _changed(known, row)
        latest[place] = (attempt + 1, row)
        fresh.append(_values(row, attempt + 1))
    if fresh:
        connection.execute(insert(score_rows), fresh)


def read(connection: Connection, fit_key: str, part: str) -> list[ScoreRow]:
    """The score rows of a system on a part, the last attempt of each, in the order of the first."""
    found = connection.execute(
        select(score_rows)
        .where(score_rows.c.fit_key == fit_key, score_rows.c.part == part)
        .order_by(score_rows.c.number)
    ).all()
    rows: dict[tuple[str, int], ScoreRow] = {}
    for record in found:
        rows[(record.row_key, record.repetition)] = _score_row(record)
    return list(rows.values())


def parts_of(connection: Connection, fit_key: str) -> list[str]:
    """The parts on which answers of a system are stored, in order of name."""
    found = connection.execute(select(score_rows.c.part).where(score_rows.c.fit_key == fit_key).distinct()).scalars()
    return sorted(found)


def _latest(connection: Connection, rows: Sequence[ScoreRow]) -> dict[_Place, tuple[int, ScoreRow]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row.fit_key, row.part), []).append(row.row_key)
    latest: dict[_Place, tuple[int, ScoreRow]] = {}
    for (fit_key, part), keys in groups.items():
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            found = connection.execute(
                select(score_rows)
                .where(
                    score_rows.c.fit_key == fit_key,
                    score_rows.c.part == part,
                    score_rows.c.row_key.in_(keys[start : start + _KEYS_PER_QUERY]),
                )
                .order_by(score_rows.c.attempt)
            ).all()
            for record in found:
                place = (fit_key, part, record.row_key, record.repetition)
                latest[place] = (record.attempt, _score_row(record))
    return latest


def _same(one: ScoreRow, other: ScoreRow) -> bool:
    if one.status != other.status or one.answer != other.answer:
        return False
    if one.score is None or other.score is None:
        return one.score is other.score
    return abs(one.score - other.score) <= _SCORE_TOLERANCE


def _changed(known: ScoreRow, row: ScoreRow) -> WorkError:
    return WorkError(
        "store.score_changed",
        "The same system answered the same row differently than before.",
        where=f"{row.part}, row {row.row_key}, repetition {row.repetition}: "
        f"{known.status} {known.score} before, {row.status} {row.score} now",
        why="Stored scores are evidence and are never replaced.",
        hint="Something that the answer depends on is missing from the key of the system, or the system is not "
        "deterministic: score it as a repetition of its own.",
    )


def _values(row: ScoreRow, attempt: int) -> dict[str, str | int | float | None]:
    return {
        "fit_key": row.fit_key,
        "row_key": row.row_key,
        "part": row.part,
        "repetition": row.repetition,
        "attempt": attempt,
        "status": row.status.value,
        "score": row.score,
        "answer": row.answer,
        "confidence": row.confidence,
        "detail": row.detail,
        "spent": None if row.spent is None else json.dumps(asdict(row.spent), separators=(",", ":")),
        "trace": row.trace,
        "parts": json.dumps(row.parts, ensure_ascii=False, separators=(",", ":")),
    }


def _score_row(record: Row[Any]) -> ScoreRow:
    return ScoreRow(
        fit_key=record.fit_key,
        row_key=record.row_key,
        part=record.part,
        status=Status(record.status),
        score=record.score,
        answer=record.answer,
        confidence=record.confidence,
        detail=record.detail,
        repetition=record.repetition,
        spent=_spent(record.spent),
        trace=record.trace,
        parts=tuple((name, float(value)) for name, value in json.loads(record.parts)),
    )


def _spent(text: str | None) -> Spent | None:
    if text is None:
        return None
    value = json.loads(text)
    return Spent(value["calls"], Usage(**value["usage"]), value["usd"])
