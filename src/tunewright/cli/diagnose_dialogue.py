"""The screen on which errors are named: one error after another, one line an answer, one key a failure mode."""

from __future__ import annotations

import json
from collections import Counter

from tunewright.cli.dialogue import Terminal, printable
from tunewright.decision.failure_modes import BY_ID, BY_KEY, MODES, OTHER, FailureMode, mode_named
from tunewright.workflow.diagnose.tag_files import others_of
from tunewright.workflow.diagnose.tags import NewTag, TagBook

KEYS = "  ".join(f"[{mode.key}] {mode.id}" for mode in MODES)
COMMANDS = "[s]kip  [u]ndo  [g]uess on or off  [q]uit  [?]"
NOTE = " # "
MOST_OTHERS, MOST_SOURCES = 6, 4
HELP = "\n".join(
    [
        *(f"  {mode.key}  {mode.title}: {mode.help}" for mode in MODES),
        "  s  put it off to the next time     u  take the last name back",
        "  g  show or hide the guess          q  stop; every name is kept",
        "  Behind a key a remark can follow: b # too friendly. x needs one: x it answers in Dutch",
        "  Where two things went wrong, name the one that you would mend first.",
    ]
)


def converse(book: TagBook, terminal: Terminal, *, guesses: bool, limit: int | None = None) -> int:
    """Ask until the sample, the limit or the answers end; returns how many errors were named.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; every name before is kept.
    """
    named, again = 0, None
    shown = guesses
    while limit is None or named < limit:
        place = book.next() if again is None else again
        if place is None:
            break
        again = None
        step, shown = _ask(book, place, terminal, shown)
        if step == "quit":
            break
        if step == "undo":
            again = book.undo()
            terminal.say("Nothing to undo." if again is None else "Taken back:")
            named -= again is not None and named > 0
        named += step == "named"
    return named


def _ask(book: TagBook, place: int, terminal: Terminal, shown: bool) -> tuple[str, bool]:
    """One error until it is named: ``named``, ``skipped``, ``undo`` or ``quit``; and whether guesses are shown."""
    started = terminal.clock()
    _show(book, place, terminal)
    seen = _show_guess(book, place, terminal) if shown else False
    terminal.say(KEYS)
    while True:
        line = terminal.ask(COMMANDS)
        said, _, note = f"{line or ''} ".partition(NOTE)
        key, _, rest = said.strip().partition(" ")
        command = key.lower()
        if line is None or command in ("q", "quit"):
            return "quit", shown
        if command in ("u", "undo"):
            return "undo", shown
        if command in ("s", "skip"):
            book.skip(place)
            return "skipped", shown
        if command in ("g", "guess"):
            shown = not shown
            seen = (shown and _show_guess(book, place, terminal)) or seen
            terminal.say("  Guesses are shown." if shown else "  Guesses are hidden from now on.")
            continue
        mode = BY_KEY.get(command) or (mode_named(said) if len(command) > 1 else None)
        remark = _remark(mode, note.strip() or (rest.strip() if mode and command == mode.key else ""), terminal)
        if mode is None or remark is None:
            terminal.say(HELP if mode is None else "  Say in a few words what it is.")
            continue
        book.tag([NewTag(place, mode.id, remark, terminal.seconds_since(started), seen)])
        return "named", shown


def _remark(mode: FailureMode | None, note: str, terminal: Terminal) -> str | None:
    """The remark; asked for where the mode says nothing without one, and None where there is none then."""
    if mode is None or mode.id != OTHER or note:
        return note
    return terminal.ask("  What is it?") or None


def _show(book: TagBook, place: int, terminal: Terminal) -> None:
    bench, example = book.bench, book.bench.examples[place]
    counts = Counter(book.named[one].mode for one in book.sample if one in book.named)
    told = ", ".join(f"{n} {mode}" for mode, n in counts.most_common())
    terminal.say("\n" + "-" * min(60, terminal.width))
    place_of = str(example.source)
    name = place_of if example.row_id == place_of else f"{place_of}, {printable(example.row_id)}"
    terminal.say(f"{sum(counts.values())} of {len(book.sample)} named{f' ({told})' if told else ''}. {name}")
    terminal.block("case", example.text)
    terminal.block("right", example.target)
    row = bench.base[place]
    sure = "" if row.confidence is None else f" ({row.confidence:.0%} sure)"
    terminal.block(f"{bench.system} said", f"{book.said[place] or 'nothing that could be used'}{sure}")
    if row.detail:
        terminal.block("graded", row.detail)
    others = others_of(book, place)
    for system, answer in others[:MOST_OTHERS]:
        right = "  (right)" if bench.is_right(bench.able[system].rows[place]) else ""
        terminal.block(system, f"{answer}{right}", indent=4)
    _show_sources(row.trace, terminal)


def _show_sources(trace: str, terminal: Terminal) -> None:
    """The passages that the answer came from, where it says so."""
    try:
        sources = json.loads(trace).get("sources", []) if trace else []
    except ValueError:
        return
    found = [f"{one.get('file', '')} {one.get('heading', '')}".strip() for one in sources if isinstance(one, dict)]
    if found:
        terminal.block("it looked at", "; ".join(found[:MOST_SOURCES]), indent=4)


def _show_guess(book: TagBook, place: int, terminal: Terminal) -> bool:
    guess = book.guesses.get(place)
    if guess is None or not guess.mode:
        return False
    terminal.say(f"  guess: [{BY_ID[guess.mode].key}] {BY_ID[guess.mode].title}, because {guess.says}")
    return True
