"""``tunewright compare``: what changed from one run to the next; ``--recipe``: whether cleaning the rows helped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched
from tunewright.errors import InputError


def command(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Two runs, the earlier first: names, beginnings of names, folders, last, last-1."),
    ] = None,
    recipe: Annotated[
        bool,
        typer.Option("--recipe", help="All rows against cleaned rows against as many random rows; no runs are named."),
    ] = False,
    system: Annotated[list[str] | None, typer.Option(help="Only these systems.")] = None,
    draws: Annotated[int, typer.Option(min=3, help="With --recipe: random draws, and seeds of training.")] = 5,
    show: Annotated[int, typer.Option(min=0, help="Rows and cases shown of each kind.")] = 5,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Show texts of rows and cases.")] = True,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare two runs of a project: rows, settings, and what each system fixes and breaks on the same cases."""
    with guarded(as_json=json, debug=debug), watched(quiet=json) as hooks:
        if recipe:
            from tunewright.reporting.compare_page import cleaning_lines
            from tunewright.workflow.compare_runs.cleaning import cleaning_tested

            root = _one_folder(runs, project)
            tested = cleaning_tested(root, tuple(system or ()), draws, hooks)
            if json:
                print_json(tested.model_dump(mode="json"))
            else:
                typer.echo("\n".join(cleaning_lines(tested)))
            return
        from tunewright.reporting.compare_page import compare_lines
        from tunewright.workflow.compare_runs.job import compare_runs

        before, after = _two(runs)
        found = compare_runs(before, after, project, hooks, only=tuple(system or ()), texts=texts)
        if json:
            print_json(found.model_dump(mode="json"))
        else:
            typer.echo("\n".join(compare_lines(found, show=show)))


def _two(runs: list[str] | None) -> tuple[str, str]:
    """The two runs that are meant; without names, the last two."""
    if not runs:
        return "last-1", "last"
    if len(runs) == 2:
        return runs[0], runs[1]
    raise InputError(
        "compare.call",
        f"Two runs are compared, not {len(runs)}.",
        hint="tunewright compare last-1 last. Or without any name, which means the same.",
    )


def _one_folder(runs: list[str] | None, project: Path) -> Path:
    if not runs:
        return project
    if len(runs) == 1 and Path(runs[0]).is_dir():
        return Path(runs[0])
    raise InputError("compare.call", "With --recipe at most the folder of the project is named.", where=" ".join(runs))
