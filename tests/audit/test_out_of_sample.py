"""Opinions on labels: they never saw the row, they are right on plain classes, and the gate refuses the worthless."""

import warnings

import numpy as np
import pytest
from label_rows import CLASSES, clean, view_of

from tunewright.audit.confident import confident_joint
from tunewright.audit.out_of_sample import OutOfSample, Refusal, features, gate, judge, judged_targets, neighbour_votes


def test_plain_classes_are_told_and_made_once() -> None:
    texts, targets = clean(400)
    view = view_of(texts, targets)
    judged = judged_targets(view)
    assert isinstance(judged, OutOfSample)
    assert judged.features == "tf-idf"
    assert (judged.first.argmax(axis=1) == judged.labels).mean() > 0.97
    assert judged.first.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert judged_targets(view) is judged


def test_a_row_and_its_copies_do_not_teach_their_own_label() -> None:
    # Two copies of one text, labelled wrong: a model that had seen either would believe it.
    texts, targets = clean(400)
    texts[1], targets[1] = texts[0], CLASSES[2]
    targets[0] = CLASSES[2]
    judged = judged_targets(view_of(texts, targets))
    assert isinstance(judged, OutOfSample)
    place = [judged.rows.tolist().index(row) for row in (0, 1)]
    assert (judged.first[place, CLASSES.index("account")] < 0.5).all()
    assert judged.votes is not None
    assert (judged.votes[place].argmax(axis=1) != judged.labels[place]).all()


def test_texts_without_spaces_are_read_by_their_letters_and_nothing_is_warned_of() -> None:
    texts, labels = clean(60)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for join in (" ", ""):
            view = view_of([text.replace(" ", join) for text in texts], labels)
            matrix, name = features(view, np.arange(60))
            assert name == "tf-idf"
            assert matrix.nnz > 0


def test_vectors_are_used_where_there_are_some() -> None:
    texts, targets = clean(300)
    view = view_of(texts, targets)
    random = np.random.default_rng(0)
    made = random.normal(size=(300, 16)).astype(np.float32) + 2 * np.eye(16, dtype=np.float32)[view.labels[1]]
    view.embed = lambda _texts: made / np.linalg.norm(made, axis=1, keepdims=True)
    judged = judged_targets(view)
    assert isinstance(judged, OutOfSample)
    assert judged.features == "vectors"


def test_labels_without_meaning_are_refused() -> None:
    texts, _ = clean(400)
    random = np.random.default_rng(5)
    refused = judged_targets(view_of(texts, [CLASSES[n] for n in random.integers(4, size=400)]))
    assert isinstance(refused, Refusal)
    assert "commonest label" in refused.because


def test_uniform_probabilities_of_many_classes_are_refused() -> None:
    """What ``LogisticRegression(tol=1e-3)`` gives on 150 balanced classes, where it stops at once."""
    labels = np.repeat(np.arange(150), 20)
    random = np.random.default_rng(0)
    chances = (1 / 150 + 1e-6 * random.random((3000, 150))).astype(np.float32)
    joint = confident_joint(labels, chances)
    groups = np.arange(3000)
    assert joint.noise > 0.9
    for steps in (0, 30):
        assert gate(labels, chances, groups, joint, steps, 0.0) is not None
    stopped = gate(labels, chances, groups, joint, 0, 1.0)
    assert stopped is not None
    assert "0 solver steps" in stopped.because


@pytest.mark.parametrize(
    ("steps", "slope", "words"), [(0, 0.0, "did not learn"), (20, 0.6, "gradient still 60%"), (20, 0.01, None)]
)
def test_gate_of_the_solver(steps: int, slope: float, words: str | None) -> None:
    labels = np.arange(200) % 2
    chances = np.where(np.eye(2)[labels] > 0, 0.9, 0.1).astype(np.float32)
    refused = gate(labels, chances, np.arange(200), confident_joint(labels, chances), steps, slope)
    assert (refused is None) == (words is None)
    if refused is not None:
        assert str(words) in refused.because


def test_gate_of_a_skewed_set() -> None:
    # 95 % right by always answering the commonest label.
    labels = np.array([0] * 190 + [1] * 10)
    chances = np.tile(np.array([[0.95, 0.05]], dtype=np.float32), (200, 1))
    refused = gate(labels, chances, np.arange(200), confident_joint(labels, chances), 20, 0.0)
    assert refused is not None


def test_rare_labels_are_left_out_and_told() -> None:
    texts, targets = clean(300)
    targets[:3] = ["rare"] * 3
    judged = judged_targets(view_of(texts, targets))
    assert isinstance(judged, OutOfSample)
    assert judged.left_out == (("rare", 3),)
    assert not set(judged.rows.tolist()) & {0, 1, 2}


def test_too_little_is_refused() -> None:
    assert isinstance(judge(view_of(["a", "b"], ["x", "y"]), ["x", "y"]), Refusal)


def test_votes_leave_out_the_own_group() -> None:
    inputs = np.array([[1, 0], [1, 0], [0.9, 0.436], [0, 1]], dtype=np.float32)
    votes = neighbour_votes(inputs, np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]), 2)
    assert votes[0].tolist() == [0.0, 1.0]
    assert votes[3].tolist() == pytest.approx([0.0, 1.0])
    assert votes[2, 0] > 0.7
