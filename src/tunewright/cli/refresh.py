"""``tunewright refresh``: new examples become the locked test, and the old test is retired."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched


def command(
    project: Annotated[Path, typer.Argument(help="Folder of the project.")],
    new: Annotated[Path, typer.Argument(help="Labelled examples that no system, and nobody who chose, has seen.")],
    retire: Annotated[
        bool, typer.Option("--retire/--keep-out", help="Learn from the old test from now on, or from neither of both.")
    ] = True,
    keep_near: Annotated[bool, typer.Option("--keep-near", help="Keep near copies of rows that are known.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the new rows; write nothing.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check new examples, lock them as the test, retire the old test; files are written beside, never in place."""
    with guarded(as_json=json, debug=debug), watched(quiet=json) as hooks:
        from tunewright.workflow.refresh.job import RefreshOptions, refresh

        done = refresh(project, new, RefreshOptions(retire=retire, keep_near=keep_near, dry_run=dry_run), hooks)
        if json:
            print_json(done.as_dict())
        else:
            typer.echo("\n".join(done.lines()))
