"""Rows that hold a dialogue as named texts: system, pairs of earlier turns, an instruction with its input.

What Alpaca and data-juicer share. An instruction and its input become one user message, the input on a new line;
the tag ``instruction_chars`` says where the instruction ended, so that writing parts them again.
"""

from __future__ import annotations

from typing import NamedTuple

from tunewright.data.cells import cell_text
from tunewright.data.rows import Refusal
from tunewright.records.example import Message

CUT = "instruction_chars"


class Dialogue(NamedTuple):
    """The named texts of a row."""

    system: str
    history: list[list[str]]
    instruction: str
    further: str


def read_dialogue(
    system: object, history: object, instruction: object, further: object
) -> tuple[tuple[Message, ...], tuple[tuple[str, str], ...]] | Refusal:
    """The input messages, and the tag that keeps instruction and input apart."""
    for name, value, kind in (("system", system, str), ("history", history, list)):
        if value and not isinstance(value, kind):
            return Refusal("alpaca.kind", f"its '{name}' is no {'text' if kind is str else 'list'}")
    messages = [Message("system", system)] if isinstance(system, str) and system else []
    for place, pair in enumerate(history if isinstance(history, list) else [], start=1):
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            return Refusal("alpaca.history", f"entry {place} of the history is not a question with its answer")
        messages += [Message("user", pair[0]), Message("assistant", pair[1])]
    first, second = cell_text(instruction), cell_text(further)
    if not second or not first:
        return (*messages, Message("user", first or second)), ()
    return (*messages, Message("user", f"{first}\n{second}")), ((CUT, str(len(first))),)


def write_dialogue(messages: tuple[Message, ...], cut: str | None) -> Dialogue | Refusal:
    """The named texts of input messages: a system prompt or none, then user and assistant in turn, the user last."""
    system = messages[0].content if messages and messages[0].role == "system" else ""
    turns = messages[1:] if system else messages
    roles = [message.role for message in turns]
    if not roles or len(roles) % 2 == 0 or any(role != ("user", "assistant")[n % 2] for n, role in enumerate(roles)):
        return Refusal("write.alternation", "its turns are not those of user and assistant in turn, with one user last")
    texts = [message.content for message in turns]
    history = [[texts[n], texts[n + 1]] for n in range(0, len(texts) - 1, 2)]
    last, place = texts[-1], int(cut) if cut and cut.isdecimal() else 0
    if 0 < place < len(last) - 1 and last[place] == "\n":
        return Dialogue(system, history, last[:place], last[place + 1 :])
    return Dialogue(system, history, last, "")
