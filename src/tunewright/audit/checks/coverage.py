"""Coverage: how many inputs of deployment have something like them among the training rows.

"Like" is what training rows are among themselves: an input is covered if its nearest training row is at least as close
as nine in ten training rows have another one. By vectors where there are any, else by letters in a row.
"""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from tunewright.audit.association import BoolArray
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.topics import topics_of
from tunewright.audit.view import FloatArray, IntArray, View
from tunewright.audit.wording import counted, excerpt, percent
from tunewright.statistics.proportions import wilson_interval

NAME = "coverage"
TITLE = "Coverage of deployment"
QUALITY: Quality = "representative"
COST: Cost = "minutes"
VERSION = 1
LIMITS: Limits = {
    "percentile": 10,
    "min_coverage": 0.8,
    "min_coverage_of_topic": 0.5,
    "min_inputs": 20,
    "min_inputs_of_topic": 10,
    "min_rows": 20,
    "max_inputs": 5000,
    # Rows whose own nearest neighbour is looked for, to know what "like" means here.
    "max_rows_probed": 2000,
    "max_rows_searched": 100000,
    "shown": 5,
}
BLOCK = 256
MAX_CHARS = 2000


def run(view: View, limits: Limits) -> CheckResult:
    """Share of deployment's inputs that are covered, by topic, with some that are not."""
    inputs = list(dict.fromkeys(text for text in view.deployment.inputs if text.strip()))
    rows = np.array(view.rows_of("train"), dtype=np.int64)
    if len(inputs) < limits["min_inputs"] or len(rows) < limits["min_rows"]:
        because = (
            "no inputs of deployment were given"
            if not inputs
            else f"only {counted(len(inputs), 'input')} of deployment"
        )
        if len(rows) < limits["min_rows"]:
            because = f"only {counted(len(rows), 'training row')}"
        hint = f"give {limits['min_inputs']:.0f} or more inputs from logs, as they arrived; labels are not needed"
        return CheckResult(not_checked=(NotChecked(f"{NAME}.deployment", because, hint),))
    rows, inputs = _thinned(rows, inputs, view.seed, limits)
    least, nearest = _likeness(view, rows, inputs, limits)
    covered = nearest >= least - 1e-6
    count, n = int(covered.sum()), len(inputs)
    low, high = (float(bound) for bound in wilson_interval(count, n))
    numbers = (("coverage", count / n), ("coverage_low", low), ("coverage_high", high), ("least_likeness", least))
    topics = topics_of(view)
    thin = _thin_topics(topics.place(inputs), topics.names, covered, limits) if topics is not None else []
    if high >= limits["min_coverage"] and not thin:
        return CheckResult(numbers=numbers)
    order = np.argsort(nearest, kind="stable")
    shown = [place for place in order.tolist() if not covered[place]][: int(limits["shown"])]
    items = tuple(
        Item((), f"Seen in deployment, nothing like it here: “{excerpt(inputs[place])}”", float(1 - nearest[place]))
        for place in shown
    )
    by_topic = "; ".join(f"{name}: {percent(share)} of {of} covered" for name, share, of in thin[:5])
    finding = Finding(
        f"{NAME}.uncovered",
        "warning" if high < limits["min_coverage"] else "note",
        f"{n - count:,} of {n:,} inputs of deployment have nothing like them among the training rows",
        f"Covered are {percent(count / n)} (between {percent(low)} and {percent(high)}), where nine in ten training "
        "rows "
        "have a like. What is not shown is left to what the model knew before."
        + (f" Worst covered: {by_topic}." if by_topic else ""),
        "Label inputs like these, beginning with the topics that occur most.",
        items,
        (*numbers, *((f"coverage of {name}", share) for name, share, _ in thin)),
        0,
    )
    return CheckResult((finding,), numbers=numbers)


def _thinned(rows: IntArray, inputs: list[str], seed: int, limits: Limits) -> tuple[IntArray, list[str]]:
    random = np.random.default_rng(seed)
    if len(rows) > limits["max_rows_searched"]:
        rows = np.sort(random.choice(rows, int(limits["max_rows_searched"]), replace=False))
    if len(inputs) > limits["max_inputs"]:
        picked = np.sort(random.choice(len(inputs), int(limits["max_inputs"]), replace=False))
        inputs = [inputs[place] for place in picked.tolist()]
    return rows, inputs


def _likeness(view: View, rows: IntArray, inputs: list[str], limits: Limits) -> tuple[float, FloatArray]:
    """The least likeness that counts, and for each input that of its nearest training row ``[inputs]``."""
    probed = rows
    if len(rows) > limits["max_rows_probed"]:
        probed = np.sort(np.random.default_rng(view.seed).choice(rows, int(limits["max_rows_probed"]), replace=False))
    place = np.searchsorted(rows, probed)
    vectors = view.vectors
    if vectors is not None and view.embed is not None:
        here, there = np.asarray(vectors)[rows], np.asarray(view.embed(inputs), dtype=np.float32)
    else:
        grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=2, sublinear_tf=True, dtype=np.float32)
        texts = [view.examples[row].text[:MAX_CHARS] for row in rows.tolist()]
        try:
            here = grams.fit_transform(texts)
        except ValueError:
            return 0.0, np.ones(len(inputs), dtype=np.float32)
        there = grams.transform([text[:MAX_CHARS] for text in inputs])
    own = _nearest(view, here[place], here, place)
    return float(np.percentile(own, limits["percentile"])), _nearest(view, there, here, None)


def _nearest(view: View, some: FloatArray, others: FloatArray, itself: IntArray | None) -> FloatArray:
    """Cosine of each row of ``some`` with its nearest of ``others`` (unit rows), itself left out."""
    found = np.zeros(some.shape[0], dtype=np.float32)
    turned = others.T.tocsr() if hasattr(others, "tocsr") else others.T
    for start in range(0, some.shape[0], BLOCK):
        view.stop_if_asked()
        likeness = some[start : start + BLOCK] @ turned
        likeness = likeness.toarray() if hasattr(likeness, "toarray") else likeness
        if itself is not None:
            mine = itself[start : start + BLOCK]
            likeness[np.arange(len(mine)), mine] = -1.0
        found[start : start + BLOCK] = likeness.max(axis=1)
    return found


def _thin_topics(
    topic: IntArray, names: tuple[str, ...], covered: BoolArray, limits: Limits
) -> list[tuple[str, float, int]]:
    """(topic, share covered, inputs) of badly covered topics, those with most uncovered inputs first."""
    found = []
    for number, name in enumerate(names):
        inside = topic == number
        n = int(inside.sum())
        share = float(covered[inside].mean()) if n else 1.0
        high = float(wilson_interval(share * n, n)[1])
        if (
            n >= limits["min_inputs_of_topic"]
            and high < limits["min_coverage"]
            and share < limits["min_coverage_of_topic"]
        ):
            found.append((name, share, n))
    return sorted(found, key=lambda each: (-(1 - each[1]) * each[2], each[0]))
