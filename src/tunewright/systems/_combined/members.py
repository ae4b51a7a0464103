"""What systems made of other systems share: the members, what they need together, and keeping their fits.

``Combined`` is such a system before it has seen rows, ``FittedMembers`` after: ``cascade`` and ``pipeline`` add how the
members work together. Members are named in the project file and found by ``Around.member``; their fits come from
``FitContext.fit``, which makes each once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.errors import InputError
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs
from tunewright.records.generation import Watch
from tunewright.records.system import (
    KINDS,
    FitContext,
    FittedSystem,
    Member,
    Needs,
    Setting,
    SystemRole,
    Traits,
    traits_of,
)
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.registry import THEN

# A system made of others is less simple than the least simple of them, by this much.
STEP = 5


def named(argument: str | None) -> list[str]:
    """The names in an argument such as ``tfidf > prompt:small``, in order; empty without one."""
    return [name.strip() for name in (argument or "").split(THEN.strip()) if name.strip()]


def open_members(names: Sequence[str], around: Around, kind: str) -> tuple[Member, ...]:
    """The systems of these names.

    Raises:
        InputError: no name at all, the same one twice, or one that no system has.
    """
    if not names:
        raise InputError(
            "systems.no_members",
            f"The system {kind!r} is made of other systems, and none is named.",
            where=f"systems: {kind}",
            hint=f'Write {{{kind}: [tfidf, "prompt:small"]}}, with names of other systems or their kinds.',
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            "systems.member_twice", f"The system {twice!r} is named twice in one {kind}.", where=f"systems: {kind}"
        )
    return tuple(around.member(name) for name in names)


def united_needs(members: Sequence[Member]) -> Needs:
    """What all members need together; the seconds are those of a case that every member is asked.

    Where some run on a machine of one's own the seconds are theirs alone: a distant server keeps no machine busy.
    """
    needs = [member.system.needs for member in members]
    own = [one for one in needs if one.own_machine]
    return Needs(
        simplicity=max(one.simplicity for one in needs) + STEP,
        extras=tuple(sorted({extra for one in needs for extra in one.extras})),
        network=any(one.network for one in needs),
        billed=any(one.billed for one in needs),
        seconds_per_call=sum(one.seconds_per_call for one in own or needs),
        own_machine=bool(own),
    )


@dataclass(frozen=True, slots=True)
class Combined:
    """A system made of members, before it has seen rows; ``values`` are its own options."""

    name: str
    members: tuple[Member, ...]
    values: Mapping[str, Setting]

    @property
    def role(self) -> SystemRole:
        """A candidate as soon as one member is."""
        return "candidate" if any(member.system.role == "candidate" for member in self.members) else "baseline"

    @property
    def needs(self) -> Needs:
        return united_needs(self.members)

    @property
    def traits(self) -> Traits:
        return self.united_traits()

    def united_traits(self) -> Traits:
        """Of the kinds of job that every member can do; kinds of system that differ start from it."""
        each = [traits_of(member.system) for member in self.members]
        return Traits(
            kinds=tuple(kind for kind in KINDS if all(kind in one.kinds for one in each)),
            practice=any(one.practice for one in each),
            members=self.members,
        )

    def identity(self) -> Mapping[str, Setting]:
        """Own options, and name, kind and identity of each member as text."""
        made_of = {
            f"member-{n}": json.dumps([member.name, member.kind, dict(member.system.identity())], sort_keys=True)
            for n, member in enumerate(self.members)
        }
        return {**self.values, **made_of}

    def missing(self) -> str | None:
        """The reason of the first member that cannot run here."""
        reasons = ((member.name, member.system.missing()) for member in self.members)
        return next((f"{name}: {reason}" for name, reason in reasons if reason is not None), None)

    def fit_members(
        self, train: Sequence[Example], validation: Sequence[Example], context: FitContext
    ) -> tuple[FittedSystem, ...]:
        """Every member fitted on the same rows, in order; when one fails, those before it are closed."""
        fitted: list[FittedSystem] = []
        try:
            for member in self.members:
                fitted.append(context.fit(member.system, train, validation))
        except BaseException:
            close_all(fitted)
            raise
        return tuple(fitted)

    def load_members(self, folder: Path) -> tuple[FittedSystem, ...]:
        """The members as ``FittedMembers.save`` wrote them."""
        loaded: list[FittedSystem] = []
        try:
            for number, member in enumerate(self.members):
                loaded.append(member.system.load(folder / f"member-{number}"))
        except BaseException:
            close_all(loaded)
            raise
        return tuple(loaded)


@dataclass(slots=True)
class FittedMembers(Logged):
    """A fitted system made of fitted members; ``names`` are theirs, in order."""

    names: tuple[str, ...]
    members: tuple[FittedSystem, ...]
    log: FitLog

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return self.ask(inputs, Watch())

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order, by the members together; raises Cancelled."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        for number, member in enumerate(self.members):
            own = folder / f"member-{number}"
            own.mkdir()
            member.save(own)
        self.log.write(folder)

    def close(self) -> None:
        close_all(self.members)


def close_all(fitted: Sequence[FittedSystem]) -> None:
    """Close every one, even when closing another fails."""
    errors: list[Exception] = []
    for one in fitted:
        try:
            one.close()
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]


def trace_of(**parts: Any) -> str:
    """A trace as an answer carries it: a JSON object as text, without empty parts."""
    return json.dumps({name: part for name, part in parts.items() if part}, ensure_ascii=False)


def read_trace(text: str) -> Any:
    """A member's own trace, to be put inside another; an empty object where there is none or it cannot be read."""
    try:
        return json.loads(text) if text else {}
    except json.JSONDecodeError:
        return {}
