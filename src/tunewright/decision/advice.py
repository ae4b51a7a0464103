"""What to try, in order: the decision table read from top to bottom on what is known.

A lever is decided by the first rule that says "do", "not yet" or "no" about it; "worth trying" holds where no rule
forbids. A rule that turns on an unknown fact says nothing and names the fact. Pure; called by
``workflow.advising.advise``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.decision.advice_conditions import Compare, Judged, Limit, Other, bound, facts_of, judge
from tunewright.decision.advice_derive import derived
from tunewright.decision.advice_facts import DEFAULTS, FACTS, Fact, Facts, show
from tunewright.decision.advice_rule import LEVERS, Lever, Rule, Says, Stance, Words
from tunewright.decision.table import LIMITS, TABLE

ORDER: tuple[Stance, ...] = ("do", "try", "hold", "no")
HERE = Words()
# Facts that only a run gives: said last, and once.
# Rows of the table that call a fine-tune a candidate.
IN_FAVOUR = ("11", "12")
BY_RUN = frozenset({"headline", "prompt_compared", "classical_as_good", "target_met", "gates_hold"})
HEADLINES: Mapping[Stance, str] = {
    "do": "Use the fine-tune.",
    "try": "A fine-tune is worth comparing with everything simpler.",
    "hold": "Do not fine-tune yet.",
    "no": "Do not fine-tune.",
}


@dataclass(frozen=True, slots=True)
class Number:
    """One comparison that made a rule fire, in words."""

    fact: Fact
    than: str
    limit: str | None

    @property
    def text(self) -> str:
        """ "answers a day: 4 (you said); the rule: less than 10 (small_volume)"."""
        said = f"{FACTS[self.fact.name].words}: {self.fact.shown} ({self.fact.where})"
        if isinstance(self.fact.value, bool | str):
            return said
        return f"{said}; the rule: {self.than}{f' ({self.limit})' if self.limit else ''}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said about one lever: by which rule, on which numbers, and what comes next."""

    lever: Lever
    stance: Stance
    text: str
    rule: Rule
    numbers: tuple[Number, ...]
    would_change: str
    command: str
    also: tuple[Rule, ...]

    @property
    def title(self) -> str:
        return LEVERS[self.lever]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that rules wait for."""

    name: str
    rules: tuple[Rule, ...]
    find_out: str

    @property
    def text(self) -> str:
        return f"{FACTS[self.name].words}: {self.find_out}"


@dataclass(frozen=True, slots=True)
class Advice:
    """The whole answer."""

    headline: str
    entries: tuple[Entry, ...]
    unknown: tuple[Unknown, ...]
    facts: Facts
    limits: Mapping[str, float]

    def of(self, lever: Lever) -> Entry | None:
        """What is said about a lever."""
        return next((entry for entry in self.entries if entry.lever == lever), None)


def advise(
    facts: Facts, words: Words = HERE, own_limits: Mapping[str, float] | None = None, table: Sequence[Rule] = TABLE
) -> Advice:
    """Read the table.

    Args:
        facts: what is known.
        words: how commands name the data and the folder.
        own_limits: thresholds of the person, by name; the others keep their default.
    """
    limits = {**LIMITS, **(own_limits or {})}
    facts = derived(facts, limits)
    judged = [(rule, judge(rule.condition, facts, limits)) for rule in table]
    fired = [(rule, found) for rule, found in judged if found.truth]
    texts = _Texts(facts, limits, words)
    entries = [entry for lever in LEVERS if (entry := _decide(lever, fired, texts)) is not None]
    place = {rule.id: number for number, rule in enumerate(table)}
    # Fine-tuning stands in front when it has won, and otherwise behind all that comes before it.
    entries.sort(key=lambda e: (ORDER.index(e.stance), _tuning_place(e), place[e.rule.id]))
    unknown = _unknown(judged, {e.lever: e for e in entries}, words)
    return Advice(_headline(entries, judged), tuple(entries), unknown, facts, limits)


def _headline(entries: Sequence[Entry], judged: Sequence[tuple[Rule, Judged]]) -> str:
    """Whether to fine-tune, why, and what comes first; where nothing is known, what would tell."""
    tuning = next((entry for entry in entries if entry.lever == "fine_tune"), None)
    if tuning is None:
        return ""
    said = f"{HEADLINES[tuning.stance]} {tuning.text}"
    if not facts_of(tuning.rule.condition) and (waits := _waits_for(judged)):
        said += f" What would tell: {'; '.join(FACTS[name].words for name in waits[:3])}."
    first = entries[0]
    return said if first.lever == "fine_tune" or first.stance != "do" else f"{said} First: {_lower(first.title)}."


def _waits_for(judged: Sequence[tuple[Rule, Judged]]) -> tuple[str, ...]:
    """What the rule in favour of a fine-tune with the fewest open questions waits for."""
    open_ = [
        found.missing
        for rule, found in judged
        if found.truth is None
        and rule.row in IN_FAVOUR
        and any(says.lever == "fine_tune" and says.stance == "try" for says in rule.says)
    ]
    return min(open_, key=len, default=())


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _tuning_place(entry: Entry) -> int:
    if entry.lever != "fine_tune":
        return 0
    return -1 if entry.stance == "do" else 1


def _decide(lever: Lever, fired: Sequence[tuple[Rule, Judged]], texts: _Texts) -> Entry | None:
    """The first rule that decides; else the first that says "worth trying". The rule that always holds comes last."""
    said = [(rule, found, says) for rule, found in fired for says in rule.says if says.lever == lever]
    if not said:
        return None
    firm = [one for one in said if one[2].stance != "try" and one[1].because]
    loose = [one for one in said if one[2].stance == "try"]
    rule, found, says = (firm or loose or said)[0]
    also = tuple(other for other, judged, _ in said if other is not rule and judged.because)
    return texts.entry(rule, found, says, also)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Fills texts with what is known."""

    facts: Facts
    limits: Mapping[str, float]
    words: Words

    def entry(self, rule: Rule, found: Judged, says: Says, also: tuple[Rule, ...]) -> Entry:
        return Entry(
            says.lever,
            says.stance,
            self.filled(says.text),
            rule,
            tuple(self.number(compare) for compare in found.because if not self.is_default(compare)),
            self.filled(rule.would_change),
            self.words.command(says.command),
            also,
        )

    def is_default(self, compare: Compare) -> bool:
        """Whether it only says that there was no run to the contrary, which is no reason."""
        return compare.fact in DEFAULTS and self.facts.value(compare.fact) is False

    def filled(self, text: str) -> str:
        values = {name: _limit_shown(name, value) for name, value in self.limits.items()}
        for name in FACTS:
            fact = self.facts.known.get(name)
            values[name] = "an unknown number" if fact is None else _spoken(fact)
        return text.format_map(values)

    def number(self, compare: Compare) -> Number:
        fact, than = self.facts.known[compare.fact], bound(compare, self.facts, self.limits)
        assert than is not None
        shown = show(FACTS[compare.fact].unit, than)
        limit = compare.than.name if isinstance(compare.than, Limit) else None
        if isinstance(compare.than, Other):
            shown = f"{shown}, {FACTS[compare.than.fact].words}"
        verb = {"is": "is", "is not": "is not", "at least": "at least", "below": "less than"}
        return Number(fact, f"{verb[compare.operator]} {shown}", limit)


def _spoken(fact: Fact) -> str:
    """A fact inside a sentence; a rough number looks like one."""
    value = fact.value
    if isinstance(value, float) and not isinstance(value, bool) and math.isinf(value):
        return "no volume"
    if fact.name == "needed_cases" and isinstance(value, float):
        from tunewright.decision.plan import round_up

        return f"{round_up(int(value)):,}"
    return fact.shown


def _limit_shown(name: str, value: float) -> str:
    if name.endswith("_share") or name == "least_recall":
        return show("share", value)
    if name.endswith("_days"):
        return show("days", value)
    return show("number", value)


def _unknown(
    judged: Sequence[tuple[Rule, Judged]], decided: Mapping[Lever, Entry], words: Words
) -> tuple[Unknown, ...]:
    """Facts that silent rules wait for: first those that alone decide a rule, then by how many rules wait."""
    alone: set[str] = set()
    waiting: dict[str, list[Rule]] = {}
    for rule, found in judged:
        open_ = [s for s in rule.says if s.lever not in decided or decided[s.lever].rule is not rule]
        if found.truth is None and open_:
            alone.update(found.missing if len(found.missing) == 1 else ())
            for name in found.missing:
                waiting.setdefault(name, []).append(rule)
    order = {name: number for number, name in enumerate(waiting)}
    first = _waits_for(judged)
    names = sorted(
        waiting,
        key=lambda name: (name in BY_RUN, name not in first, name not in alone, -len(waiting[name]), order[name]),
    )
    return tuple(Unknown(name, tuple(waiting[name]), words.command(FACTS[name].find_out)) for name in names)


def as_dict(advice: Advice) -> dict[str, object]:
    """For ``--json``: facts with their origin, the ordered list, and what is not known."""
    return {
        "headline": advice.headline,
        "fine_tune": next((e.stance for e in advice.entries if e.lever == "fine_tune"), None),
        "advice": [_entry_dict(entry) for entry in advice.entries],
        "unknown": [
            {
                "fact": one.name,
                "words": FACTS[one.name].words,
                "find_out": one.find_out,
                "rules": [rule.id for rule in one.rules],
            }
            for one in advice.unknown
        ],
        "facts": {name: _fact_dict(fact) for name, fact in sorted(advice.facts.known.items())},
        "limits": dict(advice.limits),
    }


def _entry_dict(entry: Entry) -> dict[str, object]:
    return {
        "lever": entry.lever,
        "title": entry.title,
        "stance": entry.stance,
        "text": entry.text,
        "rule": entry.rule.id,
        "rule_title": entry.rule.title,
        "numbers": [
            {"fact": n.fact.name, **_fact_dict(n.fact), "compared_with": n.than, "limit": n.limit}
            for n in entry.numbers
        ],
        "would_change": entry.would_change,
        "command": entry.command,
        "source": entry.rule.source,
        "also": [rule.id for rule in entry.also],
    }


def _fact_dict(fact: Fact) -> dict[str, object]:
    value = fact.value
    finite = not isinstance(value, float) or math.isfinite(value)
    found: dict[str, object] = {"value": value if finite else None, "from": fact.origin, "where": fact.where}
    if not finite:
        found["note"] = "never"
    if fact.overrules is not None:
        found["overrules"] = {"value": fact.overrules.value, "from": fact.overrules.origin}
    return found
