"""Rows that say the same in other words, by vectors: for review, never for an automatic drop.

Two inputs close in meaning may still ask for two things, so numbers, negations and names must agree, and the
answer must be the same.
"""

from __future__ import annotations

from tunewright.audit.agreement import same_slots
from tunewright.audit.copies import continues, keepers, name_of, quality_order, row_kinds
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.lexical import lexical_pairs, pairs_of_kinds
from tunewright.audit.neighbours import MIN_COSINE, neighbours
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.data.pairs import Pairs

NAME = "semantic_duplicates"
TITLE = "Rows of one meaning"
QUALITY: Quality = "diverse"
COST: Cost = "minutes"
VERSION = 1
LIMITS: Limits = {
    # Closer pairs only; it can be raised, not lowered.
    "cosine": MIN_COSINE,
    # Re-wordings make a set good; only where so many rows add nothing is it a warning.
    "warning_share": 0.3,
}


def run(view: View, limits: Limits) -> CheckResult:
    near = neighbours(view)
    if near is None:
        hint = "Install the encoder, or pass vectors of your own."
        return CheckResult(not_checked=(NotChecked("semantic_duplicates", view.no_vectors, hint),))
    kinds, order = row_kinds(view), quality_order(view)
    known = {(left, right) for left, right, _ in lexical_pairs(view)}
    kept = [i for i, pair in enumerate(near.pairs) if _counts(view, pair, known, limits)]
    pairs = Pairs(near.pairs.left[kept], near.pairs.right[kept], near.pairs.similarity[kept])
    best = [min(rows, key=lambda row: int(order[row])) for rows in kinds.members]
    edges = list(pairs_of_kinds(view, kinds, pairs, same=True))
    gone = keepers(len(best), edges, order[best])
    items = [
        Item(
            (best[kind], best[other]),
            f"Close in meaning to {name_of(view.examples[best[other]])} (cosine {cosine:.2f}), with the same answer.",
            cosine,
        )
        for kind, (other, cosine) in gone.items()
    ]
    items.sort(key=lambda item: (-item.score, item.rows))
    share = len(items) / max(1, len(view))
    left_out = (NotChecked("semantic_duplicates.left_out", near.left_out),) if near.left_out else ()
    numbers = (("rewordings", float(len(items))), ("rewording_share", share))
    if not items:
        return CheckResult(not_checked=left_out, numbers=numbers)
    finding = Finding(
        "semantic_duplicates.rows",
        "warning" if share >= limits["warning_share"] else "note",
        f"{len(items):,} {'row says' if len(items) == 1 else 'rows say'} what another row says in other words",
        "Such rows teach little that is new; the set is smaller than it looks.",
        "For review only: re-wordings that users really send are worth keeping. Look here first when the set must "
        "shrink, and label something else next.",
        tuple(items[:MAX_ITEMS]),
        (("share", share),),
        rows_affected=len(items),
    )
    return CheckResult((finding,), left_out, numbers)


def _counts(view: View, pair: tuple[int, int, float], known: set[tuple[int, int]], limits: Limits) -> bool:
    left, right, cosine = pair
    if cosine < limits["cosine"] or (left, right) in known:
        return False
    a, b = view.examples[left], view.examples[right]
    return same_slots(a.text, b.text) and not continues(a, b)
