"""Sets of labels and ordered labels, with scikit-learn as oracle."""

from __future__ import annotations

import json

import numpy as np
import pytest
from grader_cases import graded, score
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, jaccard_score, mean_absolute_error

from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import build, measures
from tunewright.records.answers import Status

LABELS = ("anger", "joy", "neutral", "sadness")
CONTEXT = GraderContext(labels=LABELS)
STEPS = ("low", "medium", "high", "very high")
_sets = st.lists(st.sampled_from(LABELS), unique=True, max_size=4)
_cases = st.lists(st.tuples(_sets, _sets), min_size=1, max_size=12)
_steps = st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(STEPS)), min_size=2, max_size=15)


def _columns(sets: list[list[str]]) -> np.ndarray:
    return np.array([[label in one for label in LABELS] for one in sets], dtype=int)


@settings(max_examples=60, deadline=None)
@given(_cases)
def test_measures_of_sets_are_those_of_scikit_learn(cases: list[tuple[list[str], list[str]]]) -> None:
    wanted, given_sets = [one for one, _ in cases], [other for _, other in cases]
    found = {m.NAME: m for m in measures("labels", {}, CONTEXT)}
    answers, targets = [json.dumps(one) for one in given_sets], [", ".join(one) for one in wanted]
    truth, said = _columns(wanted), _columns(given_sets)
    assert found["micro_f1"].measure(answers, targets) == pytest.approx(
        f1_score(truth, said, average="micro", zero_division=1.0)
    )
    present = np.flatnonzero(truth.sum(axis=0) + said.sum(axis=0))
    each = [f1_score(truth[:, place], said[:, place], zero_division=0.0) for place in present]
    assert found["macro_f1"].measure(answers, targets) == pytest.approx(np.mean(each) if each else 1.0)
    assert found["subset_accuracy"].measure(answers, targets) == pytest.approx(accuracy_score(truth, said))


@settings(max_examples=60, deadline=None)
@given(_cases)
def test_scores_of_sets_are_those_of_scikit_learn(cases: list[tuple[list[str], list[str]]]) -> None:
    for option, oracle in (("f1", f1_score), ("jaccard", jaccard_score)):
        scores = [score_of(option, given_set, wanted) for wanted, given_set in cases]
        truth, said = _columns([one for one, _ in cases]), _columns([other for _, other in cases])
        assert np.mean(scores) == pytest.approx(oracle(truth, said, average="samples", zero_division=1.0))


def score_of(option: str, given_set: list[str], wanted: list[str]) -> float:
    found = graded("labels", ",".join(given_set), ",".join(wanted), {"score": option}, CONTEXT).score
    assert found is not None
    return found


def test_how_sets_are_written() -> None:
    grade = graded("labels", " Joy ,ANGER, joy", '["anger", "joy"]', {}, CONTEXT)
    assert (grade.score, grade.answer) == (1.0, '["anger", "joy"]')
    assert graded("labels", "none", "", {}, CONTEXT).score == 1
    assert graded("labels", "", "[]", {"score": "jaccard"}, CONTEXT).score == 1
    assert graded("labels", "joy; anger", "anger;joy", {"separator": ";", "score": "exact"}, CONTEXT).score == 1
    grade = graded("labels", "joy, delight", "joy", {}, CONTEXT)
    assert grade.score == pytest.approx(2 / 3)
    assert dict(grade.parts) == {"tp:joy": 1.0, "fp:(no label)": 1.0}
    assert graded("labels", "delight", "glee", {}, CONTEXT).score == 0
    assert score("labels", "delight", "Delight") == 0
    assert graded("labels", "joy", "joy,anger", {"score": "exact"}, CONTEXT).score == 0


def test_labels_of_a_task_may_be_sets() -> None:
    grader = build("labels", {}, GraderContext(labels=("joy, anger", "joy", "none")))
    assert json.loads(grader.identity()["labels"]) == ["anger", "joy"]


def test_stored_answers_give_the_same_measures() -> None:
    given_texts, targets = ["joy, delight", "Anger", ""], ["joy", "anger", "neutral"]
    stored = [
        graded("labels", text, target, {}, CONTEXT).answer for text, target in zip(given_texts, targets, strict=True)
    ]
    for measure in measures("labels", {}, CONTEXT):
        assert measure.measure(stored, targets) == measure.measure(given_texts, targets)
    assert {m.NAME: m.measure([None], ["none"]) for m in measures("labels", {}, CONTEXT)}["subset_accuracy"] == 0


@settings(max_examples=100, deadline=None)
@given(_steps)
def test_ordered_measures_are_those_of_scikit_learn(cases: list[tuple[str, str]]) -> None:
    targets, answers = [one for one, _ in cases], [other for _, other in cases]
    kappa, error = measures("ordered", {"order": ", ".join(STEPS)}, GraderContext())
    truth, said = ([STEPS.index(label) for label in side] for side in (targets, answers))
    if len(set(truth) | set(said)) > 1:
        expected = cohen_kappa_score(truth, said, weights="quadratic", labels=range(4))
        assert kappa.measure(answers, targets) == pytest.approx(expected)
    assert error.measure(answers, targets) == pytest.approx(mean_absolute_error(truth, said))


def test_ordered_scores() -> None:
    order = {"order": "low, medium, high"}
    assert graded("ordered", " HIGH", "high", order).score == 1
    assert graded("ordered", "medium", "high", order).score == 0.5
    assert graded("ordered", "low", "high", order).score == 0
    assert graded("ordered", "medium", "high", {**order, "score": "exact"}).score == 0
    assert graded("ordered", "hot", "high", order).status is Status.MODEL_FAIL
    assert graded("ordered", "high", "hot", order).status is Status.JUDGE_FAIL
    assert build("ordered", {"order": "no, yes"}, GraderContext()).binary
    assert not build("ordered", order, GraderContext()).binary


def test_numbers_are_ordered_by_themselves() -> None:
    context = GraderContext(labels=("10", "2", "1"))
    assert json.loads(build("ordered", {}, context).identity()["order"]) == ["1", "2", "10"]
    assert graded("ordered", "2", "10", {}, context).score == 0.5


def test_an_unusable_answer_is_the_farthest() -> None:
    kappa, error = measures("ordered", {"order": "1, 2, 3, 4"}, GraderContext())
    assert error.measure([None, "nine", "4"], ["1", "3", "4"]) == pytest.approx((3 + 2 + 0) / 3)
    assert kappa.measure(["1", "4", None], ["1", "4", "1"]) == kappa.measure(["1", "4", "4"], ["1", "4", "1"])
    assert kappa.measure([], []) == 0
    assert kappa.measure(["2", "2"], ["2", "2"]) == 1
