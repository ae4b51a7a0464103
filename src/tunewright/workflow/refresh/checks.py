"""Are new examples fit to be the next locked test: unseen, and drawn like the old one?

A copy of a known row can be known by heart, so exact and near copies of any row of the project are set aside, and so
are rows that have its words in another order or with others between (``edits``). Whether
the new rows come from where the old ones came from is asked three ways: labels, lengths, and a classifier that tries to
tell old from new by words. Pure functions of examples; files are the business of ``job``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.data.leaks import find_leaks
from tunewright.data.rows import SetAside
from tunewright.decision.wording import count
from tunewright.records.example import Example, input_digest
from tunewright.statistics.drift import auc_interval, kolmogorov_smirnov
from tunewright.workflow.refresh.edits import Edits, find_edits

# With so few rows on a side nothing is told apart.
LEAST_ROWS = 30
# A chance below this is no chance: three questions are asked of every refresh.
SURPRISE = 0.01
# A classifier that tells so well is worth a word, however sure it is.
TOLD_APART = 0.6
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """New rows that may be the test, those set aside with the reason, and counts of why. ``near`` counts kept ones too.

    ``aside_examples`` are the rows set aside, in the same order. ``edits`` are found among rows that would be kept.
    """

    kept: tuple[Example, ...]
    set_aside: tuple[SetAside, ...]
    aside_examples: tuple[Example, ...]
    in_training: int
    in_old_test: int
    near: int
    repeated: int
    edits: Edits


def check_rows(
    new: Sequence[Example], learned: Sequence[Example], old_test: Sequence[Example], *, keep_near: bool
) -> Checked:
    """Part the new rows into those nobody and nothing has seen and the others.

    Args:
        learned: every row that systems may be fitted or tuned on, now or after the refresh.
        old_test: the cases that were looked at; a copy of one of them is no fresh case.
        keep_near: near copies stay, and are counted all the same; edits do not.
    """
    report = find_leaks([*learned, *old_test], new)
    n = len(learned)
    near = {leak.test_row: leak.train_row for leak in reversed(report.near)}
    exact = {leak.test_row: leak.train_row for leak in sorted(report.exact, key=lambda leak: -leak.train_row)}
    alone = [row for row in range(len(new)) if row not in exact and (keep_near or row not in near)]
    edits = find_edits([new[row] for row in alone], [*learned, *old_test])
    edited = {alone[place]: known for place, known in edits.rows.items() if alone[place] not in near}
    seen: dict[str, Example] = {}
    kept, aside, repeated = [], [], 0
    for row, example in enumerate(new):
        digest = input_digest(example.messages, example.tools)
        other = exact.get(row)
        if other is not None:
            where = "training" if other < n else "the old test"
            known = learned[other] if other < n else old_test[other - n]
            aside.append(_aside(example, "refresh.known", f"the same input stands in {where}: {known.source}"))
        elif row in near and not keep_near:
            known = learned[near[row]] if near[row] < n else old_test[near[row] - n]
            aside.append(_aside(example, "refresh.near", f"nearly the same input as {known.source}"))
        elif digest in seen:
            repeated += 1
            aside.append(_aside(example, "refresh.repeated", f"the same input as {seen[digest].source}"))
        elif row in edited:
            known = learned[edited[row]] if edited[row] < n else old_test[edited[row] - n]
            aside.append(_aside(example, "refresh.edited", f"the words of {known.source}, put in another way"))
        else:
            seen[digest] = example
            kept.append(example)
    return Checked(
        kept=tuple(kept),
        set_aside=tuple(one for _, one in aside),
        aside_examples=tuple(example for example, _ in aside),
        in_training=sum(other < n for other in exact.values()),
        in_old_test=sum(other >= n for other in exact.values()),
        near=len(near),
        repeated=repeated,
        edits=edits,
    )


def _aside(example: Example, code: str, reason: str) -> tuple[Example, SetAside]:
    return example, SetAside(example.source, code, reason, example.text)


@dataclass(frozen=True, slots=True)
class Drawn:
    """How far new rows look like old ones. Chances are two-sided p values; ``auc`` is of the classifier, 0.5 is alike.

    None where there are too few rows, or targets are no labels.
    """

    label_chance: float | None
    largest_shift: tuple[str, float, float] | None
    unknown_labels: tuple[str, ...]
    length_chance: float | None
    words_old: float
    words_new: float
    auc: float | None
    auc_interval: tuple[float, float] | None

    @property
    def alike(self) -> bool:
        return not self.sentences()

    def sentences(self) -> list[str]:
        """What speaks against it, if anything."""
        found = []
        if self.unknown_labels:
            names = ", ".join(self.unknown_labels[:5])
            found.append(f"{count(len(self.unknown_labels), 'label')} that no row to learn from has: {names}.")
        if self.label_chance is not None and self.label_chance < SURPRISE and self.largest_shift is not None:
            name, old, new = self.largest_shift
            found.append(
                f"Labels are mixed otherwise: {name} is {100 * old:.0f} % of the old cases and {100 * new:.0f} % of "
                "the new ones."
            )
        if self.length_chance is not None and self.length_chance < SURPRISE:
            found.append(f"Lengths differ: {self.words_old:.0f} words in the middle before, {self.words_new:.0f} now.")
        if self.auc is not None and self.auc_interval is not None and self.auc_interval[0] > TOLD_APART:
            low, high = self.auc_interval
            found.append(
                f"A classifier tells old from new cases by their words (area under the curve {self.auc:.2f}, "
                f"{low:.2f} to {high:.2f}; 0.5 is alike)."
            )
        return found


def drawn_alike(
    old: Sequence[Example], new: Sequence[Example], known: Sequence[str], *, labels: bool, seed: int
) -> Drawn:
    """Compare new with old cases.

    Args:
        known: labels of the rows to learn from.
        labels: whether a target is one label.
    """
    lengths = [np.array([len(e.text.split()) for e in rows], dtype=np.float64) for rows in (old, new)]
    enough = min(len(old), len(new)) >= LEAST_ROWS
    chance, shift = _labels(old, new) if labels and enough else (None, None)
    area, bounds = _told_apart(old, new, seed) if enough else (None, None)
    return Drawn(
        label_chance=chance,
        largest_shift=shift,
        unknown_labels=tuple(sorted({e.target for e in new} - set(known))) if labels else (),
        length_chance=kolmogorov_smirnov(*lengths)[1] if enough else None,
        words_old=_middle(lengths[0]),
        words_new=_middle(lengths[1]),
        auc=area,
        auc_interval=bounds,
    )


def _middle(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.median(values)) if len(values) else 0.0


def _labels(old: Sequence[Example], new: Sequence[Example]) -> tuple[float, tuple[str, float, float]]:
    """The chance of so other a mix of labels (chi-squared), and the label whose share moved most."""
    from scipy.stats import chi2_contingency

    before, after = Counter(e.target for e in old), Counter(e.target for e in new)
    names = sorted({*before, *after})
    table = np.array([[before[name] for name in names], [after[name] for name in names]])
    chance = 1.0 if len(names) < 2 else float(chi2_contingency(table).pvalue)
    shares = [(name, before[name] / len(old), after[name] / len(new)) for name in names]
    return chance, max(shares, key=lambda one: (abs(one[1] - one[2]), one[0]))


def _told_apart(old: Sequence[Example], new: Sequence[Example], seed: int) -> tuple[float, tuple[float, float]]:
    """How well a linear model on words tells the two apart, on rows that it has not seen; with a 95 % interval."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    texts = [example.text for example in (*old, *new)]
    side = np.array([0] * len(old) + [1] * len(new))
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+"), LogisticRegression(class_weight="balanced")
    )
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    chances = cross_val_predict(model, texts, side, cv=parts, method="predict_proba")[:, 1]
    return auc_interval(chances[side == 1], chances[side == 0])
