"""Figures of a system that names one of several categories: accuracy, precision, recall, F1, confusion counts.

An answer that is none of the labels (or None) is wrong for its target and counts against no label's precision.
Called for the score tables of reports; the decision itself works on scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.statistics.arrays import IntArray


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """Figures of one label. Precision is None when nothing was answered so, recall when no case has the label."""

    label: str
    n: int
    precision: float | None
    recall: float | None
    f1: float


def accuracy(targets: Sequence[str], answers: Sequence[str | None]) -> float:
    """Share of answers equal to their target; 0 without cases."""
    if not targets:
        return 0.0
    return sum(t == a for t, a in zip(targets, answers, strict=True)) / len(targets)


def confusion_counts(targets: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> IntArray:
    """int64[L, L + 1]: rows are targets, columns are answers, the last column is "no usable answer".

    Raises KeyError for a target outside ``labels``.
    """
    place = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    for target, answer in zip(targets, answers, strict=True):
        column = len(labels) if answer is None else place.get(answer, len(labels))
        counts[place[target], column] += 1
    return counts


def label_figures(targets: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> list[LabelFigures]:
    """Precision, recall and F1 of every label, in the order of ``labels``."""
    counts = confusion_counts(targets, answers, labels)
    figures = []
    for i, label in enumerate(labels):
        right, of_label, answered = int(counts[i, i]), int(counts[i].sum()), int(counts[:, i].sum())
        f1 = 2 * right / (of_label + answered) if of_label + answered else 0.0
        precision = right / answered if answered else None
        recall = right / of_label if of_label else None
        figures.append(LabelFigures(label, of_label, precision, recall, f1))
    return figures


def macro_f1(targets: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Mean F1 over the labels that occur as a target or as an answer; 0 without cases."""
    counts = confusion_counts(targets, answers, labels)
    present = counts.sum(axis=1) + counts.sum(axis=0)[:-1] > 0
    figures = label_figures(targets, answers, labels)
    values = [f.f1 for f, seen in zip(figures, present, strict=True) if seen]
    return float(np.mean(values)) if values else 0.0
