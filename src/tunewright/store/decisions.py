"""What people decided about rows: who, when, why, how long it took. Append-only; undoing is an entry of its own.

The ledger holds hashes and names of findings. What was written into a row and what a person remarked may be personal:
it stands beside the ledger, in ``decision_texts``, and goes when the row is erased. Called through ``Store.decisions``.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from tunewright.records.example import Example
from tunewright.store.database import Database
from tunewright.store.erasures import all_erased, refuse
from tunewright.store.schema import decision_texts, decisions
from tunewright.store.secret import Keyring

UNDO = "undo"
# Looked at and put off: no answer, so no labelling cost either.
SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about one row, under the finding that asked for it.

    ``row`` is the lasting name of the row as it was before (see ``VersionShelf.names``). ``changes`` are (field, new
    text) pairs, ``weight`` a new weight in training, ``note`` why, ``extra`` further facts (the kind of case).
    ``seconds`` is None where it was not timed. ``erased``: the texts are gone because the row was erased.
    """

    number: int
    row: str
    finding: str
    action: str
    who: str
    happened: str
    seconds: float | None
    changes: tuple[tuple[str, str], ...] = ()
    weight: float | None = None
    note: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    erased: bool = False


@dataclass(frozen=True, slots=True)
class LabellingCost:
    """Seconds that a decision takes a person: the median over ``n`` timed decisions; None where there is none."""

    median_s: float | None
    n: int


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to be written down; see ``Decision``. ``row`` is the lasting name of the example."""

    example: Example
    row: str
    finding: str
    action: str
    changes: tuple[tuple[str, str], ...] = ()
    weight: float | None = None
    note: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None


class DecisionLog:
    """The decisions of a project."""

    def __init__(self, database: Database, keyring: Keyring, timestamp: Callable[[], str]) -> None:
        self._database = database
        self._keyring = keyring
        self._timestamp = timestamp

    def add(self, who: str, new: Sequence[NewDecision]) -> list[int]:
        """Write decisions down, all or none, safe against a power cut; returns their numbers.

        Raises:
            WorkError: ``store.row_erased`` when one is about an erased row.
        """
        with self._database.write(durable=True) as connection:
            erased, numbers = all_erased(connection), []
            for one in new:
                row_key = self._keyring.row_key(one.example)
                if row_key in erased.rows or self._keyring.input_key(one.example) in erased.inputs:
                    refuse([str(one.example.source)])
                values = {"row": one.row, "row_key": row_key, "finding": one.finding, "action": one.action}
                numbers.append(self._append(connection, who, values, one.seconds))
                content = _pack(one)
                if content is not None:
                    connection.execute(insert(decision_texts).values(decision=numbers[-1], content=content))
        return numbers

    def undo(self, decision: Decision, who: str) -> None:
        """Take a decision back; it stays in the ledger."""
        with self._database.write(durable=True) as connection:
            row_key = connection.execute(
                select(decisions.c.row_key).where(decisions.c.number == decision.number)
            ).scalar_one()
            values = {"row": decision.row, "row_key": row_key, "finding": decision.finding, "action": UNDO}
            self._append(connection, who, values, None, undoes=decision.number)

    def standing(self) -> list[Decision]:
        """Every decision that was not taken back, in the order in which they were made."""
        with self._database.read() as connection:
            found = connection.execute(
                select(decisions, decision_texts.c.content)
                .outerjoin_from(decisions, decision_texts, decision_texts.c.decision == decisions.c.number)
                .order_by(decisions.c.number)
            ).all()
        undone = {row.undoes for row in found if row.action == UNDO}
        return [
            _decision(row.number, row.row, row.finding, row.action, row.who, row.happened, row.seconds, row.content)
            for row in found
            if row.action != UNDO and row.number not in undone
        ]

    def cost(self, finding: str | None = None) -> LabellingCost:
        """Median seconds per decision, of all or of those under one finding; skipped rows do not count."""
        query = select(decisions.c.seconds).where(decisions.c.seconds.is_not(None), decisions.c.action != SKIP)
        if finding is not None:
            query = query.where(decisions.c.finding == finding)
        with self._database.read() as connection:
            seconds = list(connection.execute(query).scalars())
        return LabellingCost(statistics.median(seconds) if seconds else None, len(seconds))

    def _append(
        self,
        connection: Connection,
        who: str,
        values: dict[str, str],
        seconds: float | None,
        undoes: int | None = None,
    ) -> int:
        result = connection.execute(
            insert(decisions)
            .values(**values, who=who, happened=self._timestamp(), seconds=seconds, undoes=undoes)
            .returning(decisions.c.number)
        )
        return int(result.scalar_one())


# What is kept of a decision that changes nothing and says nothing: no text at all.
_CHANGING = ("relabel", "edit", "mask", "weigh", "label")


def _pack(new: NewDecision) -> bytes | None:
    value: dict[str, object] = {}
    if new.changes:
        value["changes"] = [list(change) for change in new.changes]
    if new.weight is not None:
        value["weight"] = new.weight
    if new.note:
        value["note"] = new.note
    if new.extra:
        value["extra"] = [list(pair) for pair in new.extra]
    if not value:
        return None
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _decision(
    number: int,
    row: str,
    finding: str,
    action: str,
    who: str,
    happened: str,
    seconds: float | None,
    content: bytes | None,
) -> Decision:
    value = json.loads(bytes(content).decode("utf-8", "surrogatepass")) if content is not None else {}
    return Decision(
        number,
        row,
        finding,
        action,
        who,
        happened,
        seconds,
        changes=tuple((field, text) for field, text in value.get("changes", ())),
        weight=value.get("weight"),
        note=value.get("note", ""),
        extra=tuple((name, text) for name, text in value.get("extra", ())),
        erased=content is None and action in _CHANGING,
    )
