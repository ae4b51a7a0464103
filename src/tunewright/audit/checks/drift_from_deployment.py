"""Whether training inputs and inputs of deployment can be told apart, and by what.

A classifier that sees one text and says where it is from: an area under the curve near 0.5 means alike, 1 means two
worlds. Lengths are compared besides.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from tunewright.audit.association import tokens
from tunewright.audit.findings import CheckResult, Cost, Finding, NotChecked, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import counted, listed, percent
from tunewright.statistics.drift import auc_interval, kolmogorov_smirnov, stability_index

NAME = "drift_from_deployment"
TITLE = "Training rows against deployment"
QUALITY: Quality = "representative"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    "max_auc": 0.75,
    "max_stability_index": 0.25,
    "max_p": 0.01,
    "min_inputs": 50,
    "max_each": 5000,
    "shown_words": 8,
}
N_FOLDS = 5
MAX_CHARS = 4000


def run(view: View, limits: Limits) -> CheckResult:
    """One finding where the two differ clearly in words, and one where they differ in length."""
    inputs = [text[:MAX_CHARS] for text in view.deployment.inputs if text.strip()]
    rows = view.rows_of("train")
    if min(len(inputs), len(rows)) < limits["min_inputs"]:
        because = (
            "no inputs of deployment were given"
            if not inputs
            else f"only {counted(min(len(inputs), len(rows)), 'input')} to compare"
        )
        hint = f"give {limits['min_inputs']:.0f} or more inputs from logs, as they arrived; labels are not needed"
        return CheckResult(not_checked=(NotChecked(f"{NAME}.deployment", because, hint),))
    random = np.random.default_rng(view.seed)
    n = min(len(inputs), len(rows), int(limits["max_each"]))
    here = [
        view.examples[rows[i]].text[:MAX_CHARS] for i in np.sort(random.choice(len(rows), n, replace=False)).tolist()
    ]
    there = [inputs[i] for i in np.sort(random.choice(len(inputs), n, replace=False)).tolist()]
    area, (low, high), words = _told_apart(view, here, there, int(limits["shown_words"]))
    lengths = [np.array([len(text.split()) for text in texts], dtype=np.float64) for texts in (here, there)]
    psi, (ks, p) = stability_index(lengths[0], lengths[1]), kolmogorov_smirnov(lengths[0], lengths[1])
    numbers = (("auc", area), ("auc_low", low), ("auc_high", high), ("length_stability_index", psi), ("length_ks", ks))
    findings = []
    if low > limits["max_auc"]:
        findings.append(_words_differ(area, low, high, words, len(rows)))
    if psi > limits["max_stability_index"] and p < limits["max_p"]:
        findings.append(_lengths_differ(float(np.median(lengths[0])), float(np.median(lengths[1])), psi, ks, len(rows)))
    return CheckResult(tuple(findings), numbers=numbers)


def _told_apart(
    view: View, here: list[str], there: list[str], shown: int
) -> tuple[float, tuple[float, float], tuple[list[str], list[str]]]:
    """AUC on unseen folds with its interval, and the words that speak most for either side.

    Equal texts share a fold, or copies on both sides would be told by heart.
    """
    texts = here + there
    side = np.repeat([0, 1], [len(here), len(there)])
    words = TfidfVectorizer(tokenizer=tokens, token_pattern=None, lowercase=False, min_df=2, sublinear_tf=True)
    try:
        matrix = words.fit_transform(texts)
    except ValueError:
        return 0.5, (0.0, 1.0), ([], [])
    view.stop_if_asked()
    model = LogisticRegression(C=1.0, max_iter=200, tol=1e-3)
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=view.seed)
    groups = np.unique(texts, return_inverse=True)[1]
    # The raw score runs over all numbers and differs by fold; the probability keeps folds comparable.
    score = expit(cross_val_predict(model, matrix, side, groups=groups, cv=folds, method="decision_function"))
    area, bounds = auc_interval(score[side == 1], score[side == 0])
    weights = model.fit(matrix, side).coef_[0]
    counts = np.asarray((matrix > 0).sum(axis=0)).ravel()
    names = words.get_feature_names_out()
    pull = weights * np.sqrt(counts)
    order = np.argsort(pull, kind="stable")
    return area, bounds, ([str(names[w]) for w in order[:shown]], [str(names[w]) for w in order[::-1][:shown]])


def _words_differ(area: float, low: float, high: float, words: tuple[list[str], list[str]], rows: int) -> Finding:
    return Finding(
        f"{NAME}.words",
        "warning",
        f"Training rows can be told from deployment's inputs {percent(area)} of the time",
        f"A small model picks the one from deployment out of a pair in {percent(low)} to {percent(high)} of the cases; "
        f"50 % would mean that they are alike. Typical of deployment: {listed(words[1], 8)}; of the training rows: "
        f"{listed(words[0], 8)}.",
        "Look whether the difference matters (a greeting, a signature, another product). If it does, label inputs from "
        "deployment; if it is only form, bring both to one form.",
        numbers=(("auc", area), ("auc_low", low), ("auc_high", high)),
        rows_affected=rows,
    )


def _lengths_differ(here: float, there: float, psi: float, ks: float, rows: int) -> Finding:
    return Finding(
        f"{NAME}.length",
        "warning",
        f"Inputs of deployment have other lengths: {there:.0f} words in the middle, against {here:.0f} here",
        f"The stability index of the lengths is {psi:.2f}; above 0.25 the two are by custom not one population.",
        "Label inputs of the lengths that deployment sees.",
        numbers=(("length_stability_index", psi), ("length_ks", ks)),
        rows_affected=rows,
    )
