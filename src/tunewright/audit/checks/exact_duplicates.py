"""Rows that repeat an earlier row, and answers that stand behind many different questions.

Equal means equal in normal form: white space, case and punctuation of the input do not count, nor those white space
and case of the answer that nobody would call another answer. Copies are weights: an example that is there 60 times
counts 60 times. One of each always stays.
"""

from __future__ import annotations

from collections import Counter

from tunewright.audit.agreement import is_data
from tunewright.audit.copies import (
    Drop,
    Kinds,
    drop_items,
    name_of,
    quality_order,
    row_kinds,
    too_many,
)
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Fix, Item, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.records.example import Example, example_digest

NAME = "exact_duplicates"
TITLE = "Repeated rows"
QUALITY: Quality = "diverse"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    # A step that removes more than this share of a file or of the whole stops and asks.
    "removed_share": 0.2,
    # An example that is there so often is named by itself; with copies gone it may count this much.
    "heavy_copies": 10,
    "weight_at_most": 3,
    # Repeated rows are a warning above this share of the set.
    "warning_share": 0.01,
    # An answer of so many words behind so many different questions is worth a look; a warning above this share.
    "answer_words": 6,
    "answer_inputs": 5,
    "answer_warning_share": 0.05,
}
_SHOWN_COPIES = 20


def run(view: View, limits: Limits) -> CheckResult:
    kinds = row_kinds(view)
    clusters = [rows for rows in kinds.members if len(rows) > 1]
    findings = [*_repeated(view, clusters, limits), *_heavy(view, clusters, limits)]
    if view.kind == "generate":
        findings += _answers(view, kinds, limits)
    copies = sum(len(rows) - 1 for rows in clusters)
    numbers = [("repeated_rows", float(copies)), ("repeated_share", copies / max(1, len(view)))]
    return CheckResult(tuple(findings), numbers=tuple(numbers))


def _repeated(view: View, clusters: list[tuple[int, ...]], limits: Limits) -> list[Finding]:
    order = quality_order(view)
    drops = []
    for rows in clusters:
        keeper = min(rows, key=lambda row: int(order[row]))
        digest = _identity(view.examples[keeper])
        times = f"{len(rows)} times" if len(rows) > 2 else "twice"
        why = f"The same input and the same answer as {name_of(view.examples[keeper])}; the example counts {times}."
        drops += [
            Drop(row, keeper, 1.0, why, safe=_identity(view.examples[row]) == digest) for row in rows if row != keeper
        ]
    if not drops:
        return []
    items, stopped = drop_items(view, drops, limits["removed_share"])
    share = len(drops) / len(view)
    finding = Finding(
        "exact_duplicates.rows",
        "warning" if share >= limits["warning_share"] else "note",
        f"{len(drops):,} {'row repeats' if len(drops) == 1 else 'rows repeat'} another row",
        "Copies are weights: training counts an example as often as it is there, and results look surer than they are.",
        "Drop the copies (the most complete, approved or newest row of each stays), or keep one with a weight if the "
        "repetition is meant.",
        items,
        (("share", share), ("examples_repeated", float(len(clusters)))),
        rows_affected=len(drops),
    )
    return [finding, *too_many("exact_duplicates.too_many", stopped, limits["removed_share"])]


def _identity(example: Example) -> tuple[str, float | None]:
    """Rows with equal identity are the same byte for byte and in what they count."""
    return example_digest(example), example.target_weight


def _heavy(view: View, clusters: list[tuple[int, ...]], limits: Limits) -> list[Finding]:
    order = quality_order(view)
    heavy = sorted((rows for rows in clusters if len(rows) >= limits["heavy_copies"]), key=lambda r: (-len(r), r))
    if not heavy:
        return []
    most = len(heavy[0])
    items = []
    for rows in heavy[:MAX_ITEMS]:
        best = sorted(rows, key=lambda row: int(order[row]))
        fix = Fix("weigh", f"{limits['weight_at_most']:g}")
        items.append(
            Item(tuple(best[:_SHOWN_COPIES]), f"This example counts {len(rows)} times.", len(rows) / most, fix=fix)
        )
    return [
        Finding(
            "exact_duplicates.heavy",
            "warning",
            f"{len(heavy):,} {'example counts' if len(heavy) == 1 else 'examples count'} "
            f"{limits['heavy_copies']:.0f} times or more, one {most} times",
            "The model learns these by heart, at the cost of the others.",
            "Drop the copies and, if the example matters more than others, give the one that stays a weight.",
            tuple(items),
            (("most_copies", float(most)),),
            rows_affected=sum(len(rows) for rows in heavy),
        )
    ]


def _answers(view: View, kinds: Kinds, limits: Limits) -> list[Finding]:
    """One answer behind many questions: a canned reply, or a slip of copy and paste."""
    behind = Counter(int(kinds.answer[rows[0]]) for rows in kinds.members)
    chosen = {answer for answer, count in behind.items() if count >= limits["answer_inputs"]}
    rows_of: dict[int, list[int]] = {}
    for rows in kinds.members:
        answer = int(kinds.answer[rows[0]])
        if answer in chosen and _is_prose(view.examples[rows[0]], limits["answer_words"]):
            rows_of.setdefault(answer, []).append(rows[0])
    if not rows_of:
        return []
    ordered = sorted(rows_of.values(), key=lambda rows: (-len(rows), rows))
    total, most = sum(map(len, ordered)), len(ordered[0])
    items = tuple(
        Item(
            tuple(rows[:_SHOWN_COPIES]),
            f"The same answer stands behind {len(rows)} different inputs.",
            len(rows) / most,
        )
        for rows in ordered[:MAX_ITEMS]
    )
    share = total / len(view)
    return [
        Finding(
            "exact_duplicates.answers",
            "warning" if share >= limits["answer_warning_share"] else "note",
            f"{total:,} different inputs share {len(ordered):,} {'answer' if len(ordered) == 1 else 'answers'}",
            "A model gives the answer it saw most often where it is unsure.",
            "Look whether the answer is right for every one of these inputs; vary or thin it where it need not be.",
            items,
            (("share", share), ("most_inputs", float(most))),
            rows_affected=total,
        )
    ]


def _is_prose(example: Example, words: float) -> bool:
    """Structured answers repeat by their nature: JSON, markup, calls."""
    return not is_data(example.target) and not example.target_calls and len(example.target.split()) >= words
