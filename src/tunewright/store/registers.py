"""Where every row of a run went: its part, its label and where it stood in the person's file.

The text of a row is not kept. A list of rows is stored once, however many runs used the same one. Called through
``Store.register_rows``; read by lineage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.store.erasures import all_erased, refuse
from tunewright.store.schema import registered_rows, registers, run_registers

SET_ASIDE = "set-aside:"


@dataclass(frozen=True, slots=True)
class RegisteredRow:
    """Where one row went in a run.

    ``part`` is ``train``, ``validation``, ``test``, ``fold-3`` or ``set-aside:REASON``; ``source`` is file and line.
    """

    row_key: str
    input_key: str
    row_id: str
    source: str
    part: str


def register(connection: Connection, run: str, rows: Sequence[RegisteredRow]) -> None:
    """Write down where rows went in a run; the same rows again change nothing.

    Raises:
        WorkError: ``store.row_erased`` when an erased row is to be used.
    """
    erased = all_erased(connection)
    refuse(
        row.source
        for row in rows
        if (row.row_key in erased.rows or row.input_key in erased.inputs) and not row.part.startswith(SET_ASIDE)
    )
    digest = hashlib.sha256(json.dumps([astuple(row) for row in rows]).encode()).hexdigest()
    number = connection.execute(select(registers.c.number).where(registers.c.digest == digest)).scalar()
    if number is None:
        number = connection.execute(insert(registers).values(digest=digest).returning(registers.c.number)).scalar_one()
        if rows:
            connection.execute(
                insert(registered_rows),
                [
                    {
                        "register": number,
                        "row_key": row.row_key,
                        "input_key": row.input_key,
                        "row_id": row.row_id,
                        "source": row.source,
                        "part": row.part,
                    }
                    for row in rows
                ],
            )
    connection.execute(insert(run_registers).values(run=run, register=number).on_conflict_do_nothing())


def rows_of(connection: Connection, run: str) -> list[RegisteredRow]:
    """The rows that a run registered, in their order, without those that were erased since."""
    columns, links = registered_rows.c, run_registers.c
    found = connection.execute(
        select(columns.row_key, columns.input_key, columns.row_id, columns.source, columns.part)
        .join_from(registered_rows, run_registers, links.register == columns.register)
        .where(links.run == run)
        .order_by(columns.number)
    ).all()
    return [RegisteredRow(*row) for row in found]
