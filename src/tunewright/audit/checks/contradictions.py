"""Like inputs with answers that cannot both be right.

Three layers: inputs equal in normal form, inputs alike in their words, inputs close in meaning (both with the same
numbers, negations and names). Several good answers to one question are no contradiction, nor are preference pairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

from tunewright.audit.copies import Kinds, name_of, row_kinds
from tunewright.audit.disagreements import (
    Disagreement,
    differing,
    of_equal_inputs,
    of_like_inputs,
    usual_similarity,
    with_majority,
)
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Fix, Item, NotChecked, Quality
from tunewright.audit.neighbours import MIN_COSINE, neighbours
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import counted
from tunewright.data.pairs import Pairs, join_pairs

NAME = "contradictions"
TITLE = "Contradictions"
QUALITY: Quality = "consistent"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Limits = {
    # Equal inputs in conflict are an error above this share of the rows.
    "error_share": 0.02,
    # The majority's label is suggested from so many rows (equal, or only alike) and this share of them.
    "majority_rows": 2,
    "majority_like_rows": 3,
    "majority_share": 0.66,
    # So many conflicting pairs between two classes say that the classes overlap.
    "overlap_pairs": 3,
    # Unlike answers alarm only if like inputs usually have answers this alike, and these are less than this share of
    # that.
    "pairs_for_median": 20,
    "usual_similarity": 0.8,
    "unlike_share": 0.5,
}
_WHY = "What is trained in one row is trained away in the other; neither can be tested."
_ADVICE = (
    "Decide per pair: keep both and write into the input what tells them apart, give both the answer of the majority, "
    "merge the classes, or drop the worse row."
)


def run(view: View, limits: Limits) -> CheckResult:
    if view.kind == "preference":
        return CheckResult()
    # One word more or other may well ask for another answer: only measured similarity counts here.
    kinds, pairs = row_kinds(view), view.duplicates.near
    learned = usual_similarity(view, kinds, pairs, limits) if view.kind == "generate" else None
    usual = None if learned is None else learned[0]
    equal = of_equal_inputs(view, kinds, limits, usual)
    view.stop_if_asked()
    near = neighbours(view)
    all_pairs = pairs if near is None else join_pairs([pairs, near.pairs])
    worded = with_majority(view, of_like_inputs(view, kinds, pairs, limits, usual), all_pairs, limits)
    meant: list[Disagreement] = []
    if near is not None:
        meant = with_majority(view, of_like_inputs(view, kinds, near.pairs, limits, usual), all_pairs, limits)
    told = {frozenset((one.row, one.other)) for one in worded}
    fresh = [one for one in meant if frozenset((one.row, one.other)) not in told]
    findings = [*_equal(view, equal, limits), *_near(view, worded), *_alike(view, fresh)]
    if view.kind == "classify":
        findings += _overlaps(view, [*worded, *fresh], limits)
    numbers = [("contradicting_rows", float(len({r for one in equal for r in (one.row, one.other)})))]
    if near is not None:
        close = _row_pairs(kinds, equal, meant)
        numbers.append(("pairs_at_cosine", float(len(close))))
        numbers.append(("rows_at_cosine", float(len({row for pair in close for row in pair}))))
    unjudged = _unjudged(view, kinds, pairs, learned, limits)
    return CheckResult(tuple(findings), (*unjudged, *_not_checked(view)), tuple(numbers))


def _unjudged(
    view: View, kinds: Kinds, pairs: Pairs, usual: tuple[float | None, int] | None, limits: Limits
) -> tuple[NotChecked, ...]:
    """Where answers that differ cannot be called a contradiction, for too little says how alike they should be."""
    if usual is None or not differing(view, kinds, pairs):
        return ()
    value, n = usual
    if value is None:
        because = (
            f"only {counted(n, 'pair')} of like inputs to learn from how alike their answers should be, and "
            f"{limits['pairs_for_median']:.0f} are needed: only answers that exclude each other were looked for"
        )
        return (NotChecked("contradictions.unlike", because, "Read the repeated inputs, or give more rows."),)
    if value < limits["usual_similarity"]:
        because = (
            f"like inputs usually have answers that differ (median similarity {value:.2f}): only answers that exclude "
            "each other were looked for"
        )
        return (NotChecked("contradictions.unlike", because, "Read a sample of the repeated inputs."),)
    return ()


def _not_checked(view: View) -> tuple[NotChecked, ...]:
    near = neighbours(view)
    if near is None:
        hint = "Install the encoder: contradictions in other words are most of them."
        return (NotChecked("contradictions.alike", view.no_vectors, hint),)
    return (NotChecked("contradictions.left_out", near.left_out),) if near.left_out else ()


def _row_pairs(kinds: Kinds, equal: Sequence[Disagreement], meant: Sequence[Disagreement]) -> set[tuple[int, int]]:
    """All pairs of rows in conflict at a cosine of at least ``MIN_COSINE``, copies of a row included."""
    rows_like = {rows[0]: rows for rows in kinds.members}
    pairs = {(one.row, one.other) for one in equal}
    for one in (*equal, *meant):
        pairs |= set(product(rows_like.get(one.row, (one.row,)), rows_like.get(one.other, (one.other,))))
    return {(min(pair), max(pair)) for pair in pairs}


def _equal(view: View, found: Sequence[Disagreement], limits: Limits) -> list[Finding]:
    if not found:
        return []
    rows = {row for one in found for row in (one.row, one.other)}
    inputs = len({view.prints[one.row].full for one in found})
    what = "labels" if view.kind == "classify" else "answers that conflict"
    share = len(rows) / len(view)
    return [
        Finding(
            "contradictions.equal",
            "error" if share >= limits["error_share"] else "warning",
            f"{inputs:,} {'input has' if inputs == 1 else 'inputs have'} different {what}",
            _WHY,
            _ADVICE,
            tuple(_item(view, one, "The same input") for one in _worst(found)),
            (("share", share),),
            rows_affected=len(rows),
        )
    ]


def _near(view: View, found: Sequence[Disagreement]) -> list[Finding]:
    return _pairs_finding(view, found, "contradictions.near", "warning", "nearly equal inputs")


def _alike(view: View, found: Sequence[Disagreement]) -> list[Finding]:
    return _pairs_finding(view, found, "contradictions.alike", "note", "inputs of one meaning")


def _pairs_finding(view: View, found: Sequence[Disagreement], kind: str, severity: str, what: str) -> list[Finding]:
    if not found:
        return []
    rows = {row for one in found for row in (one.row, one.other)}
    answers = "labels" if view.kind == "classify" else "answers"
    opening = "Nearly the same input" if kind.endswith("near") else f"Close in meaning (cosine at least {MIN_COSINE})"
    return [
        Finding(
            kind,
            "warning" if severity == "warning" else "note",
            f"{counted(len(found), 'pair')} of {what} with different {answers}",
            _WHY,
            _ADVICE + ("" if severity == "warning" else " These are candidates: read both before deciding."),
            tuple(_item(view, one, opening) for one in _worst(found)),
            (("pairs", float(len(found))), ("share", len(rows) / len(view))),
            rows_affected=len(rows),
        )
    ]


def _worst(found: Sequence[Disagreement]) -> list[Disagreement]:
    return sorted(found, key=lambda one: (one.label is None, -one.similarity, one.row, one.other))[:MAX_ITEMS]


def _item(view: View, one: Disagreement, opening: str) -> Item:
    fix = None if one.label is None else Fix("relabel", one.label)
    why = f"{opening} as {name_of(view.examples[one.other])}: {one.why}."
    return Item((one.row, one.other), why, one.similarity, fix=fix)


def _overlaps(view: View, found: Sequence[Disagreement], limits: Limits) -> list[Finding]:
    """Pairs of classes that many like inputs are divided between."""
    between: Counter[tuple[str, str]] = Counter()
    rows: dict[tuple[str, str], list[int]] = {}
    for one in found:
        a, b = sorted((view.examples[one.row].target, view.examples[one.other].target))
        between[a, b] += 1
        rows.setdefault((a, b), []).extend((one.row, one.other))
    chosen = sorted(
        ((n, pair) for pair, n in between.items() if n >= limits["overlap_pairs"]), key=lambda x: (-x[0], x[1])
    )
    if not chosen:
        return []
    most = chosen[0][0]
    items = tuple(
        Item(
            tuple(dict.fromkeys(rows[pair]))[:20],
            f"{n} pairs of like inputs are divided between {pair[0]!r} and {pair[1]!r}.",
            n / most,
        )
        for n, pair in chosen[:MAX_ITEMS]
    )
    return [
        Finding(
            "contradictions.classes",
            "note",
            f"{counted(len(chosen), 'pair')} of classes divide like inputs between them",
            "Where two classes mean nearly the same, people label by chance and no model can do better.",
            "Write down what tells the two classes apart, or merge them.",
            items,
            rows_affected=len({row for _, pair in chosen for row in rows[pair]}),
        )
    ]
