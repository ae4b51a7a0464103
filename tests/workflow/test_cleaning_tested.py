"""All rows against cleaned rows against random rows: planted noise is found out, and nothing is made of nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desks import LABELS, WORDS_ONLY, make_project, make_rows, open_state, study_of, write_rows

from tunewright.reporting.compare_page import cleaning_lines
from tunewright.store import NewDecision
from tunewright.workflow.compare_runs import cleaning
from tunewright.workflow.compare_runs.arms import cleaned_part
from tunewright.workflow.compare_runs.cleaned_rows import Cleaning, decided_cleaning, proposed_cleaning
from tunewright.workflow.compare_runs.cleaning_gains import cleaned_system
from tunewright.workflow.study import Hooks, Part

WRONG = 0.4


def _noisy(n: int) -> tuple[list[object], list[int]]:
    """Rows of which a share bears the label of another class, always the same one in its place, and which they are."""
    rng = np.random.default_rng(5)
    rows, wrong = make_rows(n, noise=0.0), []
    for place, row in enumerate(rows):
        if rng.random() < WRONG:
            wrong.append(place)
            rows[place] = replace(row, category=LABELS[(LABELS.index(row.category) + 1) % len(LABELS)])
    return list(rows), wrong


def test_cleaning_that_takes_out_what_is_wrong_is_shown_to_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, wrong = _noisy(120)
    folder = make_project(tmp_path, rows, systems=[WORDS_ONLY], fields={"folds": 3})  # type: ignore[arg-type]
    decided = Cleaning("decisions", dict.fromkeys(wrong))
    monkeypatch.setattr(cleaning, "decided_cleaning", lambda _store, _examples: decided)
    found = cleaning.cleaning_tested(folder, ["words"], 3, Hooks())
    assert (found.by, found.left_out, found.rewritten, found.learnable) == ("decisions", len(wrong), 0, 120)
    (words,) = found.systems
    against = {gain.against: gain for gain in words.unquestioned}
    # Where labels are right, what was learned from right labels alone answers better.
    assert against["all"].delta > 0.05
    assert against["random"].delta > 0.05
    arms = {arm.name: arm for arm in words.arms}
    assert arms["cleaned"].rows == arms["random"].rows < arms["all"].rows
    assert len(set(arms["random"].by_draw)) > 1
    assert any("cleaned against random" in line for line in cleaning_lines(found))


def test_every_arm_scores_the_same_untouched_rows_and_none_that_it_learned_from() -> None:
    part = Part("fold-0", tuple(range(20)), tuple(range(20, 30)), tuple(range(30, 40)))
    cleaned = cleaned_part(part, {0: None, 3: 41, 21: None, 35: None})
    assert (len(cleaned.train), len(cleaned.validation)) == (19, 9)
    assert 41 in cleaned.train
    drawn = [cleaned.of("random", seed) for seed in (0, 1)]
    assert drawn[0] == cleaned.of("random", 0)
    assert drawn[0] != drawn[1]
    for one in [*drawn, cleaned.of("all", 0), cleaned.of("cleaned", 0)]:
        assert one.scored == part.scored
        assert not {*one.train, *one.validation} & set(one.scored)
    assert all((len(one.train), len(one.validation)) == (19, 9) for one in drawn)


def test_decisions_of_a_review_go_before_proposals(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(60), systems=[WORDS_ONLY])
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
        assert decided_cleaning(store, study.examples) is None
        names = store.versions.names(study.examples)
        first, second = study.examples[2], study.examples[5]
        store.decisions.add(
            "Ada",
            [
                NewDecision(first, names[2], "label_errors.slips", "drop"),
                NewDecision(second, names[5], "label_errors.slips", "relabel", (("target", "billing"),)),
            ],
        )
        found = decided_cleaning(store, study.examples)
        whole, parts, cleaned = cleaning._cleaned(study, study.parts, store, Hooks())
    assert found == cleaned == Cleaning("decisions", {2: None, 5: second.with_target("billing")})
    assert found.left_out == 1
    assert whole.examples[60].target == "billing"
    assert len(whole.row_keys) == 61
    # The rewritten row is learned from where the old one was, and nowhere scored.
    assert sum(60 in (*part.train, *part.validation) for part in parts) == len(parts) - 1
    assert not any(5 in (*part.train, *part.validation) for part in parts)
    assert sorted(row for part in parts for row in part.part.scored) == list(range(60))


def test_the_audit_proposes_from_the_rows_to_learn_from_alone(tmp_path: Path) -> None:
    rows = make_rows(60, noise=0.0)
    copies = [replace(row, id=f"C{place}", customer=f"c{place}") for place, row in enumerate(rows[:4])]
    folder = make_project(tmp_path, [*rows, *copies], systems=[WORDS_ONLY])
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    found = proposed_cleaning(study.settings, study.examples, Hooks())
    assert found.by == "audit"
    assert found.left_out >= 4
    without = proposed_cleaning(study.settings, study.examples[:60], Hooks())
    assert len(without.rewritten) <= len(found.rewritten) - 4


def test_the_locked_test_has_no_part_in_it(tmp_path: Path) -> None:
    write_rows(tmp_path / "own.csv", make_rows(30, seed=7, prefix="O"))
    folder = make_project(tmp_path, make_rows(90), systems=[WORDS_ONLY], data={"test": "own.csv"}, fields={"folds": 2})
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
        parts, _ = cleaning._folds(study)
    tests = set(study.parts[0].scored)
    assert len(tests) == 30
    assert sorted(row for part in parts for row in part.scored) == list(range(90))
    assert not any({*part.train, *part.validation, *part.scored} & tests for part in parts)
    assert not any({*part.train, *part.validation} & set(part.scored) for part in parts)


def test_three_equal_arms_show_nothing() -> None:
    rng = np.random.default_rng(0)
    shared = rng.integers(0, 2, (3, 300)).astype(float)
    flips = {arm: rng.random((3, 300)) < 0.1 for arm in ("all", "cleaned", "random")}
    scores = {arm: np.where(flip, 1 - shared, shared) for arm, flip in flips.items()}
    found = cleaned_system(
        "x",
        scores,  # type: ignore[arg-type]
        {"all": 300, "cleaned": 250, "random": 250},
        None,
        np.arange(300) % 5,
        np.arange(300) < 50,
    )
    assert found.outcome == "no gain shown"
    assert found.text.endswith("on 300 cases, 250 of them unquestioned).")
    assert all(gain.interval[0] < gain.delta < gain.interval[1] for gain in found.gains)
    better = {**scores, "cleaned": np.ones((3, 300))}
    helped = cleaned_system(
        "x",
        better,  # type: ignore[arg-type]
        {"all": 300, "cleaned": 250, "random": 250},
        None,
        np.arange(300) % 5,
        np.arange(300) < 50,
    )
    assert helped.outcome == "helps"
