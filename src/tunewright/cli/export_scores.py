"""``tunewright export-scores``: the score rows behind a run as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, guarded


def command(
    output: Annotated[Path, typer.Argument(help="A .csv or .parquet file to write.")],
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    debug: DebugOption = False,
) -> None:
    """Write one line per system and case: answer, score, status, confidence."""
    with guarded(as_json=False, debug=debug):
        from tunewright.workflow.export import export_scores

        done = export_scores(project, output)
        typer.echo(f"Wrote {done.rows} rows to {output}")
        for note in done.notes:
            typer.echo(f"Note: {note}")
