"""``tunewright label``: give the right answer to your own inputs, with the kind of case; a table for `run` results."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tunewright.cli import label_judgements, label_measure
from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, spoken, watched

if TYPE_CHECKING:
    from tunewright.cli.dialogue import Terminal
    from tunewright.data.read import ReadResult
    from tunewright.records.example import Example
    from tunewright.store import Store
    from tunewright.workflow.reviewing.label import Labelled, Labelling, Proposal
    from tunewright.workflow.reviewing.label_order import FairSample

COMMANDS = ":s skip  :u undo  :q quit  ? labels"
SHOWN_LABELS = 5
_COMMANDS = {":s": "skip", ":skip": "skip", ":u": "undo", ":undo": "undo", ":q": "quit", ":quit": "quit"}
CASE_KEYS = {"n": "normal", "m": "messy", "e": "edge", "a": "ask-back", "r": "refuse"}
CASE_HELP = """  n  normal: what comes every day
  m  messy: typing errors, half sentences, several things at once
  e  edge: rare, on the border of two answers, or outside all of them
  a  ask-back: something is missing, and the right answer asks for it
  r  refuse: the right answer is to decline"""


def command(
    file: Annotated[Path, typer.Argument(help="A table of inputs without answers, or with --judgements a project.")],
    input: Annotated[list[str] | None, typer.Option(help="Column with the text; may be repeated.")] = None,
    id: Annotated[str | None, typer.Option(help="Column with your own row names.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="An answer that there is; repeat it. None: free text.")
    ] = None,
    propose: Annotated[str | None, typer.Option(help="Show what this system of the project says (or best).")] = None,
    hide: Annotated[bool, typer.Option("--hide", help="Do not show it; only measure how often you agree.")] = False,
    order: Annotated[
        Literal["random", "next", "uncertain", "file"],
        typer.Option(help="What comes first; next: doubtful and diverse rows, and some by chance."),
    ] = "random",
    learn_from: Annotated[
        Path | None, typer.Option(help="Labelled rows that teach which come next; the project's without.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column with the label, in --learn-from or --measure.")] = None,
    chance_share: Annotated[
        float, typer.Option(help="Share of rows by chance in the order next.", min=0.0, max=1.0)
    ] = 0.2,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Do not ask: replay FILE, which is labelled, and say what choosing brings."),
    ] = False,
    at: Annotated[list[int] | None, typer.Option(help="With --measure: compare at so many labels; repeat it.")] = None,
    seed: Annotated[int, typer.Option(help="Start of the random order.", min=0)] = 0,
    limit: Annotated[int | None, typer.Option(help="Stop after so many answers.", min=1)] = None,
    by: Annotated[str | None, typer.Option(help="Your name for the record; your login without.")] = None,
    output: Annotated[Path | None, typer.Option(help="The table; a free name beside the file without.")] = None,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    judgements: Annotated[
        bool, typer.Option("--judgements", help="FILE is a project: judge its systems' answers, to check its judge.")
    ] = False,
    cases: Annotated[int | None, typer.Option(help="With --judgements: of so many cases (200).", min=1)] = None,
    second: Annotated[
        bool, typer.Option("--second", help="With --judgements: what somebody else has judged, once more.")
    ] = False,
    export: Annotated[Path | None, typer.Option(help="With --judgements: write a table to fill in.")] = None,
    filled: Annotated[Path | None, typer.Option("--import", help="With --judgements: read that table back.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Answer your own inputs one by one and say what kind of case each is. Stop at any time; it goes on from there."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.dialogue import Terminal, who_decides
        from tunewright.workflow.opened import opened_state
        from tunewright.workflow.reviewing.label import Labelling, read_inputs
        from tunewright.workflow.reviewing.label_order import make_order

        if judgements:
            label_judgements.judge_answers(
                file, cases=cases, second=second, export=export, filled=filled, by=by, limit=limit, json=json
            )
            return
        columns, labels = tuple(input or ()), tuple(label or ())
        if measure:
            label_measure.measure(file, columns, target, tuple(at or ()), chance_share, seed, json=json)
            return
        with opened_state(project, spoken()) as store:
            result, erased = read_inputs(store, file, columns, id)
            chooser = None
            if order == "next":
                known = _known(store, project, learn_from, columns, target)
                chooser, labels = make_order(result.examples, known, labels, chance_share=chance_share, seed=seed)
            proposals = None if propose is None else _proposals(propose, file, result, project, quiet=json)
            work = Labelling(
                store,
                file,
                result,
                who_decides(by),
                labels=labels,
                order=order,
                seed=seed,
                proposals=proposals,
                hidden=hide,
                erased=erased,
                chooser=chooser,
            )
            converse(work, Terminal(), limit)
            _tell(work, work.write(output), as_json=json)


def _known(
    store: Store, project: Path, learn_from: Path | None, columns: tuple[str, ...], target: str | None
) -> tuple[Example, ...]:
    """The rows that teach which come next; where they come from is said."""
    from tunewright.workflow.reviewing.label_order import known_rows

    known, source = known_rows(store, project, learn_from, columns, target)
    typer.echo(source, err=True)
    return known


def _proposals(system: str, file: Path, result: ReadResult, project: Path, *, quiet: bool) -> dict[int, Proposal]:
    from tunewright.workflow.reviewing import label

    with watched(quiet=quiet) as hooks:
        return label.proposals_of(system, file, result, project, hooks)


def converse(work: Labelling, terminal: Terminal, limit: int | None = None) -> int:
    """Ask until the rows, the limit or the answers end; returns how many were answered.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; every answer before is kept.
    """
    answered, again = 0, None
    while limit is None or answered < limit:
        row = work.next() if again is None else again
        if row is None:
            break
        again = None
        step = _ask(work, row, terminal)
        if step == "quit":
            break
        if step == "undo":
            again = work.undo()
            terminal.say("Nothing to undo." if again is None else "Taken back:")
            answered -= again is not None and answered > 0
        elif step == "answered":
            answered += 1
    return answered


def _ask(work: Labelling, row: int, terminal: Terminal) -> str:
    from tunewright.cli.dialogue import printable

    example, started = work.examples[row], terminal.clock()
    counts = ", ".join(f"{n} {case}" for case, n in work.cases().items())
    terminal.say(f"\n{work.n_labelled} of {len(work.examples)} answered ({counts}). {printable(example.row_id)}")
    terminal.block("text", example.text)
    proposal = work.shown_proposal(row)
    if proposal is not None:
        sure = "" if proposal.confidence is None else f" ({proposal.confidence:.0%} sure)"
        terminal.block("proposed", f"{proposal.answer}{sure}")
    while True:
        target = _target(work, proposal.answer if proposal else None, terminal)
        said = _COMMANDS.get(target, "") if target is not None else "quit"
        case = None if said else _case(terminal)
        said = said or _COMMANDS.get(case or ":q", "")
        if said == "undo" and case is not None:
            # What was typed a moment ago is taken back: the same row again.
            terminal.say("Taken back; the same row:")
            continue
        if said == "skip":
            work.skip(row, seconds=terminal.seconds_since(started))
            return "skipped"
        if said or target is None or case is None:
            return said
        work.answer(row, target.replace("\\n", "\n"), case, seconds=terminal.seconds_since(started))
        return "answered"


def _target(work: Labelling, default: str | None, terminal: Terminal) -> str | None:
    """An answer, or a command with its colon; None at the end of input."""
    from tunewright.cli.dialogue import ask_label

    while True:
        line = terminal.ask(f"Answer{f' [{default}]' if default else ''} ({COMMANDS}):")
        if line is None or line in _COMMANDS:
            return line
        if not line and default is not None:
            return default
        if line and not work.labels:
            return line
        if line:
            found = ask_label(terminal, "Answer:", work.labels, said=line, commands=_COMMANDS)
            if found is not None:
                return found
        else:
            terminal.say("  An answer, please.")


def _case(terminal: Terminal) -> str | None:
    """A kind of case, or a command with its colon; None at the end of input."""
    while True:
        line = terminal.ask("Kind of case: [n]ormal [m]essy [e]dge [a]sk-back [r]efuse (Enter: normal)")
        if line is None or line in _COMMANDS:
            return line
        said = line.lower() or "normal"
        case = CASE_KEYS.get(said, said)
        if case in CASE_KEYS.values():
            return case
        terminal.say(CASE_HELP)


def _tell(work: Labelling, written: Labelled | None, *, as_json: bool) -> None:
    cost, (agreed, blind) = work.cost(), work.agreement()
    missing, fair = work.missing(), work.fair_sample()
    if as_json:
        print_json(
            {
                "answered": work.n_labelled,
                "rows": len(work.examples),
                "cases": work.cases(),
                "missing": missing,
                "median_seconds": cost.median_s,
                "agreed_blind": agreed,
                "blind": blind,
                "chosen": work.n_chosen,
                "by_chance": asdict(fair) if fair is not None else None,
                "version": written.version.number if written else None,
                "path": str(written.path) if written else None,
            }
        )
        return
    typer.echo(f"{work.n_labelled} of {len(work.examples)} rows are answered.")
    typer.echo("Kinds of case: " + ", ".join(f"{n} {case}" for case, n in work.cases().items()))
    if missing:
        wanted = ", ".join(f"{n} more {case}" for case, n in missing.items())
        typer.echo(f"For a set that shows every kind: {wanted}.")
    if cost.median_s is not None:
        typer.echo(f"An answer took {cost.median_s:.1f} seconds (median of {cost.n}).")
    if blind:
        typer.echo(f"Your answer was the hidden proposal in {agreed} of {blind} rows.")
    if fair is not None:
        _tell_fair(fair)
    if written is not None:
        typer.echo(f"{written.rows} rows are in {written.path}, version v{written.version.number}.")
        columns = [word for column in written.input for word in ("--input", column)]
        words = shlex.join(["tunewright", "run", str(written.path), *columns, "--target", written.target])
        if work.n_chosen:
            typer.echo(
                f"Use it: {words}. {work.n_chosen} rows were chosen, so it is no test set: those rows are harder."
            )
        else:
            typer.echo(f"Use it: {words}; or as your own test: --test {shlex.quote(str(written.path))}")


def _tell_fair(fair: FairSample) -> None:
    if not fair.rows:
        return
    shown = ", ".join(f"{n} {label}" for label, n in fair.labels[:SHOWN_LABELS])
    more = f" and {len(fair.labels) - SHOWN_LABELS} labels more" if len(fair.labels) > SHOWN_LABELS else ""
    rows = "1 answered row is" if fair.rows == 1 else f"{fair.rows} answered rows are"
    typer.echo(f"{rows} a random sample of the file, the others were chosen: {shown}{more}.")
    if fair.guessed:
        typer.echo(
            f"Of {fair.guessed} of them the model knew your answer beforehand {fair.right} times "
            f"({fair.right / fair.guessed:.0%}; 95 % interval {fair.low:.0%} to {fair.high:.0%})."
        )
