"""Conditions of the decision table as data: comparisons of facts, joined by "and" and "or", with three truth values.

Unknown is a value of its own (Kleene 1952): "unknown or yes" is yes, "unknown and yes" is unknown. A condition can be
evaluated, said in words and drawn. Used by the table, its tests and its page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tunewright.decision.advice_facts import FACTS, Facts, Value, show

Operator = Literal["is", "is not", "at least", "below"]
Truth = bool | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold by its name in ``LIMITS``."""

    name: str


@dataclass(frozen=True, slots=True)
class Other:
    """Another fact that a fact is compared with."""

    fact: str


@dataclass(frozen=True, slots=True)
class Compare:
    """One fact against a value, a threshold or another fact."""

    fact: str
    operator: Operator
    than: Value | Limit | Other


@dataclass(frozen=True, slots=True)
class All:
    """Every part; without parts it always holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part."""

    parts: tuple[Condition, ...]


Condition = Compare | All | Some


@dataclass(frozen=True, slots=True)
class Judged:
    """A condition on given facts: its truth, the comparisons that made it so, and the unknown facts it waits for."""

    truth: Truth
    because: tuple[Compare, ...]
    missing: tuple[str, ...]


def is_(fact: str, than: Value) -> Compare:
    """The fact has this value."""
    return Compare(fact, "is", than)


def at_least(fact: str, than: float | Limit | Other) -> Compare:
    """The fact is this or more."""
    return Compare(fact, "at least", than)


def below(fact: str, than: float | Limit | Other) -> Compare:
    """The fact is less."""
    return Compare(fact, "below", than)


def every(*parts: Condition) -> All:
    """All parts hold."""
    return All(parts)


def some(*parts: Condition) -> Some:
    """A part holds."""
    return Some(parts)


def judge(condition: Condition, facts: Facts, limits: Mapping[str, float]) -> Judged:
    """Whether it holds; None where it turns on what is unknown."""
    if isinstance(condition, Compare):
        return _compare(condition, facts, limits)
    parts = [judge(part, facts, limits) for part in condition.parts]
    truths = [part.truth for part in parts]
    deciding = isinstance(condition, Some)
    truth: Truth = deciding if deciding in truths else (None if None in truths else not deciding)
    because = tuple(compare for part in parts if part.truth == truth for compare in part.because)
    missing = tuple(dict.fromkeys(name for part in parts if part.truth is None for name in part.missing))
    return Judged(truth, because, missing if truth is None else ())


def _compare(condition: Compare, facts: Facts, limits: Mapping[str, float]) -> Judged:
    value, than = facts.value(condition.fact), bound(condition, facts, limits)
    names = [condition.fact, *([condition.than.fact] if isinstance(condition.than, Other) else [])]
    if value is None or than is None:
        return Judged(None, (), tuple(name for name in names if name not in facts))
    if condition.operator in ("is", "is not"):
        return Judged((value == than) == (condition.operator == "is"), (condition,), ())
    if isinstance(value, str) or isinstance(than, str):
        raise TypeError(f"{condition.fact} is a word and has no size")
    return Judged((value >= than) == (condition.operator == "at least"), (condition,), ())


def bound(condition: Compare, facts: Facts, limits: Mapping[str, float]) -> Value | None:
    """What the fact is compared with; None where that is an unknown fact."""
    if isinstance(condition.than, Limit):
        return limits[condition.than.name]
    return facts.value(condition.than.fact) if isinstance(condition.than, Other) else condition.than


def words(condition: Condition, limits: Mapping[str, float]) -> str:
    """The condition as a sentence part, with the values of its thresholds."""
    if isinstance(condition, Compare):
        return _words(condition, limits)
    if not condition.parts:
        return "always"
    joint = "; and " if isinstance(condition, All) else "; or "
    inner = [words(part, limits) for part in condition.parts]
    return joint.join(f"({t})" if isinstance(p, All | Some) else t for p, t in zip(condition.parts, inner, strict=True))


def _words(condition: Compare, limits: Mapping[str, float]) -> str:
    kind, than = FACTS[condition.fact], condition.than
    if isinstance(than, bool):
        yes = than == (condition.operator == "is")
        return kind.words if yes else f"not: {kind.words}"
    if isinstance(than, Limit):
        shown = show(kind.unit, limits[than.name])
    else:
        shown = FACTS[than.fact].words if isinstance(than, Other) else show(kind.unit, than)
    verb = {"is": "is", "is not": "is not", "at least": "at least", "below": "less than"}[condition.operator]
    return f"{kind.words}: {shown}" if verb == "is" else f"{kind.words}: {verb} {shown}"


def facts_of(condition: Condition) -> tuple[str, ...]:
    """Names of all facts that a condition may look at."""
    if isinstance(condition, Compare):
        return (condition.fact, *([condition.than.fact] if isinstance(condition.than, Other) else []))
    return tuple(dict.fromkeys(name for part in condition.parts for name in facts_of(part)))


def limits_of(condition: Condition) -> tuple[str, ...]:
    """Names of all thresholds that a condition may look at."""
    if isinstance(condition, Compare):
        return (condition.than.name,) if isinstance(condition.than, Limit) else ()
    return tuple(dict.fromkeys(name for part in condition.parts for name in limits_of(part)))
