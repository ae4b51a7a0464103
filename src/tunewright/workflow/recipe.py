"""A claim about the recipe: the chosen fine-tune trained again from other seeds, on the same rows, same cases.

Asked for with ``--recipe-seeds``. The verdict stays about the weights that would ship; this says how much of their gain
is the procedure's and how much the luck of one seed. Seeds count up from the run's own, which is the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tunewright.errors import InputError
from tunewright.records.verdict import RecipeClaim
from tunewright.statistics.recipe import LEAST_SEEDS, recipe_gain
from tunewright.store import Store
from tunewright.workflow.fitting import Fitter
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.scoring import Scorer
from tunewright.workflow.study import Hooks, Study


@dataclass(frozen=True, slots=True)
class Repeats:
    """The chosen fine-tune once for every seed, the run's own first."""

    seeds: tuple[int, ...]
    outcomes: tuple[Outcome, ...]


def repeat(study: Study, candidate: Outcome, seeds: int, store: Store, hooks: Hooks) -> Repeats:
    """Train and score again from further seeds; what was trained before is found again by content."""
    first = study.settings.seed
    outcomes = [candidate]
    for seed in range(first + 1, first + seeds):
        hooks.say(f"{candidate.name}: training again from seed {seed}")
        own = replace(study, settings=study.settings.model_copy(update={"seed": seed}))
        fitter = Fitter(own, store, hooks)
        scorer = Scorer(own, store, fitter, hooks)
        fits = [fitter.fit(candidate.contestant, part) for part in own.parts]
        scores = [scorer.score(candidate.contestant, part, fit) for part, fit in zip(own.parts, fits, strict=True)]
        outcomes.append(Outcome(candidate.contestant, None, tuple(fits), tuple(scores)))
    hooks.progress(candidate.name, "done", 1.0)
    return Repeats(tuple(range(first, first + seeds)), tuple(outcomes))


def recipe_claim(study: Study, repeats: Repeats, against: Outcome) -> RecipeClaim | None:
    """What the repeats say against the hardest simpler system; None where too few cases were answered by all."""
    scores = np.stack([outcome.score_values for outcome in repeats.outcomes])
    other = against.score_values
    keep = ~np.isnan(scores).any(axis=0) & ~np.isnan(other)
    if keep.sum() < 2:
        return None
    groups = None if study.scored_groups is None else study.scored_groups[keep]
    found = recipe_gain(scores[:, keep] - other[keep], groups)
    low, high = found.interval
    name = repeats.outcomes[0].name
    text = (
        f"Trained from {len(repeats.seeds)} seeds, {name} gains {_points(found.gain)} points over {against.name} on "
        f"average (95 % interval {_points(low)} to {_points(high)}); single trainings gain between "
        f"{_points(min(found.by_seed))} and {_points(max(found.by_seed))}."
    )
    return RecipeClaim(
        system=name,
        against=against.name,
        seeds=list(repeats.seeds),
        n=int(keep.sum()),
        scores=[round(float(row[keep].mean()), 6) for row in scores],
        gain=round(found.gain, 6),
        interval=(round(low, 6), round(high, 6)),
        seed_sd=round(found.seed_sd, 6),
        text=text,
    )


def require_seeds(seeds: int) -> None:
    """One seed is no claim about the recipe, and two say nothing about their spread.

    Raises:
        InputError: two seeds were asked for.
    """
    if 1 < seeds < LEAST_SEEDS:
        raise InputError(
            "run.too_few_seeds",
            f"{seeds} seeds are too few for a claim about the recipe.",
            where="--recipe-seeds",
            hint=f"Ask for {LEAST_SEEDS}, better 5.",
        )


def _points(gain: float) -> str:
    return f"{100 * gain:+.1f}"
