"""Overfitting seen in runs: gaps and halves, what is not asked, what is kept, and words that do not alarm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desks import (
    MAJORITY,
    WORDS_ONLY,
    make_project,
    make_rows,
    open_state,
    run_project,
    shuffled_labels,
    study_of,
    words_only,
    write_answers,
)

from tunewright.records.learned import Gap, Learned
from tunewright.records.system import Budget, Needs
from tunewright.records.verdict import Verdict
from tunewright.systems._honest import cross_fitted
from tunewright.workflow.evidence import learned as learned_file
from tunewright.workflow.evidence import own_rows
from tunewright.workflow.evidence.learned_words import Told, learned_text
from tunewright.workflow.evidence.nearness import near_half
from tunewright.workflow.evidence.own_rows import rows_to_ask, sample_by_part
from tunewright.workflow.evidence.validation_interval import validation_interval
from tunewright.workflow.fitting import FitRecord
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.run import RunOptions


def of(verdict: Verdict, name: str) -> Learned:
    found = next(system.learned for system in verdict.systems if system.name == name)
    assert found is not None
    return found


def test_a_run_with_folds_shows_every_gap(tmp_path: Path) -> None:
    rows = make_rows(150, group_size=3)
    systems = (WORDS_ONLY, {"answers": "today.csv"})
    folder = make_project(tmp_path, rows, systems=systems, data={"group": "customer"})
    write_answers(folder / "today.csv", rows, right=0.6)
    verdict = run_project(folder)
    words = of(verdict, "words")
    assert [gap.rows for gap in words.gaps] == [
        "training",
        "validation",
        "test",
        "test near training",
        "test far from training",
    ]
    by_rows = {gap.rows: gap for gap in words.gaps}
    system = next(one for one in verdict.systems if one.name == "words")
    assert (by_rows["test"].score, by_rows["test"].n, by_rows["test"].interval) == (
        system.score,
        system.n,
        system.interval,
    )
    assert by_rows["training"].n == 150
    near, far = by_rows["test near training"], by_rows["test far from training"]
    assert near.n + far.n == 150
    assert near.score * near.n + far.score * far.n == pytest.approx(by_rows["test"].score * 150, abs=1e-3)
    assert words.train_minus_test == pytest.approx(by_rows["training"].score - by_rows["test"].score, abs=2e-6)
    assert words.train_minus_test_interval is not None
    assert words.train_minus_test_interval[0] < words.train_minus_test < words.train_minus_test_interval[1]
    recorded = next(one for one in verdict.systems if one.kind == "answers")
    assert recorded.available
    assert recorded.learned is None


def test_shuffled_labels_show_a_huge_gap_and_are_explained(tmp_path: Path) -> None:
    folder = make_project(tmp_path, shuffled_labels(make_rows(240), seed=5))
    verdict = run_project(folder)
    words = of(verdict, "words")
    assert words.train_minus_test is not None
    assert words.train_minus_test > 0.4
    assert words.train_minus_test_interval is not None
    assert words.train_minus_test_interval[0] > 0.3
    assert "is not shown to carry over" in words.text
    majority = of(verdict, MAJORITY)
    assert majority.train_minus_test_interval is not None
    assert majority.train_minus_test_interval[0] < 0
    assert majority.hard_rows == []


def test_rows_that_stay_wrong_are_registered_with_what_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erasing such a row takes the documents along that name it, also where no texts are shown."""
    folder = make_project(tmp_path, make_rows(90))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    stubborn = study.examples[4]
    monkeypatch.setattr(learned_file, "_hard", lambda *_: [stubborn.row_id])
    verdict = run_project(folder, RunOptions(texts=False))
    assert of(verdict, "words").hard_rows == [stubborn.row_id]
    with open_state(folder) as store:
        shown = {file.path for file in store.where(stubborn).files}
        others = store.where(study.examples[5]).files
    assert {"verdict.json", "report.html"} <= shown
    assert not others


def test_before_the_test_is_opened_validation_stands_for_new_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path, make_rows(1500))
    asked: list[tuple[str, list[int]]] = []
    real = own_rows._of_part

    def noted(study, outcome, part, record, rows, *rest):  # type: ignore[no-untyped-def]
        asked.append((part.name, list(rows)))
        return real(study, outcome, part, record, rows, *rest)

    monkeypatch.setattr(own_rows, "_of_part", noted)
    words = of(run_project(folder), "words")
    assert words.new_rows == "validation"
    assert [gap.rows for gap in words.gaps] == ["training", "validation"]
    assert words.gaps[0].n == 500
    assert words.near_minus_far is None
    with open_state(folder) as store:
        part = study_of(folder, store)[0].parts[0]
    assert asked
    for _, rows in asked:
        assert set(rows) <= set(part.train)
    opened = of(run_project(folder, RunOptions(final=True)), "words")
    assert opened.new_rows == "test"
    assert opened.gaps[0] == words.gaps[0]
    assert opened.near_minus_far is not None


def test_a_second_run_asks_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path, make_rows(90))
    first = of(run_project(folder), "words")

    def never(*_args: object, **_options: object) -> None:
        raise AssertionError("a system was opened again")

    monkeypatch.setattr(own_rows, "score", never)
    assert of(run_project(folder), "words") == first


def test_what_breaks_here_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(learned_file, "ask", broken)
    words = of(run_project(make_project(tmp_path, make_rows(90))), "words")
    assert words.train_minus_test is None
    assert "could not be asked again (OSError)" in words.text
    assert [gap.rows for gap in words.gaps][:2] == ["validation", "test"]


@pytest.mark.parametrize(
    ("needs", "count"),
    [
        (Needs(1, billed=True), 0),
        (Needs(1, network=True), 0),
        (Needs(1, seconds_per_call=0.5), 0),
        (Needs(1, seconds_per_call=0.1), 100),
        (Needs(1, seconds_per_call=0.02), 500),
        (Needs(1, seconds_per_call=0.0), 500),
    ],
)
def test_dear_and_slow_answers_are_not_asked_for(tmp_path: Path, needs: Needs, count: int) -> None:
    with open_state(make_project(tmp_path, make_rows(90))) as store:
        study, _ = study_of(tmp_path, store)
    contestant = words_only()
    outcome = Outcome(replace(contestant, system=replace(contestant.system, needs=needs)))  # type: ignore[type-var]
    found, why = rows_to_ask(study, outcome)
    assert found == count
    assert bool(why) == (count == 0)
    judged = study.settings.model_copy(update={"grader": {"judge": {"model": "large"}}})
    assert rows_to_ask(replace(study, settings=judged), outcome)[0] == 0


def test_the_sample_is_of_learned_rows_each_once_and_follows_the_seed(tmp_path: Path) -> None:
    with open_state(make_project(tmp_path, make_rows(120))) as store:
        study, _ = study_of(tmp_path, store)
    sample = sample_by_part(study, 60)
    rows = [row for part in sample for row in part]
    assert len(rows) == len(set(rows)) == 60
    assert all(set(own) <= set(part.train) for own, part in zip(sample, study.parts, strict=True))
    assert max(map(len, sample)) - min(map(len, sample)) <= 2
    assert sample_by_part(study, 60) == sample
    other = replace(study, settings=study.settings.model_copy(update={"seed": 7}))
    assert sample_by_part(other, 60) != sample


def test_the_near_half_is_that_with_the_larger_cosines(tmp_path: Path) -> None:
    """The slow twin counts and weighs words by hand."""
    with open_state(make_project(tmp_path, make_rows(100))) as store:
        study, _ = study_of(tmp_path, store)
    texts = [example.text.lower().split() for example in study.examples]
    names = sorted({word for text in texts for word in text if len(word) > 0})
    counts = np.array([[text.count(name) for name in names] for text in texts], dtype=np.float64)
    weight = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1
    rows = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * weight
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    likeness = np.concatenate(
        [(rows[list(part.scored)] @ rows[list(part.train)].T).max(axis=1) for part in study.parts]
    )
    near = near_half(study)
    assert near is not None
    assert near.sum() == 50
    assert likeness[near].min() >= likeness[~near].max() - 1e-5


@pytest.mark.parametrize(("settings", "agree"), [(30, 0.0), (5, 0.5), (2, 0.9)])
def test_the_interval_of_a_validation_score_covers_what_the_choice_is_worth(settings: int, agree: float) -> None:
    """Equally good settings, all right 6 times in 10; Wilson's interval on all rows misses up to 20 times in 100."""
    random = np.random.default_rng(settings)
    chosen, fixed = Outcome(words_only(), fits=(fit_of(settings),)), Outcome(words_only(), fits=(fit_of(1),))
    missed = plain = 0
    for _ in range(600):
        common = random.random(50) < 0.6
        own = random.random((settings, 50)) < 0.6
        score = cross_fitted(np.where(random.random((settings, 50)) < agree, common, own).astype(float))
        low, high = validation_interval(chosen, score, 50)
        missed += not low <= 0.6 <= high
        low, high = validation_interval(fixed, score, 50)
        plain += not low <= 0.6 <= high
    assert missed / 600 <= 0.055 + 0.02
    assert missed < plain


def fit_of(spent: int) -> FitRecord:
    return FitRecord(
        key="k", validation_score=0.6, budget=Budget(spent, spent), notes=(), training_seconds=0.0, latency=None
    )


def gap(rows: str, score: float, n: int = 200) -> Gap:
    return Gap.model_validate({"rows": rows, "n": n, "score": score, "interval": (score - 0.04, min(1, score + 0.04))})


def told(training: float, new: float, kind: str = "tfidf", commonest: float = 0.2) -> str:
    return learned_text(Told(kind, "test", (gap("training", training), gap("test", new)), "", commonest))


def test_words_fit_what_is_seen() -> None:
    assert told(0.93, 0.92).startswith("No overfitting is seen: 93 % on rows it learned from, 92 % on the test cases.")
    assert "help little" not in told(0.93, 0.92)
    assert "does not have its own rows right either" in told(0.61, 0.60)
    assert "easier" in told(0.70, 0.85)
    assert "which is no fault" in told(1.0, 0.70)
    assert "by heart" in told(0.88, 0.70)
    assert "by heart" not in told(0.55, 0.25)
    assert "does not have all of its own rows right" in told(0.55, 0.25)
    assert "no fault; go by the lower figure" in told(1.0, 0.70, kind="retrieval")
    assert "labels are wrong" in told(1.0, 0.22)
    assert "labels are wrong" not in told(1.0, 0.22, commonest=0.0)
    assert learned_text(Told("prompt", "test", (gap("test", 0.9),), "it was not asked", 0.2)) == "It was not asked."
    halves = (gap("test near training", 0.9), gap("test far from training", 0.7))
    assert "expect the latter" in learned_text(Told("tfidf", "test", halves, "", 0.2))
