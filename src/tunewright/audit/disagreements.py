"""Pairs of like inputs whose answers cannot both be right, and what the majority of like inputs says.

For labels, another label is a conflict. For texts only what ``agreement.conflict`` can prove, and, in a set whose like
inputs have like answers, an answer that has little in common with the others. Called by the check of contradictions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tunewright.audit.agreement import conflict, explained, same_slots, similarity
from tunewright.audit.copies import Kinds, continues
from tunewright.audit.lexical import MAX_ANSWERS, pairs_of_kinds
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.data.pairs import Pairs


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two rows with like inputs and conflicting answers; ``row`` is the one to look at first. ``cosine`` or another
    measured ``similarity`` of the inputs is 1 for equal ones. ``label`` is what the majority says, if it is clear."""

    row: int
    other: int
    similarity: float
    why: str
    label: str | None = None


def of_equal_inputs(view: View, kinds: Kinds, limits: Limits, usual: float | None) -> list[Disagreement]:
    """Conflicts among rows whose inputs are equal in normal form, worst supported row first."""
    questions: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for kind, rows in enumerate(kinds.members):
        side = view.parts[rows[0]] if view.parts else ""
        questions[int(kinds.question[rows[0]]), side].append(kind)
    found: list[Disagreement] = []
    for same in questions.values():
        if len(same) < 2:
            continue
        if view.kind == "classify":
            found += _labels(view, kinds, same, limits)
        else:
            found += _texts(view, kinds, same, limits, usual)
    return found


def of_like_inputs(
    view: View, kinds: Kinds, pairs: Pairs, limits: Limits, usual: float | None
) -> Iterator[Disagreement]:
    """Conflicts among rows whose inputs are alike, with numbers, negations and names that agree."""
    first = [rows[0] for rows in kinds.members]
    for left, right, alike in pairs_of_kinds(view, kinds, pairs, same=False):
        a, b = view.examples[first[left]], view.examples[first[right]]
        if (
            _system(view, first[left]) != _system(view, first[right])
            or continues(a, b)
            or not same_slots(a.text, b.text)
        ):
            continue
        if view.kind == "classify":
            yield Disagreement(first[left], first[right], alike, f"labelled {a.target!r} and {b.target!r}")
            continue
        why = "" if explained(a, b) else conflict(a, b) or _unlike(view, first[left], first[right], limits, usual)
        if why:
            yield Disagreement(first[left], first[right], alike, why)


def usual_similarity(view: View, kinds: Kinds, pairs: Pairs, limits: Limits) -> tuple[float | None, int]:
    """Median similarity of the answers to equal and like inputs (None where too few pairs tell), and how many pairs."""
    values = []
    for same in kinds.by_input().values():
        for a, b in combinations(same[:MAX_ANSWERS], 2):
            values.append(_similarity(view, kinds.members[a][0], kinds.members[b][0]))
    values += [1.0] * sum(len(rows) - 1 for rows in kinds.members)
    for wanted in (True, False):
        for a, b, _ in pairs_of_kinds(view, kinds, pairs, same=wanted):
            values.append(_similarity(view, kinds.members[a][0], kinds.members[b][0]))
    return (float(np.median(values)) if len(values) >= limits["pairs_for_median"] else None), len(values)


def differing(view: View, kinds: Kinds, pairs: Pairs) -> bool:
    """Whether two rows with equal or like inputs have different answers at all."""
    for same in kinds.by_input().values():
        if len({view.examples[kinds.members[kind][0]].target for kind in same}) > 1:
            return True
    return any(True for _ in pairs_of_kinds(view, kinds, pairs, same=False))


def with_majority(view: View, found: Iterable[Disagreement], near: Pairs, limits: Limits) -> list[Disagreement]:
    """The disagreements of like inputs with the row to act upon first and, where like inputs speak with one voice
    against it, their label."""
    labels: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for left, right, _ in near:
        labels[left][view.examples[right].target] += 1
        labels[right][view.examples[left].target] += 1
    result = []
    for one in found:
        sides = [(_support(view, labels[row], row), row) for row in (one.row, one.other)]
        (weak, row), (strong, other) = sorted(sides)
        label = None
        if weak <= 0 and strong + 1 >= limits["majority_like_rows"] and view.kind == "classify":
            voices = labels[row]
            wanted = view.examples[other].target
            label = wanted if voices[wanted] >= limits["majority_share"] * (sum(voices.values()) + 1) else None
        result.append(Disagreement(row, other, one.similarity, one.why, label))
    return result


def _support(view: View, voices: Counter[str], row: int) -> int:
    """How many like inputs have the label of this row."""
    return voices[view.examples[row].target]


def _labels(view: View, kinds: Kinds, same: list[int], limits: Limits) -> list[Disagreement]:
    sizes = {kind: len(kinds.members[kind]) for kind in same}
    first = min(same, key=lambda kind: (-sizes[kind], kinds.members[kind][0]))
    label = view.examples[kinds.members[first][0]].target
    total = sum(sizes.values())
    clear = sizes[first] >= limits["majority_rows"] and sizes[first] >= limits["majority_share"] * total
    found = []
    for kind in same:
        for row in kinds.members[kind] if kind != first else ():
            why = f"labelled {view.examples[row].target!r} here and {label!r} there ({sizes[first]} of {total} rows)"
            found.append(Disagreement(row, kinds.members[first][0], 1.0, why, label if clear else None))
    return found


def _texts(view: View, kinds: Kinds, same: list[int], limits: Limits, usual: float | None) -> Iterator[Disagreement]:
    rows = [kinds.members[kind][0] for kind in same[:MAX_ANSWERS]]
    for a, b in combinations(rows, 2):
        why = conflict(view.examples[a], view.examples[b]) or _unlike(view, a, b, limits, usual)
        if why:
            yield Disagreement(b, a, 1.0, why)


def _unlike(view: View, left: int, right: int, limits: Limits, usual: float | None) -> str:
    """Unlike answers count only where like inputs have like answers: not where several good answers are the rule."""
    if view.kind == "preference" or usual is None or usual < limits["usual_similarity"]:
        return ""
    if _similarity(view, left, right) >= limits["unlike_share"] * usual:
        return ""
    return "the answers have little in common, where like inputs usually have like answers"


def _similarity(view: View, left: int, right: int) -> float:
    a, b = view.examples[left], view.examples[right]
    texts = [" ".join([e.target, *(f"{c.name} {c.arguments}" for c in e.target_calls)]) for e in (a, b)]
    return similarity(*texts)


def _system(view: View, row: int) -> str:
    """System prompts are conditions: another one may call for another answer."""
    before, newline, _ = view.prints[row].full.partition("\n")
    return before if newline else ""
