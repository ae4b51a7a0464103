"""``tunewright guard``, readable top to bottom: find the fit, measure each guard, write ``guards.json``.

No row of a locked test is shown to anything here. What was measured before is found again, so that a stopped command
goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tunewright.errors import Cancelled, InputError, TunewrightError
from tunewright.evaluation.suite import items
from tunewright.project.settings import ProjectSettings
from tunewright.records.guard import Guard, GuardReport, SkillScore
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.guard.ability import ability_guards
from tunewright.workflow.guard.canaries import NAME as CANARIES
from tunewright.workflow.guard.canaries import canary_guard
from tunewright.workflow.guard.document import write_report
from tunewright.workflow.guard.family import counted_in
from tunewright.workflow.guard.imported import Logs, imported_guard
from tunewright.workflow.guard.job_rows import job_guards, latency_guard
from tunewright.workflow.guard.ledger import keep
from tunewright.workflow.guard.memory import completion_guard, membership_guard
from tunewright.workflow.guard.planted import injection_guard
from tunewright.workflow.guard.rule import Named, not_checked
from tunewright.workflow.guard.shelf import kept
from tunewright.workflow.guard.subject import Subject, open_subject
from tunewright.workflow.models import Models
from tunewright.workflow.opened import learnable, opened
from tunewright.workflow.runs import find_run, verdict_of
from tunewright.workflow.study import Hooks

Measured = tuple[list[Guard], list[SkillScore]]


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """What a person asked for: whose guards, how many canaries (0: none), and logs of other evaluations."""

    system: str | None = None
    canaries: int = 0
    logs: Logs | None = None
    command: str = "tunewright guard"


def guard(settings: ProjectSettings, root: Path, options: GuardOptions, hooks: Hooks) -> tuple[GuardReport, Path]:
    """Measure the guards of a fine-tune in a project, and write them down.

    Raises:
        TunewrightError: there is no such system, it cannot be fitted or asked here, or a person stopped it.
    """
    with opened(settings, root, hooks) as store:
        around = Models.of(settings, root, store).around()
        contestants, _ = contestants_of(settings, root, around)
        chosen = candidate_named(contestants, options.system, root)
        study = learnable(settings, root, store, around)[0].study
        imported = [] if options.logs is None else [imported_guard(options.logs, chosen.name)]
        with closing(open_subject(study, store, hooks, chosen)) as subject:
            for line in what_it_takes(subject, options):
                hooks.say(line)
            guards, skills = _measure(subject, options)
            stand = keep(root, subject.record.key, [*guards, *imported])
            report = GuardReport(
                created=datetime.now(UTC).isoformat(),
                task=settings.task,
                system=chosen.name,
                fit_key=subject.record.key,
                base=subject.base,
                guards=counted_in(stand),
                skills=skills,
                notes=[*_notes(subject), *_kept_notes([*guards, *imported], stand)],
                command=options.command,
            )
        hooks.progress(chosen.name, "done", 1.0)
    return report, write_report(report, root)


def guard_of_logs(logs: Logs, options: GuardOptions) -> GuardReport:
    """The same of two logs alone, without a project."""
    one = imported_guard(logs, options.system)
    return GuardReport(
        created=datetime.now(UTC).isoformat(),
        task="",
        system=one.system,
        fit_key="",
        base=one.against,
        guards=[one],
        command=options.command,
    )


def candidate_named(contestants: Sequence[Contestant], name: str | None, root: Path) -> Contestant:
    """The fine-tune of this name; without one the only one there is, else the one that the last run chose.

    Raises:
        InputError: there is none, or it is no fine-tune, or several and none is chosen.
    """
    tuned = [one for one in contestants if one.system.role == "candidate"]
    named = ", ".join(one.name for one in tuned)
    if not tuned:
        raise InputError(
            "guard.no_candidate",
            "No system of this project changes a model's weights, so nothing of a model can break.",
            where="systems",
            hint="Add a fine-tune, for example {finetune: minilm}.",
        )
    if name is not None:
        found = [one for one in tuned if one.name == name] or [one for one in tuned if one.entry.kind == name]
        if len(found) != 1:
            raise InputError(
                "guard.no_system",
                f"There is no one fine-tune called {name!r} in this project.",
                where=f"--system {name}",
                hint=f"Fine-tunes: {named}",
            )
        return found[0]
    if len(tuned) == 1:
        return tuned[0]
    try:
        last = verdict_of(find_run(root, None)).candidate
    except TunewrightError:
        last = None
    found = [one for one in tuned if one.name == last]
    if not found:
        raise InputError(
            "guard.which", f"There are {len(tuned)} fine-tunes.", where="systems", hint=f"Say --system: {named}"
        )
    return found[0]


def what_it_takes(subject: Subject, options: GuardOptions) -> list[str]:
    """Said before the work begins."""
    rows = f"{len(subject.held_out)} rows that were not learned and {len(subject.train)} that were"
    if subject.models is None:
        return [f"{subject.name}: asking {rows}; {subject.why_not}."]
    lines = [
        f"{subject.name}: {len(items())} items of the suite before and after tuning, and {rows}, each several times."
    ]
    if options.canaries:
        lines.append(f"Canaries train it once more; the last training took {subject.record.training_seconds:.0f} s.")
    return lines


def _measure(subject: Subject, options: GuardOptions) -> Measured:
    """Every guard, each topic found again where it was measured before; one that fails does not stop the others."""
    unanswerable = subject.study.settings.unanswerable or ""
    topics: list[tuple[str, Callable[[], Measured]]] = [
        ("suite", lambda: ability_guards(subject)),
        (f"job {unanswerable}", lambda: (job_guards(subject), [])),
        ("planted", lambda: ([injection_guard(subject)], [])),
        ("membership", lambda: ([membership_guard(subject)], [])),
        ("completion", lambda: ([completion_guard(subject)], [])),
        ("latency", lambda: ([latency_guard(subject)], [])),
    ]
    if options.canaries:
        topics.append((f"canaries {options.canaries}", lambda: ([canary_guard(subject, options.canaries)], [])))
    guards: list[Guard] = []
    skills: list[SkillScore] = []
    for topic, measure in topics:
        found = _one(subject, topic, measure)
        guards += found[0]
        skills += found[1]
    if not options.canaries:
        why = "it costs a second training: ask for it with --canaries 8"
        named = Named(CANARIES, subject.name, None)
        guards.append(not_checked(named, why if subject.can_write else "only labels were learned, no text"))
    return guards, skills


def _one(subject: Subject, topic: str, measure: Callable[[], Measured]) -> Measured:
    try:
        return kept(subject, topic, measure)
    except Cancelled:
        raise
    except TunewrightError as error:
        where = f" ({error.where})" if error.where else ""
        return [not_checked(Named(topic.split()[0], subject.name, subject.base), f"{error.message}{where}")], []


def _notes(subject: Subject) -> list[str]:
    which = "they chose the epoch of training" if subject.study.regime == "locked" else "of the first fold"
    return [
        f"Rows that were not learned: {len(subject.held_out)} ({which}). No case of a locked test was asked.",
        "Refusals are told by the words of an answer; what an answer that was given is worth is not looked at.",
    ][: 2 if subject.models is not None else 1]


def _kept_notes(measured: Sequence[Guard], stand: Sequence[Guard]) -> list[str]:
    """What was not measured now, but before on the same fit."""
    names = [guard.name for guard in stand if guard not in measured]
    return [f"Measured before on the same fit, and standing until measured again: {', '.join(names)}."] if names else []
