"""Which system the curve is of, and which simpler one stands beside it.

The fine-tune, else the best system that learns; against the simpler system that is best on validation, never on the
rows that score: by the last run of the same rows, else by fits of now. Called by ``job``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from tunewright.errors import InputError, TunewrightError
from tunewright.project.settings import ProjectSettings
from tunewright.records.system import traits_of
from tunewright.records.verdict import Verdict
from tunewright.systems.registry import kinds, parse_entry
from tunewright.workflow.fitting import Contestant, members_of
from tunewright.workflow.runs import RUNS, verdict_of
from tunewright.workflow.study import Study

# Kinds whose answers are the same however many rows there are, or that only choose among others.
NOT_LEARNING = frozenset({"majority", "rules", "answers", "command", "prompt", "tools", "cascade", "pipeline"})


def with_named(settings: ProjectSettings, names: Sequence[str]) -> ProjectSettings:
    """The settings with systems that were named on the command line and do not stand in the project yet."""
    entries = [*settings.compared, *([settings.incumbent] if settings.incumbent is not None else [])]
    parsed = [parse_entry(entry) for entry in entries]
    known = {word for one in parsed for word in (one.name, one.kind)}
    added = []
    for name in dict.fromkeys(names):
        kind, _, argument = name.partition(":")
        if name in known:
            continue
        if kind not in kinds():
            raise _unknown(name, [one.name for one in parsed])
        added.append({kind: argument} if argument else kind)
    return settings.model_copy(update={"systems": [*settings.compared, *added]}) if added else settings


def last_verdict(study: Study) -> Verdict | None:
    """The latest verdict about the same rows, or None."""
    for path in sorted((study.root / RUNS).glob("*/verdict.json"), reverse=True):
        try:
            verdict = verdict_of(path.parent)
        except TunewrightError:
            continue
        if verdict.hashes.get("data") == study.hashes["data"]:
            return verdict
    return None


def learner(contestants: Sequence[Contestant], name: str | None, kind: str, verdict: Verdict | None) -> Contestant:
    """The system whose curve is drawn.

    Raises:
        InputError: no such system, it cannot run here, or none of them learns from examples.
    """
    if name is not None:
        return able(_named(contestants, name), kind)
    learning = [one for one in contestants if one.entry.kind not in NOT_LEARNING and _why_not(one, kind) is None]
    tuned = [one for one in learning if one.system.role == "candidate"]
    if verdict is not None and verdict.candidate in {one.name for one in tuned}:
        return next(one for one in tuned if one.name == verdict.candidate)
    best = _best(tuned or learning, lambda one: score_in(verdict, one.name))
    if best is None:
        raise InputError(
            "curve.nothing_learns",
            "No system of this project learns from examples here.",
            where=", ".join(one.name for one in contestants),
            hint="Name one that does: --system tfidf.",
        )
    return best


def simpler_than(contestants: Sequence[Contestant], chosen: Contestant, kind: str) -> list[Contestant]:
    """Baselines that can run here; beside a baseline only those that are simpler than it."""
    return [
        one
        for one in contestants
        if one.name != chosen.name
        and one.system.role == "baseline"
        and _why_not(one, kind) is None
        and chosen.name not in {member.name for member in members_of(one.system)}
        and (chosen.system.role == "candidate" or one.system.needs.simplicity < chosen.system.needs.simplicity)
    ]


def best_simpler(
    able_ones: Sequence[Contestant], verdict: Verdict | None, score: Callable[[Contestant], float | None]
) -> tuple[Contestant | None, str]:
    """The best of the simpler systems on validation rows, and how it was chosen."""
    told = {one.name: score_in(verdict, one.name) for one in able_ones}
    if verdict is not None and able_ones and all(value is not None for value in told.values()):
        return _best(able_ones, lambda one: told[one.name]), f"best on validation in run {verdict.run}"
    return _best(able_ones, score), "best on validation rows"


def able(contestant: Contestant, kind: str) -> Contestant:
    """The system, if it can run here.

    Raises:
        InputError: it cannot, with the reason.
    """
    reason = _why_not(contestant, kind)
    if reason is not None:
        raise InputError("curve.not_available", f"{contestant.name} is not available: {reason}.", where="--system")
    return contestant


def _named(contestants: Sequence[Contestant], name: str) -> Contestant:
    same = [one for one in contestants if one.name == name] or [one for one in contestants if one.entry.kind == name]
    if not same:
        raise _unknown(name, [one.name for one in contestants])
    return same[0]


def named(contestants: Sequence[Contestant], name: str, kind: str) -> Contestant:
    """The system of a name or kind, able to run."""
    return able(_named(contestants, name), kind)


def score_in(verdict: Verdict | None, name: str) -> float | None:
    """The validation score of a system in a verdict."""
    if verdict is None:
        return None
    return next((one.validation_score for one in verdict.systems if one.name == name and one.available), None)


def _best(contestants: Sequence[Contestant], score: Callable[[Contestant], float | None]) -> Contestant | None:
    """The highest score; among equals, and without any score, the simplest."""
    scored = [(score(one), number, one) for number, one in enumerate(contestants)]
    known = [(-value, number, one) for value, number, one in scored if value is not None]
    if known:
        return min(known, key=lambda item: item[:2])[2]
    return contestants[0] if contestants else None


def _why_not(contestant: Contestant, kind: str) -> str | None:
    if kind not in traits_of(contestant.system).kinds:
        return f"it cannot do jobs of the kind {kind}"
    return contestant.system.missing()


def _unknown(name: str, names: Sequence[str]) -> InputError:
    near = difflib.get_close_matches(name, [*names, *kinds()], n=1, cutoff=0.5)
    return InputError(
        "curve.unknown_system",
        f"There is no system called {name!r}.",
        where="--system",
        hint=f"Did you mean {near[0]!r}?" if near else f"Systems: {', '.join(names)}",
    )
