"""``tunewright approve``: take responsibility for a finding that stops training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, spoken
from tunewright.errors import InputError


def command(
    finding: Annotated[
        str | None, typer.Argument(help="Kind of the finding; without it, what waits is listed.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    reason: Annotated[str, typer.Option(help="Why these rows may be learned from (5 characters or more).")] = "",
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Let a privacy or rights finding stand for the rows it was seen in. Kept for good; new rows need a new one."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.auditing.approvals import MIN_REASON_CHARS, approve, approve_command, waiting
        from tunewright.workflow.opened import opened_existing

        with opened_existing(project, spoken()) as store:
            if finding is None and (by or reason):
                known = ", ".join(waiting(store)) or "none"
                raise InputError(
                    "approve.finding",
                    "Which finding is approved is not said.",
                    where=f"findings that wait: {known}",
                    hint=f"{approve_command('FINDING')} (a reason has {MIN_REASON_CHARS} characters or more)",
                )
            if finding is None:
                found = waiting(store)
                if json:
                    print_json({"waiting": found})
                    return
                for kind, rows in found.items():
                    typer.echo(f"{kind}: {rows} {'row' if rows == 1 else 'rows'}")
                if found:
                    typer.echo(
                        f"Mend them with `tunewright review`, or: {approve_command(next(iter(found)))} "
                        f"({MIN_REASON_CHARS} characters or more)"
                    )
                else:
                    typer.echo("Nothing that an audit saw waits for approval.")
                return
            rows = approve(store, finding, by, reason)
        if json:
            print_json({"approved": finding, "rows": rows, "by": by, "reason": reason})
            return
        counted = "1 row" if rows == 1 else f"{rows} rows"
        typer.echo(f"Approved by {by}: {finding}, {counted}. Rows that come later need an approval of their own.")
