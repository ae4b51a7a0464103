"""What the last run answered, read from the state: no system is asked and nothing is fitted.

Answers to the locked test are there only after ``run --final`` has opened it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunewright.errors import InputError
from tunewright.evaluation.judging import JudgingGrader
from tunewright.project.settings import ProjectSettings
from tunewright.store import Store
from tunewright.workflow.conclude import choose_candidate
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.load import load
from tunewright.workflow.models import Models
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.prepare import prepare
from tunewright.workflow.scoring import PartScores
from tunewright.workflow.study import Hooks, Study


def answered(settings: ProjectSettings, root: Path, store: Store) -> tuple[Study, list[Outcome], str | None]:
    """The study, the systems whose answers to the cases that decide are all stored, and the candidate's name.

    Raises:
        InputError: no language model judges here, or no run has answered the cases that decide.
    """
    around = Models.of(settings, root, store).around()
    study = prepare(settings, root, load(settings, root, store), store, around).study
    if not isinstance(study.grading.grader, JudgingGrader):
        raise InputError(
            "judgements.no_judge",
            "No language model judges in this project, so there is nothing to check.",
            where="grader",
            hint="A judge is named with grader: {judge: {model: NAME, criteria: ...}}.",
        )
    contestants, incumbent = contestants_of(settings, root, around)
    fitter = Fitter(study, store, Hooks())
    outcomes = [o for o in (_stored(contestant, study, fitter, store) for contestant in contestants) if o is not None]
    if not outcomes:
        opened = " --final" if study.regime == "locked" else ""
        raise InputError(
            "judgements.no_answers",
            "No run has answered the cases that decide yet, so there are no answers to judge.",
            where=str(root),
            hint=f"Run first: tunewright run {root}{opened} (with the settings as they are now).",
        )
    candidate = choose_candidate(outcomes)
    name = None if candidate is None else candidate.name
    kept = [o for o in outcomes if o.name != name and (o.role == "baseline" or o.name == incumbent)]
    return study, [*kept, *([candidate] if candidate is not None else [])], name


def _stored(contestant: Contestant, study: Study, fitter: Fitter, store: Store) -> Outcome | None:
    fits: list[FitRecord] = []
    scores: list[PartScores] = []
    if contestant.system.missing() is not None:
        return None
    for part in study.parts:
        key = fitter.key(contestant, part)
        artifact = store.artifact(key)
        rows = {row.row_key: row for row in store.scores(key, part.name) if row.repetition == 0}
        keys: Sequence[str] = [study.row_keys[row] for row in part.scored]
        if artifact is None or any(row_key not in rows for row_key in keys):
            return None
        fits.append(FitRecord.model_validate_json(str(artifact.meta["record"])))
        scores.append(PartScores(tuple(rows[row_key] for row_key in keys), 0, 0))
    return Outcome(contestant, None, tuple(fits), tuple(scores))
