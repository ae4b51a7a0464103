"""How much the validation rows were used for choosing, and how far the best therefore flatters.

Every setting that a fit tried, in whatever run, was scored on the same rows, and a person looked at the results and
went on from the best. The expected largest of m equals is ``E[max of m] * SE_diff`` above its worth
(``decision.levels``). Alternatives that resemble each other flatter less, so the figure is an upper guide. Called by
``explore`` and ``compare``; nothing is fitted or asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tunewright.decision.levels import optimism
from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.decision.plan import DEFAULT_DISCORDANCE
from tunewright.decision.wording import count, points
from tunewright.records.verdict import SystemResult
from tunewright.store import Store
from tunewright.workflow.compare_runs.past_run import PastRun
from tunewright.workflow.fitting import FitRecord
from tunewright.workflow.runs import RUNS
from tunewright.workflow.study import Study

# Runs whose validation rows are less than this share of the present ones chose on other rows.
SAME_ROWS = 0.5
# Above this share of the smallest gain worth having, what chance alone shows is worth a warning.
WORTH_A_WARNING = 0.5
VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class ValidationUse:
    """``alternatives`` scored in ``runs`` runs on ``cases`` validation rows, which are at least half the same.

    A run that tried nothing new is not counted.
    """

    cases: int
    alternatives: int
    runs: int

    def optimism(self, discordance: float) -> float:
        """How far the best is expected to flatter, in score."""
        return optimism(max(self.alternatives, 1), self.cases, discordance)


def validation_use(run: PastRun, root: Path, store: Store) -> ValidationUse:
    """How the validation rows of a run were used, up to and with that run."""
    return _use(run.name, {row.input_key for row in run.rows_in(VALIDATION)}, root, store)


def use_in_study(study: Study, run: str, store: Store) -> ValidationUse:
    """How the validation rows of a study were used, with what the run at work has fitted so far."""
    rows = {store.input_key(study.examples[row]) for row in study.parts[0].validation}
    return _use(run, rows, study.root, store)


def _use(run: str, rows: Collection[str], root: Path, store: Store) -> ValidationUse:
    """Distinct fits of all runs until then whose validation rows are these; each counts as often as it was tuned."""
    tried: dict[str, int] = {}
    runs = 0
    for name in [name for name in _names(root) if name < run] + [run]:
        if name != run and not _same_rows(name, rows, store):
            continue
        fits = {fit.key: _tries(str(fit.meta["record"])) for fit in store.keys_of_run(name) if "record" in fit.meta}
        runs += not fits.keys() <= tried.keys()
        tried |= fits
    return ValidationUse(len(rows), sum(tried.values()), runs)


def _names(root: Path) -> list[str]:
    """All runs that began, those that a person stopped included: what they showed was seen."""
    return sorted(path.parent.name for path in (root / RUNS).glob("*/manifest.json"))


def _same_rows(name: str, rows: Collection[str], store: Store) -> bool:
    theirs = {row.input_key for row in store.rows_of(name) if row.part == VALIDATION}
    return len(theirs & set(rows)) >= SAME_ROWS * max(len(rows), len(theirs), 1)


def _tries(record: str) -> int:
    return max(1, FitRecord.model_validate_json(record).budget.spent)


def optimism_sentence(use: ValidationUse, discordance: float, margin: float | None) -> str:
    """What so much choosing is worth by chance alone; ``runs`` of 0 are not said."""
    gain = use.optimism(discordance)
    wanted = DEFAULT_MARGIN if margin is None else margin
    runs = f" in {count(use.runs, 'run')}" if use.runs else ""
    text = (
        f"On these {count(use.cases, 'validation row')} {count(use.alternatives, 'alternative')} were scored{runs}: "
        f"the best of so many equals looks up to about {points(gain)} better than it is."
    )
    if gain > WORTH_A_WARNING * wanted:
        text += f" You asked for gains of {points(wanted)}: differences of that size are not to be believed here."
    return text


def overuse_lines(study: Study, run: str, results: Sequence[SystemResult], margin: float, store: Store) -> list[str]:
    """The warning of a run that explores, where chance alone may show half of the gain worth having; else nothing.

    In how many runs is left out: who fitted first is chance where two run at once, and their verdicts are the same.
    """
    use = replace(use_in_study(study, run, store), runs=0)
    discordance = discordance_of(results)
    if use.alternatives < 2 or use.optimism(discordance) <= WORTH_A_WARNING * margin:
        return []
    return [f"{optimism_sentence(use, discordance, margin)} The locked cases, or more validation rows, tell."]


def discordance_of(results: Sequence[SystemResult]) -> float:
    """How often the two best can differ at most: as often as their errors on validation add up to."""
    errors = sorted(1 - one.validation_score for one in results if one.validation_score is not None)[:2]
    return min(max(sum(errors), 0.01), DEFAULT_DISCORDANCE) if len(errors) == 2 else DEFAULT_DISCORDANCE
