"""``tunewright label PROJECT --judgements``: people judge answers, blind, so that a judge that is a model is checked.

Which system an answer is from, and what the judge said of it, is not shown. Every judgement is kept at once.
"""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tunewright.cli.common import print_json, spoken

if TYPE_CHECKING:
    from tunewright.cli.dialogue import Terminal
    from tunewright.evaluation.judging import Mark
    from tunewright.workflow.judging.desk import Item, JudgingDesk
    from tunewright.workflow.judging.sheet import Filled

COMMANDS = ":s skip  :u undo  :q quit  ? what counts"
_QUIT, _SKIP, _UNDO = (":q", ":quit"), (":s", ":skip"), (":u", ":undo")


def judge_answers(
    what: Path,
    *,
    cases: int | None,
    second: bool,
    export: Path | None,
    filled: Path | None,
    by: str | None,
    limit: int | None,
    json: bool,
) -> None:
    """Collect judgements at the terminal, or write or read a table of them.

    Raises:
        InputError: there is no project, no language model judges, or no answers are stored.
    """
    from tunewright.cli.dialogue import Terminal, who_decides
    from tunewright.errors import InputError
    from tunewright.project.file import FILE_NAME, load_project
    from tunewright.workflow.judging.desk import JudgingDesk
    from tunewright.workflow.judging.sample import MAIN_CASES
    from tunewright.workflow.judging.sheet import read_sheet, write_sheet
    from tunewright.workflow.opened import opened

    root = what.parent if what.name == FILE_NAME else what
    if not (root / FILE_NAME).is_file():
        raise InputError(
            "judgements.no_project",
            "Judgements belong to a project, and there is no tunewright.yaml here.",
            where=str(what),
            hint="Name the folder of the project: tunewright label FOLDER --judgements.",
        )
    settings = load_project(root / FILE_NAME)
    with opened(settings, root, spoken()) as store:
        desk = JudgingDesk(store, settings, root, who_decides(by), cases=cases or MAIN_CASES, second=second)
        written, read = None, None
        if export is not None:
            written = write_sheet(desk, export)
        elif filled is not None:
            read = read_sheet(desk, filled)
        else:
            converse(desk, Terminal(), limit)
        _tell(desk, root, export, written, read, as_json=json)


def converse(desk: JudgingDesk, terminal: Terminal, limit: int | None = None) -> int:
    """Ask until the answers, the limit or the person's patience end; returns how many were judged."""
    judged, again = 0, None
    terminal.say("You do not see which system an answer is from. Judge what is written, by these points alone:")
    _explain(desk, terminal)
    while limit is None or judged < limit:
        item = again or desk.next()
        again = None
        if item is None:
            break
        said = _ask(desk, item, terminal)
        if said == "quit":
            break
        if said == "skip":
            desk.skip(item)
        elif said == "undo":
            again = desk.undo()
            terminal.say("Nothing to undo." if again is None else "Taken back:")
            judged -= again is not None and judged > 0
        else:
            judged += 1
    return judged


def _ask(desk: JudgingDesk, item: Item, terminal: Terminal) -> str:
    started = terminal.clock()
    whole = desk.progress().wanted
    which = f", answer {item.number} of {item.of}" if item.of > 1 else ""
    terminal.say(f"\nCase {item.case} of {whole}{which}")
    for name, text in desk.beside(item):
        terminal.block(name, text)
    terminal.block("ANSWER", item.answer.text)
    marks = {}
    for mark in desk.scale.marks:
        value = _mark(desk, mark, terminal)
        if isinstance(value, str):
            return value
        marks[mark.name] = value
    desk.judge(item, marks, terminal.seconds_since(started))
    return "judged"


def _mark(desk: JudgingDesk, mark: Mark, terminal: Terminal) -> int | str:
    """A mark, or what else the person wants: quit, skip, undo."""
    from tunewright.workflow.judging.sheet import read_mark, scale_words

    while True:
        line = terminal.ask(f"{mark.name} ({scale_words(mark)}; {COMMANDS}):")
        if line is None or line in _QUIT:
            return "quit"
        if line in _SKIP:
            return "skip"
        if line in _UNDO:
            return "undo"
        if line == "?":
            _explain(desk, terminal)
            continue
        value = read_mark(line, mark)
        if value is not None:
            return value
        terminal.say(f"  A mark, please: {scale_words(mark)}.")


def _explain(desk: JudgingDesk, terminal: Terminal) -> None:
    for mark in desk.scale.marks:
        terminal.block(mark.name, mark.says)


def _tell(
    desk: JudgingDesk, root: Path, export: Path | None, written: int | None, read: Filled | None, *, as_json: bool
) -> None:
    progress, cost = desk.progress(), desk.cost()
    if as_json:
        print_json(
            {
                **asdict(progress),
                "enough": progress.cases >= progress.least,
                "median_seconds": cost.median_s,
                "export": None if export is None else {"path": str(export), "answers": written},
                "import": None if read is None else asdict(read),
            }
        )
        return
    if written is not None:
        typer.echo(f"{written} answers to judge are in {export}. Fill in the marks, then: --import {export}")
    if read is not None:
        left = f", {read.unknown} rows are about other answers" if read.unknown else ""
        typer.echo(f"{read.taken} judgements were taken over; {read.empty} rows are empty{left}.")
    typer.echo(f"{progress.judged} of {progress.items} answers are judged; {progress.cases} cases without a gap count.")
    if progress.second:
        typer.echo(f"{progress.second} answers were judged by two people.")
    if cost.median_s is not None:
        typer.echo(f"A judgement took {cost.median_s:.0f} seconds (median of {cost.n}).")
    again = shlex.join(["tunewright", "run", str(root)])
    if progress.cases < progress.least:
        typer.echo(
            f"At least {progress.least} cases are needed, {progress.wanted} are better. Go on with the same command."
        )
    else:
        typer.echo(f"Enough to test the judge. Now: {again} (with --final, if the cases are locked)")
