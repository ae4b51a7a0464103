"""What is known of one system's costs, from its fits, its answers, declared figures and prices: the parts, no sums.

Training is billed by started hours of the machine, so that the account does not move with the noise of a clock. What
cannot be known (an unpriced model) stays None. ``costs`` adds up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tunewright.decision.cost_line import RETRAINING
from tunewright.decision.error_costs import ErrorCosts, error_bill
from tunewright.decision.upkeep import Effort, label_time, per_month
from tunewright.prices.machines import machine_price
from tunewright.prices.tuning import tuning_offers
from tunewright.records.answers import Status
from tunewright.records.money import CostPart, SystemMoney
from tunewright.records.system import traits_of
from tunewright.store import Store
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.runs import STATE
from tunewright.workflow.study import Study

# Kinds that answer without having seen a labelled example; they need labels for their test alone.
WITHOUT_EXAMPLES = frozenset({"majority", "rules", "prompt", "command", "answers", "tools"})
DIGITS = 9


@dataclass(frozen=True, slots=True)
class Labelling:
    """Median seconds of the timed decisions of this project, how many there are, and the same in words."""

    median_s: float | None
    timed: int
    basis: str


def labelling_of(root: Path) -> Labelling:
    """What the decisions of this project say about the time of a label."""
    if not (root / STATE).is_dir():
        return Labelling(None, 0, "No decision about a row was timed yet.")
    with Store.open(root / STATE) as store:
        cost = store.decisions.cost()
    if cost.median_s is None:
        return Labelling(None, 0, "No decision about a row was timed yet (tunewright review and label time them).")
    basis = f"A label takes {cost.median_s:.3g} s of a person: the median of {cost.n:,} timed decisions."
    return Labelling(cost.median_s, cost.n, basis)


def system_money(
    study: Study, outcome: Outcome, effort: Effort, labelling: Labelling, errors: Mapping[tuple[str, str], float]
) -> SystemMoney:
    """All parts of one available system's cost."""
    needs = outcome.needs
    traits = traits_of(outcome.contestant.system)
    stated = traits.usd_per_month
    once, monthly = _once(study, outcome, effort, labelling), _monthly(study, outcome, effort, labelling)
    usd_per_call = _usd_per_call(outcome)
    if traits.usd_per_call is not None:
        usd_per_call = traits.usd_per_call
    elif stated is not None:
        known = float(stated) >= 0
        part = CostPart(part="stated", usd=float(stated) if known else None, hours=0.0, basis="stated, or unknown")
        monthly, usd_per_call = [*monthly, part], 0.0
    hourly = machine_price(study.settings.machine_usd_per_hour).usd_per_hour
    own_machine = needs.own_machine and stated is None
    error_usd, basis = _errors(study, outcome, errors)
    basis += _critical(study, outcome)
    return SystemMoney(
        system=outcome.name,
        once=once,
        monthly=monthly,
        usd_per_call=usd_per_call,
        seconds_per_call=needs.seconds_per_call if own_machine else None,
        machine_usd_per_hour=hourly if own_machine else None,
        error_usd_per_call=error_usd,
        error_basis=basis,
        whole_usd_per_month=None,
    )


def _usd_per_call(outcome: Outcome) -> float | None:
    if not outcome.needs.billed:
        return 0.0
    taken = outcome.per_answer
    return taken.usd if taken is not None else None


def _once(study: Study, outcome: Outcome, effort: Effort, labelling: Labelling) -> list[CostPart]:
    """Training and evaluation of this run, labelling of the rows it needs, setting up."""
    rows = _labelled_rows(study, outcome)
    time = label_time(rows, effort, labelling.median_s, labelling.timed)
    parts = [CostPart(part="labelling", usd=0.0, hours=round(time.hours, 2), basis=time.basis)]
    if outcome.fits and _learns(outcome):
        hours = outcome.training_seconds / 3600
        usd, basis = _training_usd(study, outcome, hours, len(outcome.fits))
        parts.append(CostPart(part="training", usd=usd, hours=0.0, basis=basis))
    if outcome.needs.billed:
        usd = _times(_usd_per_call(outcome), len(study.scored))
        basis = f"{len(study.scored):,} answers that decide, as billed"
        parts.append(CostPart(part="evaluation", usd=usd, hours=0.0, basis=basis))
    if outcome.role == "candidate" and effort.setup_hours:
        parts.append(CostPart(part="setup", usd=0.0, hours=effort.setup_hours, basis="stated"))
    return parts


def _monthly(study: Study, outcome: Outcome, effort: Effort, labelling: Labelling) -> list[CostPart]:
    """Review, and for what learned: making it again."""
    hours = effort.review_hours_per_month
    parts = [CostPart(part="review", usd=0.0, hours=hours, basis="assumed, unless costs.yaml says otherwise")]
    if outcome.fits and _learns(outcome):
        fits = max(len(outcome.fits), 1)
        training, _ = _training_usd(study, outcome, outcome.training_seconds / 3600 / fits, 1)
        evaluation = _times(_usd_per_call(outcome), len(study.scored)) if outcome.needs.billed else 0.0
        bill = None if training is None or evaluation is None else training + evaluation
        time = label_time(effort.new_examples, effort, labelling.median_s, labelling.timed)
        often = effort.retrainings_per_year
        parts.append(
            CostPart(
                part=RETRAINING,
                usd=_rounded(per_month(bill, often)),
                hours=round(time.hours * often / 12, 3),
                basis=f"{often:g} times a year: one training, one evaluation, {effort.new_examples:,} new examples",
            )
        )
    if outcome.role == "candidate" and effort.storage_gb:
        price = next((o for o in tuning_offers() if o.storage_usd_per_gb_month is not None), None)
        usd = None if price is None else _times(price.storage_usd_per_gb_month, effort.storage_gb)
        basis = "unpriced" if price is None else f"{effort.storage_gb:g} GB: {price.source.url}, {price.source.as_of}"
        parts.append(CostPart(part="storage", usd=usd, hours=0.0, basis=basis))
    return parts


def _training_usd(study: Study, outcome: Outcome, hours: float, fits: int) -> tuple[float | None, str]:
    """Bills of making it: started hours of the machine, and what tuning asked of models that somebody bills."""
    usd, basis = 0.0, "on the machine at hand"
    if outcome.needs.own_machine:
        price = machine_price(study.settings.machine_usd_per_hour)
        started = max(1, math.ceil(hours))
        usd, basis = started * price.usd_per_hour, f"{started:,} started hours, price of the machine {price.basis}"
    if outcome.needs.billed:
        rows = max((len(part.validation) for part in study.parts), default=0)
        passes = sum(fit.budget.spent for fit in outcome.fits[:fits])
        asked = _times(_usd_per_call(outcome), passes * rows)
        if asked is None:
            return None, "unpriced: tuning asks a model whose price is unknown"
        usd, basis = usd + asked, f"{basis}; {passes:,} passes over {rows:,} validation rows, at the price of an answer"
    return _rounded(usd), basis


def _errors(study: Study, outcome: Outcome, errors: Mapping[tuple[str, str], float]) -> tuple[float | None, str]:
    """Mean dollars of wrong answers over all answers; partly right answers cost in part where no pairs are listed."""
    price = study.settings.error_cost
    known = [(row, study.examples[at]) for row, at in zip(outcome.rows, study.scored, strict=False)]
    known = [(row, example) for row, example in known if row.score is not None]
    if not known:
        return None, "not scored yet"
    if not errors:
        if price is None:
            return None, "unpriced"
        wrong = sum(1 - (row.score or 0.0) for row, _ in known) / len(known)
        return round(wrong * price, DIGITS), f"${price:g} for each wrong answer"
    costs = ErrorCosts(errors, price)
    pairs = [(example.target, row.answer if row.status is Status.OK else None) for row, example in known]
    bill = error_bill(pairs, costs)
    unknown = costs.unknown_labels(study.labels) if study.labels else []
    note = f"; no label of this task: {', '.join(unknown[:5])}" if unknown else ""
    if bill.unpriced:
        right, given = bill.unpriced[0]
        return None, f"unpriced: {len(bill.unpriced):,} pairs, such as {right} answered {given or 'not at all'}{note}"
    worst = "".join(f"; {right} answered {given or 'not at all'}: {n:,}" for right, given, n, _ in bill.dearest[:1])
    return _rounded(bill.usd_per_call), f"table of error costs{worst}{note}"


def _critical(study: Study, outcome: Outcome) -> str:
    """Cases that must pass stand beside the price: none buys them."""
    pairs = [(row, study.examples[at]) for row, at in zip(outcome.rows, study.scored, strict=False)]
    marked = [row.score for row, example in pairs if example.critical and row.score is not None]
    wrong = sum(score == 0 for score in marked)
    return f"; {wrong:,} of {len(marked):,} cases that must pass are wrong, whatever they cost" if marked else ""


def _labelled_rows(study: Study, outcome: Outcome) -> int:
    """Rows whose labels it needs: those it was tested on, and those it learned from."""
    rows = set(study.scored)
    if _learns(outcome):
        rows |= {*study.all_rows.train, *study.all_rows.validation}
    return len(rows)


def _learns(outcome: Outcome) -> bool:
    return outcome.contestant.entry.kind not in WITHOUT_EXAMPLES


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else _rounded(value * factor)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
