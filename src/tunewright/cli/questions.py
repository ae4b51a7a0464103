"""The questions asked about a table: which column is what, and what the job is. Every question has a guess."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.data.guess import Guess
from tunewright.data.peek import Peek
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.cli.project_here import Flags

SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """What was answered."""

    input: tuple[str, ...]
    target: str
    task: str
    id: str | None
    group: str | None
    time: str | None


def ask_columns(path: Path, look: Peek, flags: Flags, *, ask: bool) -> Columns:
    """Fill what the flags leave open.

    Raises:
        InputError: input or target are open and nobody can be asked.
    """
    if look.shape != "table":
        return Columns(flags.input, flags.target or "", flags.task or "", flags.id, flags.group, flags.time)
    if flags.input and flags.target:
        return Columns(flags.input, flags.target, flags.task or "", flags.id, flags.group, flags.time)
    if not ask:
        raise _open_questions(path, look, flags)
    return _ask(path, look, flags)


def _ask(path: Path, look: Peek, flags: Flags) -> Columns:
    _say(f"\n{path.name}: about {look.rows_about} rows. The first one:")
    for name, value in (look.first_rows[0] if look.first_rows else {}).items():
        shown = " ".join(value.split())
        _say(f"  {name:<16} {shown[:SHOWN_CHARS]}{'...' if len(shown) > SHOWN_CHARS else ''}")
    _say("")
    guesses = look.guesses
    given = flags.input or (_column("Which column holds the text to be judged?", look, guesses.input),)
    target = flags.target or _column("Which column holds the right answer?", look, guesses.target)
    group = flags.group or _maybe(
        "Do several rows belong together, such as one customer's? Name the column, or press Enter for no.",
        look,
        guesses.group,
    )
    task = flags.task or _line("What is the job, in one sentence?", f"Give each {given[0]} its {target}")
    identity = flags.id or (guesses.id.column if guesses.id and guesses.id.by_name else None)
    return Columns(given, target, task, identity, group, flags.time)


def _column(question: str, look: Peek, guess: Guess | None) -> str:
    shown = f"{question} ({', '.join(look.column_names)})"
    while True:
        answer = _line(shown, guess.column if guess else None)
        if answer in look.column_names:
            return answer
        _say(f"  There is no column {answer!r}.")


def _maybe(question: str, look: Peek, guess: Guess | None) -> str | None:
    """Pressing Enter says no even when there is a guess: groups make the comparison stricter and must be wanted."""
    shown = f"{question}" + (f" (perhaps {guess.column})" if guess else "")
    while True:
        answer = _line(shown, "")
        if not answer or answer.lower() in ("no", "n"):
            return None
        if answer in look.column_names:
            return answer
        _say(f"  There is no column {answer!r}.")


def _line(question: str, default: str | None) -> str:
    while True:
        sys.stderr.write(f"{question}{f' [{default}]' if default else ''} ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise InputError(
                "run.no_answer", "The input ended before the questions did.", hint="Give the flags instead."
            )
        answer = line.strip()
        if answer or default is not None:
            return answer or (default or "")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _open_questions(path: Path, look: Peek, flags: Flags) -> InputError:
    guesses = look.guesses
    source = flags.input[0] if flags.input else (guesses.input.column if guesses.input else "TEXT_COLUMN")
    target = flags.target or (guesses.target.column if guesses.target else "ANSWER_COLUMN")
    example = shlex.join(["tunewright", "run", str(path), "--input", source, "--target", target])
    return InputError(
        "run.columns",
        "It is not said which column holds the text and which the right answer.",
        where=f"{path}: columns {', '.join(look.column_names)}",
        hint=f"Perhaps: {example}",
    )
