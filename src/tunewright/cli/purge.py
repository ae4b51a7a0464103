"""``tunewright purge``: erase one row everywhere in the project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError


def command(
    row: Annotated[str, typer.Argument(help="Its id, its place as FILE:LINE, or its whole text.")],
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Erase a row: answers, every fit that learned from it, reports that show it. Your own files are not touched."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.erase import purge

        if not yes and not (sys.stdin.isatty() and typer.confirm("Erase the row and everything made from it?")):
            raise InputError(
                "purge.not_confirmed", "Nothing was erased.", hint="Add --yes to go on without a question."
            )
        done = purge(row, project)
        scores = sum(report.n_scores for report in done.reports)
        refit = sorted({str(fit.meta.get("system", fit.kind)) for report in done.reports for fit in report.refit})
        files = [f"{file.run}/{file.path}" for report in done.reports for file in report.files]
        files += [str(path) for path in done.files]
        versions = sum(report.n_version_rows for report in done.reports)
        notes = sum(report.n_notes for report in done.reports)
        if json:
            found = {"rows": len(done.reports), "answers": scores, "refit": refit, "files": files}
            print_json({**found, "version_rows": versions, "notes": notes})
            return
        typer.echo(f"Erased {len(done.reports)} rows and {scores} answers; {len(files)} files of runs changed.")
        if versions or notes:
            typer.echo(f"Erased from dataset versions: {versions} rows; words of reviewers about it: {notes}.")
        typer.echo(f"To be fitted again at the next run: {', '.join(refit) or 'nothing'}")
        typer.echo("It stays in your own table: delete it there too. If it comes back, it is set aside as erased.")
