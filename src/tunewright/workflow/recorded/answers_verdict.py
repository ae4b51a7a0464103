"""Two files of answers, whoever produced them: does the new one beat the old one?

Nothing is fitted and no torch is needed: the recorded answers become outcomes, and the same judge decides as after a
run. The first file is what is used today, the second the candidate.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.recorded import Recorded, RecordedColumns, read_recorded
from tunewright.errors import InputError
from tunewright.evaluation.graders.label import LabelGrader
from tunewright.project.settings import ProjectSettings
from tunewright.records.answers import Answer, ScoreRow, Status
from tunewright.records.example import Example, Message, Source
from tunewright.records.system import Budget
from tunewright.records.verdict import DataSummary, Gate, Verdict
from tunewright.store import Store
from tunewright.store.test_uses import user_folder
from tunewright.systems.answers import Answers
from tunewright.systems.registry import SystemEntry
from tunewright.version import __version__
from tunewright.workflow.conclude import RunFacts, conclude, margin_of_run
from tunewright.workflow.fitting import Contestant, FitRecord
from tunewright.workflow.grading import Grading
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.prepare import MAX_COPIES
from tunewright.workflow.recorded.all_systems import as_recorded
from tunewright.workflow.recorded.answers_details import with_details
from tunewright.workflow.recorded.decided import Decide, decided_once
from tunewright.workflow.recorded.earlier_looks import record_look
from tunewright.workflow.recorded.verdict_details import AnyTime
from tunewright.workflow.scoring import PartScores
from tunewright.workflow.study import Part, Study
from tunewright.workflow.uses import record_use

MAX_UNSHARED = 0.01
MAX_FOREIGN = 0.05
SHOWN_IDS = 50


@dataclass(frozen=True, slots=True)
class AnswersOptions:
    """Names of the columns, and what a blank answer means; the margins and the target are in the settings."""

    columns: RecordedColumns = RecordedColumns()
    blank_is_wrong: bool = False
    command: str = "tunewright verdict"
    details: bool = False


def verdict_of_answers(old: Path, new: Path, settings: ProjectSettings, options: AnswersOptions) -> Verdict:
    """The verdict on the second file against the first.

    Raises:
        InputError: a file cannot be read, or the two are not about the same cases.
    """
    before, after = (read_recorded(path, options.columns, needs_target=True) for path in (old, new))
    before, after = one_spelling(before, after)
    ids = common_ids(before, after)
    study = _study(before, after, ids, settings)
    names = file_names(old, new)
    outcomes = [
        _outcome(study, name, role, recorded, ids, options.blank_is_wrong)
        for name, role, recorded in zip(names, ("baseline", "candidate"), (before, after), strict=True)
    ]
    verdict, _ = concluded(study, outcomes, (old, new), options.command)
    return with_details(verdict, study, outcomes[1], outcomes[0]) if options.details else verdict


def concluded(
    study: Study,
    outcomes: Sequence[Outcome],
    files: Sequence[Path],
    command: str,
    further: Sequence[Outcome] = (),
    decide: Decide = decided_once,
) -> tuple[Verdict, AnyTime | None]:
    """Judge, write the use of the cases down, and make the document. The first outcome is what is used today.

    ``further`` candidates are not judged here, but looked at beside it: they are written down and shown as well.
    ``decide`` makes the decision; the evidence valid at every look comes back where it went by that.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    hashes = {f"file {outcome.name}": file_hash(path) for outcome, path in zip(outcomes, files, strict=True)}
    facts = RunFacts("verdict", created, command, {"program": __version__, **hashes})
    with Store.open(user_folder() / "verdicts") as store:
        uses = record_use(study, outcomes, margin_of_run(study, outcomes), store, facts.run, facts.created, further)
        earlier = record_look(study, outcomes, further, store, facts.run, facts.created)
    decided = decide(study, outcomes, uses, earlier)
    verdict = decided.put_into(conclude(study, outcomes, decided.judged, outcomes[0].name, facts, decided.uses))
    return as_recorded(verdict, study, outcomes, further, shown=decided.shown), decided.any_time


def common_ids(before: Recorded, after: Recorded) -> list[str]:
    """Ids of the first file, in its order. A case that only one file has stays in, unanswered by the other.

    Raises:
        InputError: the files share no id, or disagree about a target.
    """
    shared = [identity for identity in before.rows if identity in after.rows]
    if not shared:
        raise InputError(
            "verdict.no_common_rows",
            "The two files have no id in common.",
            where=f"{before.path}: {_some(before.rows)}; {after.path}: {_some(after.rows)}",
            hint="Both must answer the same cases. Name the id column with --id.",
        )
    for identity in shared:
        one, other = before.rows[identity], after.rows[identity]
        if one.target != other.target:
            raise InputError(
                "verdict.targets_differ",
                f"The files disagree about the right answer of {identity!r}: {one.target!r} and {other.target!r}.",
                where=f"{before.path}:{one.line} and {after.path}:{other.line}",
                why="Both must be measured against the same truth.",
            )
    return [*before.rows, *(identity for identity in after.rows if identity not in before.rows)]


def _study(before: Recorded, after: Recorded, ids: Sequence[str], settings: ProjectSettings) -> Study:
    rows = [before.rows.get(identity) or after.rows[identity] for identity in ids]
    files = [before.path if identity in before.rows else after.path for identity in ids]
    examples = tuple(
        Example((Message("user", row.text or ""),), str(row.target), Source(path.name, row.line), identity, row.group)
        for identity, row, path in zip(ids, rows, files, strict=True)
    )
    targets = {example.target for example in examples}
    answers = {row.answer for recorded in (before, after) for row in recorded.rows.values() if row.answer}
    labels = _labels(targets, answers)
    groups = groups_of(before, after, ids, examples)
    part = Part("answers", (), (), tuple(range(len(ids))))
    pairs = json.dumps(sorted((example.row_id, example.target) for example in examples), ensure_ascii=False)
    return Study(
        settings=settings,
        root=Path(),
        examples=examples,
        row_keys=tuple(ids),
        labels=labels,
        grading=Grading(LabelGrader(labels)),
        regime="answers",
        parts=(part,),
        all_rows=part,
        groups=groups,
        data=summary(before, after, ids, sorted(targets)),
        test_hash=hashlib.sha256(pairs.encode()).hexdigest(),
        gates=(same_cases(before, after, ids),),
        warnings=tuple(text for recorded in (before, after) if (text := _foreign(recorded, targets))),
    )


def one_spelling(before: Recorded, after: Recorded) -> tuple[Recorded, Recorded]:
    """Targets that differ only in case or white space become one label, in its commonest spelling."""
    counts = Counter(str(row.target) for recorded in (before, after) for row in recorded.rows.values())
    commonest: dict[str, str] = {}
    for target in sorted(counts, key=lambda name: (-counts[name], name)):
        commonest.setdefault(" ".join(target.split()).casefold(), target)

    def mended(recorded: Recorded) -> Recorded:
        rows = {
            identity: replace(row, target=commonest[" ".join(str(row.target).split()).casefold()])
            for identity, row in recorded.rows.items()
        }
        return replace(recorded, rows=rows)

    return mended(before), mended(after)


def groups_of(
    before: Recorded, after: Recorded, ids: Sequence[str], examples: Sequence[Example]
) -> NDArray[np.int64] | None:
    """Rows that belong together: by the group column of either file, else by equal or nearly equal texts.

    Raises:
        InputError: the files disagree about a group.
    """
    if before.has_group or after.has_group:
        names = []
        for identity in ids:
            known = {r.rows[identity].group for r in (before, after) if identity in r.rows} - {None}
            if len(known) > 1:
                raise InputError(
                    "verdict.groups_differ",
                    f"The files disagree about the group of {identity!r}: {', '.join(sorted(map(str, known)))}.",
                    where=f"{before.path} and {after.path}",
                    why="Rows of one group count as one piece of evidence.",
                )
            names.append(str(known.pop()) if known else f"row {identity}")
        return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)
    if any(not example.text for example in examples):
        return None
    component_of = find_components(list(examples), find_duplicates(list(examples)).edges())
    copies = 1 - len(np.unique(component_of)) / len(examples)
    return component_of if copies > MAX_COPIES else None


def _foreign(recorded: Recorded, targets: set[str]) -> str:
    """A warning where many answers are no target in any spelling; empty otherwise."""
    known = LabelGrader(sorted(targets))
    answers = [row.answer for row in recorded.rows.values() if row.answer is not None]
    foreign = [answer for answer in answers if known.label_of(answer) is None]
    if len(foreign) <= MAX_FOREIGN * len(answers):
        return ""
    return (
        f"{len(foreign)} of {len(answers)} answers in {recorded.path.name} are none of the right answers in the files, "
        f"such as {foreign[0][:40]!r}; they count as wrong. Check their spelling."
    )


def _labels(targets: set[str], answers: set[str]) -> tuple[str, ...]:
    """The targets, and answers that are none of them in any spelling, so that these are wrong rather than unusable."""
    known = LabelGrader(sorted(targets))
    return tuple(sorted(targets | {answer for answer in answers if known.label_of(answer) is None}))


def same_cases(before: Recorded, after: Recorded, ids: Sequence[str]) -> Gate:
    """Passed where at most 1 % of the cases stand in one file only."""
    lost = [identity for identity in ids if identity not in before.rows or identity not in after.rows]
    if len(lost) <= MAX_UNSHARED * len(ids):
        return Gate(name="same-cases", passed=True, text="Both files are about the same cases.", rows=lost)
    text = (
        f"{len(lost)} of {len(ids)} cases stand in one file only: "
        f"{sum(i not in after.rows for i in lost)} are missing from {after.path.name}, "
        f"{sum(i not in before.rows for i in lost)} from {before.path.name}. Answer the missing ones."
    )
    return Gate(name="same-cases", passed=False, text=text, rows=lost[:SHOWN_IDS])


def _outcome(
    study: Study, name: str, role: str, recorded: Recorded, ids: Sequence[str], blank_is_wrong: bool
) -> Outcome:
    system = replace(
        Answers(name, recorded.path, "answer", "id", 0.0, 0, -1.0),
        role="candidate" if role == "candidate" else "baseline",
    )
    grader = LabelGrader(study.labels)
    rows = [
        _score_row(grader, name, example, recorded, identity, blank_is_wrong)
        for example, identity in zip(study.examples, ids, strict=True)
    ]
    fit = FitRecord(
        key=name, validation_score=None, budget=Budget(None, 0), notes=(), training_seconds=0.0, latency=None
    )
    entry = SystemEntry("answers", name, str(recorded.path), {})
    return Outcome(Contestant(entry, system), None, (fit,), (PartScores(tuple(rows), 0, 0),))


def _score_row(
    grader: LabelGrader, name: str, example: Example, recorded: Recorded, identity: str, blank_is_wrong: bool
) -> ScoreRow:
    row = recorded.rows.get(identity)
    if row is not None and row.answer is not None:
        answer = Answer(row.answer)
    elif row is not None and blank_is_wrong:
        answer = Answer(None, Status.MODEL_FAIL, detail="blank")
    else:
        answer = Answer(None, Status.INFRA_FAIL, detail="never came back")
    grade = grader.grade(answer, example)
    return ScoreRow(name, identity, "answers", grade.status, grade.score, grade.answer, detail=grade.detail)


def summary(before: Recorded, after: Recorded, ids: Sequence[str], labels: list[str]) -> DataSummary:
    """What the two files hold."""
    return DataSummary(
        rows_in=len(ids),
        rows_used=len(ids),
        rows_set_aside=0,
        labels=labels,
        train=0,
        validation=0,
        test=len(ids),
        exact_duplicates=0,
        near_duplicates=0,
        contradictions=0,
        notes=[f"{recorded.path.name}: {len(recorded.rows)} rows." for recorded in (before, after)],
    )


def file_names(old: Path, new: Path) -> tuple[str, str]:
    """File names without ending; when equal, with their folders."""
    if old.stem != new.stem:
        return old.stem, new.stem
    if str(old) != str(new):
        return str(old), str(new)
    return f"{old.stem} (old)", f"{new.stem} (new)"


def file_hash(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _some(ids: Iterable[str]) -> str:
    return ", ".join(repr(identity) for identity in list(ids)[:3])
