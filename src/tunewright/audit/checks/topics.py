"""The topic map of the inputs, and its thin places. The map is handed on by ``view.once("topics", ...)``."""

from __future__ import annotations

import numpy as np

from tunewright.audit.findings import CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.topics import MAX_FITTED, MIN_ROWS, topics_of
from tunewright.audit.view import IntArray, View
from tunewright.audit.wording import counted, excerpt
from tunewright.statistics.shares import entropy

NAME = "topics"
TITLE = "Topic map"
QUALITY: Quality = "representative"
COST: Cost = "minutes"
VERSION = 1
# Below this part of an equal share, within these bounds: 30 rows are something to learn from, whatever the others have.
LIMITS: Limits = {"thin_of_equal_share": 0.2, "thin_rows": 10, "never_thin_rows": 30, "shown_rows": 3}


def run(view: View, limits: Limits) -> CheckResult:
    """Topics with few rows, each with rows nearest to its middle."""
    found = topics_of(view)
    if found is None:
        because = (
            f"{counted(len(view), 'row')} with too few words in common"
            if len(view) >= MIN_ROWS
            else f"only {counted(len(view), 'row')}"
        )
        return CheckResult(
            not_checked=(NotChecked(f"{NAME}.map", because, f"a topic map needs at least {MIN_ROWS} rows"),)
        )
    counts = found.counts
    least = least_rows(counts, limits)
    thin = np.flatnonzero(counts < least).tolist()
    numbers = (("topics", float(len(counts))), ("effective_topics", float(np.exp(entropy(counts)))))
    sampled = _sampled(view)
    if not thin:
        return CheckResult(not_checked=sampled, numbers=numbers)
    items = []
    for topic in reversed(thin):
        rows = np.flatnonzero(found.topic == topic)
        rows = rows[np.argsort(-found.closeness[rows], kind="stable")]
        example = excerpt(view.examples[int(rows[0])].text)
        why = f"{counted(len(rows), 'row')} about {found.names[topic]}, such as “{example}”"
        items.append(
            Item(tuple(rows[: int(limits["shown_rows"])].tolist()), why, float(1 - counts[topic] / max(least, 1)))
        )
    finding = Finding(
        f"{NAME}.thin",
        "note",
        f"{counted(len(thin), 'topic has', 'topics have')} few rows",
        "What the examples hardly show, the model will do as before, or like the nearest topic.",
        "If deployment sees these topics, label more of them.",
        tuple(items),
        (("topics", float(len(thin))),),
        int(counts[thin].sum()),
    )
    return CheckResult((finding,), sampled, numbers)


def _sampled(view: View) -> tuple[NotChecked, ...]:
    """What is said where topics were found in a part of the rows, which may miss small ones."""
    if len(view) <= MAX_FITTED:
        return ()
    because = f"topics were found in {MAX_FITTED:,} of {len(view):,} rows, drawn with seed {view.seed}"
    return (NotChecked(f"{NAME}.sample", because, "The other rows were placed in them; small topics may be missing."),)


def least_rows(counts: IntArray, limits: Limits) -> float:
    """Rows below which a topic is thin, given the rows of each."""
    equal = limits["thin_of_equal_share"] * float(counts.sum()) / max(1, len(counts))
    return min(limits["never_thin_rows"], max(limits["thin_rows"], equal))
