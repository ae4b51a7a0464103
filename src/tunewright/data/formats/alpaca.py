"""Instruction rows in the shape of Alpaca: ``instruction``, ``input``, ``output``, with ``system`` and ``history``.

In place of the output there may be ``chosen`` and ``rejected``, two texts.
"""

from __future__ import annotations

from tunewright.data.cells import cell_text
from tunewright.data.formats import TEXT_USES, none_named
from tunewright.data.formats._dialogue import CUT, read_dialogue, write_dialogue
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 30
NAME = "alpaca"
DESCRIPTION = "instructions with an output (instruction, input, output)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if not none_named(columns) or not isinstance(cells.get("instruction"), str):
        return False
    return "output" in cells or ("chosen" in cells and "rejected" in cells)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"instruction", "input", "output", "system", "history", "chosen", "rejected"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    found = read_dialogue(cells.get("system"), cells.get("history"), cells.get("instruction"), cells.get("input"))
    if isinstance(found, Refusal):
        return found
    messages, tags = found
    chosen, rejected = cells.get("chosen"), cells.get("rejected")
    if chosen is None or rejected is None or (cells.get("output") and not rejected):
        return Draft(messages, cells.get("output"), tags=tags)
    if not isinstance(chosen, str) or not isinstance(rejected, str):
        return Refusal("preference.not_one_answer", "the two answers are not texts")
    if not rejected.strip():
        return Refusal("preference.no_other", "the other answer is empty")
    if cells.get("output"):
        tags = (*tags, ("output", cell_text(cells["output"])))
    return Draft(messages, chosen, rejected=(Message("assistant", rejected),), tags=tags)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    found = write_dialogue(example.messages, example.tag(CUT))
    if isinstance(found, Refusal):
        return found
    cells: dict[str, object] = {"instruction": found.instruction, "input": found.further}
    if example.rejected:
        cells |= {"chosen": example.target, "rejected": example.rejected[0].content}
    else:
        cells["output"] = example.target
    if found.system:
        cells["system"] = found.system
    if found.history:
        cells["history"] = found.history
    return Written(cells, frozenset({CUT} if found.further else ()))
