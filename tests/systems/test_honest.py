"""What choosing is worth: by parts as row by row, and never the luck of the best of many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Message, Source
from tunewright.records.system import FitContext
from tunewright.systems._honest import Graded, Scored, cross_fitted, parts_of
from tunewright.systems._optimised.pick import one_standard_error, picked_elsewhere
from tunewright.systems._retrieval import fit as quoting
from tunewright.systems.tfidf import Tfidf

LABELS = ("a", "b")


def accuracy(targets: Sequence[str], answers: Sequence[str]) -> float:
    return float(np.mean([t == a for t, a in zip(targets, answers, strict=True)])) if targets else 0.0


def noise(rows: int, seed: int = 0) -> list[Example]:
    """Rows whose words say nothing of their labels."""
    rng = np.random.default_rng(seed)
    words = [" ".join(f"w{number}" for number in rng.integers(0, 40, 6)) for _ in range(rows)]
    targets = [LABELS[number] for number in rng.integers(0, 2, rows)]
    return [
        Example((Message("user", text),), target, Source("t.csv", number), f"r{number}")
        for number, (text, target) in enumerate(zip(words, targets, strict=True))
    ]


def by_hand(scores: np.ndarray) -> float:
    """Row by row: the first of the best choices outside the row's part."""
    found = []
    for part in parts_of(scores.shape[1]):
        outside = [n for n in range(scores.shape[1]) if n not in part] or list(part)
        totals = [round(float(np.mean([row[n] for n in outside])), 12) for row in scores]
        found += [scores[totals.index(max(totals)), n] for n in part]
    return float(np.mean(found))


@pytest.mark.parametrize("rows", [2, 3, 7, 23])
def test_parts_of_any_size_give_what_rows_give(rows: int) -> None:
    scores = np.random.default_rng(rows).random((4, rows))
    assert cross_fitted(scores) == pytest.approx(by_hand(scores), abs=1e-12)


def test_a_measure_of_labels_is_asked_each_row_once_a_pass_and_tells_the_same() -> None:
    rng = np.random.default_rng(1)
    targets = [LABELS[n] for n in rng.integers(0, 2, 23)]
    answers = [[LABELS[n] for n in rng.integers(0, 2, 23)] for _ in range(5)]
    asked: list[int] = []

    def measure(wanted: Sequence[str], given: Sequence[str]) -> float:
        asked.append(len(wanted))
        return accuracy(wanted, given)

    scored = Scored(targets, measure)
    assert [scored.add(one) for one in answers] == [pytest.approx(accuracy(targets, one)) for one in answers]
    assert sum(asked) == 23 * 5
    right = np.array([[float(t == a) for t, a in zip(targets, one, strict=True)] for one in answers])
    assert scored.honest() == pytest.approx(by_hand(right))
    assert scored.honest(last=2) == pytest.approx(by_hand(right[-2:]))
    assert (scored.honest(last=0), Scored([], measure).honest()) == (None, None)


def test_texts_are_compared_on_the_rows_that_have_a_score_in_every_pass() -> None:
    rows = noise(10)

    def grade(examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
        return [None if one.status.is_missing else float(one.text or 0) for one in answers]

    graded = Graded(rows, grade)
    lost = Answer(None, Status.INFRA_FAIL)
    assert graded.add([lost, *[Answer("0.5")] * 9]) == 0.5
    assert graded.add([Answer("1.0")] * 10) == 1.0
    assert graded.honest() == 1.0
    assert graded.add([lost] * 10) == 0.0
    assert (graded.honest(), Graded(rows, grade).honest()) == (None, None)


def test_a_grid_that_finds_nothing_tells_no_more_than_nothing() -> None:
    told, best = [], []
    for seed in range(60):
        rows = noise(120, seed)
        fitted = Tfidf("tfidf", False, 1).fit(rows[:60], rows[60:], FitContext(0, LABELS, accuracy))
        told.append(fitted.validation_score)
        best.append(max(trial.validation_score for trial in fitted.trials))
    assert all(one is not None and one <= top + 1e-9 for one, top in zip(told, best, strict=True))
    assert np.mean(best) > np.mean(told) + 0.01
    assert np.mean(told) == pytest.approx(0.5, abs=0.03)


def test_what_the_one_standard_error_pick_is_worth_is_not_its_luck() -> None:
    lengths = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    drawn = [(np.random.default_rng(seed).random((6, 40)) < 0.5).astype(float) for seed in range(150)]
    lucky = [one[one_standard_error(one, lengths).best].mean() for one in drawn]
    worth = [picked_elsewhere(one, lengths) for one in drawn]
    assert np.mean(lucky) > 0.57
    assert np.mean([one for one in worth if one is not None]) == pytest.approx(0.5, abs=0.02)


def test_a_pick_keeps_groups_together_and_leaves_out_rows_without_a_score() -> None:
    scores = np.array([[1.0, 1, 0, 0, 1, np.nan], [0.0, 0, 1, 1, 0, 1]])
    groups = np.array([0, 0, 1, 1, 0, 1])
    # Each group is scored by what is best on the other one, and so always wrong.
    assert picked_elsewhere(scores, [1.0, 1.0], groups) == 0.0
    assert picked_elsewhere(np.full((2, 3), np.nan), [1.0, 1.0]) is None


def test_a_threshold_of_quoting_is_scored_on_rows_that_did_not_choose_it() -> None:
    rng = np.random.default_rng(3)

    def drawn() -> list[quoting.Graded]:
        return [
            quoting.Graded(rng.random(30), (rng.random(30) < 0.5) * 1.0, (rng.random(30) < 0.5) * 1.0) for _ in range(4)
        ]

    tried = [drawn() for _ in range(80)]
    best = [max(quoting.best_threshold(*(c.tolist() for c in one.columns))[1] for one in many) for many in tried]
    worth = [quoting.score_elsewhere(many) for many in tried]
    assert np.mean(best) > 0.62
    assert np.mean([one for one in worth if one is not None]) == pytest.approx(0.5, abs=0.03)
    assert quoting.score_elsewhere([]) is None
    lost = quoting.Graded(np.ones(2), np.array([np.nan, np.nan]), np.ones(2))
    assert quoting.score_elsewhere([lost]) is None
