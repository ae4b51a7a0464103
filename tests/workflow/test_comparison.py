"""The comparison in turn, before and after the locked cases are opened: what stops one system, and what stops all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from desks import (
    MAJORITY,
    make_project,
    make_rows,
    open_state,
    run_project,
    stand_in,
    study_of,
    words_only,
    write_table,
)
from keywords_kind import Behaviour, FittedKeywords, Keywords

from tunewright.errors import Cancelled, WorkError
from tunewright.project.settings import TargetSettings
from tunewright.records.example import Example
from tunewright.records.system import FitContext, Needs
from tunewright.systems.registry import parse_entry
from tunewright.workflow.comparison import compare, fit_all
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.run import RunOptions
from tunewright.workflow.sparing import Sparing
from tunewright.workflow.study import Hooks

Compare = Callable[..., list[Outcome]]


@dataclass(frozen=True)
class Breaking(Keywords):
    """A fine-tune whose fit raises what it was given."""

    error: BaseException

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedKeywords:
        raise self.error


def breaking(error: BaseException) -> Contestant:
    system = Breaking("breaking", Behaviour("", False, 0), "candidate", Needs(simplicity=50), error)
    return Contestant(parse_entry({"keywords": {"name": "breaking"}}), system)


def outcomes_of(
    folder: Path, turn: Compare, contestants: Sequence[Contestant], at_least: float | None = None
) -> tuple[list[Outcome], list[str]]:
    said: list[str] = []
    make_project(folder, make_rows(90, noise=0.0), systems=(MAJORITY,))
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
        if at_least is not None:
            target = TargetSettings(metric="accuracy", at_least=at_least)
            study = replace(study, settings=study.settings.model_copy(update={"target": target}))
        found = turn(study, contestants, store, Hooks(say=said.append), Sparing(target=at_least is not None))
    return found, said


@pytest.mark.parametrize("turn", [compare, fit_all])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("no memory"), "it failed with RuntimeError: no memory"),
        (WorkError("x.y", "It broke.", where="here"), "It broke. (here)"),
    ],
)
def test_what_breaks_one_system_leaves_the_others(tmp_path: Path, turn: Compare, error: Exception, reason: str) -> None:
    found, said = outcomes_of(tmp_path, turn, [breaking(error), words_only()])
    assert [outcome.reason for outcome in found] == [reason, None]
    assert said[0] == f"breaking: not available: {reason}"


@pytest.mark.parametrize("turn", [compare, fit_all])
def test_a_stop_by_a_person_stops_all(tmp_path: Path, turn: Compare) -> None:
    with pytest.raises(Cancelled):
        outcomes_of(tmp_path, turn, [breaking(Cancelled()), words_only()])


@pytest.mark.parametrize(
    ("turn", "where"), [(compare, "meets the target ("), (fit_all, "meets the target on validation (")]
)
def test_a_simple_system_that_meets_the_target_is_enough(tmp_path: Path, turn: Compare, where: str) -> None:
    found, _ = outcomes_of(tmp_path, turn, [words_only(), stand_in("fine-tune", "candidate")], at_least=0.5)
    assert found[0].available
    assert f"not tried: words already {where}--go-on" in (found[1].reason or "")


def test_before_the_test_is_opened_nothing_is_scored(tmp_path: Path) -> None:
    found, said = outcomes_of(tmp_path, fit_all, [words_only()])
    assert found[0].scores == ()
    assert found[0].validation_score is not None
    assert said == [f"words: {found[0].validation_score:.1%} right on validation"]


def test_a_category_that_the_fine_tune_loses_as_a_whole_is_named(tmp_path: Path) -> None:
    rows = make_rows(120, noise=0.0)
    rare = [replace(row, id=f"R{n}", category="returns") for n, row in enumerate(make_rows(8, seed=9, noise=0.0))]
    today = [{"id": row.id, "answer": row.category} for row in [*rows, *rare]]
    write_table(tmp_path / "today.csv", today)
    today_csv = {"answers": {"file": "today.csv", "name": "today"}}
    folder = make_project(tmp_path, [*rows, *rare], systems=(MAJORITY, "keywords"), fields={"incumbent": today_csv})
    verdict = run_project(folder, RunOptions(go_on=True))
    (failure,) = verdict.wholesale_failures
    assert failure.text == "keywords has none of the 8 cases of category 'returns' right; today has 8."
    assert failure.text in verdict.warnings
    assert verdict.use.system == "today"
    assert verdict.next_step.startswith("Keep asking today as you do today")
