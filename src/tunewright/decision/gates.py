"""Conditions that follow from the scores themselves, without which nothing can be judged.

Missing scores, unequal tuning budgets, too few cases, nothing to compare with. Leaks, dead adapters and unfit judges
are judged elsewhere and arrive as ``DecisionInputs.gates``. Called by ``verdict.decide``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.compare import Pair, level_of
from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.wording import count, names, percent
from tunewright.records.verdict import Gate, Headline

MISSING_SHARE = 0.01  # of the cases, in either system of a pair
MISSING_DIFFERENCE = 0.005  # between the two systems of a pair
FORGIVEN_FROM = 50  # cases from which one missing score is forgiven whatever its share


def score_gates(pairs: Sequence[Pair], inputs: DecisionInputs) -> list[Gate]:
    """All gates of this file; ``pairs`` are the comparisons that the headline rests on."""
    gates = [_missing(pairs, inputs)]
    if inputs.candidate is not None:
        candidate = inputs.system(inputs.candidate)
        gates += [_baselines(inputs), _budgets(candidate, inputs.references), _enough(pairs, inputs)]
    return gates


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a candidate that wins does not ship, with the headline that it gets in the place of SHIP_FINE_TUNE."""

    headline: Headline
    text: str


def guard_stop(inputs: DecisionInputs) -> Stop | None:
    """What was measured beside the job and forbids shipping the candidate; None where nothing does.

    A guard that is unproven or was not checked stops nothing, unless the project requires that they be measured and
    none was.
    """
    broken = [guard for guard in inputs.guards if guard.blocks and guard.result == "broken"]
    if broken:
        first = broken[0]
        figures = ""
        if first.score is not None and first.reference is not None:
            figures = f" ({percent(first.score)} against {percent(first.reference)} of {first.against})"
        more = f", and {count(len(broken) - 1, 'more guard')}" if len(broken) > 1 else ""
        return Stop(
            "KEEP_SIMPLER", f"Don't use {inputs.candidate}: it wins on the job, but breaks {first.name}{figures}{more}."
        )
    if inputs.guards_required and not any(guard.result != "not-checked" for guard in inputs.guards):
        text = (
            f"Not proven: {inputs.candidate} wins on the job, but what else must not break was not measured, and this "
            f"project requires it: tunewright guard --system {inputs.candidate}"
        )
        return Stop("NOT_PROVEN", text)
    return None


def _missing(pairs: Sequence[Pair], inputs: DecisionInputs) -> Gate:
    """At most 1 % of cases without both scores, and at most half a point more missing for one than for the other.

    With 50 to 199 cases one missing score is allowed, though it may be more than that; below 50 none is, since
    one case then moves the result by more than most gains worth having. Answers recorded elsewhere may cover a part of
    the cases of a run: the comparison is then on what both have, and only what the other one lacks of that counts.
    """
    short: dict[str, str] = {}
    for pair in pairs:
        asked = _asked(pair, inputs)
        cases = int(np.count_nonzero(asked))
        missing = {s.name: int(np.count_nonzero(np.isnan(s.scores[asked]))) for s in (pair.first, pair.second)}
        either = cases - len(pair.gains)
        forgiven = 1 if cases >= FORGIVEN_FROM else 0
        too_many = either > max(forgiven, int(MISSING_SHARE * cases + 1e-9))
        uneven = max(missing.values()) - min(missing.values()) > max(forgiven, int(MISSING_DIFFERENCE * cases + 1e-9))
        if too_many or uneven:
            short |= {name: f"{name} {lost:,} of {cases:,}" for name, lost in missing.items() if lost}
    if not short:
        return Gate(name="missing-scores", passed=True, text="Nearly every case has an answer from every system.")
    text = (
        f"Too many cases have no score: {names(list(short.values()))}. Run again: only what is missing is asked anew."
    )
    return Gate(name="missing-scores", passed=False, text=text)


def _asked(pair: Pair, inputs: DecisionInputs) -> NDArray[np.bool_]:
    """The cases that both were asked: all, but for those that a recording does not cover."""
    asked = np.ones(len(pair.first.scores), dtype=bool)
    if inputs.regime != "answers":
        for system in (pair.first, pair.second):
            if not system.own:
                asked &= ~np.isnan(system.scores)
    return asked


def _baselines(inputs: DecisionInputs) -> Gate:
    if inputs.references:
        return Gate(name="baselines", passed=True, text=f"{count(len(inputs.references), 'simpler system')} to beat.")
    text = "No simpler system was scored, so there is nothing to beat. Add at least one, such as tfidf."
    return Gate(name="baselines", passed=False, text=text)


def _budgets(candidate: SystemScores, references: Sequence[SystemScores]) -> Gate:
    """A baseline is fair when it had as many scored validation passes as the candidate spent, or exhausted its grid."""
    known = [s for s in references if s.own and s.declared_budget is not None]
    starved = [s for s in known if s.spent_budget < candidate.spent_budget and not s.exhausted]
    unknown = [s.name for s in references if s not in known]
    if candidate.own and starved:
        spent = ", ".join(f"{s.name} {s.spent_budget}" for s in starved)
        text = (
            f"Unequal tuning: {candidate.name} was scored on validation {count(candidate.spent_budget, 'time')}, "
            f"but {spent}. Give them the same budget."
        )
        return Gate(name="tuning-budgets", passed=False, text=text)
    text = f"No simpler system was tuned less than {candidate.name}."
    if unknown:
        text = f"Where tuning is known, no simpler system had less of it. Unknown for {names(unknown)}."
    return Gate(name="tuning-budgets", passed=True, text=text)


def _enough(pairs: Sequence[Pair], inputs: DecisionInputs) -> Gate:
    """Whether any outcome at all could pass the test: n wins of n give p = 2^-n."""
    alpha = level_of(inputs)
    units = min((_units(p) for p in pairs), default=0)
    least = int(np.ceil(-np.log2(alpha)))
    what = "group" if any(p.groups is not None for p in pairs) else "case"
    if units >= least or not pairs:
        return Gate(name="enough-cases", passed=True, text=f"{count(units, what)} can prove a large enough gain.")
    text = f"Only {count(units, what)}: even winning all of them proves nothing. At least {least} are needed."
    return Gate(name="enough-cases", passed=False, text=text)


def _units(pair: Pair) -> int:
    return len(pair.gains) if pair.groups is None else len(np.unique(pair.groups))
