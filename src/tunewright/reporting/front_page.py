"""What the first page says to the person who decides: the answer, what it rests on, what it costs, what comes next.

A view: a ``Verdict`` goes in, finished words come out, in the order of reading. No statistics words and no p-values;
those are in ``evidence``. The report's templates show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tunewright.decision.plan import round_up
from tunewright.decision.wholesale import failure_lines
from tunewright.records.guard import GuardResult
from tunewright.records.verdict import Headline, Paired, Regime, SystemResult, Verdict
from tunewright.reporting import words
from tunewright.reporting.lookup import (
    against_baseline,
    against_today,
    failed_gates,
    on_validation,
    right_or_wrong,
    shown_score,
    system_named,
)

Tone = Literal["ship", "keep", "open", "stop", "look"]
_TONES: dict[Headline, tuple[Tone, str]] = {
    "SHIP_FINE_TUNE": ("ship", "Use the fine-tuned model"),
    "KEEP_SIMPLER": ("keep", "A clear answer: keep the simpler system"),
    "NOT_PROVEN": ("open", "Not proven either way"),
    "CANNOT_JUDGE": ("stop", "Stop: nothing can be judged yet"),
}
_UNSEEN: dict[Regime, str] = {
    "locked": "kept apart from learning and choosing",
    "cross-fitted": "each answered by a copy that had not seen it",
    "answers": "answered by every system compared",
}
_GUARD_WORDS: dict[GuardResult, str] = {
    "broken": "broken",
    "unproven": "not proven",
    "holds": "holds",
    "not-checked": "not checked",
}
_TARGET_WORDS = {"met": "Met", "missed": "Missed", "unprovable": "Unproven"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the large figures under the headline."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of systems fixes and breaks; ``counts`` is None where scores are not just right or wrong."""

    text: str
    counts: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One line of the table of monthly cost."""

    system: str
    role: str
    running: str
    wrong_answers: str
    wrong_usd: str
    whole: str
    whole_range: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One system of the comparison, with its score or the reason why it has none."""

    name: str
    score: str
    reason: str


@dataclass(frozen=True, slots=True)
class GuardLine:
    """One thing that must not break: its name, what came of it in a word, and the sentence."""

    name: str
    result: GuardResult
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The first page in the order of reading. Empty strings and lists are left out by the template."""

    tone: Tone
    label: str
    headline: str
    today: str
    use_tag: str
    use: str
    problems: list[str]
    facts: list[Fact]
    provable: list[str]
    rests_on: list[str]
    changes: list[Change]
    money: list[MoneyRow]
    money_basis: str
    saving: str
    target: str
    tried: list[Tried]
    not_tried: list[str]
    guards: list[GuardLine]
    next_step: str
    review: str


def front_page(verdict: Verdict) -> FrontPage:
    """The words of the first page."""
    tone, label = _tone(verdict)
    stopped = verdict.headline == "CANNOT_JUDGE"
    chosen = system_named(verdict, verdict.use.system)
    return FrontPage(
        tone=tone,
        label=label,
        headline=verdict.headline_text or verdict.use.text,
        today=verdict.today_text,
        use_tag="From now on" if tone in ("ship", "keep") else "For now",
        use=verdict.use.text if verdict.headline_text not in ("", verdict.use.text) else "",
        problems=[gate.text for gate in failed_gates(verdict) if gate.text not in verdict.headline_text],
        facts=[] if stopped else _facts(verdict, chosen),
        provable=provable_lines(verdict) if verdict.headline is None else [],
        rests_on=_rests_on(verdict),
        changes=[] if stopped else _changes(verdict),
        money=[] if stopped else _money(verdict),
        money_basis=chosen.cost.basis if chosen and not stopped else "",
        saving="" if stopped else _saving(verdict),
        target=verdict.target.text if verdict.target else "",
        tried=[_tried(verdict, system, stopped) for system in verdict.systems],
        not_tried=not_tried_lines(verdict),
        guards=guard_lines(verdict),
        next_step=verdict.next_step,
        review=verdict.review,
    )


def provable_lines(verdict: Verdict) -> list[str]:
    """What these cases could prove, and how many would be enough; sentences, possibly none."""
    lines = []
    gain = verdict.smallest_provable_gain
    if gain is not None and words.present(gain):
        cases = words.counted(verdict.test_set.n, "case")
        lines.append(f"The smallest gain that {cases} can show is about {words.set_points(gain)}.")
    if verdict.needed_cases is not None:
        worth = words.set_points(verdict.min_improvement)
        cases = words.counted(round_up(verdict.needed_cases), "case")
        lines.append(f"To show the smallest gain worth paying for ({worth}), about {cases} are needed.")
    return lines


def volume_words(verdict: Verdict) -> str:
    """What costs a month are for; a guess is called one. Empty where the verdict does not say."""
    if verdict.volume_per_day is None:
        return ""
    volume = f"at {verdict.volume_per_day:,.6g} answers a day"
    return volume if verdict.volume_stated else f"{volume}, which is a guess: nobody said how many"


def score_name(verdict: Verdict) -> str:
    """``Right answers`` where every case is right or wrong, else ``Score``; a judge's marks are the judge's rate."""
    if verdict.judging is not None:
        return "The judge's rate"
    return "Right answers" if right_or_wrong(verdict) else "Score"


def guard_lines(verdict: Verdict) -> list[GuardLine]:
    """What was measured beside the job, broken first; what was not checked is left to ``not_tried``."""
    order = list(_GUARD_WORDS)
    measured = [guard for guard in verdict.guards if guard.result != "not-checked"]
    return [
        GuardLine(
            guard.name, guard.result, _GUARD_WORDS[guard.result] + ("" if guard.blocks else ", advice"), guard.text
        )
        for guard in sorted(measured, key=lambda guard: (order.index(guard.result), not guard.blocks))
    ]


def _tone(verdict: Verdict) -> tuple[Tone, str]:
    if verdict.headline == "SHIP_FINE_TUNE" and verdict.test_set.regime == "answers":
        return "ship", "Use the new system"
    if verdict.headline is not None:
        return _TONES[verdict.headline]
    if verdict.stage == "explore":
        return "look", "A first look: no verdict yet"
    return "look" if verdict.use.system is None else "keep", "A comparison without a fine-tuned model"


def _facts(verdict: Verdict, chosen: SystemResult | None) -> list[Fact]:
    facts = []
    today = system_named(verdict, verdict.incumbent)
    beside = today if today and chosen and today.name != chosen.name else None
    if chosen:
        score = shown_score(verdict, chosen)
        label = score_name(verdict) + (", on validation cases" if on_validation(verdict) else "")
        detail = f"{chosen.name}; very likely {words.percent_range(score.interval, score.n)}"
        if not score.interval:
            detail = f"{chosen.name}"
        if beside:
            other = shown_score(verdict, beside)
            detail += f"; today {words.percent(other.share, other.n)}"
        facts.append(Fact(label, words.percent(score.share, score.n), detail))
        facts.append(_cost_fact(chosen, beside))
    if verdict.target:
        needed = words.set_percent(verdict.target.at_least)
        facts.append(Fact(f"Your target: {needed}", _TARGET_WORDS[verdict.target.result], verdict.target.text))
    facts.append(_cases_fact(verdict))
    return facts


def _cost_fact(chosen: SystemResult, beside: SystemResult | None) -> Fact:
    """The whole cost where a wrong answer has a price, else what running costs."""
    whole = words.whole_usd(chosen.cost)
    if whole is None:
        running = words.usd(chosen.cost.usd_per_month)
        today = f"; today {words.usd(beside.cost.usd_per_month)}" if beside else ""
        return Fact("Running cost a month", running[0].upper() + running[1:], chosen.name + today)
    cost_range = words.whole_usd_range(chosen.cost)
    parts = [f"very likely {cost_range}"] if cost_range else []
    if beside:
        parts.append(f"today {words.usd(words.whole_usd(beside.cost))}")
    return Fact("Cost a month with errors", words.usd(whole), "; ".join(parts))


def _cases_fact(verdict: Verdict) -> Fact:
    if on_validation(verdict):
        cases = words.counted(verdict.test_set.n, "test case")
        return Fact("Cases looked at", words.count(verdict.data.validation), f"for validation; {cases} still closed")
    groups = verdict.test_set.groups
    detail = _UNSEEN[verdict.test_set.regime]
    if groups is not None:
        detail = f"in {words.counted(groups, 'group')}; {detail}"
    return Fact("Cases that decided", words.count(verdict.test_set.n), detail)


def cases_sentence(verdict: Verdict) -> str:
    """What the claim is about, with the number of cases and of groups once each."""
    test = verdict.test_set
    sentence = test.text if str(test.n) in test.text else f"{words.counted(test.n, 'case')}. {test.text}"
    if test.groups is not None:
        sentence += f" The cases stand in {words.counted(test.groups, 'group')}."
    return sentence.strip()


def not_tried_lines(verdict: Verdict) -> list[str]:
    """What was not tried, without the unavailable systems, which are shown with their reasons."""
    absent = tuple(f"{system.name}:" for system in verdict.systems if not system.available)
    return [line for line in verdict.not_tried if not line.startswith(absent)]


def _rests_on(verdict: Verdict) -> list[str]:
    lines = [cases_sentence(verdict), *failure_lines(verdict.wholesale_failures)]
    if verdict.recipe is not None:
        lines.append(verdict.recipe.text)
    missing = [system for system in verdict.systems if system.available and system.missing]
    if missing:
        parts = [f"{system.name} {words.counted(system.missing, 'case')}" for system in missing]
        lines.append(f"Not answered for reasons outside the system, and not counted as wrong: {words.joined(parts)}.")
    return lines


def _changes(verdict: Verdict) -> list[Change]:
    changes, shown = [], set()
    for name in (verdict.use.system, verdict.candidate):
        paired = against_today(verdict, name)
        if paired and name and name not in shown:
            shown.add(name)
            changes.append(_change(name, f"what you use today ({verdict.incumbent})", paired))
    hardest = against_baseline(verdict, verdict.binding)
    if hardest and verdict.candidate and hardest.system != verdict.incumbent:
        changes.append(_change(verdict.candidate, f"the strongest simpler system ({hardest.system})", hardest))
    return changes


def _change(name: str, other: str, paired: Paired) -> Change:
    cases = words.counted(paired.n, "case")
    if paired.fixed is None or paired.broken is None:
        gain, interval = words.points(paired.delta, paired.n), words.points_range(paired.interval, paired.n)
        return Change(f"{name} against {other}: {gain} (very likely {interval}) on {cases}.", None)
    text = (
        f"{name} against {other}: fixes {words.count(paired.fixed)} and breaks {words.count(paired.broken)} of {cases}."
    )
    return Change(text, (paired.fixed, paired.broken))


def _money(verdict: Verdict) -> list[MoneyRow]:
    """Today's, the recommended and the fine-tuned system; empty when nothing about money is known."""
    rows, shown = [], set()
    roles = (
        (verdict.incumbent, "today"),
        (verdict.use.system, "recommended"),
        (verdict.candidate, "candidate" if verdict.test_set.regime == "answers" else "fine-tuned"),
    )
    for name, role in roles:
        system = system_named(verdict, name)
        if system is None or system.name in shown:
            continue
        shown.add(system.name)
        cost = system.cost
        both = name == verdict.use.system and role == "today"
        rows.append(
            MoneyRow(
                system.name,
                "today, and recommended" if both else role,
                words.usd(cost.usd_per_month),
                words.about(cost.wrong_answers_per_month),
                words.usd(cost.wrong_answers_usd_per_month),
                words.usd(words.whole_usd(cost)),
                words.whole_usd_range(cost),
            )
        )
    known = any((row.running, row.wrong_usd) != (words.UNPRICED, words.UNPRICED) for row in rows)
    return rows if known else []


def _saving(verdict: Verdict) -> str:
    paired = against_today(verdict, verdict.use.system)
    if paired is None or paired.saves_usd_per_month is None or not words.present(paired.saves_usd_per_month):
        return ""
    amount = paired.saves_usd_per_month
    if amount == 0:
        return f"Running {paired.system} costs the same as what you use today."
    more = " less" if amount > 0 else " more"
    return f"Running {paired.system} costs {words.usd(abs(amount))} a month{more} than what you use today."


def _tried(verdict: Verdict, system: SystemResult, stopped: bool) -> Tried:
    if not system.available:
        return Tried(system.name, "not available", system.reason or "no reason was recorded")
    if stopped:
        return Tried(system.name, "not judged", "")
    score = shown_score(verdict, system)
    return Tried(system.name, words.percent(score.share, score.n), "")
