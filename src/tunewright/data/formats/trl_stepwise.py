"""Answers in steps that are marked one by one (TRL): told apart from other shapes, and no examples of anything else."""

from __future__ import annotations

from tunewright.data.formats import TEXT_USES, none_named
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example

ORDER = 13
NAME = "trl stepwise"
DESCRIPTION = "answers in steps that are marked one by one (prompt, completions, labels)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    free = none_named(columns)
    return free and "prompt" in cells and isinstance(cells.get("completions"), list) and "labels" in cells


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"prompt", "completions", "labels"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    return Refusal("trl.stepwise", "marks for single steps teach a reward model; there is no one answer to learn")


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    return Refusal("write.steps", "it has one answer, and this format holds steps with a mark each")
