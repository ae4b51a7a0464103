"""``tunewright gc``: keep the state folder in bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json


def command(
    max_gb: Annotated[float, typer.Option(help="Gigabytes of fits to keep.", min=0)] = 5.0,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove the fits that were not used for longest; those of the latest finished run stay."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.runs import finish_purges, open_state

        with open_state(project) as store:
            finish_purges(store, project)
            report = store.gc(int(max_gb * 1e9))
        if json:
            print_json(
                {
                    "removed": len(report.removed),
                    "bytes_removed": report.n_bytes_removed,
                    "bytes_kept": report.n_bytes_kept,
                    "audit_bytes_removed": report.n_bytes_cache_removed,
                }
            )
            return
        typer.echo(
            f"Removed {len(report.removed)} fits ({report.n_bytes_removed / 1e6:.1f} MB); "
            f"{report.n_bytes_kept / 1e6:.1f} MB are left. Kept work of audits: "
            f"{report.n_bytes_cache_removed / 1e6:.1f} MB removed."
        )
