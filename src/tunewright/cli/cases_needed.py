"""``tunewright cases``: how many test cases a claim needs, before they are collected."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json

if TYPE_CHECKING:
    from tunewright.workflow.advising.cases_needed import CasesQuestion


def command(
    what: Annotated[Path | None, typer.Argument(help="A project folder, or a verdict as JSON; none: numbers.")] = None,
    gain: Annotated[
        float | None,
        typer.Option(help="The gain to be shown (0.02 is 2 points); else that of the verdict or project, or 0.02."),
    ] = None,
    n: Annotated[int | None, typer.Option(min=1, help="Cases at hand.")] = None,
    discordance: Annotated[
        float | None, typer.Option(help="Share of cases on which two systems differ (usual guess: 0.2).")
    ] = None,
    power: Annotated[float, typer.Option(help="How likely the gain should be found.")] = 0.8,
    sd: Annotated[
        float | None, typer.Option(help="For scores that are not all right or wrong: spread of one case's gain.")
    ] = None,
    design_effect: Annotated[float, typer.Option(min=1.0, help="How many grouped cases count as one.")] = 1.0,
    repetitions: Annotated[
        int | None, typer.Option(min=1, help="With a verdict on repeated answers: answers to each case.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Also: a failure rate to be shown, such as 0.01.")] = None,
    usd_per_case: Annotated[float | None, typer.Option(min=0.0, help="What one labelled case costs.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say how many test cases show a gain, and the smallest gain that those at hand can show."""
    with guarded(as_json=json, debug=debug):
        from tunewright.decision.money import DEFAULT_MARGIN
        from tunewright.workflow.advising.cases_needed import CasesQuestion, cases_needed

        question = CasesQuestion(
            gain=DEFAULT_MARGIN if gain is None else gain,
            power=power,
            n=n,
            design_effect=design_effect,
            variance=None if sd is None else sd * sd,
            repetitions=repetitions,
            rate=rate,
            usd_per_case=usd_per_case,
        )
        if what is not None:
            question = _about(what, question, gain_typed=gain is not None)
        question = _as_given(question, discordance, sd)
        answer = cases_needed(question)
        if json:
            print_json(asdict(answer))
        else:
            typer.echo(answer.text)


def _about(what: Path, question: CasesQuestion, *, gain_typed: bool) -> CasesQuestion:
    from tunewright.workflow.advising.cases_needed import from_project, from_verdict

    if what.suffix == ".json" and what.is_file():
        return from_verdict(what, question, gain_typed=gain_typed)
    from tunewright.cli.project_here import Flags, project_for

    project = project_for(what, Flags(), ask=False)
    return from_project(project.settings, project.root, question, gain_typed=gain_typed)


def _as_given(question: CasesQuestion, discordance: float | None, sd: float | None) -> CasesQuestion:
    """What is typed goes before what was seen."""
    from dataclasses import replace

    if sd is not None:
        return replace(question, variance=sd * sd, basis=f"one case's gain spreads by {sd:g}")
    if discordance is not None:
        basis = f"if two systems differ on {100 * discordance:g} cases in 100"
        return replace(question, discordance=discordance, variance=None, basis=basis)
    return question
