"""``tunewright grade``: give answers that stand in a table another grade."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched

if TYPE_CHECKING:
    from tunewright.project.settings import ProjectSettings
    from tunewright.store import Store
    from tunewright.workflow.recorded.grade_table import Graded, Summary
    from tunewright.workflow.study import Hooks

MOST_FIELDS = 20


def command(
    table: Annotated[Path, typer.Argument(help="A table with a column of answers and one of targets.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .csv file for the grades.")] = None,
    grader: Annotated[str | None, typer.Option(help="Name of a grader; else the project's own.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of it: name=value (repeatable).")] = None,
    answer: Annotated[str, typer.Option(help="Column with the answers.")] = "answer",
    target: Annotated[str, typer.Option(help="Column with the right answers.")] = "target",
    id_: Annotated[str, typer.Option("--id", help="Column with the row names, where there is one.")] = "id",
    input_: Annotated[str, typer.Option("--input", help="Column with the input, for graders that read it.")] = "text",
    project: Annotated[Path, typer.Option(help="Folder of the project whose grader and models count.")] = Path(),
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Grade answers without asking any system again."""
    with guarded(as_json=as_json, debug=debug):
        from tunewright.workflow.recorded.grade_table import TableColumns, grade_table, options_of, write_grades
        from tunewright.workflow.report import require_new

        if output is not None:
            require_new(output)
        settings = _settings(project, grader, options_of(set_ or []))
        columns = TableColumns(answer=answer, target=target, id=id_, input=input_)
        with watched(quiet=as_json) as hooks, _state(project, settings, hooks) as store:
            graded = grade_table(table, columns, settings, project, store, hooks)
        if output is not None:
            write_grades(graded, output)
        if as_json:
            print_json(_document(graded, output))
        else:
            _show(graded, output)


@contextmanager
def _state(project: Path, settings: ProjectSettings, hooks: Hooks) -> Iterator[Store]:
    """The state of the project, which keeps a judge's replies; without a project nothing is left behind."""
    from tunewright.project.file import FILE_NAME
    from tunewright.workflow.opened import opened

    if (project / FILE_NAME).exists():
        with opened(settings, project, hooks) as store:
            yield store
        return
    with tempfile.TemporaryDirectory() as folder, opened(settings, Path(folder), hooks) as store:
        yield store


def _settings(project: Path, grader: str | None, options: dict[str, str | int | float | bool]) -> ProjectSettings:
    from tunewright.errors import InputError
    from tunewright.project.file import FILE_NAME, load_project
    from tunewright.project.settings import ProjectSettings

    path = project / FILE_NAME
    settings = load_project(path) if path.exists() else ProjectSettings()
    if grader is not None:
        return settings.model_copy(update={"grader": {grader: options} if options else grader})
    if options or not path.exists():
        raise InputError(
            "grade.no_grader",
            "No grader is named.",
            where="--grader",
            hint="Name one, such as --grader exact (docs/graders.md lists them), or stand in a project.",
        )
    return settings


def _document(graded: Graded, output: Path | None) -> dict[str, object]:
    return {
        "systems": [asdict(summary) for summary in graded.summaries],
        "rows": len(graded.lines),
        "unreadable": list(graded.unreadable),
        "output": None if output is None else str(output),
    }


def _show(graded: Graded, output: Path | None) -> None:
    for summary in graded.summaries:
        typer.echo(_line(summary))
        for row in summary.fields[:MOST_FIELDS]:
            precision = "-" if row.precision is None else f"{row.precision:.3f}"
            recall = "-" if row.recall is None else f"{row.recall:.3f}"
            typer.echo(f"  {row.name:<30} n {row.n:>5}  precision {precision}  recall {recall}  F1 {row.f1:.3f}")
    for text in graded.unreadable:
        typer.echo(f"Not read: {text}", err=True)
    if output is not None:
        typer.echo(f"Wrote {len(graded.lines)} rows to {output}")


def _line(summary: Summary) -> str:
    name = f"{summary.system}: " if summary.system else ""
    if summary.score is None or summary.interval is None:
        return f"{name}nothing could be graded ({summary.missing} rows are missing)"
    low, high = summary.interval
    text = f"{name}{summary.score:.4f} ({low:.4f} to {high:.4f}) on {summary.n} rows"
    text += f" in {summary.clusters} groups" if summary.clusters is not None else ""
    text += f", {summary.repeated} lines of further repetitions left out" if summary.repeated else ""
    text += f", {summary.no_usable_answer} without a usable answer" if summary.no_usable_answer else ""
    text += f", {summary.missing} missing and not counted" if summary.missing else ""
    return text + "".join(f"; {measure} {value:.4f}" for measure, value in summary.measures.items())
