"""Conversations whose turns are out of order: who speaks after whom, who speaks last, and turns that say nothing.

Tool calls and their answers have a check of their own. The formats already refuse rows that do not end with an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from tunewright.audit.checks._by_kind import Found, Words, findings_of
from tunewright.audit.conversation import is_silent, named_turns
from tunewright.audit.findings import CheckResult, Cost, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example, Message

NAME = "conversation_shape"
TITLE = "Order of turns"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {}

_TEMPLATE = (
    "Chat templates are written for turns that alternate; others are refused or rendered as the model never sees."
)
WORDS = {
    "no_user": Words(
        "error",
        "1 conversation has no turn of a user",
        "{n} conversations have no turn of a user",
        "There is nothing that the answer answers, so the model learns to talk unasked.",
        "Add the question, or leave these rows out.",
    ),
    "answer_to_answer": Words(
        "error",
        "1 answer follows another answer",
        "{n} answers follow another answer",
        "The last turn before the answer is the assistant's own. " + _TEMPLATE,
        "Join the two turns, or put back the user's turn that is missing between them.",
    ),
    "two_in_a_row": Words(
        "warning",
        "1 conversation has the same speaker twice in a row",
        "{n} conversations have the same speaker twice in a row",
        _TEMPLATE,
        "Join the turns with a blank line between them, or put back the turn that is missing.",
    ),
    "late_system": Words(
        "warning",
        "1 conversation has a system message that is not the first",
        "{n} conversations have a system message that is not the first",
        "Most chat templates take one system message, at the start; later ones are refused or silently dropped.",
        "Move the text to the start, or into the user's turn.",
    ),
    "empty_turn": Words(
        "warning",
        "1 conversation has a turn without text",
        "{n} conversations have a turn without text",
        "A turn that says nothing is usually a lost text, and what follows answers something the model cannot see.",
        "Find the lost text, or remove the turn together with its answer.",
    ),
    "starts_with_answer": Words(
        "note",
        "1 conversation starts with the assistant",
        "{n} conversations start with the assistant",
        "Several chat templates demand that the user speaks first and refuse such rows.",
        "If it is a greeting that your program shows, move it into the system message.",
    ),
    "empty_system": Words(
        "note",
        "1 row has an empty system message",
        "{n} rows have an empty system message",
        "An empty system message is rendered differently from none, and deployment will send only one of the two.",
        "Remove it, or write the system prompt that deployment sends.",
    ),
}
# A whole conversation may be the thing that is classified; then it ends with whoever spoke last.
_NOT_FOR_LABELS = frozenset({"no_user", "answer_to_answer", "starts_with_answer"})


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """Turns of one row that are out of order or say nothing; each kind once, at its first place."""
    del limits
    turns = named_turns(example)
    if len(turns) == 2 and turns[0][1].role == "user" and turns[0][1].content.strip():
        return ()
    found: dict[str, Sighting] = {}
    if not any(message.role == "user" for _, message in turns):
        _note(found, "no_user", "No message of this row is a user's.", turns[0])
    _starts(found, turns)
    for place, ((_, before), here) in enumerate(pairwise(turns), start=2):
        _follows(found, before, here, place, last=place == len(turns))
    for place, turn in enumerate(turns[:-1], start=1):
        if is_silent(turn[1]):
            _silent(found, turn, place)
    return tuple(found.values())


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding per kind of disorder."""
    del limits
    return CheckResult(findings_of(NAME, found, WORDS, _NOT_FOR_LABELS if view.kind == "classify" else ()))


def _starts(found: dict[str, Sighting], turns: list[tuple[str, Message]]) -> None:
    spoken = [turn for turn in turns if turn[1].role != "system"]
    if len(spoken) > 1 and spoken[0][1].role == "assistant":
        _note(found, "starts_with_answer", "The first to speak is the assistant.", spoken[0], score=0.5)


def _follows(found: dict[str, Sighting], before: Message, here: tuple[str, Message], place: int, *, last: bool) -> None:
    role = here[1].role
    if role == "system":
        _note(found, "late_system", f"Message {place} is a system message.", here)
    elif role == before.role == "assistant" and last:
        _note(found, "answer_to_answer", "The message before the answer is the assistant's own.", here)
    elif role == before.role and role in ("user", "assistant"):
        _note(found, "two_in_a_row", f"Messages {place - 1} and {place} are both the {role}'s.", here)


def _silent(found: dict[str, Sighting], turn: tuple[str, Message], place: int) -> None:
    role = turn[1].role
    if role == "system":
        _note(found, "empty_system", "The system message has no text.", turn, score=0.5)
    elif role != "tool":
        _note(found, "empty_turn", f"Message {place}, of the {role}, has no text.", turn)


def _note(found: dict[str, Sighting], kind: str, why: str, turn: tuple[str, Message], *, score: float = 1.0) -> None:
    if kind not in found:
        field, message = turn
        found[kind] = Sighting(kind, why, score, (Span(field, 0, len(message.content)),))
