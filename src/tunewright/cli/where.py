"""``tunewright where``: everything that is known about one row."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json


def command(
    row: Annotated[str, typer.Argument(help="Its id, its place as FILE:LINE, or its whole text.")],
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show where a row went: runs and parts, answers, what learned from it, files that show it."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.erase import interrupted, set_aside_places, where

        found = where(row, project)
        unfinished = interrupted(found, project)
        if json:
            value = asdict(found)
            value["artifacts"] = [artifact.key for artifact in found.artifacts]
            value["unfinished"] = unfinished
            print_json(value)
            return
        aside = set_aside_places(row, project)
        for path in aside:
            typer.echo(f"set aside, listed in {path}")
        if not found.row_keys:
            if not aside:
                typer.echo("Nothing is known about such a row: no id, no place FILE:LINE and no whole text equals it.")
            return
        for placement in found.placements:
            typer.echo(f"{placement.run}: {placement.row_id} ({placement.source}) in {placement.part}")
        systems = sorted({str(artifact.meta.get("system", artifact.kind)) for artifact in found.artifacts})
        typer.echo(f"{len(found.scores)} stored answers")
        typer.echo(f"{len(found.artifacts)} fits learned from it: {', '.join(systems) or 'none'}")
        for file in found.files:
            typer.echo(f"shown in runs/{file.run}/{file.path}")
        for sentence in unfinished:
            typer.echo(sentence)
        if found.erased and not unfinished:
            typer.echo("It was erased.")
