"""``tunewright diagnose``: which lever would fix which errors of the best system, and a screen to name them."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.cli.dialogue import Terminal
    from tunewright.workflow.diagnose.tags import TagBook


def command(
    what: Annotated[Path, typer.Argument(metavar="PROJECT", help="A project folder.")] = Path(),
    system: Annotated[str | None, typer.Option(help="Whose errors; without it, those of the best system.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Leave this system out (may be repeated).")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Ask this model of the project although it sends a bill (may be repeated).")
    ] = None,
    below: Annotated[
        float | None, typer.Option(help="A score under this is an error, where scores are not all right or wrong.")
    ] = None,
    tag: Annotated[
        bool, typer.Option("--tag", help="Name errors one by one; stop at any time, it goes on from there.")
    ] = False,
    sample: Annotated[int, typer.Option(min=1, help="How many errors are to be named, drawn at random.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Start of the random order of errors.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many names.")] = None,
    hide: Annotated[
        bool, typer.Option("--hide", help="Do not show the guess; only measure how often you agree.")
    ] = False,
    export: Annotated[Path | None, typer.Option(help="Write the sample as a csv to be filled in elsewhere.")] = None,
    take: Annotated[Path | None, typer.Option("--import", help="Take the names of such a file.")] = None,
    by: Annotated[str | None, typer.Option(help="Your name for the record; your login without.")] = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Show texts of cases in page and document.")] = True,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Measure what each lever fixes and breaks of the errors of your best system, on cases that no test needs."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.dialogue import Terminal, who_decides
        from tunewright.cli.project_here import Flags
        from tunewright.cli.table_or_project import project_or_told
        from tunewright.reporting.diagnose_words import text_lines
        from tunewright.workflow.diagnose.job import DiagnoseOptions, measured
        from tunewright.workflow.diagnose.write import write

        project = project_or_told(what, Flags(), "diagnose", ask=not json)
        options = DiagnoseOptions(
            system=system,
            without=tuple(without or ()),
            models=tuple(model or ()),
            below=below,
            sample=sample,
            seed=seed,
            who=who_decides(by),
            texts=texts,
            command=shlex.join(["tunewright", "diagnose", str(what), *(["--system", system] if system else [])]),
        )
        with ExitStack() as held:
            # Without the progress bar from here on: it would draw over the question and what is typed.
            with watched(quiet=json) as hooks:
                work = held.enter_context(measured(project.settings, project.root, options, hooks))
            if export is not None:
                _export(work.book, export, guesses=not hide, as_json=json)
                return
            if take is not None:
                _import(work.book, take, guesses=not hide, quiet=json)
            if tag:
                _tag(work.book, Terminal(), guesses=not hide, limit=limit)
            document, folder = write(work, project.root, anew=take is None and not tag)
        if json:
            print_json(document.model_dump(mode="json"))
            return
        for line in text_lines(document):
            typer.echo(line)
        typer.echo(f"Report: {folder / 'report.html'}")


def _tag(book: TagBook, terminal: Terminal, *, guesses: bool, limit: int | None) -> None:
    from tunewright.cli.diagnose_dialogue import converse

    try:
        converse(book, terminal, guesses=guesses, limit=limit)
    except KeyboardInterrupt:
        terminal.say("\nEvery name so far is kept; the same command goes on.")
        raise


def _export(book: TagBook, path: Path, *, guesses: bool, as_json: bool) -> None:
    from tunewright.workflow.diagnose.tag_files import to_csv

    try:
        with path.open("x", encoding="utf-8-sig", newline="") as stream:
            stream.write(to_csv(book, guesses=guesses))
    except FileExistsError:
        raise InputError("diagnose.export", "There is such a file already.", where=str(path)) from None
    if as_json:
        print_json({"exported": len(book.sample), "path": str(path)})
        return
    typer.echo(f"{len(book.sample)} errors are in {path}. Fill mode and note, and take them back with --import.")
    typer.echo(
        "Warning: the file holds the rows as they are, and `tunewright purge` does not reach it: delete it, and every "
        "copy, once the names are back."
    )


def _import(book: TagBook, path: Path, *, guesses: bool, quiet: bool) -> None:
    from tunewright.workflow.diagnose.tag_files import from_csv, open_rows

    if not path.is_file():
        raise InputError("diagnose.no_file", "There is no such file.", where=str(path))
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel writes as plain CSV.
        text = content.decode("cp1252", errors="replace")
    tags = from_csv(text, book, shown=guesses)
    book.tag(tags)
    if not quiet:
        typer.echo(f"{len(tags)} names taken, {open_rows(text)} empty.")
