"""What to use from tomorrow on, and whether something better than today's system exists.

The rule (first that applies): the fine-tune if it ships; else the simplest baseline shown to be within the margin of
every other; else the baseline best on validation if it is shown better than today's system; else today's system; and
without one, the baseline best on validation among those that no other is shown to beat on the cases that decide, which
is then said to be unproven. "Not shown to be worse" is never taken for "as good". Called by ``verdict.decide``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tunewright.decision.compare import Comparison, claim_level, estimate, level_of, pair_up, tested
from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.saving import Between
from tunewright.decision.wording import changes, count, percent, points
from tunewright.records.verdict import Use

# One-sided p below which "probably" is said, and no more than that.
PROBABLE = 0.025
# Digits of a validation score that count when systems are chosen by it.
CHOICE_DIGITS = 9
MOST_LOST = 0.1  # share of cases without an answer


def recommend(inputs: DecisionInputs, between: Between, today: Sequence[Comparison]) -> Use:
    """What to use when the fine-tune does not ship. ``today`` compares every other system with the system of today."""
    usable = [s for s in inputs.references if inputs.within_limits(s.name)]
    shown = _simplest_shown(usable, inputs, between)
    if shown is not None:
        verb = "Keep" if shown.name == inputs.incumbent else "Use"
        text = (
            f"{verb} {shown.name}: it is the simplest system shown to be within {points(inputs.min_improvement)} "
            f"of every other simpler system."
        )
        return Use(system=shown.name, reason="simplest-shown", text=text)
    best = best_on_validation([s for s in usable if s.role == "baseline"])
    if inputs.incumbent is not None:
        better = next((c for c in today if best is not None and c.estimate.first == best.name), None)
        if best is not None and better is not None and better.proves_better(claim_level(inputs)):
            text = f"Use {best.name}: it {changes(better.estimate)} against {inputs.incumbent}, which you use today."
            return Use(system=best.name, reason="better-than-today", text=text)
        text = f"Keep {inputs.incumbent}: no simpler system is shown to be a safe exchange for it."
        return Use(system=inputs.incumbent, reason="incumbent", text=text)
    return _best_not_beaten([s for s in usable if s.role == "baseline"], inputs)


def hold(inputs: DecisionInputs) -> Use:
    """What to use while nothing can be judged: today's system, else the baseline best on validation.

    A system that lost a large part of its answers is named only where all did: what it does is not known.
    """
    if inputs.incumbent is not None:
        text = f"Keep {inputs.incumbent} until this is mended."
        return Use(system=inputs.incumbent, reason="incumbent", text=text)
    usable = [s for s in inputs.references if inputs.within_limits(s.name)]
    answered = [s for s in usable if np.isnan(s.scores).mean() <= MOST_LOST] if inputs.references else []
    return _unproven(best_on_validation(answered or usable))


def best_on_validation(systems: Sequence[SystemScores]) -> SystemScores | None:
    """The highest validation score, the simpler one among equals; without any such score, the mean on these cases."""
    scored = [s for s in systems if s.validation_score is not None]
    if scored:
        return min(scored, key=lambda s: (-for_choice(s.validation_score), s.simplicity, s.name))
    return min(systems, key=lambda s: (-_mean(s), s.simplicity, s.name), default=None)


def for_choice(score: float | None) -> float:
    """A validation score for choosing by: what differs in the last bits alone is equal, and goes to the simpler."""
    return round(score or 0.0, CHOICE_DIGITS)


def today_sentence(inputs: DecisionInputs, use: Use, today: Sequence[Comparison]) -> str:
    """Whether something better than today's system exists. Only one is looked at, so none is picked for its luck."""
    if inputs.incumbent is None:
        return "You named no system that you use today."
    if inputs.scored_incumbent is None:
        return f"{inputs.incumbent}, which you use today, could not be scored here."
    others = [s for s in inputs.systems if s.name != inputs.incumbent]
    best = best_on_validation(others)
    subject = use.system if use.system not in (None, inputs.incumbent) else (best.name if best else None)
    found = next((c for c in today if c.estimate.first == subject), None)
    if found is None:
        return f"Nothing was compared with {inputs.incumbent}, which you use today."
    what = f"it {changes(found.estimate)}"
    if found.proves_better(claim_level(inputs)):
        return f"{subject} is better than {inputs.incumbent}, which you use today: {what}."
    if found.proves_better(level_of(inputs)):
        return (
            f"At a first look {subject} would be shown to be better than {inputs.incumbent}, which you use today; at "
            f"look {inputs.look} at the same cases it is a hint and no proof: {what}."
        )
    if found.estimate.high < 0:
        return f"{subject} is worse than {inputs.incumbent}, which you use today: {what}."
    if inputs.look < 2 and found.p <= PROBABLE and found.estimate.low > -inputs.min_improvement:
        return (
            f"{subject} is probably better than {inputs.incumbent}, which you use today, and surely not more than "
            f"{points(inputs.min_improvement)} worse; that it is better is not proven: {what}."
        )
    return f"{subject} is not shown to be better than {inputs.incumbent}, which you use today: {what}."


def _simplest_shown(usable: Sequence[SystemScores], inputs: DecisionInputs, between: Between) -> SystemScores | None:
    """The simplest of the usable systems whose lower bound against every other reference is above minus the margin."""
    if len(inputs.references) < 2:
        return None
    for system in sorted(usable, key=_simplicity):
        others = [s.name for s in inputs.references if s is not system]
        if all(between.low(system.name, other) > -inputs.min_improvement for other in others):
            return system
    return None


def _simplicity(system: SystemScores) -> tuple[int, float, float, str]:
    """Simplest first; among equals the cheaper, then the better on validation, then by name."""
    price = math.inf if system.usd_per_month is None else system.usd_per_month
    return system.simplicity, price, -for_choice(system.validation_score), system.name


def _best_not_beaten(baselines: Sequence[SystemScores], inputs: DecisionInputs) -> Use:
    """The best on validation of those that no other baseline is shown to beat, every pair of them counted in.

    Whoever is shown to be beaten here is not recommended beside the one that beats it, however it did on validation.
    All pairs are looked at, so each interval is wider (Bonferroni over the pairs): the chance that the truly best
    baseline is left out is at most that of one interval. Among those left validation chooses, as before, for the cases
    that decide must not crown a winner that they also measure.
    """
    best = best_on_validation(baselines)
    pairs = [pair_up(a, b, inputs) for a in baselines for b in baselines if a.name < b.name]
    if best is None or not pairs:
        return _unproven(best)
    both_ways = [*pairs, *(pair_up(p.second, p.first, inputs) for p in pairs)]
    level = level_of(inputs) / len(pairs)
    compared = [
        tested(p, e, inputs.seed, inputs.gate)
        for p, e in zip(both_ways, estimate(both_ways, inputs, 1 / len(pairs)), strict=True)
    ]
    shown = [c.estimate for c in compared if c.proves_better(level)]
    left = best_on_validation([s for s in baselines if s.name not in {e.second for e in shown}])
    if left is None or left is best:
        return _unproven(best)
    why = min((e for e in shown if e.second == best.name), key=lambda e: (e.first != left.name, -e.delta, e.first))
    text = (
        f"Use {left.name} for now, best on validation{_known(left)} of those that no other is shown to beat here; "
        f"against {best.name}, better there{_known(best)}, {why.first} {changes(why)}."
    )
    return Use(system=left.name, reason="best-on-validation", text=text)


def _known(system: SystemScores) -> str:
    return "" if system.validation_score is None else f" ({percent(system.validation_score)})"


def _unproven(best: SystemScores | None) -> Use:
    if best is None:
        return Use(system=None, reason="none", text="No simpler system could be scored, so there is none to name.")
    if best.validation_score is None:
        cases = count(len(best.scores), "case")
        why = f"it scored highest on these {cases} ({percent(_mean(best))}), which proves nothing yet"
    else:
        why = f"it was best on validation ({percent(best.validation_score)}), which these cases do not prove"
    return Use(system=best.name, reason="best-on-validation", text=f"Use {best.name} for now: {why}.")


def _mean(system: SystemScores) -> float:
    present = system.scores[~np.isnan(system.scores)]
    return float(present.mean()) if len(present) else 0.0
