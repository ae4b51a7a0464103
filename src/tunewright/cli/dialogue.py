"""Asking a person in the terminal, line by line: plain words and keys, on a dumb terminal and from a pipe alike.

Answers are whole lines, so that tests and scripts can type them. Questions go to stderr: what a command prints on
stdout stays clean. Used by reviewing and labelling.
"""

from __future__ import annotations

import getpass
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

MIN_WIDTH = 40
MAX_WIDTH = 120
# A row longer than this is shown by its beginning; the file has the rest.
SHOWN_CHARS = 1_500
COLUMN_GAP = " | "


def _readline() -> str | None:
    line = sys.stdin.readline()
    return line.rstrip("\r\n") if line else None


def _typed_by_a_person() -> bool:
    return sys.stdin.isatty()


def _write(text: str) -> None:
    """To the terminal itself: a progress bar of Rich stands before stderr and reads brackets as its markup."""
    stream = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    stream.write(text)
    stream.flush()


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where questions go and answers come from; ``clock`` counts seconds. ``read`` gives None at the end of input.

    Answers from a pipe are not ``timed``: they say nothing about how long a person takes.
    """

    read: Callable[[], str | None] = _readline
    write: Callable[[str], None] = _write
    clock: Callable[[], float] = time.monotonic
    timed: bool = field(default_factory=_typed_by_a_person)

    @property
    def width(self) -> int:
        """Characters to a line."""
        return max(MIN_WIDTH, min(MAX_WIDTH, shutil.get_terminal_size((80, 24)).columns))

    def seconds_since(self, started: float) -> float | None:
        """Seconds that an answer took; None where nobody typed it."""
        return self.clock() - started if self.timed else None

    def say(self, text: str = "") -> None:
        """One line for the person."""
        self.write(text + "\n")

    def ask(self, question: str) -> str | None:
        """The answer, without white space around it; None when there are no more."""
        self.write(f"{question} ")
        answer = self.read()
        return None if answer is None else answer.strip()

    def block(self, name: str, text: str, indent: int = 2) -> None:
        """A named text, folded to the width."""
        head = " " * indent + f"{name}: "
        for number, line in enumerate(printable(text).splitlines() or [""]):
            first = head if number == 0 else " " * (indent + 2)
            folded = textwrap.wrap(line, self.width, initial_indent=first, subsequent_indent=" " * (indent + 2))
            for part in folded or [first.rstrip()]:
                self.say(part)

    def side_by_side(self, left: Sequence[str], right: Sequence[str]) -> None:
        """Two texts beside one another, line by line."""
        half = (self.width - len(COLUMN_GAP) - 2) // 2
        columns = [[p for line in side for p in (textwrap.wrap(line, half) or [""])] for side in (left, right)]
        for number in range(max(map(len, columns))):
            cells = [column[number] if number < len(column) else "" for column in columns]
            self.say(f"  {cells[0]:<{half}}{COLUMN_GAP}{cells[1]}".rstrip())


def printable(text: str) -> str:
    """A text without the control characters by which data could steer a terminal, cut where it is very long."""
    shown = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} ... ({len(text):,} characters in all)"
    return "".join(c if c in "\n\t" or c.isprintable() else f"<{ord(c):04x}>" for c in shown).replace("\t", "    ")


def who_decides(name: str | None) -> str:
    """The name for the record: the one given, else that of the login."""
    if name and name.strip():
        return name.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def choose(answer: str, names: Sequence[str]) -> tuple[str, ...]:
    """What an answer can mean: the name itself, its number from 1, a name that differs in case, or parts of names."""
    if answer in names:
        return (answer,)
    if answer.isdecimal() and 1 <= int(answer) <= len(names):
        return (names[int(answer) - 1],)
    same = tuple(name for name in names if name.casefold() == answer.casefold())
    return same or tuple(name for name in names if answer and answer.casefold() in name.casefold())


def ask_label(
    terminal: Terminal,
    question: str,
    labels: Sequence[str],
    default: str | None = None,
    said: str | None = None,
    commands: Container[str] = (),
) -> str | None:
    """A label: typed, by number, or by a part that no other has; a new one is asked back. None at the end or empty.

    ``said`` is what the person typed already; then the question is asked only where that is not enough. ``commands``
    are no labels and come back as they were typed.
    """
    while True:
        answer = terminal.ask(f"{question}{f' [{default}]' if default else ''}") if said is None else said
        said = None
        if answer is None or (not answer and default is None):
            return None
        if not answer:
            return default
        if not labels or answer in commands:
            return answer
        if answer == "?":
            show_labels(terminal, labels)
            continue
        found = choose(answer, labels)
        if len(found) == 1:
            return found[0]
        if found:
            terminal.say(f"  {answer!r} fits several labels: {', '.join(found[:8])}.")
            continue
        confirmed = terminal.ask(f"  {answer!r} is a new label. Use it? [y/N]")
        if confirmed is None or confirmed in commands:
            return confirmed
        if confirmed.lower() in ("y", "yes"):
            return answer


def show_labels(terminal: Terminal, labels: Sequence[str]) -> None:
    """The labels with their numbers."""
    text = "  ".join(f"{number} {label}" for number, label in enumerate(labels, start=1))
    terminal.block("labels", text)
