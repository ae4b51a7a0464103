"""``tunewright advise``: what to try, before there is data, after an audit and after a run."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.decision.advice import Entry
    from tunewright.workflow.advising.advise import Consulted, Place

HEADS = {"do": "Now", "try": "Worth trying", "hold": "Not yet", "no": "Not at all"}
SHOWN_UNKNOWN = 5


def command(
    what: Annotated[Path, typer.Argument(help="A folder, with a project or without, or a table of examples.")] = Path(),
    job: Annotated[str | None, typer.Option(help="The job in one sentence.")] = None,
    answer: Annotated[list[str] | None, typer.Option(help="KEY=ANSWER, such as volume=2000 (may be repeated).")] = None,
    answers: Annotated[Path | None, typer.Option(help="File of answers (YAML) instead of the kept ones.")] = None,
    ask: Annotated[bool | None, typer.Option("--ask/--no-ask", help="Ask the questions, again if need be.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what to try, in order, and what would change that; asks a few questions where nothing is known yet."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.advising.advise import consult, evidence_of, place_of
        from tunewright.workflow.advising.advise_answers import FILE_NAME, checked, read_answers, write_answers

        place = place_of(what)
        kept = place.root / FILE_NAME
        if answers is not None and not answers.is_file():
            raise InputError("advise.no_answers", "There is no such file of answers.", where=str(answers))
        known = read_answers(answers or kept)
        flags = checked(_flags(job, answer or []), "--answer")
        given = {**known, **flags}
        evidence = evidence_of(place)
        if ask or (ask is None and not json and not given and not evidence.measured):
            from tunewright.cli.advise_dialogue import ask as ask_questions
            from tunewright.cli.dialogue import Terminal

            given = ask_questions(given or _job_of(evidence.job), Terminal())
        changed = given != known and given != _job_of(evidence.job)
        if changed and answers is None:
            write_answers(kept, given)
        consulted = consult(place, evidence, given, (answers or kept).name)
        if json:
            print_json({**consulted.as_dict(), "answers": given})
            return
        _show(consulted, place, said=bool(given))
        if changed and answers is None:
            sys.stderr.write(f"Your answers are kept in {kept}.\n")


def _job_of(task: str) -> dict[str, str]:
    return {"job": task} if task else {}


def _flags(job: str | None, pairs: list[str]) -> dict[str, str]:
    found = {} if job is None else {"job": job}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(
                "advise.flag",
                "An answer is given as KEY=ANSWER.",
                where=f"--answer {pair}",
                hint="--answer volume=2000",
            )
        found[key.strip()] = value.strip()
    return found


def _show(consulted: Consulted, place: Place, *, said: bool) -> None:
    """The whole advice as plain text."""
    from tunewright.cli.dialogue import printable

    advice = consulted.advice
    if consulted.job:
        typer.echo(f"Job: {printable(consulted.job)}")
    typer.echo(f"Known from: {', '.join(consulted.sources) or 'nothing yet'}.")
    for note in consulted.notes:
        typer.echo(f"Note: {note}")
    typer.echo("")
    _folded("", advice.headline)
    stance = None
    for number, entry in enumerate(advice.entries, start=1):
        if entry.stance != stance:
            stance = entry.stance
            typer.echo(f"\n{HEADS[stance]}")
        _show_entry(number, entry, place.root)
    for line in _overruled(consulted):
        _folded("", line)
    if advice.unknown:
        typer.echo("\nNot known, and therefore no reason for anything")
        for one in advice.unknown[:SHOWN_UNKNOWN]:
            rules = ", ".join(rule.id for rule in one.rules[:3])
            _folded("  - ", f"{one.text} (rules: {rules})")
        if len(advice.unknown) > SHOWN_UNKNOWN:
            typer.echo(f"  and {len(advice.unknown) - SHOWN_UNKNOWN} more: --json lists them")
    if not said:
        typer.echo(f"\nTell more about the job: {place.words.command('tunewright advise {here} --ask')}")
    typer.echo(
        "Every rule with its source: docs/decision.md. Limits are yours to change: thresholds.yaml, under advice."
    )


def _overruled(consulted: Consulted) -> list[str]:
    """Words of a person that evidence outranks, after an empty line."""
    from tunewright.decision.advice_facts import FACTS

    lines = []
    for fact in consulted.advice.facts.known.values():
        other = fact.overrules
        while other is not None and other.origin in ("audit", "run", "derived"):
            other = other.overrules
        if other is not None and fact.origin in ("audit", "run"):
            said = f"{FACTS[fact.name].words}: {other.shown} ({other.where})"
            lines.append(f"Overruled: {said}; {fact.shown} counts ({fact.where}).")
    return ["", *lines] if lines else []


def _show_entry(number: int, entry: Entry, root: Path) -> None:
    from tunewright.workflow.advising.advise import systems_to_add

    _folded(f"  {number}. ", f"{entry.title}: {entry.text}")
    for figure in entry.numbers:
        _folded("     because ", figure.text)
    also = f"; also {', '.join(rule.id for rule in entry.also)}" if entry.also else ""
    _folded("     rule    ", f"{entry.rule.id}{also}")
    _folded("     unless  ", entry.would_change)
    typer.echo(f"     next    {entry.command}")
    if lines := [_yaml_line(system) for system in systems_to_add(entry, root)]:
        _folded("     keep    ", f"to have it in every run, add to systems in tunewright.yaml: {'  '.join(lines)}")


def _yaml_line(system: str) -> str:
    kind, _, argument = system.partition(":")
    if kind == "retrieval" and not argument:
        return "- retrieval: {documents: FOLDER}"
    return f"- {kind}: {argument}" if argument else f"- {kind}"


def _folded(head: str, text: str) -> None:
    """A text under its head, folded to the terminal."""
    width = max(40, min(110, shutil.get_terminal_size((100, 24)).columns))
    indent = " " * len(head)
    typer.echo(textwrap.fill(text, width, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False))
