"""Which rows to ask about next: by chance until enough is known, then doubtful and diverse with some by chance."""

import numpy as np
import pytest
from label_rows import CLASSES, clean, examples_of
from sklearn.linear_model import LogisticRegression

from tunewright.audit.next_rows import (
    BETA,
    START_ROWS,
    STRENGTH,
    batch_size,
    chance_order,
    doubtful_and_diverse,
    next_batch,
    opinions,
)
from tunewright.audit.out_of_sample import features
from tunewright.audit.view import View


def _directions(of: list[int], width: int = 8, noise: float = 0.01, seed: int = 0) -> np.ndarray:
    """Unit vectors near the axes ``of``."""
    made = np.eye(width)[of] + noise * np.random.default_rng(seed).normal(size=(len(of), width))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def task() -> tuple[object, np.ndarray]:
    """Features of 300 rows of four classes, and their labels."""
    texts, targets = clean(300)
    inputs, _ = features(View(examples_of(texts, targets), "classify"), np.arange(300))
    return inputs, np.array([CLASSES.index(target) for target in targets])


def test_doubt_is_the_margin_of_a_slow_classifier(task: tuple[object, np.ndarray]) -> None:
    inputs, labels = task
    known, asked = np.arange(60), np.arange(60, 300)
    found = opinions(inputs, known, labels[known], asked)
    slow = LogisticRegression(C=STRENGTH, max_iter=2000, tol=1e-8).fit(inputs[known], labels[known])
    chances = np.sort(slow.predict_proba(inputs[asked]), axis=1)
    assert (found.guess == slow.predict(inputs[asked])).mean() > 0.98
    assert np.abs(found.doubt - (1 - (chances[:, -1] - chances[:, -2]))).max() < 0.05


def test_near_copies_are_not_asked_twice() -> None:
    # Ten near copies of each of four rows, all equally doubtful, and sure rows of other kinds.
    candidates = _directions([axis for axis in range(4) for _ in range(10)] + [5] * 200)
    doubts = np.array([0.9] * 40 + [0.01] * 200)
    chosen = doubtful_and_diverse(candidates, doubts, 4, seed=0)
    assert sorted(place // 10 for place in chosen.tolist()) == [0, 1, 2, 3]
    # By doubt alone all four would be copies of one.
    assert {place // 10 for place in np.argsort(-doubts, kind="stable")[:4].tolist()} == {0}


def test_only_the_most_doubtful_are_looked_at_and_they_come_first() -> None:
    random = np.random.default_rng(1)
    candidates = _directions(random.integers(8, size=400).tolist(), noise=0.3)
    doubts = random.random(400)
    chosen = doubtful_and_diverse(candidates, doubts, 6, seed=0)
    assert len(set(chosen.tolist())) == 6
    assert (doubts[chosen] >= np.sort(doubts)[-BETA * 6]).all()
    assert (np.diff(doubts[chosen]) <= 0).all()
    assert doubtful_and_diverse(candidates, doubts, 6, seed=0).tolist() == chosen.tolist()
    assert doubtful_and_diverse(candidates[:3], doubts[:3], 9, seed=0).tolist() == np.argsort(-doubts[:3]).tolist()


def test_equal_rows_fill_a_batch() -> None:
    candidates = _directions([0] * 30, noise=0.0)
    assert sorted(doubtful_and_diverse(candidates, np.full(30, 0.5), 5, seed=0).tolist()) == [0, 1, 2, 3, 4]


def test_the_share_by_chance_is_kept_and_hidden_among_the_others(task: tuple[object, np.ndarray]) -> None:
    inputs, labels = task
    known, waiting = np.arange(40), np.random.default_rng(3).permutation(np.arange(40, 300))
    places = set()
    for seed in range(8):
        batch = next_batch(inputs, known, labels[known], waiting, 20, 0.25, seed)
        assert batch.rows[batch.by_chance].tolist() == waiting[:5].tolist()
        assert len(set(batch.rows.tolist())) == 20
        assert not set(batch.rows.tolist()) & set(known.tolist())
        places.add(tuple(np.flatnonzero(batch.by_chance).tolist()))
    assert len(places) == 8
    doubt = opinions(inputs, known, labels[known], np.arange(300)).doubt
    assert doubt[batch.rows[~batch.by_chance]].mean() > doubt[waiting].mean() + 0.1
    # What is expected of each row is that of a classifier which has not seen it.
    assert batch.guess.tolist() == opinions(inputs, known, labels[known], batch.rows).guess.tolist()


def test_all_or_none_by_chance(task: tuple[object, np.ndarray]) -> None:
    inputs, labels = task
    known, waiting = np.arange(40), np.arange(299, 39, -1)
    assert next_batch(inputs, known, labels[known], waiting, 12, 1.0, 0).rows.tolist() == waiting[:12].tolist()
    assert not next_batch(inputs, known, labels[known], waiting, 12, 0.0, 0).by_chance.any()
    last = next_batch(inputs, known, labels[known], waiting[:7], 12, 0.25, 0)
    assert sorted(last.rows.tolist()) == sorted(waiting[:7].tolist())


def test_what_teaches_nothing_leaves_all_to_chance(task: tuple[object, np.ndarray]) -> None:
    inputs, labels = task
    few, one_class = np.arange(START_ROWS - 1), np.flatnonzero(labels == 0)[:40]
    for known in (few, one_class):
        waiting = np.setdiff1d(np.arange(300), known)
        batch = next_batch(inputs, known, labels[known], waiting, 10, 0.2, 0)
        assert batch.rows.tolist() == waiting[:10].tolist()
        assert batch.by_chance.all()
        assert set(batch.guess.tolist()) == {-1}


def test_the_order_by_chance_is_fair_and_stays_when_rows_come_and_go() -> None:
    rows = examples_of(*clean(60))
    rows = (*rows, rows[0])
    order = [rows[place].row_id for place in chance_order(rows, 4).tolist()]
    without = [row for place, row in enumerate(rows) if place % 3]
    kept = [without[place].row_id for place in chance_order(without, 4).tolist()]
    assert kept == [name for name in order if name in {row.row_id for row in without}]
    first = [int(chance_order(rows, seed)[0]) for seed in range(300)]
    assert len(set(first)) > 50
    assert 25 < np.mean(first) < 35


def test_batches_grow_with_what_is_known() -> None:
    assert [batch_size(known) for known in (0, 100, 200, 500, 10_000)] == [20, 20, 40, 100, 100]
