"""Rows that say the same, and which of them stays: what the checks of duplicates share.

A copy is always measured against the row that stays in its place, never through a third one. Which rows are alike is
found by ``data.duplicates``, ``reworded`` and ``neighbours``; this file says what is kept, and stops where too much
would go.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.audit.findings import MAX_ITEMS, Finding, Fix, Item
from tunewright.audit.view import IntArray, View
from tunewright.audit.wording import percent
from tunewright.data.normalise import light_form
from tunewright.data.pairs import numbered
from tunewright.data.times import parse_times
from tunewright.records.example import Example, ToolCall

# In a smaller file a share says nothing.
MIN_ROWS_OF_SOURCE = 20
_APPROVED = frozenset(("approved", "reviewed", "verified", "human_approved", "ground_truth", "gold", "checked"))
_YES = frozenset(("1", "true", "yes", "y", "t", "x", "ok", "approved", "reviewed", "verified", "gold"))


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Rows by question, answer and side of the split.

    ``input``: the number of the input in normal form, ``question``: the same with the tools offered and the calls in
    the history told apart, ``answer``: the number of the answer (and, in a preference pair, of the other answer), each
    ``[rows]``. ``members`` lists, for every kind (question, answer, side), its rows; kinds come by their first row.
    """

    input: IntArray
    question: IntArray
    answer: IntArray
    members: tuple[tuple[int, ...], ...]

    def by_input(self) -> dict[int, list[int]]:
        """The kinds of every input."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for kind, rows in enumerate(self.members):
            found[int(self.input[rows[0]])].append(kind)
        return dict(found)


@dataclass(frozen=True, slots=True)
class Drop:
    """A row that may go because ``keeper`` stays; ``similarity`` was measured between the two."""

    row: int
    keeper: int
    similarity: float
    why: str
    safe: bool = False


def row_kinds(view: View) -> Kinds:
    """Rows by question, answer and side; made once per view."""
    return view.once("copies.kinds", lambda: _kinds(view))


def answer_key(example: Example, exact: bool) -> str:
    """What two equal answers share: text (in light form unless ``exact``), calls, and the other answer of a pair."""
    target = example.target if exact else light_form(example.target)
    if not example.target_calls and not example.rejected:
        return target
    other = [[light_form(m.content), _calls(m.tool_calls)] for m in example.rejected]
    return json.dumps([target, _calls(example.target_calls), other])


def quality_order(view: View) -> IntArray:
    """The place of every row ``[rows]`` when the one to keep comes first: most fields filled, approved by a person,
    newest, first in the file."""
    return view.once("copies.order", lambda: _order(view.examples))


def keepers(n: int, edges: Iterable[tuple[int, int, float]], order: IntArray) -> dict[int, tuple[int, float]]:
    """Which of ``n`` things may go, each with the thing that stays in its place and their measured similarity.

    Whatever goes is directly joined to one that stays: things are taken in their order, and one that is joined to a
    kept one goes. So no chain of small differences ever removes what is not like a kept thing.
    """
    joined: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for left, right, similarity in edges:
        joined[left].append((right, similarity))
        joined[right].append((left, similarity))
    gone: dict[int, tuple[int, float]] = {}
    for thing in sorted(joined, key=lambda t: int(order[t])):
        if thing in gone:
            continue
        for other, similarity in joined[thing]:
            if order[other] <= order[thing]:
                continue
            if other not in gone or similarity > gone[other][1]:
                gone[other] = (thing, similarity)
    return gone


def continues(first: Example, second: Example) -> bool:
    """Whether one conversation is the beginning of the other: turns of one talk are not copies."""
    a, b = sorted((first.messages, second.messages), key=len)
    return len(a) < len(b) and all(x.role == y.role and x.content == y.content for x, y in zip(a, b, strict=False))


def name_of(example: Example) -> str:
    """How a sentence names a row."""
    return str(example.source)


def drop_items(view: View, drops: Sequence[Drop], most: float) -> tuple[tuple[Item, ...], dict[str, tuple[int, int]]]:
    """Items for rows that may go, and the places that would lose more than a share ``most``: (rows lost, rows).

    There the items carry no fix until a person has said that it is meant; the whole set is the place named "".
    """
    stopped = _too_many(view.examples, [drop.row for drop in drops], most)
    items = []
    for drop in sorted(drops, key=lambda d: (-d.similarity, d.row))[:MAX_ITEMS]:
        stop = "" in stopped or view.examples[drop.row].source.file in stopped
        fix = None if stop else Fix("drop", safe=drop.safe)
        items.append(Item((drop.row, drop.keeper), drop.why, min(1.0, drop.similarity), fix=fix))
    return tuple(items), stopped


def too_many(kind: str, stopped: dict[str, tuple[int, int]], most: float) -> tuple[Finding, ...]:
    """The question to the person where a step would remove more than a share ``most`` of a file or of the whole."""
    if not stopped:
        return ()
    place, (lost, rows) = max(stopped.items(), key=lambda item: (item[1][0] / item[1][1], item[0]))
    where = f"{place!r}" if place else "the whole set"
    return (
        Finding(
            kind,
            "warning",
            f"{lost:,} of {rows:,} rows of {where} would go: too many to drop unasked",
            f"A step that removes more than {percent(most)} of a file is more often a misunderstanding than a "
            "clean-up: the copies may be meant as weights, or a template may hide what varies.",
            "Look at some pairs first. If the copies are not meant, raise the limit 'removed_share' and audit again; "
            "if they are, keep one row of each with a weight.",
            numbers=(("share", lost / rows), ("places", float(len(stopped)))),
            rows_affected=lost,
        ),
    )


def _kinds(view: View) -> Kinds:
    examples = view.examples
    inputs = numbered([print_.full for print_ in view.prints])
    questions = numbered(list(zip(inputs.tolist(), [_offer(e) for e in examples], strict=True)))
    classify = view.kind == "classify"
    answers = numbered([answer_key(e, exact=classify) for e in examples])
    sides = view.parts or ("train",) * len(examples)
    kinds = numbered(list(zip(questions.tolist(), answers.tolist(), sides, strict=True)))
    members: list[list[int]] = [[] for _ in range(int(kinds.max()) + 1 if len(kinds) else 0)]
    for row, kind in enumerate(kinds.tolist()):
        members[kind].append(row)
    return Kinds(inputs, questions, answers, tuple(tuple(rows) for rows in members))


def _offer(example: Example) -> str:
    """Tools offered and calls made before; empty for most rows."""
    calls = [_calls(message.tool_calls) for message in example.messages if message.tool_calls]
    return json.dumps([example.tools, calls]) if example.tools or calls else ""


def _calls(calls: tuple[ToolCall, ...]) -> list[list[str]]:
    return [[call.name, call.arguments] for call in calls]


def _order(examples: Sequence[Example]) -> IntArray:
    filled = np.array([_filled(e) for e in examples], dtype=np.int64)
    approved = np.array([_approved(e) for e in examples], dtype=np.int64)
    age = np.zeros(len(examples))
    if any(e.time for e in examples):
        age = np.array([-(seconds or 0.0) for seconds in parse_times([e.time or "" for e in examples])])
    order = np.lexsort((np.arange(len(examples)), age, -approved, -filled))
    places = np.empty(len(examples), dtype=np.int64)
    places[order] = np.arange(len(examples))
    return places


def _filled(example: Example) -> int:
    extra = sum(bool(value.strip()) for _, value in example.tags)
    return extra + bool(example.group) + bool(example.time) + bool(example.target.strip() or example.target_calls)


def _approved(example: Example) -> bool:
    return any(name.lower() in _APPROVED and value.strip().lower() in _YES for name, value in example.tags)


def _too_many(examples: Sequence[Example], rows: Sequence[int], most: float) -> dict[str, tuple[int, int]]:
    if not rows:
        return {}
    total = Counter(e.source.file for e in examples)
    lost = Counter(examples[row].source.file for row in set(rows))
    total[""], lost[""] = len(examples), len(set(rows))
    return {
        place: (count, total[place])
        for place, count in sorted(lost.items())
        if total[place] >= MIN_ROWS_OF_SOURCE and count > most * total[place]
    }
