"""Any evaluation run elsewhere as a guard: one log from before tuning, one from after, held to losing no more than so.

Logs of Inspect, lm-eval (``--log_samples``), promptfoo and OpenAI evals and tables of scores are read as ``tunewright
verdict`` reads them, cases matched by their ids, repetitions averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tunewright.data.eval_logs import EvalLog, LogProbe, ScoreColumns, common_metric, log_format, one_system
from tunewright.errors import InputError
from tunewright.records.guard import Guard
from tunewright.workflow.guard.rule import ABILITY_MARGIN, Named, Scores, not_worse, percent
from tunewright.workflow.recorded.paired_scores import line_up, tag_values
from tunewright.workflow.recorded.scores_verdict import _usual_scale as usual_scale

MISSING_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Logs:
    """Two logs of the same evaluation, and how to read them."""

    before: Path
    after: Path
    metric: str | None = None
    scale: tuple[float, float] | None = None
    margin: float = ABILITY_MARGIN
    group: str | None = None


def imported_guard(logs: Logs, system: str | None) -> Guard:
    """The guard of one evaluation.

    Raises:
        InputError: a file cannot be read, holds several systems or metrics, or the two share no case.
    """
    both = [_read(path, flag) for path, flag in ((logs.before, "--before"), (logs.after, "--after"))]
    metric = common_metric(both, logs.metric)
    ids = _common(both)
    worst, best = logs.scale or usual_scale(metric)
    before, after = line_up([one.system for one in both], both, ids, metric, worst, best)
    name = f"{both[1].task or both[1].path.stem} ({metric})"
    named = Named(name, system or both[1].system or "after", both[0].system or "before")
    groups = None if logs.group is None else _groups(tag_values([before, after], logs.group, len(ids)), logs)
    scores = Scores(after.scores, before.scores, groups=groups)
    kept = scores.complete()
    first, second = (float(values.mean()) if len(values) else 0.0 for values in (kept.base, kept.tuned))
    text = f"{percent(first)} before, {percent(second)} after, on {len(kept.base)} cases of a {both[1].format} log."
    guard = not_worse(named, scores, logs.margin, text)
    lost = len(ids) - len(kept.base)
    if guard.result == "holds" and lost > MISSING_SHARE * len(ids):
        told = f"{guard.text} {lost} of {len(ids)} cases have no score on one of the sides, which may hide a loss."
        return guard.model_copy(update={"result": "unproven", "text": told})
    return guard


def _read(path: Path, flag: str) -> EvalLog:
    probe = LogProbe(path, ScoreColumns())
    found = log_format(probe) if path.exists() else None
    if found is None:
        raise InputError(
            "guard.no_log",
            f"{path.name} is no log or table of scores." if path.exists() else "There is no such file.",
            where=f"{flag} {path}",
            hint="docs/eval-logs.md lists what can be read; a table needs the columns id and score.",
        )
    return one_system(found.read(probe), None, "a file of its own for each system")


def _common(logs: list[EvalLog]) -> list[str]:
    """Ids of all cases of both, in the order of the first; those that only one has count as missing in the other."""
    ids = [list(dict.fromkeys(case.id for case in log.cases)) for log in logs]
    if not set(ids[0]) & set(ids[1]):
        raise InputError(
            "guard.no_common_cases",
            "The two logs have no case in common.",
            where=f"{logs[0].path} and {logs[1].path}",
            why="What was lost is counted case by case.",
            hint="Run the same tasks with the same ids before and after tuning.",
        )
    return list(dict.fromkeys([*ids[0], *ids[1]]))


def _groups(tags: list[str | None], logs: Logs) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if not any(tags):
        raise InputError("guard.no_tag", f"No case has a tag {logs.group!r}.", where=f"--group {logs.group}")
    names = [f"alone {place}" if tag is None else f"tag {tag}" for place, tag in enumerate(tags)]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
