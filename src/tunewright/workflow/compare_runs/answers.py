"""What a system of a past run answered, case by case: stored answers, or on validation rows asked now.

Answers to the cases that decide are only ever read: nothing here asks a system about a locked case. Validation rows of
a run with a locked test are asked about now, and the answers are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import Cancelled, TunewrightError
from tunewright.evaluation.grades import Grader
from tunewright.evaluation.runner import Question, score
from tunewright.project.file import FILE_NAME, load_project
from tunewright.project.settings import ProjectSettings
from tunewright.records.answers import ScoreRow
from tunewright.store import Store
from tunewright.store.cache_keys import UsedKey
from tunewright.systems.around import Around
from tunewright.workflow.compare_runs.past_run import PastRun
from tunewright.workflow.compare_runs.past_study import past_study
from tunewright.workflow.compare_runs.texts import Texts
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.fitting import Contestant, FitRecord, Fitter
from tunewright.workflow.grading import Grading, grading_of
from tunewright.workflow.models import Models
from tunewright.workflow.scoring import Scorer
from tunewright.workflow.settings_now import LIMITS
from tunewright.workflow.several import one_target, several_labels
from tunewright.workflow.study import Hooks, Study

# Where answers to validation rows are kept, beside a hash of the grader: a part of its own, so that nothing of a run is
# mixed up with them.
VALIDATION = "validation"
# The mean of answers asked now is the score that a fit was given, but for the last digits.
SAME_SCORE = 1e-6


@dataclass(frozen=True, slots=True)
class Answered:
    """Score rows of one system in one run by row key, the part of each, or why there are none."""

    rows: Mapping[str, ScoreRow]
    reason: str | None = None


def stored_answers(run: PastRun, system: str, store: Store) -> Answered:
    """What the system answered to the cases that decided, as the run stored it."""
    reason = _not_there(run, system)
    if reason is not None:
        return Answered({}, reason)
    decided = set(run.manifest["parts"])
    rows: dict[str, ScoreRow] = {}
    for fit in run.fits_of(system):
        for part in store.scored_parts(fit.key):
            if part in decided:
                rows |= {row.row_key: row for row in store.scores(fit.key, part) if row.repetition == 0}
    if rows:
        return Answered(rows)
    return Answered({}, f"its answers in {run.name} are no longer kept (tidied away or erased); run it again")


def _not_there(run: PastRun, system: str) -> str | None:
    """Why a run has no answers of a system, by its own verdict."""
    result = next((one for one in run.verdict.systems if one.name == system), None)
    if result is None:
        return f"{run.name} did not have it"
    return None if result.available else f"not available in {run.name}: {result.reason}"


class ValidationAnswers:
    """Answers of the systems of one run to its validation rows, from a fit that has not learned from them.

    Many simple systems learn from their validation rows once they are tuned: their own fit would know the answers.
    These are fitted again on the training rows alone, tuned on a part of them. A fit with a model is used as it is
    where its answers score what it was given when it was tuned; else it has learned from them too.
    """

    def __init__(self, run: PastRun, texts: Texts, root: Path, store: Store, hooks: Hooks) -> None:
        self._run, self._store, self._hooks = run, store, hooks
        self._settings = _as_then(run.settings(), root)
        around = Models.of(self._settings, root, store).around()
        self.grader = grader_of(run, self._settings, root, around)
        identity = json.dumps(dict(self.grader.identity()), sort_keys=True)
        self._part = f"{VALIDATION}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
        self._contestants, self._problem = _build(self._settings, root, around)
        self._study = past_study(run, self._settings, texts, root, Grading(self.grader))

    def of(self, system: str) -> Answered:
        """Answers to all validation rows of the run, by row key, against the run's own labels."""
        reason = _not_there(self._run, system)
        fits = self._run.fits_of(system)
        if reason is None and not fits:
            reason = f"its fit in {self._run.name} is no longer kept; run it again"
        if reason is None and self._study is None:
            reason = f"texts of rows of {self._run.name} are gone, so that nothing can be asked again"
        reason = reason or self._unable(system, fits[0])
        if reason is not None or self._study is None:
            return Answered({}, reason)
        contestant, needs = self._contestants[system], self._contestants[system].system.needs
        if needs.extras or needs.network:
            own = self._own_fit(contestant, fits[0], self._study)
            if own is not None:
                return own
        if needs.network or contestant.system.role == "candidate":
            return Answered({}, "its fit has learned from the validation rows, and fitting it again would be dear")
        return self._fitted_again(contestant, self._study)

    def _unable(self, system: str, fit: UsedKey) -> str | None:
        """Why the system cannot answer as it did in its run."""
        contestant = self._contestants.get(system)
        if contestant is None:
            return self._problem or f"it cannot be built as it was in {self._run.name}"
        if contestant.system.missing() is not None:
            return contestant.system.missing()
        if contestant.system.needs.network and self._settings.egress == "none":
            return "nothing may leave this machine (egress: none)"
        if json.dumps(dict(contestant.system.identity()), sort_keys=True) != fit.parts.get("identity"):
            return f"the files or the model behind it changed since {self._run.name}; only a new run can answer with it"
        return None

    def _own_fit(self, contestant: Contestant, fit: UsedKey, study: Study) -> Answered | None:
        """Answers of the run's own fit; None where it is gone, or has learned from these rows."""
        rows = study.parts[0].validation
        questions = {study.row_keys[row]: Question(study.row_keys[row], study.examples[row]) for row in rows}
        stored = {row.row_key: row for row in self._store.scores(fit.key, self._part) if row.repetition == 0}
        wanted = [q for key, q in questions.items() if key not in stored or stored[key].status.is_missing]
        artifact = self._store.artifact(fit.key)
        if wanted and artifact is None:
            return None
        if wanted and artifact is not None:
            stored |= self._ask(contestant, fit, artifact.path, wanted)
        found = [stored[study.row_keys[row]].score for row in rows]
        known = [score for score in found if score is not None]
        given = FitRecord.model_validate_json(str(fit.meta["record"])).validation_score
        if given is None or not known or abs(sum(known) / len(known) - given) > SAME_SCORE:
            return None
        return Answered({key: stored[key] for key in questions})

    def _ask(
        self, contestant: Contestant, fit: UsedKey, folder: Path, questions: Sequence[Question]
    ) -> dict[str, ScoreRow]:
        name, total = contestant.name, len(questions)
        billed = " Replies that are kept cost nothing." if contestant.system.needs.billed else ""
        self._hooks.say(f"{name}, as in {self._run.name}: asked about {total} validation rows.{billed}")
        found: dict[str, ScoreRow] = {}
        fitted = contestant.system.load(folder)
        try:
            cancelled = self._hooks.cancelled
            for batch in score(fitted, questions, self.grader, fit_key=fit.key, part=self._part, cancelled=cancelled):
                self._store.append_scores(batch)
                found |= {row.row_key: row for row in batch}
                self._hooks.progress(name, "answering", len(found) / total)
        finally:
            fitted.close()
            self._hooks.progress(name, "done", 1.0)
        return found

    def _fitted_again(self, contestant: Contestant, study: Study) -> Answered:
        """Answers of a fit on the training rows alone."""
        self._hooks.say(f"{contestant.name}, as in {self._run.name}: fitted again without the validation rows.")
        fitter = Fitter(study, self._store, self._hooks)
        (part,) = study.parts[1:]
        try:
            record = fitter.fit(contestant, part)
            rows = Scorer(study, self._store, fitter, self._hooks).score(contestant, part, record).rows
        except Cancelled:
            raise
        except TunewrightError as error:
            return Answered({}, error.message)
        finally:
            self._hooks.progress(contestant.name, "done", 1.0)
        return Answered({row.row_key: row for row in rows})


def _build(settings: ProjectSettings, root: Path, around: Around) -> tuple[dict[str, Contestant], str | None]:
    """Every system as the run had it, or why not; limits on the network are those of today and asked one by one."""
    try:
        made, _ = contestants_of(settings.model_copy(update={"egress": "allow"}), root, around)
    except TunewrightError as error:
        return {}, error.message
    return {contestant.name: contestant for contestant in made}, None


def grader_of(run: PastRun, settings: ProjectSettings, root: Path, around: Around) -> Grader:
    """What an answer is worth in a run, with the labels that it had."""
    labels = tuple(run.verdict.data.labels)
    wanted = tuple(map(one_target, labels)) if several_labels(settings) else labels
    return grading_of(settings, root, wanted, around).grader


def _as_then(settings: ProjectSettings, root: Path) -> ProjectSettings:
    """The settings of a run, with what may be sent where and at what price as the project file says now."""
    if not (root / FILE_NAME).is_file():
        return settings
    now = load_project(root / FILE_NAME)
    return settings.model_copy(update={name: getattr(now, name) for name in (*LIMITS, "models")})
