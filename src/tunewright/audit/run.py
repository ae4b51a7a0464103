"""Running the checks over a view: checks of the set here, checks of rows in processes beside them.

What a row check saw in a row is remembered by check, version, limits and row content, so that an audit after twenty
fixes looks at twenty rows. The memory is handed in; nothing here reads or writes a file.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

from tunewright.audit.findings import CheckResult
from tunewright.audit.registry import Check, Limits, all_checks, is_row_check, is_set_check
from tunewright.audit.result import AuditResult, CheckReport
from tunewright.audit.row_work import RowMemory, RowWork, ignore_interrupts
from tunewright.audit.view import View

# Below this many characters starting processes costs more than it saves.
MIN_CHARS_FOR_PROCESSES = 3_000_000
MAX_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """``only`` are names of checks (empty: all), ``limits`` a person's thresholds by check and name.

    ``processes`` beside this one look at rows; None follows from the size of the data and the machine.
    """

    only: tuple[str, ...] = ()
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    memory: RowMemory | None = None
    processes: int | None = None


def run_audit(view: View, options: AuditOptions | None = None) -> AuditResult:
    """Run every check, or those asked for.

    Raises:
        Cancelled: the person asked to stop; what row checks saw so far is remembered.
    """
    wanted = options or AuditOptions()
    checks = all_checks()
    chosen = [check for check in checks if not wanted.only or check.NAME in wanted.only]
    work = {
        check.NAME: RowWork(check, view, limits_of(check, wanted), wanted.memory)
        for check in chosen
        if is_row_check(check)
    }
    with ExitStack() as stack:
        pool = _processes(view, wanted, stack) if work else None
        for each in work.values():
            each.start(pool)
        reports = [_run_one(check, view, wanted, work.get(check.NAME)) for check in _set_checks_first(chosen)]
    reports.sort(key=lambda report: report.name)
    return AuditResult(len(view), tuple(reports), tuple(c.NAME for c in checks if c not in chosen))


def limits_of(check: Check, options: AuditOptions) -> Limits:
    """The check's thresholds with a person's own above them."""
    return {**check.LIMITS, **options.limits.get(check.NAME, {})}


def _set_checks_first(checks: Sequence[Check]) -> list[Check]:
    """While other processes look at rows, this one looks at the set."""
    return sorted(checks, key=is_row_check)


def _run_one(check: Check, view: View, options: AuditOptions, work: RowWork | None) -> CheckReport:
    view.stop_if_asked()
    view.progress(check.TITLE, 0.0)
    started = time.perf_counter()
    limits, remembered = limits_of(check, options), 0
    if is_row_check(check) and work is not None:
        result = check.conclude(view, work.finish(), limits)
        remembered = work.remembered
    else:
        result = check.run(view, limits) if is_set_check(check) else CheckResult()
    view.progress(check.TITLE, 1.0)
    seconds = time.perf_counter() - started
    return CheckReport(check.NAME, check.TITLE, check.QUALITY, check.COST, check.VERSION, result, seconds, remembered)


def _processes(view: View, options: AuditOptions, stack: ExitStack) -> ProcessPoolExecutor | None:
    count = options.processes
    if count is None:
        chars = sum(len(m.content) for e in view.examples for m in e.messages)
        count = min(MAX_PROCESSES, (os.cpu_count() or 1) - 1) if chars >= MIN_CHARS_FOR_PROCESSES else 0
    if count <= 0:
        return None
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=ignore_interrupts)
    stack.callback(pool.shutdown, wait=False, cancel_futures=True)
    return pool
