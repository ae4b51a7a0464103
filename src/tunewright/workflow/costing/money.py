"""The money of a study: what each system costs to run, and the smallest gain that is worth paying for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunewright.decision.money import (
    Hosting,
    InProcess,
    Margin,
    OwnMachine,
    PaidPerCall,
    RunningCost,
    Workload,
    cost_record,
    default_margin,
    margin_from_error_cost,
    running_cost,
    wrong_answers,
)
from tunewright.prices.machines import machine_price
from tunewright.project.settings import ProjectSettings
from tunewright.records.base import Interval
from tunewright.records.system import Needs, traits_of
from tunewright.records.verdict import Cost
from tunewright.workflow.outcome import Outcome


def cost_of(settings: ProjectSettings, outcome: Outcome, score: float | None, interval: Interval | None) -> Cost:
    """Running cost a month and what the wrong answers cost, from declared figures and stated prices."""
    workload = Workload(settings.volume_per_day)
    wrong = None
    if score is not None and interval is not None:
        wrong = wrong_answers(workload, score, interval, settings.error_cost)
    traits = traits_of(outcome.contestant.system)
    stated = traits.usd_per_month
    if traits.usd_per_call is not None:
        return cost_record(running_cost(workload, PaidPerCall(traits.usd_per_call)), wrong)
    if stated is not None:
        return cost_record(_recorded(workload, stated), wrong)
    record = cost_record(_running(settings, workload, outcome), wrong)
    if outcome.needs.own_machine:
        return record.model_copy(update={"basis": f"{record.basis} {_price_basis(settings)}"})
    return record


def margin_of(
    settings: ProjectSettings, outcomes: Sequence[Outcome], candidate: Outcome | None, costs: Mapping[str, Cost]
) -> Margin:
    """Stated; else from the cost of an error; else two points or a tenth of the errors of the best baseline."""
    if settings.min_improvement is not None:
        return Margin(settings.min_improvement, f"Stated: {100 * settings.min_improvement:g} points.")
    baselines = [o for o in outcomes if o.role == "baseline" and o.available and o.validation_score is not None]
    best = max(baselines, key=lambda o: (o.validation_score or 0.0, -o.needs.simplicity), default=None)
    score = best.validation_score if best is not None else None
    if settings.error_cost is None:
        return default_margin(score)
    mine = costs[candidate.name].usd_per_month if candidate is not None else 0.0
    other = costs[best.name].usd_per_month if best is not None else 0.0
    extra = None if mine is None or other is None else max(mine - other, 0.0)
    return margin_from_error_cost(
        Workload(settings.volume_per_day),
        settings.error_cost,
        extra_usd_per_month=extra,
        one_off_usd=_training_usd(settings, candidate),
        best_validation_score=score,
    )


def _running(settings: ProjectSettings, workload: Workload, outcome: Outcome) -> RunningCost:
    """A machine of one's own, calls that somebody bills, or both."""
    needs = outcome.needs
    paid = None
    if needs.billed:
        taken = outcome.per_answer
        paid = running_cost(workload, PaidPerCall(taken.usd if taken else None))
    if paid is not None and not needs.own_machine:
        return paid
    own = running_cost(workload, _own_hosting(settings, needs))
    if paid is None:
        return own
    both = None if own.usd_per_month is None or paid.usd_per_month is None else own.usd_per_month + paid.usd_per_month
    return RunningCost(both, own.machines, f"{own.basis} {paid.basis}")


def _own_hosting(settings: ProjectSettings, needs: Needs) -> Hosting:
    if not needs.own_machine:
        return InProcess()
    return OwnMachine(needs.seconds_per_call, machine_price(settings.machine_usd_per_hour).usd_per_hour)


def _recorded(workload: Workload, stated: float) -> RunningCost:
    """Answers recorded elsewhere cost what the person says, or an unknown amount."""
    if stated < 0:
        return running_cost(workload, PaidPerCall(None))
    return RunningCost(stated, 0, f"Stated: ${stated:g} a month.")


def _price_basis(settings: ProjectSettings) -> str:
    return f"Price of the machine {machine_price(settings.machine_usd_per_hour).basis}."


def _training_usd(settings: ProjectSettings, candidate: Outcome | None) -> float:
    """One whole machine hour for a fine-tune: declared, so that it does not move with the clock."""
    return 0.0 if candidate is None else machine_price(settings.machine_usd_per_hour).usd_per_hour
