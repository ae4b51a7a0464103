"""The comparison of two runs, readable top to bottom: rows, settings, common cases, each system before and after.

Called by ``tunewright compare``. The locked test stays locked: answers to its cases are read where both runs opened it,
and no system is asked about any of them here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError
from tunewright.evaluation.grades import close
from tunewright.project.settings import ProjectSettings
from tunewright.reporting.compare_document import ComparedRuns, Setting, SystemChange
from tunewright.store import Store
from tunewright.workflow.compare_runs.answers import ValidationAnswers, grader_of, stored_answers
from tunewright.workflow.compare_runs.common_cases import CommonCases, common_cases
from tunewright.workflow.compare_runs.past_run import PastRun, read_run
from tunewright.workflow.compare_runs.row_changes import row_changes
from tunewright.workflow.compare_runs.said import headline, rests_on, rows_compared, warnings_of
from tunewright.workflow.compare_runs.setting_changes import setting_changes
from tunewright.workflow.compare_runs.system_changes import Regrading, Side, system_change
from tunewright.workflow.compare_runs.texts import Texts, texts_of
from tunewright.workflow.grading import MODEL
from tunewright.workflow.models import Models
from tunewright.workflow.opened import egress_of, opened_existing
from tunewright.workflow.runs import resolve
from tunewright.workflow.study import Hooks


@dataclass(frozen=True, slots=True)
class _Both:
    """The two runs, and what is the same for all their systems."""

    before: PastRun
    after: PastRun
    texts: Texts
    common: CommonCases
    regrading: Regrading
    asked: tuple[ValidationAnswers | None, ValidationAnswers | None]


def compare_runs(
    before: str, after: str, root: Path, hooks: Hooks, *, only: tuple[str, ...] = (), texts: bool = True
) -> ComparedRuns:
    """What changed from one run to the other, and what it did to every system.

    Args:
        before: the earlier run by any of its names (``runs.resolve``).
        only: names of systems; empty means all of both runs.
        texts: whether texts of rows and cases are part of the document.

    Raises:
        InputError: a run is unknown, or both are the same.
        Cancelled: the person asked to stop; answers so far are kept.
    """
    with opened_existing(root, hooks) as store:
        names = resolve(root, before), resolve(root, after)
        if names[0] == names[1]:
            raise InputError(
                "compare.same",
                f"Both words mean the run {names[0]}.",
                hint="Name two runs, the earlier one first: tunewright compare last-1 last",
            )
        old, new = (read_run(root, name, store) for name in names)
        settings = new.settings()
        with egress_of(settings):
            return _compared(old, new, settings, root, store, hooks, only=only, texts=texts)


def _compared(
    old: PastRun,
    new: PastRun,
    settings: ProjectSettings,
    root: Path,
    store: Store,
    hooks: Hooks,
    *,
    only: tuple[str, ...],
    texts: bool,
) -> ComparedRuns:
    wanted = _names(old, new, only)
    known = texts_of((old, new), root, store)
    common = common_cases(old, new, known)
    grader = grader_of(new, settings, root, Models.of(settings, root, store).around())
    try:
        both = _Both(
            old,
            new,
            known,
            common,
            Regrading(grader, possible=not _asks_a_model(settings)),
            (_asker(old, common, known, root, store, hooks), _asker(new, common, known, root, store, hooks)),
        )
        systems = [_change(one, one, both, store, texts=texts) for one in wanted]
        recommended = _recommended(both, store, texts=texts)
    finally:
        close(grader)
    rows = rows_compared(row_changes(old, new), old, new, known, texts=texts)
    return ComparedRuns(
        before=old.name,
        after=new.name,
        task=new.verdict.task,
        cases=common.kind,
        common=len(common.cases),
        cases_before=common.of_before,
        cases_after=common.of_after,
        rows=rows,
        settings=[Setting(name=c.name, before=c.before, after=c.after) for c in setting_changes(old, new)],
        systems=systems,
        used=new.verdict.use.system,
        recommended=recommended,
        text=headline(systems, recommended, common),
        rests_on=rests_on(common),
        warnings=warnings_of(old, new, common, systems, rows, settings, root, store),
    )


def _names(old: PastRun, new: PastRun, only: tuple[str, ...]) -> list[str]:
    """Systems of the later run in their order, then those that only the earlier one had; or those asked for.

    Raises:
        InputError: neither run had a system of that name.
    """
    known = list(dict.fromkeys([one.name for run in (new, old) for one in run.verdict.systems]))
    for name in only:
        if name not in known:
            raise InputError(
                "compare.system", f"Neither run had a system {name!r}.", where="--system", hint=", ".join(known)
            )
    return [name for name in known if not only or name in only]


def _asks_a_model(settings: ProjectSettings) -> bool:
    entry = settings.grader
    return isinstance(entry, dict) and any(MODEL in options for options in entry.values())


def _asker(
    run: PastRun, common: CommonCases, texts: Texts, root: Path, store: Store, hooks: Hooks
) -> ValidationAnswers | None:
    """Who asks about validation rows, where that is what is compared and this run has them; else answers are stored."""
    if common.kind != "validation" or run.regime != "locked":
        return None
    return ValidationAnswers(run, texts, root, store, hooks)


def _change(before: str, after: str, both: _Both, store: Store, *, texts: bool) -> SystemChange:
    absent = _absent(before, after, both)
    if absent is not None:
        other = None if before == after else before
        return SystemChange(system=after, before_system=other, reason=absent, text=f"{after}: not compared, {absent}.")
    sides = (
        _side(both.before, before, both.asked[0], both, store),
        _side(both.after, after, both.asked[1], both, store),
    )
    fits = [{fit.key for fit in run.fits_of(name)} for run, name in ((both.before, before), (both.after, after))]
    same = before == after and bool(fits[0]) and fits[0] == fits[1]
    return system_change(*sides, both.common, both.regrading, same_fit=same, texts=texts)


def _absent(before: str, after: str, both: _Both) -> str | None:
    """That one of the runs did not have the system, in words."""
    if before not in {one.name for one in both.before.verdict.systems}:
        return f"new: {both.before.name} did not have it"
    if after not in {one.name for one in both.after.verdict.systems}:
        return f"no longer in the project: {both.after.name} did not have it"
    return None


def _side(run: PastRun, system: str, asker: ValidationAnswers | None, both: _Both, store: Store) -> Side:
    identity = json.dumps(dict(both.regrading.grader.identity()), sort_keys=True)
    if asker is not None:
        own = json.dumps(dict(asker.grader.identity()), sort_keys=True)
        return Side(system, asker.of(system), own == identity)
    same = all(fit.parts.get("grader") == identity for fit in run.fits_of(system))
    return Side(system, stored_answers(run, system, store), same)


def _recommended(both: _Both, store: Store, *, texts: bool) -> SystemChange | None:
    """From what the earlier run recommends to what the later one does, where these are two systems."""
    before, after = both.before.verdict.use.system, both.after.verdict.use.system
    if before is None or after is None or before == after:
        return None
    return _change(before, after, both, store, texts=texts)
