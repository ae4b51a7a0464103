"""``tunewright report``: show a run again, or write its report without texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json


def command(
    run: Annotated[
        str | None, typer.Argument(help="Its name or the beginning of it, last-1; without, the latest.")
    ] = None,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    output: Annotated[Path | None, typer.Option(help="Write the HTML report there.")] = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Show texts of cases.")] = True,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show the verdict of a run again, and write its report where you want it."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.report import write_report
        from tunewright.workflow.runs import find_run, verdict_of

        folder = find_run(project, run)
        verdict = verdict_of(folder)
        if output is not None:
            write_report(verdict, output, texts=texts)
        if json:
            print_json(verdict.model_dump(mode="json"))
            return
        from rich.console import Console

        from tunewright.reporting.terminal import print_verdict

        print_verdict(verdict, Console(), report=output or folder / "report.html")
