"""``tunewright init``: write a project file for a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, guarded


def command(
    table: Annotated[Path, typer.Argument(help="A table of labelled examples.")],
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    task: Annotated[str | None, typer.Option(help="The job in one sentence.")] = None,
    id: Annotated[str | None, typer.Option(help="Column with your row names.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups that must stay together.")] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time of a row.")] = None,
    debug: DebugOption = False,
) -> None:
    """Write tunewright.yaml beside a table, from flags or a few questions."""
    with guarded(as_json=False, debug=debug):
        from tunewright.cli.project_here import Flags, project_for, write_project_file

        flags = Flags(input=tuple(input or ()), target=target, task=task, id=id, group=group, time=time)
        path = write_project_file(project_for(table, flags, ask=True), table.resolve().parent)
        typer.echo(f"Wrote {path}. Next: tunewright run {path.parent}")
