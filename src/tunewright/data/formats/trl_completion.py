"""Prompt and completion as lists of messages (TRL): the completion is one answer of the assistant."""

from __future__ import annotations

from functools import partial

from tunewright.data.formats import TEXT_USES, none_named
from tunewright.data.formats._turns import is_turns, read_turns, split_answer, write_message, write_turns
from tunewright.data.formats.chat import with_own_tools_only, with_tools
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.data.tool_calls import read_tools
from tunewright.records.example import Example, Message

ORDER = 15
NAME = "trl completion"
DESCRIPTION = "rows with prompt and completion as messages"
USES = TEXT_USES
FAMILY = NAME
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    both = (cells.get("prompt"), cells.get("completion"))
    return none_named(columns) and all(value and is_turns(value) for value in both)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"prompt", "completion"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    prompt, completion = read_turns(cells.get("prompt"), "prompt"), read_turns(cells.get("completion"), "completion")
    tools = read_tools(with_own_tools_only(cells).get("tools"))
    if isinstance(prompt, Refusal):
        return prompt
    if isinstance(completion, Refusal):
        return completion
    if isinstance(tools, Refusal):
        return tools
    rest, answer = split_answer(completion, "completion")
    if answer is None:
        return Refusal("chat.no_final_answer", "the completion does not end with an assistant message")
    if rest.messages:
        count = len(completion.messages)
        return Refusal("chat.several_answers", f"the completion has {count} messages; one can be the target")
    tags = (*prompt.tags, *rest.tags)
    return Draft(prompt.messages, answer.content, tools, answer.tool_calls, answer.weight, tags=tags)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    one, tags = partial(write_message, objects=True), dict(example.tags)
    answer = Message("assistant", example.target, example.target_calls, weight=example.target_weight)
    prompt, in_prompt = write_turns(example.messages, tags, "prompt", one)
    completion, in_completion = write_turns((answer,), tags, "completion", one)
    return Written(with_tools({"prompt": prompt, "completion": completion}, example), in_prompt | in_completion)
