"""What the systems of a study cost in all: training, labelling, evaluation, upkeep, answering, wrong answers.

``money_of`` collects the facts of a study; ``reckoned`` makes sums, break-even volumes and scenarios from such facts
and is called again by ``tunewright cost`` with other volumes and prices of work. Answering alone is in ``money``.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from tunewright.decision.break_even import break_even, break_even_text, payback_months
from tunewright.decision.cost_line import CostLine, Terms, counted, line_of, whole_usd
from tunewright.decision.money import DAYS_PER_MONTH
from tunewright.decision.sensitivity import scenarios
from tunewright.decision.upkeep import Effort
from tunewright.errors import InputError
from tunewright.prices.own_costs import OwnCosts, read_own_costs
from tunewright.prices.own_table import OwnTable, read_own_table
from tunewright.prices.retirement import retirement_of, retirement_text
from tunewright.project.file import FILE_NAME, load_project
from tunewright.project.settings import ProjectSettings
from tunewright.records.money import BreakEvenPoint, Money, Scenario, SystemMoney
from tunewright.records.verdict import Verdict
from tunewright.workflow.costing.cost_facts import Labelling, labelling_of, system_money
from tunewright.workflow.costing.measured_changes import change_lines, measured_changes, with_changes
from tunewright.workflow.models import PRICES
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.runs import find_run, verdict_of
from tunewright.workflow.study import Study

MOST_POINTS = 24
WORK, WAGE, SPREAD = "Work is shown in hours", "An hour of work costs", "One-off costs are spread over"
GUESS = "Nobody stated the volume"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sums are for: calls a month, and the terms of ``cost_line``."""

    calls_per_month: float
    terms: Terms


def effort_of(own: OwnCosts) -> Effort:
    """The assumptions about work, with what the person states in their place."""
    default, work = Effort(), own.work
    return Effort(
        usd_per_hour=work.get("usd_per_hour", default.usd_per_hour),
        label_hours_per_1000=own.label_hours_per_1000 or default.label_hours_per_1000,
        retrainings_per_year=work.get("retrainings_per_year", default.retrainings_per_year),
        new_examples=round(work.get("new_examples", default.new_examples)),
        review_hours_per_month=work.get("review_hours_per_month", default.review_hours_per_month),
        setup_hours=work.get("setup_hours", default.setup_hours),
        storage_gb=own.storage_gb or default.storage_gb,
        months=own.months or default.months,
    )


def money_of(
    study: Study, outcomes: Sequence[Outcome], focus: Sequence[str | None], incumbent: str | None, today: date
) -> Money:
    """The whole account of a study.

    Args:
        focus: names, the first known of which is held against all others: the candidate, what to use.
        today: the day against which the ends of models are held.
    """
    own, notes = OwnCosts(), []
    try:
        own = read_own_costs(study.root)
    except InputError as error:
        # A long run is not lost over a slip beside it; `tunewright cost` refuses the same file.
        notes.append(f"{error.message} ({error.where}) Nothing of it was used.")
    effort, labelling = effort_of(own), labelling_of(study.root)
    able = [outcome for outcome in outcomes if outcome.available]
    found = [system_money(study, outcome, effort, labelling, own.errors) for outcome in able]
    asked = Asked(
        study.settings.volume_per_day * DAYS_PER_MONTH, Terms(effort.months, effort.usd_per_hour, errors=True)
    )
    return reckoned(
        found,
        asked,
        focus=[*focus, incumbent],
        retirements=retirement_lines(study.settings, today),
        assumptions=[*notes, *_assumptions(study.settings, effort, labelling)],
    )


def reckoned(
    systems: Sequence[SystemMoney],
    asked: Asked,
    *,
    focus: Sequence[str | None],
    retirements: Sequence[str],
    assumptions: Sequence[str],
) -> Money:
    """Sums, break-even volumes and scenarios for what is known of the systems."""
    lines = [line_of(system) for system in systems]
    terms, calls = counted(lines, asked.terms), asked.calls_per_month
    whole = {line.name: _cents(whole_usd(line, calls, terms)) for line in lines}
    return Money(
        calls_per_month=round(calls, 3),
        months=terms.months,
        usd_per_hour_of_work=terms.usd_per_hour,
        errors_counted=terms.errors,
        systems=[one.model_copy(update={"whole_usd_per_month": whole[one.system]}) for one in systems],
        break_even=_points(lines, focus, calls, terms),
        scenarios=[
            Scenario(
                what=one.what,
                usd_per_month={n: _cents(usd) for n, usd in one.usd_per_month.items()},
                cheapest=one.cheapest,
            )
            for one in scenarios(lines, calls, terms)
        ],
        retirements=list(retirements),
        assumptions=list(assumptions),
    )


@dataclass(frozen=True, slots=True)
class OffersContext:
    """What a folder says that dated prices are answered with: volume, own prices, assumptions about work."""

    calls_per_day: float
    table: OwnTable | None
    effort: Effort


def offers_for(folder: Path) -> OffersContext:
    """From the project file, ``prices.yaml`` and ``costs.yaml`` of a folder, as far as they are there.

    Raises:
        InputError: one of them cannot be read.
    """
    settings = load_project(folder / FILE_NAME) if (folder / FILE_NAME).is_file() else ProjectSettings()
    table = read_own_table(folder / PRICES) if (folder / PRICES).is_file() else None
    return OffersContext(settings.volume_per_day, table, effort_of(read_own_costs(folder)))


def account(
    folder: Path,
    run: str | None,
    today: date,
    *,
    volume_per_day: float | None = None,
    months: float | None = None,
    usd_per_hour: float | None = None,
    between: Sequence[str] = (),
) -> tuple[Verdict, Money]:
    """The account of a run at a volume and terms of one's own, with the ends of models as of today.

    Raises:
        InputError: there is no such run, it has no account, a system is not in it, or ``costs.yaml`` cannot be read.
    """
    verdict = verdict_of(find_run(folder, run))
    if verdict.money is None:
        raise InputError(
            "cost.no_account",
            "This run has no account of costs.",
            where=verdict.run,
            why="It was made before the test was opened, from files of answers, or by an older version.",
            hint="Run again with --final, or see what tuning would cost: tunewright cost --offers",
        )
    kept, own = verdict.money, read_own_costs(folder)
    wage = own.work.get("usd_per_hour", kept.usd_per_hour_of_work) if usd_per_hour is None else usd_per_hour
    terms = Terms(months or own.months or kept.months, wage, errors=True)
    calls = kept.calls_per_month if volume_per_day is None else volume_per_day * DAYS_PER_MONTH
    if calls <= 0:
        raise InputError("cost.volume", "The number of answers a day must be above 0.", where="--volume")
    names = [one.system for one in kept.systems]
    _require(between, names)
    systems = [one for one in kept.systems if not between or one.system in between]
    assumptions = _with_terms(kept.assumptions, terms, stated=volume_per_day is not None)
    measured = measured_changes(folder)
    if measured is not None:
        effort = effort_of(own)
        systems = [with_changes(one, measured, effort) for one in systems]
        assumptions = [*assumptions, *change_lines([one.system for one in systems], measured)]
    settings = load_project(folder / FILE_NAME) if (folder / FILE_NAME).is_file() else None
    return verdict, reckoned(
        systems,
        Asked(calls, terms),
        focus=[*between, verdict.candidate, verdict.use.system, verdict.incumbent],
        retirements=kept.retirements if settings is None else retirement_lines(settings, today),
        assumptions=assumptions,
    )


def _with_terms(kept: Sequence[str], terms: Terms, *, stated: bool) -> list[str]:
    """The assumptions of a run with the terms of now in the place of its own; ``stated``: the volume is."""
    old = (WORK, WAGE, SPREAD, GUESS) if stated else (WORK, WAGE, SPREAD)
    others = [line for line in kept if not line.startswith(old)]
    return [_work_line(terms.usd_per_hour), *others, _spread_line(terms.months)]


def _require(between: Sequence[str], names: Sequence[str]) -> None:
    """Two names of systems of the run, or none."""
    if between and len(set(between)) != 2:
        raise InputError("cost.between", "Name two systems.", where="--between", hint=", ".join(names))
    for name in between:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Systems with an account: {', '.join(names)}"
            raise InputError("cost.unknown_system", f"There is no system {name!r} in this run.", hint=hint)


def _points(
    lines: Sequence[CostLine], focus: Sequence[str | None], calls_per_month: float, terms: Terms
) -> list[BreakEvenPoint]:
    """The first known system of ``focus`` with all others; its last name is what is used today, never changed to.

    Where wrong answers are counted each pair is also held against each other by bills and work alone.
    """
    first = next((line for name in focus for line in lines if line.name == name), lines[0] if lines else None)
    today = focus[-1] if focus else None
    found = []
    for other in lines:
        if first is None or other is first:
            continue
        pair = (other, first) if first.name == today else (first, other)
        found.append(point_of(*pair, calls_per_month, terms))
        if terms.errors:
            found.append(point_of(*pair, calls_per_month, replace(terms, errors=False)))
    return found[:MOST_POINTS]


def point_of(first: CostLine, second: CostLine, calls_per_month: float, terms: Terms) -> BreakEvenPoint:
    """Two systems: where the cheaper changes, and when the first has paid for itself."""
    found = break_even(first, second, terms)
    payback = payback_months(first, second, calls_per_month, terms)
    counted: Literal["all", "bills"] = "all" if terms.errors else "bills"
    text = break_even_text(first, second, found, payback, calls_per_month)
    return BreakEvenPoint(
        system=first.name,
        against=second.name,
        counted=counted,
        calls_per_month=[float(f"{turn.calls_per_month:.6g}") for turn in found.crossings],
        payback_months=None if payback[0] is None else round(payback[0], 3),
        text=f"{'With wrong answers' if terms.errors else 'At equal quality'}: {text}",
    )


def retirement_lines(settings: ProjectSettings, today: date) -> list[str]:
    """A warning for every hosted model of the project that ends within a year, or has ended."""
    lines = []
    for name, entry in settings.models.items():
        model = str(entry.get("openai", ""))
        end = retirement_of(model, today) if model else None
        if end is not None:
            lines.append(f"{name}: {retirement_text(model, end, today)}")
    return lines


def _assumptions(settings: ProjectSettings, effort: Effort, labelling: Labelling) -> list[str]:
    errors = "Wrong answers are counted at their estimate; the verdict says which differences are shown."
    if settings.error_cost is None:
        errors = "A wrong answer has no price (error_cost), unless costs.yaml or costs.csv lists it."
    return [
        *(
            []
            if "volume_per_day" in settings.model_fields_set
            else [f"{GUESS} (volume_per_day): it is the usual guess."]
        ),
        _work_line(effort.usd_per_hour),
        errors,
        labelling.basis,
        f"A system that learned is made again {effort.retrainings_per_year:g} times a year, each time with "
        f"{effort.new_examples:,} new labelled examples; running answers are reviewed "
        f"{effort.review_hours_per_month:g} hours a month.",
        _spread_line(effort.months),
    ]


def _work_line(usd_per_hour: float | None) -> str:
    if usd_per_hour is None:
        return f"{WORK} and left out of the sums: say what an hour costs (--usd-per-hour-of-work, or costs.yaml)."
    return f"{WAGE} ${usd_per_hour:g}, as stated."


def _spread_line(months: float) -> str:
    return f"{SPREAD} {months:g} months, without interest."


def _cents(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
