"""Single answers marked good or bad (TRL, for KTO): ``prompt``, ``completion`` and ``label`` true or false.

A good answer is a target; a bad one alone is nothing to imitate, and is set aside.
"""

from __future__ import annotations

from tunewright.data.formats import TEXT_USES, none_named, prompt_completion, trl_completion
from tunewright.data.formats._preference import unpaired
from tunewright.data.formats._turns import is_turns
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example

ORDER = 14
NAME = "trl unpaired"
DESCRIPTION = "single answers marked good or bad (prompt, completion, label)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
GOOD = "true"
# A tag for rows of messages: a text and one user message are different things to a trainer.
FORM = "prompt_form"
OF_MESSAGES = "messages"


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    free = none_named(columns)
    return free and "prompt" in cells and "completion" in cells and isinstance(cells.get("label"), bool)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"prompt", "completion", "label"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    if cells.get("label") in (False, "false", "False"):
        return unpaired()
    of_messages = is_turns(cells.get("prompt"))
    found: Draft | Refusal = (trl_completion if of_messages else prompt_completion).convert(cells, None, require_target)
    if isinstance(found, Refusal):
        return found
    form = ((FORM, OF_MESSAGES),) if of_messages else ()
    return found._replace(tags=(*found.tags, *form, ("label", GOOD)))


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    tags = dict(example.tags)
    module = trl_completion if tags.get(FORM) == OF_MESSAGES else prompt_completion
    found: Written | Refusal = module.write(example, ColumnMap(input=()))
    if isinstance(found, Refusal):
        return found
    mine = {name for name, text in ((FORM, OF_MESSAGES), ("label", GOOD)) if tags.get(name) == text}
    return Written({**found.cells, "label": True}, found.tags_used | mine)
