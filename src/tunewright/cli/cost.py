"""``tunewright cost``: what all systems of a project cost, or what fine-tuning the usual models would cost.

In a folder with a run: the account of that run, at other volumes and prices of work where asked for. Elsewhere, or with
``--offers``: dated prices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.workflow.costing.tuning_costs import TuningCosts


def command(
    project: Annotated[Path, typer.Argument(help="Folder of a project with a run, or none at all.")] = Path(),
    run: Annotated[
        str | None, typer.Option(help="Its name or the beginning of it, last-1; without, the latest.")
    ] = None,
    between: Annotated[
        list[str] | None, typer.Option(help="Twice: the two systems whose break-even volume is asked for.")
    ] = None,
    volume: Annotated[float | None, typer.Option(help="Answers a day, in the place of volume_per_day.")] = None,
    months: Annotated[float | None, typer.Option(min=0.1, help="Months over which one-off costs are spread.")] = None,
    usd_per_hour_of_work: Annotated[
        float | None, typer.Option(min=0, help="Price of an hour of people; then work is part of the sums.")
    ] = None,
    offers: Annotated[
        bool, typer.Option("--offers", help="Dated prices of tuning, also where there is a run.")
    ] = False,
    examples: Annotated[int, typer.Option(min=1, help="Offers: training examples.")] = 1000,
    tokens: Annotated[int, typer.Option(min=1, help="Offers: tokens of one input.")] = 300,
    answer_tokens: Annotated[int, typer.Option(min=1, help="Offers: tokens of one answer.")] = 30,
    prompt_tokens: Annotated[
        int, typer.Option(min=0, help="Offers: tokens of the prompt that an untuned model reads each time, cached.")
    ] = 1500,
    epochs: Annotated[int, typer.Option(min=1, help="Offers: epochs of training.")] = 3,
    usd_per_hour: Annotated[float | None, typer.Option(min=0, help="Offers: price of one card.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what each system costs in all, and which is cheaper from where; without a run, what tuning would cost."""
    with guarded(as_json=json, debug=debug):
        if not project.exists():
            raise InputError(
                "cost.no_such_folder",
                "There is no such folder.",
                where=str(project),
                hint="Name a project folder, or none at all for dated prices of tuning.",
            )
        if not offers and (run is not None or between or any((project / "runs").glob("*/verdict.json"))):
            _account(_AccountQuestion(project, run, between or [], volume, months, usd_per_hour_of_work), json)
            return
        from datetime import UTC, datetime

        from tunewright.workflow.costing.costs import offers_for
        from tunewright.workflow.costing.tuning_costs import TuningQuestion, tuning_costs

        context = offers_for(project)
        effort = context.effort
        if usd_per_hour_of_work is not None:
            effort = replace(effort, usd_per_hour=usd_per_hour_of_work)
        question = TuningQuestion(
            today=datetime.now(UTC).date(),
            examples=examples,
            tokens=tokens,
            answer_tokens=answer_tokens,
            prompt_tokens=prompt_tokens,
            epochs=epochs,
            calls_per_day=volume if volume is not None else context.calls_per_day,
            usd_per_hour=usd_per_hour,
            own=context.table,
            effort=effort,
        )
        found = tuning_costs(question)
        if json:
            print_json(_offers_json(found))
        else:
            _print_offers(found)


@dataclass(frozen=True, slots=True)
class _AccountQuestion:
    project: Path
    run: str | None
    between: list[str]
    volume: float | None
    months: float | None
    usd_per_hour_of_work: float | None


def _account(asked: _AccountQuestion, as_json: bool) -> None:
    from datetime import UTC, datetime

    from tunewright.reporting.cost_section import money_view, text_lines
    from tunewright.workflow.costing.costs import account

    verdict, money = account(
        asked.project,
        asked.run,
        datetime.now(UTC).date(),
        volume_per_day=asked.volume,
        months=asked.months,
        usd_per_hour=asked.usd_per_hour_of_work,
        between=asked.between,
    )
    if as_json:
        print_json(money.model_dump(mode="json"))
        return
    for line in text_lines(money_view(money, verdict.use.system, verdict.incumbent)):
        typer.echo(line)


def _print_offers(found: TuningCosts) -> None:
    from tunewright.reporting.tuning_table import TuningRow, tuning_table

    asked, time = found.question, found.labelling
    typer.echo(
        f"Fine-tuning on {asked.examples:,} examples of {asked.tokens:,} + {asked.answer_tokens:,} tokens, "
        f"{asked.epochs} epochs ({asked.billed_tokens:,} tokens billed), then {asked.calls_per_day:,g} answers a day. "
        f"A tuned model reads the input alone, another one {asked.prompt_tokens:,} tokens of prompt as well.\n"
    )
    for text in found.comparison:
        typer.echo(text)
    wage = asked.effort.usd_per_hour
    paid = "" if wage is None else f", ${time.low * wage:,.0f} to ${time.high * wage:,.0f} at ${wage:g} an hour"
    typer.echo(f"Labelling: {time.low:.3g} to {time.high:.3g} hours of a person{paid} ({time.basis}).\n")
    rows = []
    for one in found.answers:
        notes = [*one.remarks, *(f"{source.url} ({source.as_of})" for source in one.sources)]
        offered = one.way != "not offered"
        rows.append(
            TuningRow(one.model, one.where, offered, one.train_usd, one.train_hours, one.usd_per_month, tuple(notes))
        )
    for line in tuning_table(rows):
        typer.echo(line)
    typer.echo(
        "\nTime on cards is training alone: renting, loading and saving often make it a started hour. Prices are as of "
        "the dates beside them and may have changed; prices.yaml (model, from, input, output, train) overrules them. "
        "With your own examples: tunewright run FILE, then tunewright cost."
    )


def _offers_json(found: TuningCosts) -> dict[str, Any]:
    asked, time = found.question, found.labelling
    return {
        "question": {
            "today": asked.today.isoformat(),
            "examples": asked.examples,
            "tokens": asked.tokens,
            "answer_tokens": asked.answer_tokens,
            "prompt_tokens": asked.prompt_tokens,
            "epochs": asked.epochs,
            "billed_tokens": asked.billed_tokens,
            "calls_per_day": asked.calls_per_day,
            "usd_per_hour": asked.usd_per_hour,
        },
        "answers": [
            {
                "for": one.answers,
                "model": one.model,
                "where": one.where,
                "way": one.way,
                "train_usd": one.train_usd,
                "train_hours": one.train_hours,
                "usd_per_call": one.usd_per_call,
                "usd_per_month": one.usd_per_month,
                "remarks": one.remarks,
                "sources": [{"url": source.url, "as_of": source.as_of} for source in one.sources],
            }
            for one in found.answers
        ],
        "labelling": {"hours": time.hours, "low": time.low, "high": time.high, "basis": time.basis},
        "comparison": found.comparison,
    }
