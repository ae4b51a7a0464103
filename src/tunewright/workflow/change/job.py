"""``tunewright change``: take a category out, put it back, and measure what that costs each system.

load -> folds of the rows that may be learned from -> say what it will take -> fit and ask -> judge -> write. Every fit
and every answer is kept by content, so that a stopped command goes on, and what ``run`` made is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.project.settings import ProjectSettings
from tunewright.records.change import Change, ChangeReport
from tunewright.reporting import words
from tunewright.reporting.change_page import change_page
from tunewright.reporting.files import write_text
from tunewright.workflow.auditing.privacy_gate import require_learnable
from tunewright.workflow.change.effort import Stated, Work, work_of
from tunewright.workflow.change.forecast import Forecast, forecast
from tunewright.workflow.change.held import CATEGORY, Held, choose, column_of
from tunewright.workflow.change.judged import Scene, judged
from tunewright.workflow.change.steps import SIZES, folded, learnable, sizes
from tunewright.workflow.change.trials import Bench, Job, World, jobs_of
from tunewright.workflow.change.worlds import documents_of, world_after, world_before
from tunewright.workflow.load import load
from tunewright.workflow.models import Models
from tunewright.workflow.opened import opened
from tunewright.workflow.prepare import prepare
from tunewright.workflow.run_names import run_name
from tunewright.workflow.runs import RUNS
from tunewright.workflow.study import Hooks, Study

SCRATCH = "change"


@dataclass(frozen=True, slots=True)
class ChangeQuestion:
    """What a person asked for.

    ``names`` or ``count`` say what is held out, ``by`` the column that tells (empty: categories, else pages).
    ``draws``: None takes several for what is fitted cheaply; ``folds``: None uses all. ``examples``: the steps besides
    none and all. ``only_plan`` fits nothing.
    """

    names: tuple[str, ...] = ()
    count: int = 1
    by: str = ""
    draws: int | None = None
    examples: tuple[int, ...] = SIZES
    folds: int | None = None
    stated: Stated = field(default_factory=Stated)
    only_plan: bool = False
    command: str = "tunewright change"


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it: the forecast, and with it the report and its page unless only the forecast was asked for."""

    forecast: Forecast
    report: ChangeReport | None = None
    page: Path | None = None


def change(settings: ProjectSettings, root: Path, question: ChangeQuestion, hooks: Hooks) -> Changed:
    """Measure what a change costs.

    Raises:
        TunewrightError: the input cannot be used, or a person stopped the work.
    """
    with opened(settings, root, hooks) as store:
        loaded = load(settings, root, store)
        require_learnable(store, list(loaded.examples))
        around = Models.of(settings, root, store).around()
        whole = folded(prepare(settings, root, loaded, store, around).study)
        study = replace(whole, parts=whole.parts[: question.folds])
        after, work = world_after(study, settings, root, around), work_of(root, question.stated)
        by = question.by or column_of(study, documents_of(settings, root))
        # Also where only some folds are scored, every row of it must go from what is learned.
        chosen = choose(whole, whole.scored, question.names, question.count, by)
        bench = Bench(store, hooks)
        with ExitStack() as stack:
            plans = []
            for number, held in enumerate(chosen):
                scratch = store.folder / SCRATCH / str(number)
                before = stack.enter_context(world_before(after, held, root, around, scratch))
                plans.append(_planned(held, after, before, question))
            expected = forecast(bench, [(plan.held, plan.jobs) for plan in plans], len(study.parts))
            if question.only_plan:
                return Changed(expected)
            hooks.say(expected.text)
            changes = [_measured(plan, bench, study, work, hooks) for plan in plans]
        report = _report(study, question, changes, expected, work)
        return Changed(expected, report, _write(report, root))


@dataclass(frozen=True, slots=True)
class _Plan:
    held: Held
    most: int
    after: World
    jobs: dict[str, list[Job]]


def _planned(held: Held, after: World, before: World, question: ChangeQuestion) -> _Plan:
    most = learnable(after.study, held)
    steps = sizes(most, question.examples)
    jobs = {name: jobs_of(after, before, held, name, steps, question.draws) for name in after.contestants}
    return _Plan(held, most, after, jobs)


def _measured(plan: _Plan, bench: Bench, study: Study, work: Work, hooks: Hooks) -> Change:
    scene = Scene.of(study, plan.held, plan.most, margin_of(study)[0])
    systems = []
    for name, jobs in plan.jobs.items():
        trials = bench.run(plan.held, name, jobs)
        hooks.progress(name, "done", 1.0)
        systems.append(judged(scene, plan.after.contestants[name], trials, work))
        hooks.say(f"{plan.held.name}: {systems[-1].text}")
    return Change(
        name=plan.held.name,
        by=plan.held.by,
        cases=int(scene.belongs.sum()),
        groups=scene.groups,
        others=int((~scene.belongs).sum()),
        examples=plan.most,
        systems=systems,
    )


def margin_of(study: Study) -> tuple[float, str]:
    """How near to all is near enough, and where that comes from."""
    stated = study.settings.min_improvement
    if stated is not None:
        return stated, f"min_improvement of the project: {words.set_points(stated)}"
    return DEFAULT_MARGIN, f"the default of {words.set_points(DEFAULT_MARGIN)}, for min_improvement is not stated"


def _report(
    study: Study, question: ChangeQuestion, changes: Sequence[Change], expected: Forecast, work: Work
) -> ChangeReport:
    margin, basis = margin_of(study)
    by_category = all(one.by == CATEGORY for one in changes)
    wage = work.usd_per_hour
    return ChangeReport(
        task=study.settings.task,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=question.command,
        measure="F1" if by_category else "mean score",
        margin=margin,
        margin_basis=basis,
        folds=len(study.parts),
        fits=expected.fits,
        changes=list(changes),
        assumptions=[
            "An hour of work has no price: say what it costs (--usd-per-hour-of-work, or costs.yaml)."
            if wage is None
            else f"An hour of work costs ${wage:g}, as stated.",
            work.labelling.basis
            + (
                ""
                if work.labelling.timed
                else " Until then 10 to 20 hours per 1,000 examples are assumed, or costs.yaml."
            ),
            "Training is one fit on this machine. Finding the examples, testing and putting it to use are not counted.",
        ],
    )


def _write(report: ChangeReport, root: Path) -> Path:
    """``change.json`` and ``report.html`` in a folder of their own; neither shows the text of a row."""
    folder = root / RUNS / f"change-{run_name(datetime.now(UTC))}"
    folder.mkdir(parents=True)
    write_text(report.model_dump_json(indent=2), folder / "change.json")
    write_text(change_page(report), folder / "report.html")
    return folder / "report.html"
