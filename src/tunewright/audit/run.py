"""Running the checks over a view: checks of the set here, checks of rows in processes beside them.

What the row checks saw in a row is remembered by row content, under their versions and limits, so that an audit after
twenty fixes looks at twenty rows. The memory is handed in; nothing here reads or writes a file.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tunewright.audit.findings import CheckResult
from tunewright.audit.registry import Check, Limits, RowCheck, SetCheck, all_checks, is_row_check, is_set_check
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
    of_rows = tuple(check for check in chosen if is_row_check(check))
    work = RowWork(of_rows, view, {check.NAME: limits_of(check, wanted) for check in of_rows}, wanted.memory)
    with ExitStack() as stack:
        if of_rows:
            work.start(_processes(view, wanted, stack))
            stack.enter_context(_collecting(view, work))
        # While other processes look at rows, this one looks at the set.
        reports = [_of_set(check, view, wanted) for check in chosen if is_set_check(check)]
        started = time.perf_counter()
        work.finish()
        waited = (time.perf_counter() - started) / max(1, len(of_rows))
        reports += [_of_rows(check, view, wanted, work, waited) for check in of_rows]
    reports.sort(key=lambda report: report.name)
    return AuditResult(len(view), tuple(reports), tuple(c.NAME for c in checks if c not in chosen))


def limits_of(check: Check, options: AuditOptions) -> Limits:
    """The check's thresholds with a person's own above them."""
    return {**check.LIMITS, **options.limits.get(check.NAME, {})}


def _of_set(check: SetCheck, view: View, options: AuditOptions) -> CheckReport:
    view.stop_if_asked()
    view.progress(check.TITLE, 0.0)
    started = time.perf_counter()
    result = check.run(view, limits_of(check, options))
    return _report(check, result, time.perf_counter() - started, 0)


@contextmanager
def _collecting(view: View, work: RowWork) -> Iterator[None]:
    """Remember what other processes have seen whenever a check says how far it is, so that a stop loses little."""
    say = view.progress

    def progress(what: str, share: float) -> None:
        say(what, share)
        work.collect()

    view.progress = progress
    try:
        yield
    finally:
        view.progress = say


def _of_rows(check: RowCheck, view: View, options: AuditOptions, work: RowWork, waited: float) -> CheckReport:
    """``waited``: the check's part of the seconds in which rows were looked at, which is the same for all."""
    view.stop_if_asked()
    view.progress(check.TITLE, 0.0)
    started = time.perf_counter()
    result = check.conclude(view, work.seen_by(check.NAME), limits_of(check, options))
    return _report(check, result, waited + time.perf_counter() - started, work.remembered)


def _report(check: Check, result: CheckResult, seconds: float, remembered: int) -> CheckReport:
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

    def end(error: type[BaseException] | None, *_: object) -> None:
        workers = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        if error is not None:
            # Python waits for them at its end, and they for the tasks that they hold already; they keep no state.
            for worker in workers:
                worker.kill()

    stack.push(end)
    return pool
