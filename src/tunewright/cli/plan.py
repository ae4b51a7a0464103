"""``tunewright plan``: what a run would cost and what it could show, before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json


def command(
    what: Annotated[Path, typer.Argument(help="A project folder, or a table of labelled examples.")] = Path(),
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    test: Annotated[Path | None, typer.Option(help="Your own test file.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups that must stay together.")] = None,
    allow_set_aside: Annotated[float | None, typer.Option(help="Share of rows that may be unusable.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what the cases can prove, and what the run would take. Nothing is fitted."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.project_here import Flags, project_for
        from tunewright.workflow.plan import plan

        flags = Flags(input=tuple(input or ()), target=target, test=test, group=group, allow_set_aside=allow_set_aside)
        project = project_for(what, flags, ask=not json)
        planned = plan(project.settings, project.root)
        if json:
            print_json(planned.as_dict())
        else:
            typer.echo(planned.text)
