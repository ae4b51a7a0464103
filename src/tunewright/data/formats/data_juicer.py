"""Rows in the shape of data-juicer: ``query`` and ``response``, with ``system``, ``instruction`` and ``history``."""

from __future__ import annotations

from tunewright.data.formats import TEXT_USES, none_named
from tunewright.data.formats._dialogue import CUT, read_dialogue, write_dialogue
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example

ORDER = 32
NAME = "data-juicer"
DESCRIPTION = "queries with a response (query, response)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    free = none_named(columns)
    return free and isinstance(cells.get("query"), str) and "response" in cells


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"system", "instruction", "query", "response", "history"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    found = read_dialogue(cells.get("system"), cells.get("history"), cells.get("instruction"), cells.get("query"))
    return found if isinstance(found, Refusal) else Draft(found[0], cells.get("response"), tags=found[1])


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    found = write_dialogue(example.messages, example.tag(CUT))
    if isinstance(found, Refusal):
        return found
    cells: dict[str, object] = {"query": found.further or found.instruction, "response": example.target}
    if found.further:
        cells["instruction"] = found.instruction
    if found.system:
        cells["system"] = found.system
    if found.history:
        cells["history"] = found.history
    return Written(cells, frozenset({CUT} if found.further else ()))
