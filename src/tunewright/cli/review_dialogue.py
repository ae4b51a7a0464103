"""The dialogue of ``tunewright review``: one question a screen, one line an answer."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.audit.edits import DROP, KEEP, Edit, apply_edit, diff_lines
from tunewright.audit.fields import texts
from tunewright.audit.queue import Question
from tunewright.cli.dialogue import Terminal, ask_label, printable
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.workflow.review import Review

KEYS = "[k]eep  [f]ix as suggested  [r]elabel  [e]dit  [d]rop  [s]kip  [u]ndo  [q]uit  [?]"
HELP = """  k  the row is right as it is          f  do what is suggested
  r  another label: r, or r LABEL        e  write another text into a field
  d  leave the row out                   s  put it off to the next time
  u  take the last decision back         q  stop; decisions are kept, changed rows go to a new file
  A reason can follow: d # not a question"""
NOTE = " # "
SHOWN_LIKE = 3
SHOWN_OTHERS = 3


def converse(review: Review, terminal: Terminal, limit: int | None = None) -> int:
    """Ask until the questions, the limit or the answers end; returns how many were decided.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; every decision before is kept.
    """
    decided, again = 0, None
    while limit is None or decided < limit:
        question = again or next(review.pending(), None)
        if question is None:
            break
        again = None
        _show(review, question, terminal)
        step = _settle(review, question, terminal)
        if step == "quit":
            break
        if step == "undo":
            again = review.undo()
            terminal.say("Nothing to undo." if again is None else "Taken back:")
            decided -= again is not None and decided > 0
        elif step == "decided":
            decided += 1
    return decided


def _settle(review: Review, question: Question, terminal: Terminal) -> str:
    """One question until it is decided: ``decided``, ``skipped``, ``undo`` or ``quit``."""
    started = terminal.clock()
    while True:
        line = terminal.ask(KEYS)
        if line is None:
            return "quit"
        said, _, note = f"{line} ".partition(NOTE)
        key, _, rest = said.strip().partition(" ")
        key = key.lower()
        if key in ("q", "quit"):
            return "quit"
        if key in ("u", "undo"):
            return "undo"
        if key in ("s", "skip"):
            review.skip(question, seconds=terminal.clock() - started)
            return "skipped"
        try:
            edit = _edit(review, question, key, rest.strip(), terminal)
            if edit is None:
                continue
            review.decide(question, edit, note=note.strip(), seconds=terminal.clock() - started)
        except InputError as error:
            terminal.say(f"  {error.message} {error.hint or ''}".rstrip())
            continue
        return "decided"


def _edit(review: Review, question: Question, key: str, rest: str, terminal: Terminal) -> Edit | None:
    """What a key means; None where it means nothing, or the person thought better of it."""
    if key in ("k", "keep"):
        return KEEP
    if key in ("d", "drop"):
        return DROP
    if key in ("f", "fix"):
        edit = review.suggestion(question)
        if edit is None:
            terminal.say("  Nothing is suggested here.")
        return edit
    if key in ("r", "relabel"):
        return _relabel(review, question, rest, terminal)
    if key in ("e", "edit"):
        return _rewrite(review, question, terminal)
    terminal.say(HELP)
    return None


def _relabel(review: Review, question: Question, rest: str, terminal: Terminal) -> Edit | None:
    if rest:
        label = ask_label(terminal, "  New label:", review.labels, said=rest)
    else:
        suggestion = review.suggestion(question)
        default = suggestion.changes[0][1] if suggestion and suggestion.action == "relabel" else None
        label = ask_label(terminal, "  New label (? lists them):", review.labels, default)
    return Edit("relabel", (("target", label),)) if label else None


def _rewrite(review: Review, question: Question, terminal: Terminal) -> Edit | None:
    example = review.now(question.row)
    assert example is not None
    names = [name for name, text in texts(example) if text or name == "target"]
    spans = [span.field for item in question.items for span in item.spans]
    default = spans[0] if spans else "target"
    field = terminal.ask(f"  Which text ({', '.join(names)})? [{default}]")
    if field is None:
        return None
    text = terminal.ask("  New text (\\n is a line break; empty changes nothing):")
    return Edit("edit", ((field or default, text.replace("\\n", "\n")),)) if text else None


def _show(review: Review, question: Question, terminal: Terminal) -> None:
    example = review.now(question.row)
    assert example is not None
    finding = question.finding
    terminal.say("\n" + "-" * min(60, terminal.width))
    terminal.say(f"{review.n_pending} open. {finding.severity}: {printable(finding.title)} ({finding.kind})")
    terminal.say(_place(example))
    _show_row(example, terminal)
    for why in dict.fromkeys(item.why for item in question.items):
        terminal.block("why", why)
    for title in question.others[:SHOWN_OTHERS]:
        terminal.block("also", title)
    for row in question.like[:SHOWN_LIKE]:
        other = review.now(row)
        if other is not None:
            terminal.say("  like it:")
            terminal.side_by_side(_lines("this row", example), _lines(str(other.source), other))
    _show_suggestion(review.suggestion(question), example, terminal)


def _show_row(example: Example, terminal: Terminal) -> None:
    single = sum(message.role != "system" for message in example.messages) == 1
    for message in example.messages:
        name = "text" if single and message.role != "system" else message.role
        terminal.block(name, message.content)
    terminal.block("target", example.target)
    for call in example.target_calls:
        terminal.block("calls", f"{call.name}({call.arguments})")
    for message in example.rejected:
        terminal.block("rejected", message.content)


def _show_suggestion(edit: Edit | None, example: Example, terminal: Terminal) -> None:
    if edit is None:
        return
    if edit.action == "relabel":
        terminal.block("suggested", f"relabel to '{edit.changes[0][1]}'")
        return
    what = {"keep": "keep it", "drop": "leave the row out", "weigh": f"weight {edit.weight}"}
    terminal.block("suggested", what.get(edit.action, edit.action))
    if edit.changes:
        for line in diff_lines(example, apply_edit(example, edit)):
            terminal.say(f"    {printable(line)}")


def _lines(name: str, example: Example) -> Sequence[str]:
    return [name, *printable(example.text).splitlines(), f"=> {printable(example.target)}"]


def _place(example: Example) -> str:
    place = str(example.source)
    return place if example.row_id == place else f"{place}, {printable(example.row_id)}"
