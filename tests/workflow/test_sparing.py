"""Fine-tunes that cannot win are not tried, unless told otherwise; the plan says so before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, open_state, run_project, stand_in, study_of

from tunewright.decision.futility import fewest_wins, least_room, nothing_left
from tunewright.decision.levels import ALPHA, working_alpha
from tunewright.project.settings import SystemEntry
from tunewright.records.verdict import Verdict
from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.workflow.planning import plan_text
from tunewright.workflow.run import RunOptions
from tunewright.workflow.sparing import room_needed
from tunewright.workflow.study import Hooks

TUNED: SystemEntry = {"keywords": {"machine": 0.02}}


def tuned(verdict: Verdict) -> str | None:
    """Why the fine-tune is not there; None where it is."""
    return next(one.reason for one in verdict.systems if one.role == "candidate")


def test_few_cases_alone_are_no_reason(tmp_path: Path) -> None:
    """45 cases show no small gain, and a large one at once: what leaves room is tried."""
    assert tuned(run_project(make_project(tmp_path, make_rows(45), systems=(MAJORITY, TUNED)))) is None


def test_the_plan_says_what_must_be_left(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(45), systems=(MAJORITY, TUNED))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    candidate = [stand_in("fine-tune", "candidate")]
    assert "Where the simpler systems leave less than 15.6 points to gain, no fine-tune" in plan_text(study, candidate)
    limited = replace(study, settings=study.settings.model_copy(update={"max_latency_ms": 50.0}))
    assert "no fine-tune" not in plan_text(limited, candidate)


@pytest.mark.parametrize(("noise", "margin", "tried"), [(0.0, 0.2, False), (0.0, 0.02, False), (0.3, 0.2, True)])
def test_where_nothing_is_left_to_gain_nothing_is_tuned(
    tmp_path: Path, noise: float, margin: float, tried: bool
) -> None:
    rows = make_rows(90, noise=noise)
    fields = {"min_improvement": margin}
    verdict = run_project(make_project(tmp_path, rows, systems=(MAJORITY, WORDS_ONLY, TUNED), fields=fields))
    reason = tuned(verdict)
    assert (reason is None) is tried
    if reason is not None:
        assert "words scores at least" in reason
        assert "even a system without an error would not win" in reason


def test_what_costs_today_may_be_replaced_by_what_is_as_good(tmp_path: Path) -> None:
    """A saving is a win too: nothing to gain in quality is no reason where somebody sends a bill."""
    rows = make_rows(90, noise=0.0)
    lines = "\n".join(f"{row.id},{row.category}" for row in rows)
    (tmp_path / "today.csv").write_text(f"id,answer\n{lines}\n", encoding="utf-8")
    today = {"answers": {"file": "today.csv", "name": "today", "usd_per_month": 500}}
    fields = {"min_improvement": 0.2, "incumbent": today}
    assert tuned(run_project(make_project(tmp_path, rows, systems=(MAJORITY, TUNED), fields=fields))) is None


def test_what_runs_slower_today_may_be_replaced_by_what_is_as_good(tmp_path: Path) -> None:
    fields = {"min_improvement": 0.2}
    systems = (MAJORITY, WORDS_ONLY, "keywords")
    assert tuned(run_project(make_project(tmp_path, make_rows(90, noise=0.0), systems=systems, fields=fields))) is None


def test_locked_cases_are_not_looked_at_for_it(tmp_path: Path) -> None:
    fields = {"min_improvement": 0.2}
    folder = make_project(tmp_path, make_rows(1500, noise=0.0), systems=(MAJORITY, WORDS_ONLY, TUNED), fields=fields)
    reason = tuned(run_project(folder))
    assert reason is not None
    assert "on validation" in reason


def test_what_an_error_costs_may_make_a_small_gain_worth_having(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(1200), systems=(MAJORITY, TUNED))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    dear = replace(study, settings=study.settings.model_copy(update={"error_cost": 500.0}))
    assert room_needed(study) == 0.02
    assert room_needed(dear) == pytest.approx(7 / 1200)


def test_a_limit_may_be_kept_by_the_fine_tune_alone(tmp_path: Path) -> None:
    fields = {"min_improvement": 0.2, "max_latency_ms": 5000.0}
    systems = (MAJORITY, WORDS_ONLY, TUNED)
    assert tuned(run_project(make_project(tmp_path, make_rows(90, noise=0.0), systems=systems, fields=fields))) is None


def test_nothing_of_the_locked_cases_is_said_before_their_use_is_written_down(tmp_path: Path) -> None:
    fields = {"min_improvement": 0.2}
    systems = (MAJORITY, WORDS_ONLY, TUNED)
    folder = make_project(tmp_path, make_rows(1500, noise=0.0), systems=systems, fields=fields)
    said: list[str] = []
    verdict = run_project(folder, RunOptions(final=True), Hooks(say=said.append))
    assert "scores at least" in str(tuned(verdict))
    assert "keywords: not tried; the verdict says why" in said
    assert not any("scores at least" in line for line in said)


def test_a_perfect_system_just_wins_where_it_is_tried() -> None:
    """The limit is that of the exact test: one win fewer proves nothing, whatever the number of cases."""
    for cross_fitted in (False, True):
        wins = fewest_wins(cross_fitted=cross_fitted)
        level = working_alpha(ALPHA, cross_fitted=cross_fitted)
        assert float(one_sided_exact(wins, 0)) <= level < float(one_sided_exact(wins - 1, 0))
    assert (fewest_wins(cross_fitted=False), fewest_wins(cross_fitted=True)) == (6, 7)


def test_the_limit_lies_where_a_perfect_system_just_reaches_the_margin() -> None:
    assert least_room(1000, 0.05, cross_fitted=False) == 0.05
    assert least_room(60, 0.05, cross_fitted=False) == pytest.approx(0.1)
    assert nothing_left("tfidf", 0.96, 1000, 0.05) is not None
    assert nothing_left("tfidf", 0.95, 1000, 0.05) is None
