"""A learning curve from labelled examples to a page: deal the rows, train at every size, fit, say what it means.

load -> prepare -> design -> choose -> trainings -> statistics -> ``runs/curve-<time>/`` with ``curve.json`` and
``report.html``. The locked test is never scored. Whatever was trained is found again by content, so that a stopped
curve goes on. Called by ``tunewright curve``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.errors import WorkError
from tunewright.project.settings import ProjectSettings
from tunewright.records.verdict import Verdict
from tunewright.reporting.curve_document import DOCUMENT, CurveDocument, write_curve
from tunewright.reporting.curve_page import curve_page
from tunewright.reporting.files import write_text
from tunewright.reporting.words import counted, duration
from tunewright.statistics.arrays import FloatArray
from tunewright.statistics.learning_curve import DRAWS, LEAST_SIZES, LearningCurve, Repeat, learning_curve
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.curve.choose import (
    NOT_LEARNING,
    best_simpler,
    last_verdict,
    learner,
    named,
    simpler_than,
    with_named,
)
from tunewright.workflow.curve.design import Design, design_of
from tunewright.workflow.curve.document import Context, document_of
from tunewright.workflow.curve.trainings import Planned, Trainings, all_scores, planned_of, whole_sizes
from tunewright.workflow.curve.words import Asked
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.opened import learnable, opened
from tunewright.workflow.run_names import run_name
from tunewright.workflow.runs import RUNS
from tunewright.workflow.study import Hooks, Study

MOST_MISSING, WORTH_SAYING = 0.2, 0.01


@dataclass(frozen=True, slots=True)
class CurveRequest:
    """What a person asked for; no ``sizes`` are five between a sixteenth and all of the examples.

    ``draws``: how many redrawn curves the band rests on.
    """

    system: str | None = None
    against: str | None = None
    sizes: tuple[int, ...] = ()
    seeds: int = 3
    command: str = "tunewright curve"
    draws: int = DRAWS


@dataclass(frozen=True, slots=True)
class CurveResult:
    """The document and where its page lies."""

    document: CurveDocument
    report: Path


def draw_curve(settings: ProjectSettings, root: Path, request: CurveRequest, hooks: Hooks) -> CurveResult:
    """Train, fit and write.

    Raises:
        TunewrightError: the input cannot be used, too little could be trained, or a person stopped it.
    """
    names = [name for name in (request.system, request.against) if name is not None]
    settings = with_named(settings, names)
    with opened(settings, root, hooks) as store:
        prepared, around = learnable(settings, root, store)
        study = prepared.study
        contestants, _ = contestants_of(settings, root, around)
        design = design_of(study, request.sizes, request.seeds)
        trainings = Trainings(study, store, hooks)
        document = _document(study, contestants, design, trainings, request)
    folder = root / RUNS / document.run
    folder.mkdir(parents=True)
    write_curve(document, folder / DOCUMENT)
    report = folder / "report.html"
    write_text(curve_page(document), report)
    return CurveResult(document, report)


def _document(
    study: Study, contestants: Sequence[Contestant], design: Design, trainings: Trainings, request: CurveRequest
) -> CurveDocument:
    kind, hooks, verdict = study.settings.kind, trainings.hooks, last_verdict(study)
    chosen = learner(contestants, request.system, kind, verdict)
    planned = planned_of(chosen, design)
    hooks.say(_plan(study, trainings, chosen, planned, verdict))
    simple, how = _simple(study, contestants, chosen, design, trainings, request, verdict)
    line = own = None
    if simple is not None:
        # The simpler system as it is: from the project's own seed, on as much as the largest size.
        of_simple = planned_of(simple, design, fixed_seed=study.settings.seed)
        if _draws_own(simple, named_by_person=request.against is not None):
            own = all_scores(trainings, of_simple, simple.name)
            line = [row[-1:] for row in own]
        else:
            line = all_scores(trainings, [row[-1:] for row in of_simple], simple.name)
        if any(row[-1] is None for row in line):
            hooks.say(f"Note: {simple.name} could not be fitted in every repeat; the curve stands without it.")
            simple = line = own = None
    scores = all_scores(trainings, planned, chosen.name)
    places = whole_sizes(trainings, chosen.name, scores, LEAST_SIZES)
    if own is not None and any(row[place] is None for row in own for place in places):
        own = None
    repeats, missing = _repeats(study, design, scores, places, line, own)
    curve = learning_curve(
        [design.sizes[place] for place in places],
        repeats,
        overlap=[design.overlap[place] for place in places],
        draws=request.draws,
        seed=study.settings.seed,
    )
    target = study.settings.target.at_least if study.settings.target else None
    asked = Asked(chosen.name, simple.name if simple else None, _margin(study, verdict), target)
    now = datetime.now(UTC)
    context = Context(
        run=f"curve-{run_name(now)}",
        created=now.isoformat(timespec="seconds"),
        command=request.command,
        role=chosen.system.role,
        study=study,
        design=design,
        trainings=trainings,
        line_chosen=how,
        warnings=_warnings(curve, missing, len(places), design, trainings),
    )
    return document_of(curve, asked, context)


def _simple(
    study: Study,
    contestants: Sequence[Contestant],
    chosen: Contestant,
    design: Design,
    trainings: Trainings,
    request: CurveRequest,
    verdict: Verdict | None,
) -> tuple[Contestant | None, str]:
    """The simpler system beside the curve, and how it was chosen."""
    kind = study.settings.kind
    if request.against is not None:
        return named(contestants, request.against, kind), "named by you"

    def on_validation(contestant: Contestant) -> float | None:
        told = [
            trainings.validation_score(row[-1])
            for row in planned_of(contestant, design, fixed_seed=study.settings.seed)
        ]
        known = [score for score in told if score is not None]
        return float(np.mean(known)) if len(known) == len(told) else None

    simpler = simpler_than(contestants, chosen, kind)
    simple, how = best_simpler(simpler, verdict, on_validation)
    if simple is not None:
        trainings.hooks.say(f"Beside it {simple.name}, of {', '.join(one.name for one in simpler)} the {how}.")
    return simple, how


def _draws_own(simple: Contestant, *, named_by_person: bool) -> bool:
    """Whether the simpler system's own curve is drawn: it learns, and that is cheap or was wished."""
    needs = simple.system.needs
    if simple.entry.kind in NOT_LEARNING or needs.billed or needs.network:
        return False
    return named_by_person or not needs.extras


def _margin(study: Study, verdict: Verdict | None) -> float:
    """The smallest gain worth having: as stated, as the last run worked it out, or the default."""
    if study.settings.min_improvement is not None:
        return study.settings.min_improvement
    return verdict.min_improvement if verdict is not None else DEFAULT_MARGIN


def _plan(
    study: Study,
    trainings: Trainings,
    chosen: Contestant,
    planned: Sequence[Sequence[Planned]],
    verdict: Verdict | None,
) -> str:
    """What it will take, before it begins."""
    every = [one for row in planned for one in row]
    open_ones = [one for one in every if not trainings.is_done(one)]
    sizes = ", ".join(f"{one.rows:,}" for one in planned[0])
    text = (
        f"{chosen.name}: {counted(len(every), 'training')} ({sizes} examples, {len(planned)} seeds), each scored on "
        f"{counted(len(every[0].part.scored), 'held-out row')}"
    )
    if len(open_ones) < len(every):
        text += f"; {len(every) - len(open_ones)} found again"
    last = next((s for s in verdict.systems if s.name == chosen.name), None) if verdict is not None else None
    if not open_ones:
        return f"{text}. Nothing has to be trained."
    if last is None or not last.training_seconds or verdict is None:
        return f"{text}. How long it takes is known after the first seed; a stopped curve goes on where it was."
    rows = sum(len(part.train) + len(part.validation) for part in study.parts)
    seconds = last.training_seconds / rows * sum(one.rows for one in open_ones)
    return f"{text}. About {duration(seconds)} at the pace of run {verdict.run}; a stopped curve goes on where it was."


def _repeats(
    study: Study,
    design: Design,
    scores: Sequence[Sequence[FloatArray | None]],
    places: Sequence[int],
    line: Sequence[Sequence[FloatArray | None]] | None,
    own: Sequence[Sequence[FloatArray | None]] | None,
) -> tuple[list[Repeat], float]:
    """What the statistics read, without rows that some training did not answer; and the share of those.

    Raises:
        WorkError: too many are missing.
    """
    found, asked, kept = [], 0, 0
    for number, repeat in enumerate(design.repeats):
        of_system = np.stack([_known(scores[number][place]) for place in places])
        of_line = None if line is None else _known(line[number][-1])
        of_own = None if own is None else np.stack([_known(own[number][place]) for place in places])
        columns = [of_system, *([] if of_line is None else [of_line[None]]), *([] if of_own is None else [of_own])]
        keep: NDArray[np.bool_] = np.asarray(~np.isnan(np.concatenate(columns)).any(axis=0))
        asked, kept = asked + len(keep), kept + int(keep.sum())
        groups = None if study.groups is None else study.groups[list(repeat.parts[0].scored)][keep]
        found.append(
            Repeat(
                of_system[:, keep],
                None if of_line is None else of_line[keep],
                None if of_own is None else of_own[:, keep],
                groups,
                # Repeats of one fold share their rows only as long as the same ones were answered.
                repeat.fold if keep.all() else len(design.repeats) + number,
            )
        )
    missing = 1 - kept / asked
    if missing > MOST_MISSING or any(repeat.scores.shape[1] < 2 for repeat in found):
        raise WorkError(
            "curve.missing",
            f"{missing:.0%} of the held-out rows were not answered at every size.",
            why="What was not answered is not wrong; a curve over the rest would be one of other rows.",
            hint="Run the command again: only what is missing is asked.",
        )
    return found, missing


def _known(scores: FloatArray | None) -> FloatArray:
    assert scores is not None, "a size without scores was kept"
    return scores


def _warnings(curve: LearningCurve, missing: float, sizes: int, design: Design, trainings: Trainings) -> list[str]:
    found = []
    means = curve.curve.means
    if (
        means[-1] < means[0]
        and float(np.mean(curve.curve.drawn[:, 0] > curve.curve.drawn[:, curve.drawn_at[1.0]])) > 0.9
    ):
        found.append(
            "Scores fall with more examples. That is no learning curve: look for wrong labels or a training that went "
            "astray before collecting more."
        )
    if missing > WORTH_SAYING:
        found.append(f"{missing:.1%} of the held-out rows were not answered at every size and are left out.")
    if sizes < len(design.sizes):
        reason = next(iter(trainings.failed.values()), "")
        found.append(f"{len(design.sizes) - sizes} of {len(design.sizes)} sizes could not be trained: {reason}")
    if curve.rows < 200:
        found.append(f"Only {curve.rows} rows score: the band is wide, and further seeds bring further folds of rows.")
    return found
