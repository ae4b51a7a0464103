"""Figures of classifiers against scikit-learn, and answers that are no label at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from tunewright.statistics.classification import accuracy, confusion_counts, label_figures, macro_f1

relaxed = settings(deadline=None, max_examples=60)

LABELS = ["a", "b", "c", "d"]
pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60)


@relaxed
@given(pairs)
def test_agreement_with_scikit_learn(rows: list[tuple[str, str]]) -> None:
    targets, answers = [t for t, _ in rows], [a for _, a in rows]
    assert accuracy(targets, answers) == pytest.approx(accuracy_score(targets, answers))
    ours = confusion_counts(targets, answers, LABELS)
    assert np.array_equal(ours[:, :-1], confusion_matrix(targets, answers, labels=LABELS))
    assert ours[:, -1].sum() == 0
    assert macro_f1(targets, answers, LABELS) == pytest.approx(f1_score(targets, answers, average="macro"))
    precision, recall, f1, n = precision_recall_fscore_support(targets, answers, labels=LABELS, zero_division=0)
    for i, figures in enumerate(label_figures(targets, answers, LABELS)):
        assert (figures.n, figures.f1) == (n[i], pytest.approx(f1[i]))
        assert (figures.precision or 0.0, figures.recall or 0.0) == pytest.approx((precision[i], recall[i]))


def test_no_usable_answer_is_wrong_and_stands_apart() -> None:
    targets, answers = ["a", "a", "b"], ["a", None, "nonsense"]
    assert accuracy(targets, answers) == pytest.approx(1 / 3)
    assert confusion_counts(targets, answers, ["a", "b"]).tolist() == [[1, 0, 1], [0, 0, 1]]
    first, second = label_figures(targets, answers, ["a", "b"])
    assert (first.precision, first.recall, first.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (second.precision, second.recall, second.f1) == (None, 0.0, 0.0)


def test_a_label_nobody_has_or_says_is_left_out_of_the_mean() -> None:
    assert macro_f1(["a"], ["a"], ["a", "b"]) == 1.0
    assert label_figures(["a"], ["a"], ["a", "b"])[1].recall is None
    assert macro_f1([], [], ["a"]) == 0.0
    assert accuracy([], []) == 0.0


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(KeyError):
        confusion_counts(["z"], ["a"], ["a"])
