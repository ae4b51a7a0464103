"""What audits saw that needs a decision, and what a person approved all the same, with the reason.

Approvals are append-only and hold hashes: the finding, the rows it was about, the set of rows it was given for. A new
row is not among them, so it needs a new approval. What audits saw is no ledger: the next look at a row replaces it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tunewright.store.database import Database
from tunewright.store.dataset_versions import content_of_name
from tunewright.store.json_values import to_json
from tunewright.store.schema import approvals, audits, open_sightings

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Approval:
    """A finding that a person lets stand: for these rows (hashes of contents), and for the whole set of this hash."""

    number: int
    finding: str
    rows_hash: str
    rows: frozenset[str]
    who: str
    reason: str
    happened: str


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One audit: the set of rows it looked at and a summary without any row's words."""

    number: int
    rows_hash: str
    n_rows: int
    happened: str
    summary: Mapping[str, JsonValue]


class ApprovalLedger:
    """Audits, what they saw, and approvals of a project."""

    def __init__(self, database: Database, timestamp: Callable[[], str]) -> None:
        self._database = database
        self._timestamp = timestamp

    def remember_audit(
        self,
        rows_hash: str,
        rows: Sequence[str],
        seen: Mapping[str, Iterable[str]],
        replaced: Callable[[str], bool],
        summary: Mapping[str, JsonValue],
    ) -> int:
        """Write down what an audit saw.

        Args:
            rows: lasting names of all rows looked at.
            seen: rows by finding, for findings that need a decision. A finding that concerns more rows than it names
                is seen in the whole set, whose name is that of ``whole_set``.
            replaced: whether an earlier sighting under a finding is replaced, because its check ran again.
            summary: facts for people; no texts of rows.

        Returns:
            The number of the audit.
        """
        looked_at = {*rows, whole_set(rows_hash)}
        with self._database.write(durable=True) as connection:
            number = (connection.execute(select(func.max(audits.c.number))).scalar() or 0) + 1
            connection.execute(
                insert(audits).values(
                    number=number,
                    rows_hash=rows_hash,
                    n_rows=len(rows),
                    happened=self._timestamp(),
                    summary=to_json(summary),
                )
            )
            known = connection.execute(select(open_sightings.c.row, open_sightings.c.finding)).all()
            gone = [(row, finding) for row, finding in known if row in looked_at and replaced(finding)]
            for row, finding in gone:
                columns = open_sightings.c
                connection.execute(delete(open_sightings).where(columns.row == row, columns.finding == finding))
            values = {(row, finding) for finding, found in seen.items() for row in found}
            if values:
                ordered = [{"row": row, "finding": finding, "audit": number} for row, finding in sorted(values)]
                connection.execute(sqlite_insert(open_sightings).on_conflict_do_nothing(), ordered)
        return number

    def seen(self) -> dict[str, set[str]]:
        """Rows by finding: what the latest look at each row saw that needs a decision."""
        with self._database.read() as connection:
            known = connection.execute(select(open_sightings.c.row, open_sightings.c.finding)).all()
        found: dict[str, set[str]] = {}
        for row, finding in known:
            found.setdefault(finding, set()).add(row)
        return found

    def approve(self, finding: str, rows_hash: str, rows: Iterable[str], who: str, reason: str) -> int:
        """Write an approval down, safe against a power cut; returns its number."""
        members = b"".join(sorted({bytes.fromhex(content_of_name(row)) for row in rows}))
        with self._database.write(durable=True) as connection:
            result = connection.execute(
                insert(approvals)
                .values(
                    finding=finding,
                    rows_hash=rows_hash,
                    members=members,
                    who=who,
                    reason=reason,
                    happened=self._timestamp(),
                )
                .returning(approvals.c.number)
            )
            return int(result.scalar_one())

    def approvals(self, finding: str | None = None) -> list[Approval]:
        """Every approval, or those of one finding, oldest first."""
        query = select(approvals).order_by(approvals.c.number)
        if finding is not None:
            query = query.where(approvals.c.finding == finding)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return [
            Approval(row.number, row.finding, row.rows_hash, _members(row.members), row.who, row.reason, row.happened)
            for row in found
        ]

    def audits(self, rows_hash: str | None = None) -> list[AuditRecord]:
        """Every audit, or those of one set of rows, oldest first."""
        query = select(audits).order_by(audits.c.number)
        if rows_hash is not None:
            query = query.where(audits.c.rows_hash == rows_hash)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return [
            AuditRecord(row.number, row.rows_hash, row.n_rows, row.happened, json.loads(row.summary)) for row in found
        ]


def whole_set(rows_hash: str) -> str:
    """The name under which a set of rows as a whole is kept among rows."""
    return f"set:{rows_hash}"


def _members(packed: bytes) -> frozenset[str]:
    data = bytes(packed)
    return frozenset(data[at : at + _KEY_BYTES].hex() for at in range(0, len(data), _KEY_BYTES))
