"""``tunewright guard``: what else must not break, measured for the fine-tune against what it is made from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import EXIT_NO, DebugOption, JsonOption, guarded, print_json, watched
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.records.guard import GuardReport
    from tunewright.workflow.guard.imported import Logs


def command(
    project: Annotated[Path, typer.Argument(help="Folder of the project.")] = Path(),
    system: Annotated[str | None, typer.Option(help="The fine-tune; without one, that of the last run.")] = None,
    canaries: Annotated[
        int, typer.Option(min=0, max=64, help="Plant so many secrets and train once more; 0 does not.")
    ] = 0,
    before: Annotated[Path | None, typer.Option(help="Log of an evaluation of the model before tuning.")] = None,
    after: Annotated[Path | None, typer.Option(help="Log of the same evaluation after tuning.")] = None,
    metric: Annotated[str | None, typer.Option(help="Metric of the logs, where there are several.")] = None,
    scale: Annotated[str | None, typer.Option(help="Worst and best score of the logs, such as 1:5 or 1:0.")] = None,
    group: Annotated[str | None, typer.Option(help="Tag of the logs' cases that belong together.")] = None,
    margin: Annotated[float, typer.Option(help="Share that may be lost in the logs (0.02 is 2 points).")] = 0.02,
    gate: Annotated[bool, typer.Option("--gate", help="Exit 3 if something is broken that stops a shipment.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check what else must not break: general ability, memorisation, refusals, format, latency, planted orders.

    With --before and --after a log of any evaluation counts as well; outside a project these two alone.
    """
    with guarded(as_json=json, debug=debug):
        logs = _logs(before, after, metric, scale, group, margin)
        words = ["tunewright", "guard", str(project)]
        for flag, value in (("--system", system), ("--before", before), ("--after", after), ("--metric", metric)):
            words += [] if value is None else [flag, str(value)]
        words += ["--canaries", str(canaries)] if canaries else []
        report, path = _report(project, system, canaries, logs, shlex.join(words), quiet=json)
        if json:
            print_json(report.model_dump(mode="json"))
        else:
            _print(report, path)
        if gate and any(one.blocks and one.result == "broken" for one in report.guards):
            raise typer.Exit(EXIT_NO)


def _report(
    project: Path, system: str | None, canaries: int, logs: Logs | None, words: str, *, quiet: bool
) -> tuple[GuardReport, Path | None]:
    from tunewright.project.file import FILE_NAME
    from tunewright.workflow.guard.job import GuardOptions, guard, guard_of_logs

    options = GuardOptions(system, canaries, logs, words)
    root = project.parent if project.name == FILE_NAME else project
    if logs is not None and not (root / FILE_NAME).is_file():
        return guard_of_logs(logs, options), None
    from tunewright.cli.long_work import progress_lines
    from tunewright.cli.project_here import Flags, project_for

    found = project_for(project, Flags(), ask=False)
    with watched(quiet=quiet) as hooks, progress_lines(hooks, quiet=quiet) as spoken:
        return guard(found.settings, found.root, options, spoken)


def _logs(
    before: Path | None, after: Path | None, metric: str | None, scale: str | None, group: str | None, margin: float
) -> Logs | None:
    from tunewright.cli.checked import scale_ends
    from tunewright.workflow.guard.imported import Logs

    if before is None and after is None:
        return None
    if before is None or after is None:
        missing = "--before" if before is None else "--after"
        raise InputError("guard.one_log", f"{missing} is missing: a loss is counted between two logs.", where=missing)
    if not 0 < margin < 1:
        raise InputError("call.value", "--margin is a share between 0 and 1.", where=f"--margin {margin:g}")
    return Logs(before, after, metric, scale_ends(scale), margin, group)


def _print(report: GuardReport, path: Path | None) -> None:
    from tunewright.workflow.guard.words import report_lines

    for line in report_lines(report):
        typer.echo(line)
    if path is not None:
        typer.echo(f"\nWritten to {path}; the next run with {report.system} in it takes it into its verdict.")
