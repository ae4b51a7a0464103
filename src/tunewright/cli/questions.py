"""The questions asked about a table: which column is what, and what the job is. Every question has a guess."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.data.labels import spellings
from tunewright.data.peek import Peek
from tunewright.data.read import ColumnMap, read_table
from tunewright.data.set_aside import TooManySetAside
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.cli.project_here import Flags

SHOWN_CHARS = 26
SHOWN_ROWS = 3
USUAL_PER_DAY = 1000.0


@dataclass(frozen=True, slots=True)
class Columns:
    """What was answered; ``asked`` says that a person was at the terminal for it."""

    input: tuple[str, ...]
    target: str
    task: str
    id: str | None
    group: str | None
    time: str | None
    today: str | None = None
    volume_per_day: float | None = None
    merge_case: bool | None = None
    asked: bool = False


def ask_columns(path: Path, look: Peek, flags: Flags, *, ask: bool) -> Columns:
    """Fill what the flags leave open.

    Raises:
        InputError: input or target are open and nobody can be asked.
    """
    if look.shape != "table" or (flags.input and flags.target):
        given = (flags.input, flags.target or "", flags.task or "", flags.id, flags.group, flags.time)
        return Columns(*given, flags.today, flags.volume_per_day, flags.merge_case)
    if not ask:
        raise _open_questions(path, look, flags)
    return _ask(path, look, flags)


def _ask(path: Path, look: Peek, flags: Flags) -> Columns:
    _show(path, look)
    guesses, names = look.guesses, look.column_names
    default = guesses.input.column if guesses.input else None
    question = "Which column holds the text to be judged? A number or a name; several with commas."
    taken = (flags.target,) if flags.target else ()
    given = flags.input or _columns(question, names, default, taken)
    default = guesses.target.column if guesses.target and guesses.target.column not in given else None
    target = flags.target or _columns("Which column holds the right answer?", names, default, given, several=False)[0]
    today = flags.today or _maybe("Which column holds the answers that you get today? Enter for none", names, (target,))
    perhaps = f" (perhaps {guesses.group.column})" if guesses.group else ""
    # Pressing Enter says no even when there is a guess: groups make the comparison stricter and must be wanted.
    question = "Do several rows belong together, such as one customer's? Name the column, or press Enter for no."
    group = flags.group or _maybe(question + perhaps, names, ())
    volume = flags.volume_per_day or _number("How many a day, roughly?", USUAL_PER_DAY)
    task = flags.task or _line("What is the job, in one sentence?", f"Give each {given[0]} its {target}")
    identity = flags.id or (guesses.id.column if guesses.id and guesses.id.by_name else None)
    merge_case = _ask_merge(path, ColumnMap(given, target)) if flags.merge_case is None else flags.merge_case
    return Columns(given, target, task, identity, group, flags.time, today, volume, merge_case, asked=True)


def _show(path: Path, look: Peek) -> None:
    """The numbered columns with their values in the first rows."""
    rows = look.first_rows[:SHOWN_ROWS]
    _say(f"\n{path.name}: about {look.rows_about} rows. Its columns, with the first {len(rows)} rows:")
    width = min(SHOWN_CHARS, max(map(len, look.column_names), default=0))
    for number, name in enumerate(look.column_names, start=1):
        values = "  ".join(f"{_short(row.get(name, '')):<{SHOWN_CHARS}}" for row in rows)
        _say(f"  {number:>2}  {_short(name):<{width}}  {values}".rstrip())
    for note in look.notes:
        _say(f"Note: {note}")
    _say("")


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 3]}..."


def find_column(answer: str, names: Sequence[str]) -> str | None:
    """The column meant by its name, its number (from 1), or a part of its name that no other has."""
    if answer in names:
        return answer
    if answer.isdecimal() and 1 <= int(answer) <= len(names):
        return names[int(answer) - 1]
    same = [name for name in names if name.casefold() == answer.casefold()]
    found = same or [name for name in names if answer.casefold() in name.casefold()]
    return found[0] if answer and len(found) == 1 else None


def _columns(
    question: str, names: Sequence[str], default: str | None, taken: Sequence[str], *, several: bool = True
) -> tuple[str, ...]:
    """One column, or several; asked again until they exist and none is ``taken`` by another role."""
    while True:
        answer = _line(question, default)
        whole = find_column(answer, names)
        parts = [answer] if whole or not several else [part.strip() for part in answer.split(",")]
        found = [(part, find_column(part, names)) for part in parts]
        known = tuple(dict.fromkeys(name for _, name in found if name is not None))
        for part in (part for part, name in found if name is None):
            _say(_no_column(part, names))
        for name in set(known) & set(taken):
            _say(f"  {name!r} cannot be both the text and the right answer.")
        if len(known) == len(parts) and not set(known) & set(taken):
            return known


def _maybe(question: str, names: Sequence[str], taken: Sequence[str]) -> str | None:
    while True:
        answer = _line(question, "")
        if not answer or answer.lower() in ("no", "n", "none"):
            return None
        name = find_column(answer, names)
        if name is not None and name not in taken:
            return name
        _say(_no_column(answer, names) if name is None else f"  {name!r} holds the right answers.")


def _no_column(answer: str, names: Sequence[str]) -> str:
    fitting = [name for name in names if answer and answer.casefold() in name.casefold()]
    if len(fitting) > 1:
        return f"  {answer!r} fits several columns: {', '.join(fitting)}."
    return f"  There is no column {answer!r}."


def _number(question: str, usual: float) -> float:
    while True:
        answer = _line(question, f"{usual:g}")
        try:
            value = float(answer.replace(",", "").replace("'", ""))
        except ValueError:
            value = 0.0
        if 0 < value < float("inf"):
            return value
        _say("  A number above 0, please.")


def ask_yes(question: str, *, default: bool) -> bool:
    """Yes or no; Enter takes the default."""
    while True:
        answer = _line(f"{question} [{'Y/n' if default else 'y/N'}]", "").lower()
        if answer in ("", "y", "yes", "n", "no"):
            return default if not answer else answer.startswith("y")
        _say("  Yes or no, please.")


def _ask_merge(path: Path, columns: ColumnMap) -> bool | None:
    """Whether labels that differ only in case are one class; None when there are none."""
    try:
        counts = Counter(example.target for example in read_table(path, columns=columns).examples)
    except InputError:
        # The run says what is wrong with the table, with all that it needs to be mended.
        return None
    variants = spellings(counts)
    if not variants:
        return None
    alike = " / ".join(f"'{label}'" for label in variants[0])
    what = f"{len(counts)} categories, of which {sum(map(len, variants))} differ from another only in case"
    return ask_yes(f"{what}, such as {alike}: treat them as one?", default=True)


def ask_leave_out(error: TooManySetAside) -> bool:
    """Show why rows cannot be used, and ask whether to go on without them."""
    _say(f"\n{error}\n")
    return ask_yes("Leave these rows out?", default=False)


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
