"""Fine-tunes that cannot win are not tried, unless told otherwise; the plan says so before."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, open_state, run_project, stand_in, study_of

from tunewright.decision.futility import nothing_left, too_few
from tunewright.records.verdict import Verdict
from tunewright.statistics.mcnemar import one_sided_exact
from tunewright.workflow.planning import plan_text
from tunewright.workflow.run import RunOptions

FEW = make_rows(40)


def tuned(verdict: Verdict) -> str | None:
    """Why the fine-tune is not there; None where it is."""
    return next(one.reason for one in verdict.systems if one.role == "candidate")


def test_too_few_cases_spare_the_fine_tune_and_not_the_others(tmp_path: Path) -> None:
    folder = make_project(tmp_path, FEW, systems=(MAJORITY, WORDS_ONLY, "keywords"))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    planned = plan_text(study, [stand_in("fine-tune", "candidate")])
    assert "No fine-tune will be tried: 40 cases show no gain below 21.9 points" in planned
    verdict = run_project(folder)
    reason = tuned(verdict)
    assert reason is not None
    assert reason.startswith("not tried: 40 cases show no gain below 21.9 points")
    assert reason.endswith("(--go-on tries it all the same)")
    assert [one.available for one in verdict.systems] == [True, True, False]
    assert verdict.next_step.startswith("Label more cases first.")
    assert tuned(run_project(folder, RunOptions(go_on=True))) is None


def test_a_folder_may_think_otherwise_of_few(tmp_path: Path) -> None:
    folder = make_project(tmp_path, FEW, systems=(MAJORITY, "keywords"))
    (folder / "thresholds.yaml").write_text("advice: {least_test_cases: 30}\n")
    assert tuned(run_project(folder)) is None


@pytest.mark.parametrize(("margin", "tried"), [(0.2, False), (0.02, True)])
def test_where_nothing_is_left_to_gain_nothing_is_tuned(tmp_path: Path, margin: float, tried: bool) -> None:
    rows = make_rows(90, noise=0.0)
    fields = {"min_improvement": margin}
    verdict = run_project(make_project(tmp_path, rows, systems=(MAJORITY, WORDS_ONLY, "keywords"), fields=fields))
    reason = tuned(verdict)
    assert (reason is None) is tried
    if reason is not None:
        assert "words scores at least" in reason
        assert "even a system without an error is not 20 points better" in reason


def test_what_costs_today_may_be_replaced_by_what_is_as_good(tmp_path: Path) -> None:
    """A saving is a win too: nothing to gain in quality is no reason where somebody sends a bill."""
    rows = make_rows(90, noise=0.0)
    lines = "\n".join(f"{row.id},{row.category}" for row in rows)
    (tmp_path / "today.csv").write_text(f"id,answer\n{lines}\n", encoding="utf-8")
    today = {"answers": {"file": "today.csv", "name": "today", "usd_per_month": 500}}
    fields = {"min_improvement": 0.2, "incumbent": today}
    assert tuned(run_project(make_project(tmp_path, rows, systems=(MAJORITY, "keywords"), fields=fields))) is None


def test_locked_cases_are_not_looked_at_for_it(tmp_path: Path) -> None:
    fields = {"min_improvement": 0.2}
    folder = make_project(
        tmp_path, make_rows(1500, noise=0.0), systems=(MAJORITY, WORDS_ONLY, "keywords"), fields=fields
    )
    reason = tuned(run_project(folder))
    assert reason is not None
    assert "on validation" in reason


def test_the_limit_lies_where_a_perfect_system_just_reaches_the_margin() -> None:
    assert nothing_left("tfidf", 0.96, 0.05) is not None
    assert nothing_left("tfidf", 0.95, 0.05) is None


def test_few_is_below_the_limit_alone() -> None:
    assert too_few(50, 50, cross_fitted=True) is None
    said = too_few(4, 50, cross_fitted=True)
    assert said is not None
    assert "4 cases cannot show any gain" in said
    # Four cases, all won: p is 1/16.
    assert float(one_sided_exact(4, 0)) > 0.025
