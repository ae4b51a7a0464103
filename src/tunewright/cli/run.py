"""``tunewright run``: the main job, in a project folder or on a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import EXIT_NO, DebugOption, JsonOption, guarded, print_json, watched

if TYPE_CHECKING:
    from tunewright.cli.project_here import Project
    from tunewright.workflow.run import RunOptions, RunResult


def command(
    what: Annotated[Path, typer.Argument(help="A project folder, or a table of labelled examples.")] = Path(),
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    task: Annotated[str | None, typer.Option(help="The job in one sentence.")] = None,
    test: Annotated[Path | None, typer.Option(help="Your own test file; it is never learned from.")] = None,
    id: Annotated[str | None, typer.Option(help="Column with your row names.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups that must stay together.")] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time; the newest rows become the test.")] = None,
    system: Annotated[list[str] | None, typer.Option(help="Only these systems (may be repeated).")] = None,
    seed: Annotated[int | None, typer.Option(help="Start of all randomness.")] = None,
    final: Annotated[bool, typer.Option("--final", help="Open the locked test set for the chosen fine-tune.")] = False,
    go_on: Annotated[
        bool,
        typer.Option(
            "--go-on", help="Fine-tune even when a simpler system meets the target, or no win could be shown."
        ),
    ] = False,
    recipe_seeds: Annotated[
        int, typer.Option(min=1, help="Train the fine-tune from so many seeds (3 and more) for a claim about it.")
    ] = 1,
    allow_set_aside: Annotated[float | None, typer.Option(help="Share of rows that may be unusable.")] = None,
    today: Annotated[str | None, typer.Option(help="Column with the answers that you get today.")] = None,
    volume_per_day: Annotated[float | None, typer.Option(help="How many answers a day you need, roughly.")] = None,
    merge_case: Annotated[
        bool | None, typer.Option("--merge-case/--no-merge-case", help="Labels that differ only in case are one.")
    ] = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Show texts of cases in the report.")] = True,
    gate: Annotated[bool, typer.Option("--gate", help="Exit 3 unless the answer is to ship the fine-tune.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare everything cheaper with a fine-tune on your examples, and say what to use."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.project_here import Flags, offer_to_save, project_for
        from tunewright.workflow.recipe import require_seeds
        from tunewright.workflow.run import RunOptions

        flags = Flags(
            input=tuple(input or ()),
            target=target,
            task=task,
            test=test,
            id=id,
            group=group,
            time=time,
            systems=tuple(system or ()),
            seed=seed,
            allow_set_aside=allow_set_aside,
            today=today,
            volume_per_day=volume_per_day,
            merge_case=merge_case,
        )
        project = project_for(what, flags, ask=not json)
        offer_to_save(project)
        require_seeds(recipe_seeds)
        options = RunOptions(final=final, go_on=go_on, texts=texts, recipe_seeds=recipe_seeds)
        outcome = _run(project, options, quiet=json)
        if json:
            print_json(outcome.verdict.model_dump(mode="json"))
        else:
            from rich.console import Console

            from tunewright.reporting.terminal import print_verdict

            print_verdict(outcome.verdict, Console(), report=outcome.report)
        if gate and outcome.verdict.headline != "SHIP_FINE_TUNE":
            raise typer.Exit(EXIT_NO)


def _run(project: Project, options: RunOptions, *, quiet: bool) -> RunResult:
    """The run; when too many rows are unusable, it goes on without them if a person at the terminal says so."""
    from tunewright.cli.project_here import without_unusable_rows
    from tunewright.data.set_aside import TooManySetAside
    from tunewright.workflow.run import run

    while True:
        command = project.command(final=options.final, go_on=options.go_on, recipe_seeds=options.recipe_seeds)
        try:
            with watched(quiet=quiet) as hooks:
                return run(project.settings, project.root, replace(options, command=command), hooks)
        except TooManySetAside as error:
            project = without_unusable_rows(project, error, ask=not quiet)
