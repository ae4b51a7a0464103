"""Shares of the classes: which are too rare to learn or to measure, and whether deployment will see others."""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from tunewright.audit.association import tokens
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.view import IntArray, View
from tunewright.audit.wording import counted, listed, percent
from tunewright.statistics.proportions import wilson_interval
from tunewright.statistics.shares import entropy

NAME = "class_balance"
TITLE = "Class balance"
QUALITY: Quality = "balanced"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    # A class is rare below this share of an equal share (cleanlab's imbalance rule: 0.1 / K).
    "rare_of_equal_share": 0.1,
    "too_few_rows": 5,
    "few_rows": 20,
    "dominant_share": 0.5,
    "min_ratio_to_deployment": 2.0,
    "min_deployment_inputs": 100,
    "max_rows_compared": 20000,
}
N_FOLDS = 5


def run(view: View, limits: Limits) -> CheckResult:
    """Shares of the training rows' classes; nothing for other kinds."""
    if view.kind != "classify" or not len(view):
        return CheckResult()
    names, labels = view.labels
    rows = np.array(view.rows_of("train") or range(len(view)), dtype=np.int64)
    counts = np.bincount(labels[rows], minlength=len(names)).astype(np.int64)
    present = counts[counts > 0]
    shares = counts / counts.sum()
    numbers = (
        ("classes", float(len(present))),
        ("largest_share", float(shares.max())),
        ("rarest_share", float(present.min() / counts.sum())),
        ("largest_to_rarest", float(present.max() / present.min())),
        ("effective_classes", float(np.exp(entropy(counts)))),
    )
    findings = [_few(view, rows, counts, limits), _rare(view, rows, counts, limits), _dominant(names, counts, limits)]
    findings.append(_against_stated(view, counts, limits))
    shift, not_checked = _against_deployment(view, rows, limits)
    findings.append(shift)
    return CheckResult(tuple(f for f in findings if f is not None), not_checked, numbers)


def _few(view: View, rows: IntArray, counts: IntArray, limits: Limits) -> Finding | None:
    names, labels = view.labels
    few = np.flatnonzero((counts > 0) & (counts < limits["few_rows"]))
    if not len(few):
        return None
    few = few[np.argsort(counts[few], kind="stable")]
    tiny = int((counts[few] < limits["too_few_rows"]).sum())
    items = []
    for label in few.tolist():
        mine = rows[labels[rows] == label].tolist()
        items.append(
            Item(tuple(mine), f"“{names[label]}” has {counted(len(mine), 'row')}.", 1 - len(mine) / limits["few_rows"])
        )
    most = f"{limits['few_rows']:.0f}"
    return Finding(
        f"{NAME}.few_rows",
        "warning" if tiny else "note",
        f"{counted(len(few), 'class', 'classes')} {'has' if len(few) == 1 else 'have'} fewer than {most} rows"
        + (f", {tiny:,} of them fewer than {limits['too_few_rows']:.0f}" if tiny else ""),
        "So few rows are not enough to learn a class, and a fifth of them in a test cannot show whether it was "
        "learned: "
        "one right answer more or less moves its score by a quarter or so.",
        f"Label more of {listed([names[label] for label in few.tolist()])}, or merge it with a class that is "
        "handled alike.",
        tuple(items[:2000]),
        (("classes", float(len(few))), ("classes_hardly_there", float(tiny))),
        int(counts[few].sum()),
    )


def _rare(view: View, rows: IntArray, counts: IntArray, limits: Limits) -> Finding | None:
    names, _ = view.labels
    present = int((counts > 0).sum())
    least = limits["rare_of_equal_share"] / max(present, 1)
    share = counts / counts.sum()
    rare = np.flatnonzero((counts >= limits["few_rows"]) & (share < least))
    if not len(rare):
        return None
    rarest = int(rare[np.argmin(share[rare])])
    return Finding(
        f"{NAME}.rare",
        "note",
        f"{counted(len(rare), 'class is', 'classes are')} rare: under {percent(least)} of the rows",
        f"All rows of “{names[rarest]}” together move accuracy by {percent(float(share[rarest]))}: a model that never "
        "answers it looks as good as one that does.",
        "Measure macro F1 or recall per class beside accuracy. If such cases matter, label more of them; if they "
        "are as "
        "rare in deployment, leave the shares as they are.",
        numbers=(("classes", float(len(rare))), ("rarest_share", float(share[rarest]))),
        rows_affected=int(counts[rare].sum()),
    )


def _dominant(names: tuple[str, ...], counts: IntArray, limits: Limits) -> Finding | None:
    share, present = counts / counts.sum(), int((counts > 0).sum())
    largest = int(share.argmax())
    if present < 2 or share[largest] <= max(limits["dominant_share"], 1.5 / present):
        return None
    return Finding(
        f"{NAME}.dominant",
        "note",
        f"{percent(float(share[largest]))} of the rows have the label “{names[largest]}”",
        f"Always answering it is {percent(float(share[largest]))} accurate. Only what a model adds to that is worth "
        "paying for.",
        "Compare every system with that figure, and measure macro F1 or the recall of the other classes.",
        numbers=(("share", float(share[largest])),),
        rows_affected=int(counts[largest]),
    )


def _against_stated(view: View, counts: IntArray, limits: Limits) -> Finding | None:
    """Against shares that the person stated by label."""
    names, _ = view.labels
    stated = dict(view.deployment.expected)
    low, high = wilson_interval(counts, counts.sum())
    off = [
        (label, name, stated[name])
        for label, name in enumerate(names)
        if name in stated
        and not low[label] <= stated[name] <= high[label]
        and _ratio(counts[label] / counts.sum(), stated[name]) > limits["min_ratio_to_deployment"]
    ]
    if not off:
        return None
    told = [
        f"“{name}”: {percent(counts[label] / counts.sum())} here, {percent(share)} expected"
        for label, name, share in off
    ]
    return _shifted(view, [label for label, _, _ in off], told, counts)


def _against_deployment(view: View, rows: IntArray, limits: Limits) -> tuple[Finding | None, tuple[NotChecked, ...]]:
    """Compare predicted shares: the same small model on its own rows (other folds) and on inputs of deployment.

    Its mistakes are the same on both sides, so a difference is one of the inputs (the idea of black-box shift
    estimation, Lipton, Wang and Smola 2018).
    """
    inputs = view.deployment.inputs
    if len(inputs) < limits["min_deployment_inputs"]:
        hint = f"give at least {limits['min_deployment_inputs']:.0f} inputs seen in deployment; labels are not needed"
        because = (
            f"{counted(len(inputs), 'input')} of deployment were given"
            if inputs
            else "no inputs of deployment were given"
        )
        return None, (NotChecked(f"{NAME}.deployment", because, hint),)
    names, labels = view.labels
    enough = np.flatnonzero(np.bincount(labels[rows], minlength=len(names)) >= N_FOLDS)
    rows = rows[np.isin(labels[rows], enough)]
    most = int(limits["max_rows_compared"])
    if len(enough) < 2:
        return None, (
            NotChecked(f"{NAME}.deployment", f"fewer than two classes have {N_FOLDS} rows", "label more rows"),
        )
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(view.seed).choice(rows, most, replace=False))
    counter = CountVectorizer(tokenizer=tokens, token_pattern=None, lowercase=False, binary=True)
    model = make_pipeline(counter, MultinomialNB(alpha=0.1))
    texts = [view.examples[row].text for row in rows.tolist()]
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=view.seed)
    here = np.bincount(cross_val_predict(model, texts, labels[rows], cv=folds), minlength=len(names))
    there = np.bincount(model.fit(texts, labels[rows]).predict(list(inputs[:most])), minlength=len(names))
    alpha = 0.025 / len(enough)
    here_low, here_high = wilson_interval(here, here.sum(), alpha)
    there_low, there_high = wilson_interval(there, there.sum(), alpha)
    apart = (here_low > there_high) | (there_low > here_high)
    off = [
        label
        for label in np.flatnonzero(apart).tolist()
        if _ratio(here[label] / here.sum(), there[label] / there.sum()) > limits["min_ratio_to_deployment"]
    ]
    if not off:
        return None, ()
    off.sort(key=lambda label: -abs(float(here[label] / here.sum() - there[label] / there.sum())))
    told = [
        f"“{names[each]}”: about {percent(here[each] / here.sum())} here, {percent(there[each] / there.sum())} in "
        "deployment"
        for each in off
    ]
    return _shifted(view, off, told, np.bincount(labels[rows], minlength=len(names))), ()


def _ratio(one: float, other: float) -> float:
    low, high = min(one, other), max(one, other)
    return float("inf") if low <= 0 < high else high / max(low, 1e-12)


def _shifted(view: View, off: list[int], told: list[str], counts: IntArray) -> Finding:
    return Finding(
        f"{NAME}.unlike_deployment",
        "warning",
        f"{counted(len(off), 'class has', 'classes have')} another share than in deployment",
        "A model learns the shares of its rows and leans towards what it saw often, and a score on such rows is "
        "not the "
        "score that deployment will see. " + "; ".join(told[:5]) + ".",
        "Label more of what deployment sees often, or weigh the rows; measure on a test set with deployment's shares.",
        numbers=(("classes", float(len(off))),),
        rows_affected=int(counts[off].sum()),
    )
