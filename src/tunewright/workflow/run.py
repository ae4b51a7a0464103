"""The main job, readable top to bottom: from labelled examples to a proven answer.

load -> prepare (duplicates, leaks, split) -> plan -> compare -> judge -> write. The only place that wires the floors
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tunewright.errors import Cancelled
from tunewright.project.settings import ProjectSettings
from tunewright.records.verdict import Verdict
from tunewright.statistics.recipe import LEAST_SEEDS
from tunewright.store import Store
from tunewright.workflow.comparison import compare
from tunewright.workflow.conclude import RunFacts, conclude, judge, margin_of_run
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.evidence.learned import learned_of
from tunewright.workflow.explore import explore
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.judging.panel import Panel
from tunewright.workflow.manifest import manifest
from tunewright.workflow.opened import learnable, opened
from tunewright.workflow.planning import plan_text
from tunewright.workflow.prepare import Prepared
from tunewright.workflow.recipe import recipe_claim, repeat
from tunewright.workflow.release import keep_for_use
from tunewright.workflow.run_folder import RunFolder
from tunewright.workflow.run_names import run_name
from tunewright.workflow.runs import RUNS
from tunewright.workflow.sparing import Sparing
from tunewright.workflow.study import Hooks
from tunewright.workflow.uses import known_uses, opening_text, record_use

# What a killed run left behind goes at the next one; fits stay until `tunewright gc` says otherwise.
KEEP_EVERYTHING = 1 << 62


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a person asked for besides the project: ``final`` opens the locked test, ``texts`` shows cases.

    ``recipe_seeds``: train the chosen fine-tune from so many seeds and claim something about the procedure; 1 does not.
    """

    final: bool = False
    go_on: bool = False
    texts: bool = True
    recipe_seeds: int = 1
    command: str = "tunewright run"


@dataclass(frozen=True, slots=True)
class RunResult:
    """The verdict and where its report lies."""

    verdict: Verdict
    report: Path


def run(settings: ProjectSettings, root: Path, options: RunOptions, hooks: Hooks) -> RunResult:
    """Run the main job. A killed run goes on where it stopped: everything finished is found again by content.

    Raises:
        TunewrightError: the input cannot be used, or a person stopped the run.
    """
    with opened(settings, root, hooks) as store:
        store.gc(KEEP_EVERYTHING)
        prepared, around = learnable(settings, root, store)
        study = prepared.study
        contestants, incumbent = contestants_of(settings, root, around)
        now = datetime.now(UTC)
        created, name = now.isoformat(timespec="seconds"), run_name(now)
        folder = RunFolder.make(root / RUNS, name, prepared)
        hooks = folder.logged(hooks)
        facts = RunFacts(name, created, options.command, folder.hashes)
        about = manifest(study, contestants, facts)
        folder.write_manifest(about)
        store.begin_run(name, options.command, created, about)
        folder.register_rows(store)
        try:
            for note in store.notes:
                hooks.say(f"Note: {note}")
            hooks.say(plan_text(study, contestants))
            verdict = _verdict(prepared, contestants, incumbent, store, options, facts, hooks)
            report = folder.write(verdict, study, store, texts=options.texts)
            keep_for_use(study, contestants, verdict, store, hooks)
        except BaseException as error:
            store.finish_run(name, "cancelled" if isinstance(error, Cancelled | KeyboardInterrupt) else "failed")
            raise
        store.finish_run(name, "done")
        return RunResult(verdict, report)


def _verdict(
    prepared: Prepared,
    contestants: Sequence[Contestant],
    incumbent: str | None,
    store: Store,
    options: RunOptions,
    facts: RunFacts,
    hooks: Hooks,
) -> Verdict:
    study = prepared.study
    sparing = None if options.go_on else Sparing(target=study.settings.stop_when_target_met)
    if study.regime == "locked" and not options.final:
        return explore(study, contestants, incumbent, store, facts, hooks, sparing)
    if study.regime == "locked":
        hooks.say(opening_text(len(study.scored), known_uses(study, store)))
    outcomes = compare(study, contestants, store, hooks, sparing)
    uses = record_use(study, outcomes, margin_of_run(study, outcomes), store, facts.run, facts.created)
    judged = judge(study, outcomes, incumbent, Panel.of(study, store, hooks), look=uses.look)
    repeats = None
    if judged.candidate is not None and options.recipe_seeds >= LEAST_SEEDS:
        repeats = repeat(study, judged.candidate, options.recipe_seeds, store, hooks)
    learned = learned_of(study, outcomes, store, hooks)
    verdict = conclude(study, outcomes, judged, incumbent, facts, uses, learned)
    hardest = next((outcome for outcome in outcomes if outcome.name == judged.decision.binding), None)
    if repeats is None or hardest is None:
        return verdict
    return verdict.model_copy(update={"recipe": recipe_claim(study, repeats, hardest)})
