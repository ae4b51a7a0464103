"""Pairs of answers, as the formats of preference data share them: one is the target, the other is ``rejected``."""

from __future__ import annotations

from tunewright.data.formats._turns import Tags, Turns
from tunewright.data.rows import Draft, Refusal
from tunewright.records.example import Message


def pair_draft(
    prompt: Turns | Refusal,
    chosen: Turns | Refusal,
    rejected: Turns | Refusal,
    tools: tuple[str, ...] | Refusal = (),
    tags: Tags = (),
) -> Draft | Refusal:
    """A pair of answers to one prompt, or why it is none; a part that was refused refuses the pair."""
    if isinstance(prompt, Refusal):
        return prompt
    if isinstance(chosen, Refusal):
        return chosen
    if isinstance(rejected, Refusal):
        return rejected
    if isinstance(tools, Refusal):
        return tools
    if len(chosen.messages) != 1:
        count = len(chosen.messages)
        return Refusal("preference.not_one_answer", f"the preferred answer has {count} messages; one can be the target")
    answer = chosen.messages[0]
    if answer.role != "assistant":
        return Refusal("preference.not_an_answer", f"the preferred answer is the {answer.role}'s")
    if not rejected.messages or rejected.messages[-1].role != "assistant":
        return Refusal("preference.no_other", "the other answer is missing or does not end with the assistant")
    name = (("chosen[0].name", answer.name),) if answer.name else ()
    return Draft(
        prompt.messages,
        answer.content,
        tools,
        answer.tool_calls,
        answer.weight,
        rejected.messages,
        (*prompt.tags, *chosen.tags, *name, *rejected.tags, *tags),
    )


def common_prefix(chosen: tuple[Message, ...], rejected: tuple[Message, ...]) -> int:
    """How many messages two conversations share from the start, leaving each at least its last."""
    most = min(len(chosen), len(rejected)) - 1
    return next((n for n in range(most) if chosen[n] != rejected[n]), max(0, most))


def same_prompt(prompt: tuple[Message, ...], whole: tuple[Message, ...]) -> bool:
    """Whether a conversation begins with the prompt and goes on."""
    return len(whole) > len(prompt) and whole[: len(prompt)] == prompt


def no_pair() -> Refusal:
    """For an example that is no preference pair."""
    return Refusal("write.no_pair", "it has no rejected answer, and this format holds pairs")


def unpaired() -> Refusal:
    """For an answer marked as bad, alone."""
    return Refusal(
        "preference.unpaired", "an answer marked as bad, with no good one beside it, is nothing to imitate or compare"
    )
