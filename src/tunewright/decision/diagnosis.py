"""The document of a diagnosis: whose errors, what each lever fixes and breaks, what people named, what follows.

Written as ``diagnose.json``, shown by ``reporting.diagnose_page`` and read back by ``advise``. Only shapes and the few
rules on counts that the document itself depends on; measuring is the workflow's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import Field
from scipy.stats import binomtest

from tunewright.decision.failure_modes import BY_ID, MODES
from tunewright.records.base import Interval, Record

VERSION: Final = 1
DOCUMENT: Final = "diagnose.json"
# What goes wrong most is said of so many named errors on (or of all there are), and where chance alone would seldom
# put the first kind so far before the second.
NAMED_FOR_MAIN: Final = 50
LEAST_NAMED: Final = 20
CHANCE: Final = 0.05
# Stands in the place of what goes wrong most where no kind leads: it outranks a guess and fires no rule.
MIXED: Final = "mixed"
Shown = Literal["better", "worse", "open"]


class Effect(Record):
    """What answers instead of the diagnosed system's would change, on the cases that both have a score for."""

    n: int
    errors: int = Field(description="errors of the diagnosed system among them")
    fixed: int
    broken: int = Field(description="right answers that become wrong")
    missing: int = Field(description="cases left out because one of the two has no score")
    fixed_share: Interval = Field(description="95 % interval of the share of errors that are fixed")
    gain: float = Field(description="change of the mean score")
    interval: Interval = Field(description="95 % interval of the gain, paired, by groups where there are some")
    shown: Shown = Field(description="whether the gain differs from 0 with all that was tried allowed for (Bonferroni)")


class SystemLine(Record):
    """One system of the project on the same cases."""

    name: str
    kind: str
    score: float | None
    errors: int
    reason: str | None = Field(description="why it could not run")
    effect: Effect | None


class Lever(Record):
    """One intervention; ``effect`` is null where it could not run, or where only a person can say what is fixed."""

    id: str
    title: str
    what: str = Field(description="what was changed, and in which system")
    reason: str | None = Field(description="why it could not run, and what to do")
    effect: Effect | None
    own: Effect | None = Field(None, description="against the system that was changed, where that is another one")
    flagged: int | None = Field(None, description="errors that are pointed out and not counted as fixed")
    notes: list[str] = Field(default_factory=list)


class Signal(Record):
    """What can be told of errors without a person."""

    name: str
    count: int
    of: int
    share: float | None
    interval: Interval | None
    text: str


class ModeShare(Record):
    """One failure mode among the errors that somebody named."""

    mode: str
    title: str
    n: int
    share: float | None
    interval: Interval | None


class ModeFixes(Record):
    """Who fixes errors of one mode: per system or lever, how many of the named ones."""

    mode: str
    n: int
    fixed: dict[str, int]


class Tags(Record):
    """What people named: of a random sample of the errors, in a fixed order."""

    errors: int
    sample: int
    named: int
    skipped: int
    outside: int = Field(description="named, but not of the sample: not counted")
    by: dict[str, int]
    twice: int = Field(description="errors that two people named")
    agreed: int = Field(description="of these, named alike")
    blind: int = Field(description="named without the guess in sight, where there was one")
    blind_agreed: int = Field(description="of these, named as guessed")
    shares: list[ModeShare]
    fixes: list[ModeFixes]


class ErrorCase(Record):
    """One error; texts are left out with ``--no-texts``."""

    row: str
    source: str
    text: str | None
    target: str | None
    answer: str | None
    detail: str
    signals: list[str]
    named: str | None
    note: str
    fixed_by: list[str]


class Diagnosis(Record):
    """The whole document."""

    version: int = VERSION
    created: str
    command: str
    task: str
    data: str = Field(description="digest of the rows")
    settings: str = Field(description="digest of the settings")
    system: str
    chosen: str = Field(description="why this system")
    regime: str
    where: str = Field(description="on which answers this was measured")
    n: int
    score: float
    interval: Interval
    errors: int
    missing: int
    error_is: str = Field(description="what counts as an error")
    nobody: int = Field(description="errors that no system and no lever fixes")
    tried: int = Field(description="systems and levers that were measured")
    systems: list[SystemLine]
    levers: list[Lever]
    signals: list[Signal]
    tags: Tags
    facts: dict[str, float | str]
    next_step: str
    notes: list[str]
    cases: list[ErrorCase]


def facts_of(tags: Tags, signals: Mapping[str, Signal]) -> dict[str, float | str]:
    """What ``advise`` reads: shares of the named errors, else what can be told without a person; nothing is guessed.

    Shares of a few named errors are given too: the decision table itself asks for enough of them. Without any, the form
    alone is known, as the share of errors whose content is right. Suspected labels are no share of wrong ones.
    """
    facts: dict[str, float | str] = {}
    if tags.named:
        facts["errors_tagged"] = float(tags.named)
        known = [(BY_ID[one.mode].fact, one.share) for one in tags.shares]
        facts |= {fact: share for fact, share in known if fact and share is not None}
    else:
        for name, fact in (("form", "share_format"), ("passage_missed", "share_retrieval")):
            share = signals[name].share if name in signals else None
            if share is not None:
                facts[fact] = share
    recall = signals.get("recall")
    if recall is not None and recall.share is not None:
        facts["recall"] = recall.share
    main = main_failure(tags)
    if main is not None:
        facts["main_failure"] = main
    return facts


def main_failure(tags: Tags) -> str | None:
    """What goes wrong most: the leading mode, ``mixed`` where none leads beyond chance, None where too few were named.

    The lead is tested as a sign test between the two commonest modes, one-sided at 5 %.
    """
    enough = tags.named >= NAMED_FOR_MAIN or (tags.named >= LEAST_NAMED and tags.named == tags.errors)
    if not enough:
        return None
    first, second = sorted(tags.shares, key=lambda one: -one.n)[:2]
    if binomtest(first.n, first.n + second.n, 0.5, alternative="greater").pvalue > CHANCE:
        return MIXED
    return BY_ID[first.mode].main or MIXED


def empty_shares() -> list[ModeShare]:
    """No error was named: every mode is unknown, none is 0."""
    return [ModeShare(mode=m.id, title=m.title, n=0, share=None, interval=None) for m in MODES]


def shown_as(interval_of_all: Sequence[float]) -> Shown:
    """What an interval that allows for all that was tried says."""
    low, high = interval_of_all
    return "better" if low > 0 else "worse" if high < 0 else "open"
