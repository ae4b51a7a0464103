"""Rows that nearly repeat another row: the same words but for one, in another order or with other endings, and the
same answer.

Only what varies is compared, never the instruction that all inputs share, and every pair is measured
(``data.duplicates``, ``audit.reworded``). A row may go only where it resembles a row that stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from tunewright.audit.copies import (
    Drop,
    Kinds,
    continues,
    drop_items,
    keepers,
    name_of,
    quality_order,
    row_kinds,
    too_many,
)
from tunewright.audit.findings import CheckResult, Cost, Finding, NotChecked, Quality
from tunewright.audit.lexical import lexical_pairs, pairs_of_kinds
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.data.pairs import Pairs

NAME = "near_duplicates"
TITLE = "Nearly repeated rows"
QUALITY: Quality = "diverse"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    # A step that removes more than this share of a file or of the whole stops and asks.
    "removed_share": 0.2,
    # Near copies are a warning above this share of the set: some rewording is what a set is made of.
    "warning_share": 0.1,
}


def run(view: View, limits: Limits) -> CheckResult:
    kinds = row_kinds(view)
    pairs = lexical_pairs(view)
    drops = _drops(view, kinds, pairs)
    share = len(drops) / max(1, len(view))
    numbers = (("near_pairs", float(len(pairs))), ("near_rows", float(len(drops))), ("near_share", share))
    not_checked: tuple[NotChecked, ...] = ()
    if not pairs.complete:
        because = "some texts are so alike that not every pair of them was measured"
        hint = "Look at the pairs shown: a template whose words outweigh what varies may stand behind them."
        not_checked = (NotChecked("near_duplicates.crowds", because, hint),)
    if not drops:
        return CheckResult(not_checked=not_checked, numbers=numbers)
    items, stopped = drop_items(view, drops, limits["removed_share"])
    finding = Finding(
        "near_duplicates.rows",
        "warning" if share >= limits["warning_share"] else "note",
        f"{len(drops):,} {'row nearly repeats' if len(drops) == 1 else 'rows nearly repeat'} another row",
        "Near copies count like weights, and on both sides of a split they make a test look better than it is.",
        "Look through the pairs; drop what adds nothing, or weigh it down. Re-wordings that users send may stay.",
        items,
        (("share", share),),
        rows_affected=len(drops),
    )
    return CheckResult(
        (finding, *too_many("near_duplicates.too_many", stopped, limits["removed_share"])), not_checked, numbers
    )


def _drops(view: View, kinds: Kinds, pairs: Pairs) -> list[Drop]:
    order = quality_order(view)
    best = [min(rows, key=lambda row: int(order[row])) for rows in kinds.members]
    edges = list(_edges(view, kinds, pairs, best))
    drops = []
    for kind, (other, similarity) in keepers(len(best), edges, order[best]).items():
        keeper = name_of(view.examples[best[other]])
        same_as = "the input and the answer" if view.kind != "classify" else "the input (the label is the same)"
        why = f"{percent(similarity)} alike in {same_as}: {keeper} says it already."
        drops += [Drop(row, best[other], similarity, why) for row in kinds.members[kind]]
    return drops


def _edges(view: View, kinds: Kinds, pairs: Pairs, best: list[int]) -> Iterator[tuple[int, int, float]]:
    """Pairs of kinds with nearly equal inputs and the same answer, on one side of the split."""
    for left, right, similarity in pairs_of_kinds(view, kinds, pairs, same=True):
        if not continues(view.examples[best[left]], view.examples[best[right]]):
            yield left, right, similarity
