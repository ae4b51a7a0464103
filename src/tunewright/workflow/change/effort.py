"""Minutes and dollars until a system works again: labelling, fitting, a person's own edit, and what is billed.

Training is billed by started hours of the machine, as in the account of a run. What a person must write (a rule, a
prompt of one's own) cannot be measured: its minutes are those that were stated, else unknown, and never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.decision.upkeep import Effort, label_time
from tunewright.prices.machines import machine_price
from tunewright.prices.own_costs import read_own_costs
from tunewright.records.change import ChangeEffort
from tunewright.workflow.change.trials import AS_WRITTEN, Answered
from tunewright.workflow.costing.cost_facts import Labelling, labelling_of
from tunewright.workflow.costing.costs import effort_of
from tunewright.workflow.costing.spending import per_answer
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Study

OWN_PROMPT = "text"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person said about work: minutes for a rule and for an edit of a prompt, dollars of an hour."""

    rule_minutes: float | None = None
    prompt_minutes: float | None = None
    usd_per_hour: float | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Stated minutes beside the project's own figures of work."""

    stated: Stated
    effort: Effort
    labelling: Labelling

    @property
    def usd_per_hour(self) -> float | None:
        return self.effort.usd_per_hour if self.stated.usd_per_hour is None else self.stated.usd_per_hour


def work_of(root: Path, stated: Stated) -> Work:
    """The figures of work that hold in a project.

    Raises:
        InputError: ``costs.yaml`` cannot be read.
    """
    return Work(stated, effort_of(read_own_costs(root)), labelling_of(root))


def person_minutes(contestant: Contestant, stated: Stated) -> tuple[float | None, str]:
    """Minutes of a person who must write something, and in words what they rest on; empty words where nothing is."""
    kind, options = contestant.entry.kind, contestant.entry.options
    if kind == "answers":
        return None, "whoever recorded the answers must say what a change takes"
    if kind in AS_WRITTEN:
        if stated.rule_minutes is None:
            return None, "a person must write it: say how long that takes (--rule-minutes)"
        return stated.rule_minutes, f"writing it: {stated.rule_minutes:g} minutes, as stated"
    if options.get(OWN_PROMPT):
        if stated.prompt_minutes is None:
            return None, "a person must edit the prompt: say how long that takes (--prompt-minutes)"
        return stated.prompt_minutes, f"editing the prompt: {stated.prompt_minutes:g} minutes, as stated"
    return 0.0, ""


def effort_for(
    study: Study, contestant: Contestant, examples: int, answered: Answered | None, work: Work
) -> ChangeEffort:
    """What it takes with so many new examples; ``answered`` is that step as measured, None where nothing was."""
    time = label_time(examples, work.effort, work.labelling.median_s, work.labelling.timed)
    person, said = person_minutes(contestant, work.stated)
    training = _mean_seconds(answered) / 60
    bill, billed = _bill(study, contestant, answered, _mean_seconds(answered))
    minutes = None if person is None else 60 * time.hours + training + person
    wage = work.usd_per_hour
    by_hand = None if person is None or wage is None else (time.hours + person / 60) * wage
    return ChangeEffort(
        label_minutes=round(60 * time.hours, 2),
        label_low=round(60 * time.low, 2),
        label_high=round(60 * time.high, 2),
        training_minutes=round(training, 4),
        person_minutes=person,
        minutes=None if minutes is None else round(minutes, 2),
        bill_usd=_rounded(bill),
        work_usd=_rounded(by_hand),
        usd=_rounded(None if bill is None or by_hand is None else bill + by_hand),
        basis=[line for line in (time.basis if examples else "", said, billed) if line],
    )


def _mean_seconds(answered: Answered | None) -> float:
    fits: Sequence[float] = [] if answered is None else [fit.training_seconds for fit in answered.fits]
    return sum(fits) / len(fits) if fits else 0.0


def _bill(study: Study, contestant: Contestant, answered: Answered | None, seconds: float) -> tuple[float | None, str]:
    """Started hours of the machine for one fit, and what tuning it asked of a billed model; words on both."""
    needs, usd, basis = contestant.system.needs, 0.0, ""
    if answered is None:
        return usd, basis
    if needs.own_machine:
        price, started = machine_price(study.settings.machine_usd_per_hour), max(1, math.ceil(seconds / 3600))
        usd, basis = started * price.usd_per_hour, f"{started:,} started hours of the machine, {price.basis}"
    if needs.billed:
        taken = per_answer(answered.rows)
        passes = sum(fit.budget.spent for fit in answered.fits) / max(len(answered.fits), 1)
        rows = max(len(part.validation) for part in study.parts)
        if taken is None or taken.usd is None:
            return None, "unpriced: it asks a model whose price is unknown"
        usd += taken.usd * passes * rows
        basis = f"{basis}; {passes:g} passes over {rows:,} validation rows at ${taken.usd:.6f} an answer".lstrip("; ")
    return usd, basis


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
