"""A claim about the recipe: other seeds are trained on the same rows and scored on the same cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, fits_made, make_project, make_rows, run_project

from tunewright.errors import InputError
from tunewright.records.verdict import RecipeClaim, Verdict
from tunewright.workflow.recipe import require_seeds
from tunewright.workflow.run import RunOptions

TUNED = {"keywords": {"name": "tuned", "luck": 7}}


def verdict_with(folder: Path, seeds: int) -> Verdict:
    return run_project(folder, RunOptions(final=True, recipe_seeds=seeds))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path, make_rows(60), systems=[MAJORITY, TUNED], fields={"folds": 2})


def test_seeds_are_trained_and_the_spread_is_told(folder: Path) -> None:
    verdict = verdict_with(folder, 3)
    claim = verdict.recipe
    assert isinstance(claim, RecipeClaim)
    assert (claim.system, claim.against, claim.seeds) == ("tuned", "majority", [0, 1, 2])
    assert len(set(claim.scores)) > 1
    tuned = next(system for system in verdict.systems if system.name == "tuned")
    assert claim.scores[0] == pytest.approx(tuned.score)
    assert claim.seed_sd > 0
    low, high = claim.interval
    assert low < claim.gain < high
    assert claim.n == 60


def test_the_verdict_itself_stays_what_it_is_without_other_seeds(folder: Path) -> None:
    plain = verdict_with(folder, 1)
    claimed = verdict_with(folder, 3)
    assert plain.recipe is None
    for field in ("headline", "headline_text", "use", "systems", "baselines", "candidate"):
        kept = {"exclude": {"latency", "training_seconds"}}
        before, after = getattr(plain, field), getattr(claimed, field)
        if field == "systems":
            assert [s.model_dump(**kept) for s in before] == [s.model_dump(**kept) for s in after]
        else:
            assert before == after


def test_what_was_trained_once_is_not_trained_again(folder: Path) -> None:
    verdict_with(folder, 3)
    made = fits_made(folder)
    verdict_with(folder, 3)
    assert fits_made(folder) == made
    verdict_with(folder, 4)
    assert len(fits_made(folder)) == len(made) + 2


def test_two_seeds_are_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        require_seeds(2)
    require_seeds(1)
    require_seeds(3)
