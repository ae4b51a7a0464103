"""Tables of scores (csv, xlsx, jsonl): a row per case with an id and a score between 0 and 1.

A table is one when a score column is named, or when it has a column ``score`` and no pair of answer and target to
grade. A blank score is missing, never 0. A ``system`` column holds several systems in one table, a ``repetition``
column several answers to one case; ``status`` as this program's own export writes it. ``seconds``, ``usd`` and tokens
are taken where they stand; all other columns are tags.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.containers import open_table
from tunewright.data.eval_logs._cases import (
    MAX_TAG_CHARS,
    EvalLog,
    ScoredCase,
    amounts_of,
    number_of,
    require_cases,
)
from tunewright.data.eval_logs._probe import LogProbe, ScoreColumns
from tunewright.data.rows import BrokenRow, OpenTable
from tunewright.errors import InputError
from tunewright.records.answers import Status

NAME = "score table"
ORDER = 90
SCORE = "score"
_AMOUNTS = {"seconds": "seconds", "usd": "usd", "input_tokens": "input tokens", "output_tokens": "output tokens"}
_REPETITION = ("repetition", "epoch")


def recognise(probe: LogProbe) -> bool:
    """A named score column always means a table of scores; else the usual one, where nothing is to be graded."""
    if probe.columns.score is not None:
        return True
    if probe.document is not None and probe.first_line is None:
        return False
    try:
        columns = open_table(probe.path).columns
    except InputError:
        return False
    gradable = probe.columns.answer in columns and probe.columns.target in columns
    return SCORE in columns and (not gradable or "system" in columns)


def read(probe: LogProbe) -> list[EvalLog]:
    """A log per system.

    Raises:
        InputError: a column is missing, an id is blank or stands twice, a score is no number.
    """
    columns = probe.columns
    score = columns.score or SCORE
    table = open_table(probe.path, [columns.id, score])
    identity = "row_id" if columns.id not in table.columns and "row_id" in table.columns else columns.id
    wanted = [identity, score, *([columns.group] if columns.group else []), *([columns.human] if columns.human else [])]
    for name in wanted:
        _require(table, name, probe)
    by_system: dict[str, list[ScoredCase]] = {}
    for row in table.rows([]):
        where = f"{probe.path}:{row.line}"
        if isinstance(row, BrokenRow):
            raise InputError("logs.broken_row", f"A row cannot be read: {row.reason}.", where=where)
        cells = {name: cell_text(value).strip() for name, value in row.cells.items()}
        if not cells.get(identity):
            raise InputError("logs.no_id", f"The column {identity!r} is blank in a row.", where=where)
        case = _case(cells, identity, score, columns, where)
        by_system.setdefault(cells.get("system") or probe.path.stem, []).append(case)
    if not by_system:
        raise InputError("logs.empty", "The table has no rows.", where=str(probe.path))
    return [
        EvalLog(probe.path, NAME, name, "", require_cases(cases, probe.path, NAME)) for name, cases in by_system.items()
    ]


def _case(cells: Mapping[str, str], identity: str, score: str, columns: ScoreColumns, where: str) -> ScoredCase:
    taken = {identity, score, columns.target, columns.answer, "text", "system", "status", *_AMOUNTS, *_REPETITION}
    scores = {score: _score(cells.get(score, ""), score, where)}
    human = None
    if columns.human is not None:
        taken.add(columns.human)
        human = _score(cells.get(columns.human, ""), columns.human, where)
    repetition = next((cells[name] for name in _REPETITION if cells.get(name)), "0")
    amounts = {known: _number(cells.get(name, "")) for name, known in _AMOUNTS.items()}
    return ScoredCase(
        id=cells[identity],
        scores=scores,
        status=_status(cells.get("status", "")),
        repetition=int(repetition) if repetition.isdigit() else 0,
        answer=cells.get(columns.answer) or None,
        target=cells.get(columns.target, ""),
        text=cells.get("text", ""),
        tags={n: v for n, v in cells.items() if n not in taken and v and len(v) <= MAX_TAG_CHARS},
        amounts=amounts_of(**amounts),
        human=human,
    )


def _score(cell: str, name: str, where: str) -> float | None:
    if not cell:
        return None
    value = _number(cell)
    if value is None:
        raise InputError(
            "logs.no_number",
            f"The column {name!r} holds {cell[:40]!r}, which is no score.",
            where=where,
            hint="A score is a number from 0 to 1, or yes and no; leave the cell blank where there is none.",
        )
    return value


def _number(cell: str) -> float | None:
    try:
        return number_of(float(cell))
    except ValueError:
        return number_of(cell)


def _status(cell: str) -> Status:
    return Status(cell) if cell in {status.value for status in Status} else Status.OK


def _require(table: OpenTable, name: str, probe: LogProbe) -> None:
    if name not in table.columns:
        raise InputError(
            "logs.no_column",
            f"There is no column {name!r}.",
            where=f"{probe.path}: columns {', '.join(table.columns)}",
            hint="Give the right names with --id, --score, --group.",
        )
