"""``tunewright where``: everything that is known about one row, or about one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.store import Whereabouts


def command(
    row: Annotated[str, typer.Argument(help="Its id, its place as FILE:LINE, or its whole text.")] = "",
    subject: Annotated[str | None, typer.Option(help="A person: e-mail address, phone number, customer id.")] = None,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show where a row went: runs and parts, answers, what learned from it, files that show it."""
    with guarded(as_json=json, debug=debug):
        if (subject is None) == (not row):
            raise InputError("where.what", "Name either a row or, with --subject, a person.")
        if subject is not None:
            _show_person(subject, project, as_json=json)
            return
        from tunewright.workflow.erase import interrupted, set_aside_places, where

        found = where(row, project)
        unfinished = interrupted(found, project)
        if json:
            value = asdict(found)
            value["artifacts"] = [artifact.key for artifact in found.artifacts]
            value["unfinished"] = unfinished
            print_json(value)
            return
        _show_row(found, set_aside_places(row, project), unfinished)


def _show_person(value: str, project: Path, *, as_json: bool) -> None:
    from tunewright.workflow.runs import open_state

    with open_state(project) as store:
        found = store.subjects.where(value)
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(f"{len(found.rows)} rows name this person.")
    for row in found.rows:
        typer.echo(f"  {', '.join(row.names) or row.row_key} ({', '.join(row.kinds)})")
    if found.versions:
        typer.echo(f"In dataset versions: {', '.join(f'v{number}' for number, _ in found.versions)}")
    if found.runs:
        typer.echo(f"In runs: {', '.join(found.runs)}")
    typer.echo(found.not_looked_for)


def _show_row(found: Whereabouts, aside: Sequence[Path], unfinished: Sequence[str]) -> None:
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
    for version in found.versions:
        typer.echo(f"dataset version v{version.version}: {version.row_id} ({version.source})")
    if found.decisions:
        typer.echo(f"{found.decisions} review decisions, {found.notes} with words")
    if found.cached:
        typer.echo(f"{found.cached} kept results of audits")
    for file in found.files:
        typer.echo(f"shown in runs/{file.run}/{file.path}")
    for sentence in unfinished:
        typer.echo(sentence)
    if found.erased and not unfinished:
        typer.echo("It was erased.")
