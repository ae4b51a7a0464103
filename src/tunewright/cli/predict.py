"""``tunewright predict``: use a system of the project on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched


def command(
    system: Annotated[str, typer.Argument(help="Name of the system, or best for what the last run recommends.")],
    table: Annotated[Path, typer.Argument(help="Table with new rows; the same input columns as the examples.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .csv or .xlsx file for the answers.")] = None,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Answer new rows with a system of the project."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.predict import predict

        suffix = ".xlsx" if table.suffix == ".xlsx" else ".csv"
        target = output or Path(f"{table.name.split('.')[0]}.answers{suffix}")
        with watched(quiet=json) as hooks:
            done = predict(system, table, target, project, hooks)
        if json:
            print_json(
                {
                    "system": done.system,
                    "output": str(done.path),
                    "answered": done.answered,
                    "unusable": done.unusable,
                    "set_aside": done.set_aside,
                }
            )
            return
        typer.echo(f"{done.system} answered {done.answered} rows: {done.path}")
        if done.unusable or done.set_aside:
            typer.echo(f"{done.unusable} without a usable answer, {done.set_aside} set aside: see the column status.")
