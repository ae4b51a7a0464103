"""Preference pairs in the shape of OpenAI's DPO: ``input.messages`` and two lists of one answer each.

The older names of the two lists (``preferred_completion``) are read; ``preferred_output`` is written.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.formats import TEXT_USES, none_named
from tunewright.data.formats._preference import no_pair, pair_draft
from tunewright.data.formats._turns import is_turns, read_turns, structure, write_tools, write_turns
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import read_tools
from tunewright.records.example import Example, Message

ORDER = 1
NAME = "openai preference"
DESCRIPTION = "preference pairs in the shape of OpenAI (input, preferred_output, non_preferred_output)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
PAIRS = (("preferred_output", "non_preferred_output"), ("preferred_completion", "non_preferred_completion"))
OF_INPUT = "input."


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    given = cells.get("input")
    if not none_named(columns) or not isinstance(given, Mapping) or not is_turns(given.get("messages")):
        return False
    return any(good in cells or bad in cells for good, bad in PAIRS)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"input", *(name for pair in PAIRS for name in pair)})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    given = cells.get("input")
    if not isinstance(given, Mapping):
        return Refusal("data.other_shape", "there is no object 'input' with messages")
    if all(any(name in cells for name in pair) for pair in PAIRS):
        return Refusal("preference.two_pairs", "it has two pairs of answers under different names")
    good, bad = next((pair for pair in PAIRS if pair[0] in cells or pair[1] in cells), PAIRS[0])
    tags = [(OF_INPUT + key, cell_text(given[key])) for key in given if key not in ("messages", "tools")]
    return pair_draft(
        read_turns(given.get("messages")),
        read_turns(cells.get(good) or [], "chosen"),
        read_turns(cells.get(bad) or [], "rejected"),
        read_tools(given.get("tools")),
        tuple(tags),
    )


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if not example.rejected:
        return no_pair()
    tags = dict(example.tags)
    answer = Message("assistant", example.target, example.target_calls, weight=example.target_weight)
    messages, in_messages = write_turns(example.messages, tags)
    chosen, in_chosen = write_turns((answer,), tags, "chosen")
    rejected, in_rejected = write_turns(example.rejected, tags, "rejected")
    given: dict[str, object] = {"messages": messages}
    if example.tools:
        given["tools"] = write_tools(example.tools)
    of_input = {name for name in tags if name.startswith(OF_INPUT) and name not in (f"{OF_INPUT}messages",)}
    for name in of_input:
        given[name.removeprefix(OF_INPUT)] = structure(tags[name], scalars=True)
    good, bad = PAIRS[0]
    cells: dict[str, object] = {"input": given, good: chosen, bad: rejected}
    return Written(cells, in_messages | in_chosen | in_rejected | of_input)
