"""Logs of evaluations run elsewhere (Inspect, promptfoo, lm-eval, OpenAI evals) and tables of scores, as scored cases.

One file per format, decided by what the file holds and never by its name. A module of this folder has ``NAME``,
``ORDER`` (lowest is asked first), ``recognise(probe)`` and ``read(probe)``; it is found by listing the folder. What a
file means for two systems is the workflow's business. Called by ``tunewright verdict``.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Sequence
from typing import Protocol, cast

from tunewright.data.eval_logs._cases import EvalLog, ScoredCase
from tunewright.data.eval_logs._probe import LogProbe, ScoreColumns
from tunewright.errors import InputError

__all__ = [
    "EvalLog",
    "LogFormat",
    "LogProbe",
    "ScoreColumns",
    "ScoredCase",
    "common_metric",
    "log_format",
    "one_system",
]


class LogFormat(Protocol):
    """What a module of this folder offers."""

    NAME: str
    ORDER: int

    def recognise(self, probe: LogProbe) -> bool:
        """Whether the file is a log of this format; reads no more of it than it must."""
        ...

    def read(self, probe: LogProbe) -> list[EvalLog]:
        """A log for every system in the file.

        Raises:
            InputError: the file holds no scored case, or is cut off.
        """
        ...


def log_format(probe: LogProbe) -> LogFormat | None:
    """The format of a file, or None where it is no log that is known."""
    return next((module for module in _formats() if module.recognise(probe)), None)


def one_system(logs: Sequence[EvalLog], wanted: str | None, flag: str) -> EvalLog:
    """The log of the system that is wanted, or the only one.

    Raises:
        InputError: there are several and none is named, or none has this name.
    """
    names = [log.system for log in logs]
    path = str(logs[0].path)
    if wanted is None:
        if len(logs) == 1:
            return logs[0]
        raise InputError(
            "logs.several_systems",
            f"The file holds the answers of {len(logs)} systems.",
            where=f"{path}: {'; '.join(names)}",
            hint=f"Say which with {flag} NAME.",
        )
    if wanted in names:
        return logs[names.index(wanted)]
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    raise InputError(
        "logs.no_system",
        f"There is no system {wanted!r} in the file.",
        where=f"{path}: {'; '.join(names)}",
        hint=f"Did you mean {near[0]!r}?" if near else f"Name one of them with {flag}.",
    )


def common_metric(logs: Sequence[EvalLog], wanted: str | None) -> str:
    """The metric to compare: the one that is wanted, or the only one that all logs have.

    Raises:
        InputError: several or none, or a log lacks the one that is wanted; says what each file holds.
    """
    held = [log.metrics() for log in logs]
    where = "; ".join(f"{log.path.name}: {', '.join(names) or 'none'}" for log, names in zip(logs, held, strict=True))
    common = [name for name in held[0] if all(name in names for names in held)]
    common = common if wanted is not None else _distinct(common, logs)
    if wanted is not None:
        if wanted in common:
            return wanted
        near = difflib.get_close_matches(wanted, common, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"Both have: {', '.join(common) or 'none'}."
        raise InputError("logs.no_metric", f"Not every file has the metric {wanted!r}.", where=where, hint=hint)
    if len(common) == 1:
        return common[0]
    if common:
        raise InputError(
            "logs.several_metrics",
            f"The files hold {len(common)} metrics.",
            where=where,
            why="A verdict rests on one metric, chosen before the scores are seen.",
            hint=f"Name it: --metric {common[0]!r}",
        )
    raise InputError("logs.no_common_metric", "The files have no metric in common.", where=where)


def _distinct(names: Sequence[str], logs: Sequence[EvalLog]) -> list[str]:
    """Without metrics that say the same as an earlier one in every case of every log."""
    found: dict[tuple[float | None, ...], str] = {}
    for name in names:
        found.setdefault(tuple(case.scores.get(name) for log in logs for case in log.cases), name)
    return list(found.values())


def _formats() -> list[LogFormat]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    modules = [cast(LogFormat, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return sorted(modules, key=lambda module: module.ORDER)
