"""Shortcuts: cheap features that give the target away, so that a model need not learn the task.

Each feature by itself (information about the target above what shuffling gives), all together (a small classifier
from them alone, against the commonest class), and marks at the edge of one class's inputs, which many classes hide from
both. In preference pairs: whether the preferred answer is simply the longer
one, or the one with the list. Which features are the task and left out is decided in ``features``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from tunewright.audit.features import Feature, cheap_features
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.habits import HABITS, habits_in
from tunewright.audit.marks import Mark, class_marks
from tunewright.audit.registry import Limits
from tunewright.audit.view import IntArray, View
from tunewright.audit.wording import counted, excerpt, listed, percent
from tunewright.statistics.proportions import wilson_interval
from tunewright.statistics.shares import cross_table, entropy, information_above_chance

NAME = "shortcuts"
TITLE = "Shortcuts"
QUALITY: Quality = "balanced"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Limits = {
    # Of the uncertainty about the target that one feature takes away, above chance.
    "min_information": 0.25,
    # Of the way from the commonest class to all right that the features go together.
    "min_gain": 0.3,
    "max_p": 0.02,
    "permutations": 60,
    "max_rows": 10000,
    "min_rows": 100,
    "min_rows_of_class": 10,
    "min_pairs": 50,
    "min_share_of_pairs": 0.65,
    # A mark counts in so many rows of a class, this share of the class, and if this share of its rows has the class.
    "mark_rows": 8,
    "mark_share_of_class": 0.5,
    "mark_purity": 0.9,
    "mark_max_p": 0.001,
}


def run(view: View, limits: Limits) -> CheckResult:
    """Shortcuts to a label, or to the preferred answer; nothing for free answers."""
    if view.kind == "generate":
        return CheckResult()
    if view.kind == "preference":
        return _pairs(view, limits)
    names, labels = view.labels
    if len(view) < limits["min_rows"] or len(names) < 2:
        because = f"only {counted(len(view), 'row')}" if len(names) > 1 else "only one class"
        return CheckResult(not_checked=(NotChecked(f"{NAME}.too_few", because, f"give {limits['min_rows']:.0f} rows"),))
    rows = _rows(view, labels, limits)
    if len(np.unique(labels[rows])) < 2:
        because = f"fewer than two classes have {limits['min_rows_of_class']:.0f} rows"
        return CheckResult(not_checked=(NotChecked(f"{NAME}.too_few", because, "label more rows"),))
    features, left_out = cheap_features(view)
    findings = [_alone(view, feature, rows, limits) for feature in features]
    told = tuple(f for f in findings if f is not None)
    told += _marks(view, told, limits)
    together, numbers = _together(view, features, rows, limits)
    if together is not None and not told:
        told = (together,)
    return CheckResult(
        told, _sampled(view, labels, rows, limits), (*numbers, ("features_left_out_as_the_task", float(len(left_out))))
    )


def _rows(view: View, labels: IntArray, limits: Limits) -> IntArray:
    """Rows of classes that are large enough, thinned out where there are very many."""
    counts = np.bincount(labels)
    rows = np.flatnonzero(counts[labels] >= limits["min_rows_of_class"])
    if len(rows) > limits["max_rows"]:
        rows = np.sort(np.random.default_rng(view.seed).choice(rows, int(limits["max_rows"]), replace=False))
    return rows.astype(np.int64)


def _sampled(view: View, labels: IntArray, rows: IntArray, limits: Limits) -> tuple[NotChecked, ...]:
    """What is said where looks and origin were judged on a part of the rows; marks are looked for in all."""
    enough = int((np.bincount(labels)[labels] >= limits["min_rows_of_class"]).sum())
    if len(rows) == enough:
        return ()
    because = f"looks and origin were judged on {len(rows):,} of {enough:,} rows, drawn with seed {view.seed}"
    return (NotChecked(f"{NAME}.sample", because, "Raise the limit 'max_rows' to have all judged."),)


def _alone(view: View, feature: Feature, rows: IntArray, limits: Limits) -> Finding | None:
    names, labels = view.labels
    codes, n = feature.codes[rows], len(feature.values)
    view.stop_if_asked()
    shuffles = int(limits["permutations"])
    seen, chance, p = information_above_chance(codes, labels[rows], n, len(names), shuffles, view.seed)
    share = (seen - chance) / max(entropy(np.bincount(labels[rows])), 1e-9)
    if share < limits["min_information"] or p > limits["max_p"]:
        return None
    table = cross_table(codes, labels[rows], n, len(names))
    right = float(table.max(axis=1).sum() / table.sum())
    majority = float(table.sum(axis=0).max() / table.sum())
    place = int(table.max(axis=1).argmax())
    told = percent(table[place].max() / table[place].sum())
    example = f"{told} of the rows with “{feature.values[place]}” are “{names[int(table[place].argmax())]}”"
    origin = feature.family == "origin"
    return Finding(
        f"{NAME}.{'origin' if origin else 'looks'}",
        "warning",
        f"{'Where a row comes from' if origin else 'How an input looks'} ({feature.name}) tells its label: right for "
        f"{percent(right)} of the rows",
        f"The commonest label alone is right for {percent(majority)}. For instance, {example}. "
        + ("Each origin has its own style, and a model that learns the style fails on inputs from elsewhere."
           if origin
           else "A model that learns the look instead of the content fails as soon as inputs look different."),
        "Collect some rows of each label from every origin, and test on rows of an origin that was not trained on."
        if origin
        else "Check whether deployment's inputs look so too; if not, add rows that break the rule, or even the "
        "look out.",
        numbers=(("information_share", share), ("right_from_it_alone", right), ("majority", majority), ("p", p)),
        rows_affected=int(table.max(axis=1).sum()),
    )  # fmt: skip


def _marks(view: View, told: Sequence[Finding], limits: Limits) -> tuple[Finding, ...]:
    """Marks at the edge of one class's inputs, but for those that a feature told already."""
    view.stop_if_asked()
    varying, whole = [print_.varying for print_ in view.prints], [example.text for example in view.examples]
    marks = class_marks(varying, whole, view.labels[1], limits)
    return tuple(_mark(view, mark) for mark in marks if not any(f"“{mark.text}”" in f.title for f in told))


def _mark(view: View, mark: Mark) -> Finding:
    label, shown = view.labels[0][mark.label], excerpt(mark.text, 60)
    elsewhere = f"{counted(mark.elsewhere, 'row')} of other labels {'has' if mark.elsewhere == 1 else 'have'} it"
    return Finding(
        f"{NAME}.mark",
        "warning",
        f"{counted(len(mark.rows), 'row')} of “{label}” {'begin' if mark.place == 'start' else 'end'} with “{shown}”",
        f"{percent(mark.share)} of this label's rows have the mark, and {elsewhere}. A model may learn the mark "
        "instead of the content, and fail on inputs without it.",
        "If the mark comes from how the rows were collected, cut it out of the inputs. If deployment's inputs have it "
        "too, keep it.",
        tuple(Item((row,), "Has the mark.") for row in mark.rows[:MAX_ITEMS]),
        (("share_of_class", mark.share), ("rows_of_other_labels", float(mark.elsewhere)), ("p", mark.p)),
        len(mark.rows),
    )


def _together(
    view: View, features: Sequence[Feature], rows: IntArray, limits: Limits
) -> tuple[Finding | None, tuple[tuple[str, float], ...]]:
    """A small classifier from all features, on rows that it was not fitted on."""
    labels = view.labels[1][rows]
    if not features:
        return None, ()
    blocks = [
        sparse.csr_matrix((np.ones(len(rows)), (np.arange(len(rows)), f.codes[rows])), (len(rows), len(f.values)))
        for f in features
    ]
    folds = StratifiedKFold(5, shuffle=True, random_state=view.seed)
    model = LogisticRegression(max_iter=60, tol=1e-3)
    predicted = cross_val_predict(model, sparse.hstack(blocks).tocsr(), labels, cv=folds)
    right = int((predicted == labels).sum())
    majority = float(np.bincount(labels).max() / len(labels))
    low = float(wilson_interval(right, len(labels))[0])
    numbers = (("right_from_looks_and_origin", right / len(labels)), ("majority", majority))
    if low < majority + limits["min_gain"] * (1 - majority):
        return None, numbers
    finding = Finding(
        f"{NAME}.together",
        "warning",
        f"Looks and origin of a row, without its content, tell the label of {percent(right / len(labels))}",
        f"The commonest label alone is right for {percent(majority)}. A model may learn these instead of the task: "
        f"{listed([f.name for f in features], 8)}.",
        "Compare with the score of your model: what it adds to this figure is what it understood. Break the tie by "
        "rows "
        "that look different.",
        numbers=numbers,
        rows_affected=right,
    )
    return finding, numbers


def _pairs(view: View, limits: Limits) -> CheckResult:
    """Whether a look of the answer decides which of a pair was preferred."""
    chosen = [example.target for example in view.examples]
    rejected = ["\n".join(m.content for m in example.rejected if m.role == "assistant") for example in view.examples]
    looks: dict[str, IntArray] = {
        "is longer": np.sign([len(a) - len(b) for a, b in zip(chosen, rejected, strict=True)])
    }
    with_chosen, with_rejected = [habits_in(text) for text in chosen], [habits_in(text) for text in rejected]
    for name in HABITS:
        difference = [int(name in a) - int(name in b) for a, b in zip(with_chosen, with_rejected, strict=True)]
        looks[f"is the one to {HABITS[name]}"] = np.array(difference, dtype=np.int64)
    findings, numbers = [], []
    for look, signs in looks.items():
        decided, wins = int((signs != 0).sum()), int((signs > 0).sum())
        if decided < limits["min_pairs"]:
            continue
        if look == "is longer":
            numbers.append(("preferred_is_longer", wins / decided))
        low, high = (float(bound) for bound in wilson_interval(wins, decided))
        if low > limits["min_share_of_pairs"] or high < 1 - limits["min_share_of_pairs"]:
            findings.append(_pair_finding(look, wins, decided, signs))
    return CheckResult(tuple(findings), numbers=tuple(numbers))


def _pair_finding(look: str, wins: int, decided: int, difference: IntArray) -> Finding:
    more = 2 * wins >= decided
    share = wins / decided if more else 1 - wins / decided
    against = np.flatnonzero(difference < 0 if more else difference > 0).tolist()
    return Finding(
        f"{NAME}.preference",
        "warning",
        f"In {percent(share)} of {counted(decided, 'pair')} that differ, the {'preferred' if more else 'rejected'} "
        f"answer {look}",
        "A model tuned on such pairs learns the look: longer answers, more lists, more apologies, whether better "
        "or not.",
        "Add pairs in which the answer without it is the better one, or choose pairs in which both have it.",
        tuple(Item((row,), "Goes against the rule: worth keeping.", 0.1) for row in against[:200]),
        (("share", share), ("pairs", float(decided))),
        decided,
    )
