"""``tunewright change``: what a change costs each system, measured by holding a category out and putting it back."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched


def command(
    what: Annotated[Path, typer.Argument(help="A project folder, or a table of labelled examples.")] = Path(),
    category: Annotated[
        list[str] | None, typer.Option(help="What to hold out (may be repeated); else one of the middle size.")
    ] = None,
    categories: Annotated[int, typer.Option(min=1, help="Hold out so many, one after the other.")] = 1,
    by: Annotated[
        str, typer.Option(help="Column that says what a case is about, where a job has no categories: page.")
    ] = "",
    system: Annotated[list[str] | None, typer.Option(help="Only these systems (may be repeated).")] = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Draws of the first examples in each fold; usually 3 where it is cheap.")
    ] = None,
    examples: Annotated[
        list[int] | None, typer.Option(min=1, help="Only these numbers of examples (may be repeated), besides all.")
    ] = None,
    folds: Annotated[int | None, typer.Option(min=1, help="Use only so many folds: quicker, wider intervals.")] = None,
    rule_minutes: Annotated[
        float | None, typer.Option(min=0, help="Minutes of a person to write a rule for it.")
    ] = None,
    prompt_minutes: Annotated[
        float | None, typer.Option(min=0, help="Minutes of a person to edit a prompt of your own.")
    ] = None,
    usd_per_hour_of_work: Annotated[float | None, typer.Option(min=0, help="Price of an hour of people.")] = None,
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what it would take.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Hold a category out, put it back, and say what each system takes until it works again."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.long_work import progress_lines
        from tunewright.cli.project_here import Flags, project_for
        from tunewright.workflow.change.effort import Stated
        from tunewright.workflow.change.job import ChangeQuestion, change
        from tunewright.workflow.change.steps import SIZES

        flags = Flags(input=tuple(input or ()), target=target, systems=tuple(system or ()))
        project = project_for(what, flags, ask=not json)
        question = ChangeQuestion(
            names=tuple(category or ()),
            count=categories,
            by=by,
            draws=draws,
            folds=folds,
            examples=tuple(examples) if examples else SIZES,
            stated=Stated(rule_minutes, prompt_minutes, usd_per_hour_of_work),
            only_plan=plan,
            command=shlex.join(["tunewright", *sys.argv[1:]]) if sys.argv[1:2] == ["change"] else "tunewright change",
        )
        with watched(quiet=json) as hooks, progress_lines(hooks, quiet=json) as told:
            found = change(project.settings, project.root, question, told)
        if json:
            print_json(found.forecast.as_dict() if found.report is None else found.report.model_dump(mode="json"))
        elif found.report is None:
            typer.echo(found.forecast.text)
        else:
            from tunewright.reporting.change_words import text_lines

            for line in text_lines(found.report):
                typer.echo(line)
            typer.echo(f"Report: {found.page}")
