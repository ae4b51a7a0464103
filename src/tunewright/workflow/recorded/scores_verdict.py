"""Two logs or tables of scores, whoever evaluated: does the new system beat the old one?

Nothing is graded and no torch is needed: recorded scores become outcomes, and the same judge decides as after a run.
The first file is what is used today, the second the candidate; further candidates are looked at beside it. Tables of
answers that are still to be graded go to ``answers_verdict``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tunewright.data.eval_logs import (
    EvalLog,
    LogFormat,
    LogProbe,
    ScoreColumns,
    common_metric,
    log_format,
    one_system,
)
from tunewright.data.eval_logs.score_table import NAME as SCORE_TABLE
from tunewright.data.recorded import Recorded, RecordedRow
from tunewright.errors import InputError
from tunewright.evaluation.graders.label import LabelGrader
from tunewright.project.settings import ProjectSettings
from tunewright.records.answers import ScoreRow
from tunewright.records.example import Example, Message, Source
from tunewright.records.system import Budget
from tunewright.records.verdict import Gate
from tunewright.systems.answers import Answers
from tunewright.systems.registry import SystemEntry
from tunewright.workflow.evidence.reachable import Scored, reachable
from tunewright.workflow.fitting import Contestant, FitRecord
from tunewright.workflow.grading import Grading
from tunewright.workflow.judge_details import gain_gate, judge_check, judge_gate
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.recorded import score_details
from tunewright.workflow.recorded.answers_verdict import (
    common_ids,
    concluded,
    file_names,
    groups_of,
    same_cases,
    summary,
)
from tunewright.workflow.recorded.decided import decided_once
from tunewright.workflow.recorded.judging_record import judging_record, target_by_people
from tunewright.workflow.recorded.looking_again import LookingAgain
from tunewright.workflow.recorded.paired_scores import SystemColumn, line_up
from tunewright.workflow.recorded.verdict_details import CandidateResult, DetailedVerdict, Details, JudgeCheck
from tunewright.workflow.scoring import PartScores
from tunewright.workflow.study import Part, Study

DEFAULT_MARGIN = 0.02
GROUP = "group"
MAX_NAME = 60
LOWER_IS_BETTER = frozenset(
    {"error", "errors", "loss", "wer", "cer", "ter", "mae", "mse", "rmse", "perplexity", "brier", "distance"}
    | {"toxicity", "toxic", "hallucination", "hallucinations", "violation", "violations", "failure", "failures"}
    | {"refusals", "latency", "cost"}
)


@dataclass(frozen=True, slots=True)
class ScoresOptions:
    """How to read the files, and what to look at beside the verdict."""

    columns: ScoreColumns = field(default_factory=ScoreColumns)
    metric: str | None = None
    old_system: str | None = None
    new_system: str | None = None
    scale: tuple[float, float] | None = None
    slices: tuple[str, ...] = ()
    any_time: bool = False
    also: tuple[Path, ...] = ()
    command: str = "tunewright verdict"


def formats_of(old: Path, new: Path, columns: ScoreColumns) -> tuple[LogFormat, LogFormat] | None:
    """The formats of the two files, or None where neither is a log or a table of scores.

    Raises:
        InputError: one of them is, and the other is not.
    """
    found = [log_format(LogProbe(path, columns)) for path in (old, new)]
    if found[0] is None and found[1] is None:
        return None
    if found[0] is None or found[1] is None:
        unknown, known = (old, new) if found[0] is None else (new, old)
        name = next(one.NAME for one in found if one is not None)
        raise InputError(
            "verdict.mixed_files",
            f"{known.name} is a {name} log, and {unknown.name} is none that is known.",
            where=f"{old} and {new}",
            why="Scores can be compared with scores, and answers with answers.",
            hint="Export both in the same way; docs/eval-logs.md lists what can be read.",
        )
    return found[0], found[1]


def verdict_of_scores(
    old: Path, new: Path, formats: tuple[LogFormat, LogFormat], settings: ProjectSettings, options: ScoresOptions
) -> DetailedVerdict:
    """The verdict on the second file against the first.

    Raises:
        InputError: a file cannot be read, holds several systems or metrics and none is named, or the files are not
            about the same cases.
    """
    logs = _logs(old, new, formats, options)
    metric = common_metric(logs, options.metric)
    recorded = [_recorded(log, options.columns.group) for log in logs[:2]]
    ids = common_ids(recorded[0], recorded[1])
    names = _system_names(logs)
    columns = line_up(names, logs, ids, metric, *(options.scale or _usual_scale(metric)))
    study = _study(recorded[0], recorded[1], ids, columns, settings)
    extra, judge = _candidates(columns, study), _judge(columns, study, options)
    study = replace(study, gates=(*study.gates, *_gates(extra, judge, columns, study)))
    outcomes = [
        _outcome(column, role, study) for column, role in zip(columns[:2], ("baseline", "candidate"), strict=True)
    ]
    further = [_outcome(column, "candidate", study) for column in columns[2:]]
    decide = LookingAgain(columns, study.groups).decided if options.any_time else decided_once
    verdict, seen = concluded(study, outcomes, (old, new), options.command, further, decide)
    details = _details(columns, study, options, metric, verdict.min_improvement, extra, judge)
    details = details.model_copy(update={"any_time": seen})
    judging = None if judge is None else judging_record(judge, options.columns.score or metric, columns)
    target = verdict.target if judge is None else target_by_people(verdict, columns, study)
    return DetailedVerdict(**{**dict(verdict), "judging": judging, "target": target}, details=details)


def _logs(old: Path, new: Path, formats: tuple[LogFormat, LogFormat], options: ScoresOptions) -> list[EvalLog]:
    files = [
        (old, formats[0], options.old_system, "--old-system"),
        (new, formats[1], options.new_system, "--new-system"),
    ]
    for path in options.also:
        found = log_format(LogProbe(path, options.columns))
        if found is None:
            raise InputError("verdict.mixed_files", f"{path.name} is no log or table of scores.", where=str(path))
        files.append((path, found, None, "a file of its own instead of a system's"))
    return [
        one_system(found.read(LogProbe(path, options.columns)), system, flag) for path, found, system, flag in files
    ]


def _usual_scale(metric: str) -> tuple[float, float]:
    """0 to 1, unless the metric sounds as if lower were better.

    Raises:
        InputError: it does.
    """
    words = set(re.split(r"[^a-z]+", metric.casefold()))
    if words & LOWER_IS_BETTER:
        raise InputError(
            "logs.which_way",
            f"Is a higher {metric!r} better, or a lower one?",
            why="Taken the wrong way round, the verdict would be its opposite.",
            hint="Name the worst and the best score: --scale 1:0 if lower is better, --scale 0:1 if higher is.",
        )
    return 0.0, 1.0


def _recorded(log: EvalLog, group: str | None) -> Recorded:
    """The cases as a table of answers has them, so that both are matched and grouped alike."""
    name = GROUP if group is None else group
    if group is not None and group not in log.tags():
        raise InputError(
            "verdict.no_tag",
            f"No case has a tag {group!r} to group by.",
            where=f"{log.path}: tags {', '.join(log.tags()) or 'none'}",
        )
    rows = {}
    for number, case in enumerate(log.cases, start=1):
        if case.id not in rows:
            rows[case.id] = RecordedRow(number, case.answer, case.target, case.tags.get(name), case.text or None)
    return Recorded(log.path, rows, name in log.tags())


def _system_names(logs: Sequence[EvalLog]) -> list[str]:
    """Names of the systems where they differ, else of the files where those are short."""
    names = [log.system[:MAX_NAME] for log in logs]
    if len(set(names)) == len(names):
        return names
    stems = [log.path.stem for log in logs]
    if len(set(stems)) == len(stems) and max(map(len, stems)) <= MAX_NAME // 2:
        return stems
    if len(logs) == 2 and logs[0].format == SCORE_TABLE:
        return list(file_names(logs[0].path, logs[1].path))
    # The same model twice, as when a prompt was changed; names that a program made of times say nothing.
    places = ["old", "new", *(f"candidate {number}" for number in range(2, len(names)))]
    return [f"{name} ({place})" for name, place in zip(names, places, strict=True)]


def _study(
    before: Recorded, after: Recorded, ids: Sequence[str], columns: Sequence[SystemColumn], settings: ProjectSettings
) -> Study:
    examples = tuple(_example(identity, before, after) for identity in ids)
    part = Part("answers", (), (), tuple(range(len(ids))))
    pairs = json.dumps(sorted((example.row_id, example.target) for example in examples), ensure_ascii=False)
    return Study(
        settings=settings,
        root=Path(),
        examples=examples,
        row_keys=tuple(ids),
        labels=(),
        grading=Grading(LabelGrader(())),
        regime="answers",
        parts=(part,),
        all_rows=part,
        groups=groups_of(before, after, ids, examples),
        data=summary(before, after, ids, []),
        test_hash=hashlib.sha256(pairs.encode()).hexdigest(),
        gates=(same_cases(before, after, ids),),
        warnings=tuple(note for column in columns for note in column.log.notes),
    )


def _example(identity: str, before: Recorded, after: Recorded) -> Example:
    recorded = before if identity in before.rows else after
    row = recorded.rows[identity]
    source = Source(recorded.path.name, row.line)
    return Example((Message("user", row.text or ""),), row.target or "", source, identity, row.group)


def _outcome(column: SystemColumn, role: str, study: Study) -> Outcome:
    system = replace(
        Answers(column.name, column.log.path, "answer", "id", 0.0, 0, -1.0),
        role="candidate" if role == "candidate" else "baseline",
    )
    rows = []
    for row, identity in enumerate(study.row_keys):
        status, detail = column.status(row)
        score = None if np.isnan(column.scores[row]) else float(column.scores[row])
        answer = column.answers[row][0].answer if column.answers[row] else None
        # Scores without answers are told apart by the score: the ledger of uses goes by what was answered.
        answer = f"score {score:g}" if answer is None and score is not None else answer
        rows.append(ScoreRow(column.name, identity, "answers", status, score, answer, detail=detail))
    again, flipped = _changed(column)
    fit = FitRecord(
        key=column.name, validation_score=None, budget=Budget(None, 0), notes=(), training_seconds=0.0, latency=None
    )
    entry = SystemEntry("answers", column.name, str(column.log.path), {})
    return Outcome(Contestant(entry, system), None, (fit,), (PartScores(tuple(rows), again, flipped),))


def _changed(column: SystemColumn) -> tuple[int, int]:
    """(cases scored in the first two repetitions, those of them whose score changed)."""
    if column.repeated.shape[1] < 2:
        return 0, 0
    first, second = column.repeated[:, 0], column.repeated[:, 1]
    both = ~(np.isnan(first) | np.isnan(second))
    return int(both.sum()), int((first[both] != second[both]).sum())


def _candidates(columns: Sequence[SystemColumn], study: Study) -> list[CandidateResult]:
    margin = study.settings.min_improvement or DEFAULT_MARGIN
    found = score_details.candidates(columns[1:], columns[0], study.groups, margin, study.settings.seed)
    scored = [Scored(column.name, place, column.scores) for place, column in enumerate(columns)]
    shares = reachable(scored, columns[0].name, study.groups, seed=study.settings.seed).shares
    return [
        one.model_copy(update={"reachable": shares[one.system][0], "reachable_interval": shares[one.system][1]})
        if one.system in shares
        else one
        for one in found
    ]


def _judge(columns: Sequence[SystemColumn], study: Study, options: ScoresOptions) -> JudgeCheck | None:
    if options.columns.human is None:
        return None
    old, new = columns[:2]
    human = new.human(), old.human()
    if all(np.isnan(labels).all() for labels in human):
        raise InputError(
            "verdict.no_labels",
            f"No answer has a label in {options.columns.human!r}.",
            where=f"{old.log.path} and {new.log.path}",
            hint="Labels of people stand in a column of a table of scores, beside the judge's score.",
        )
    return judge_check(new, old, human, study.settings.seed, study.groups)


def _gates(
    extra: Sequence[CandidateResult], judge: JudgeCheck | None, columns: Sequence[SystemColumn], study: Study
) -> list[Gate]:
    """What forbids a verdict: a judge that fails, and a win that is one only because several were looked at."""
    gates = []
    if judge is not None:
        unconfirmed = gain_gate(judge, columns[1], columns[0], study.groups)
        gates += [judge_gate(judge), *([unconfirmed] if unconfirmed is not None else [])]
    if extra and not extra[0].proven and extra[0].p <= score_details.ALPHA:
        gates.append(
            Gate(
                name="several-candidates",
                passed=False,
                text=f"{len(extra)} candidates were looked at, and {extra[0].system} wins only when the others are "
                f"forgotten (Holm's p is {extra[0].p_holm:.2g}). Try the chosen one alone on new cases.",
            )
        )
    return gates


def _details(
    columns: Sequence[SystemColumn],
    study: Study,
    options: ScoresOptions,
    metric: str,
    margin: float,
    extra: list[CandidateResult],
    judge: JudgeCheck | None,
) -> Details:
    old, new = columns[:2]
    seed = study.settings.seed
    gains, groups, _ = score_details.complete_gains(new.scores, old.scores, study.groups)
    not_worse, equivalent = score_details.margins(gains, margin, groups)
    return Details(
        metric=metric,
        formats=[column.log.format for column in columns],
        not_worse_p=not_worse,
        equivalent_p=equivalent,
        slices=score_details.slices(new, old, options.slices, study.groups, seed),
        tags=score_details.worthwhile_tags(columns[:2]),
        ratios=score_details.ratios(new, old, study.groups, seed),
        repetitions=score_details.repetitions(columns[:2]),
        gain_between=score_details.gain_between(new, old),
        unusable=score_details.unusable(columns[:2]),
        preference=score_details.preferences(columns[:2], study.groups, seed),
        candidates=extra,
        judge=judge,
    )
