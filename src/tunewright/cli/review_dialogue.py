"""The dialogue of ``tunewright review``: one row a screen with all that was found in it, one line an answer."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.audit.edits import DROP, Edit, apply_edit, diff_lines
from tunewright.audit.field_words import call_words, field_meant, field_words, message_words
from tunewright.audit.queue import Question, RowQuestions
from tunewright.cli.dialogue import Terminal, ask_label, printable
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.workflow.reviewing.review import Review

KEYS = "[k]eep  [f]ix as suggested  [r]elabel  [e]dit  [d]rop  [s]kip  [u]ndo  [q]uit  [?]"
HELP = """  k  the row is right as it is          f  do all that is suggested; f 1 3: only that
  r  another label: r, or r LABEL        e  write another text into a field
  d  leave the row out                   s  put it off to the next time
  u  take the last decision back         q  stop; decisions are kept, changed rows go to a new file
  What should be masked stays open after k, r and e, and is asked next: k on that alone keeps it.
  k all, f all: the same for all rows whose label is spelled alike.
  A reason can follow: d # not a question"""
NOTE = " # "
SHOWN_LIKE = 3
SHOWN_OTHERS = 3
TAGS = {"error": "SETTLE", "warning": "MEND", "note": "KNOW"}


def converse(review: Review, terminal: Terminal, limit: int | None = None) -> int:
    """Ask until the rows, the limit or the answers end; returns how many answers were given.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; every decision before is kept.
    """
    _tell_of_the_set(review, terminal)
    answered, again = 0, None
    while limit is None or answered < limit:
        asked = next((one for one in review.rows() if again in (None, one.row)), None) or next(review.rows(), None)
        if asked is None:
            break
        again = None
        _show(review, asked, terminal)
        step = _settle(review, asked, terminal)
        if step == "quit":
            break
        if step == "undo":
            again = review.undo()
            terminal.say("Nothing to undo." if again is None else "Taken back:")
            answered -= again is not None and answered > 0
        elif step == "decided":
            answered += 1
            # What is left of this row comes next, while it is in mind.
            again = asked.row
    return answered


def _tell_of_the_set(review: Review, terminal: Terminal) -> None:
    """Findings that no row can answer, once."""
    if review.about_the_set:
        terminal.say("About the set as a whole, where there is nothing to decide row by row:")
    for finding in review.about_the_set:
        terminal.block(TAGS[finding.severity], f"{finding.title}. {finding.advice}")


def _settle(review: Review, asked: RowQuestions, terminal: Terminal) -> str:
    """One row until something is decided: ``decided``, ``skipped``, ``undo`` or ``quit``."""
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
        seconds = terminal.seconds_since(started)
        if key in ("s", "skip"):
            review.skip(asked, seconds=seconds)
            return "skipped"
        try:
            if _decide(review, asked, (key, rest.strip(), note.strip()), seconds, terminal):
                return "decided"
        except InputError as error:
            terminal.say(f"  {error.message} {error.hint or ''}".rstrip())


def _decide(
    review: Review, asked: RowQuestions, said: tuple[str, str, str], seconds: float | None, terminal: Terminal
) -> bool:
    """Do what a key means; whether anything was decided."""
    key, rest, note = said
    if key in ("k", "keep", "f", "fix") and rest == "all":
        return _for_all(review, asked, key, note, seconds, terminal)
    if key in ("k", "keep"):
        review.keep(asked, note=note, seconds=seconds)
    elif key in ("d", "drop"):
        review.drop(asked, note=note, seconds=seconds)
    elif key in ("f", "fix"):
        return _fix(review, asked, rest, note, seconds, terminal)
    elif key in ("r", "relabel", "e", "edit"):
        own = _relabel(review, asked, rest, terminal) if key[0] == "r" else _rewrite(review, asked, terminal)
        if own is None:
            return False
        review.change(asked, own, note=note, seconds=seconds)
    else:
        terminal.say(HELP)
        return False
    return True


def _fix(review: Review, asked: RowQuestions, rest: str, note: str, seconds: float | None, terminal: Terminal) -> bool:
    numbers = [int(word) for word in rest.replace(",", " ").split() if word.isdecimal()]
    if rest and not all(1 <= number <= len(asked.questions) for number in numbers or [0]):
        terminal.say(f"  The findings of this row have the numbers 1 to {len(asked.questions)}.")
        return False
    chosen = [asked.questions[number - 1] for number in numbers] or list(asked.questions)
    if review.accept(asked, chosen, note=note, seconds=seconds):
        return True
    terminal.say("  Nothing is suggested here.")
    return False


def _for_all(
    review: Review, asked: RowQuestions, key: str, note: str, seconds: float | None, terminal: Terminal
) -> bool:
    """One answer for all rows whose label is spelled alike."""
    found = [(question, alike) for question in asked.questions if (alike := review.alike(question))]
    if not found:
        terminal.say("  No other row has its label spelled like this one.")
        return False
    question, alike = found[0]
    decided = review.decide_alike([question, *alike], keep=key[0] == "k", note=note, seconds=seconds)
    terminal.say(f"  Decided for {decided} rows.")
    return True


def _relabel(review: Review, asked: RowQuestions, rest: str, terminal: Terminal) -> Edit | None:
    if rest:
        label = ask_label(terminal, "  New label:", review.labels, said=rest)
    else:
        edits = [edit for question in asked.questions if (edit := review.suggestion(question))]
        default = next((edit.changes[0][1] for edit in edits if edit.action == "relabel"), None)
        label = ask_label(terminal, "  New label (? lists them):", review.labels, default)
    return Edit("relabel", (("target", label),)) if label else None


def _rewrite(review: Review, asked: RowQuestions, terminal: Terminal) -> Edit | None:
    example = review.now(asked.row)
    assert example is not None
    inputs, target = review.columns
    words = field_words(example, inputs, target)
    spans = [span.field for question in asked.questions for item in question.items for span in item.spans]
    first = field_meant(example, "input") if spans and spans[0] == "input" else (spans or ["target"])[0]
    default = words.get(first, first)
    field = terminal.ask(f"  Which text ({', '.join(words.values())})? [{default}]")
    if field is None:
        return None
    text = terminal.ask("  New text (\\n is a line break; empty changes nothing):")
    meant = field_meant(example, field_meant(example, field or default, inputs, target))
    return Edit("edit", ((meant, text.replace("\\n", "\n")),)) if text else None


def _show(review: Review, asked: RowQuestions, terminal: Terminal) -> None:
    example = review.now(asked.row)
    assert example is not None
    terminal.say("\n" + "-" * min(60, terminal.width))
    rows, questions = sum(1 for _ in review.rows()), review.n_pending
    open_rows = "1 row" if rows == 1 else f"{rows} rows"
    asked_for = "1 question" if questions == 1 else f"{questions} questions"
    terminal.say(f"{open_rows} open, {asked_for}. {_place(example)}")
    _show_row(example, terminal)
    several = len(asked.questions) > 1
    for number, question in enumerate(asked.questions, start=1):
        finding = question.finding
        front = f"{number}  " if several else ""
        title = printable(finding.title)
        terminal.say(f"{front}{TAGS[finding.severity]} {finding.severity}: {title} ({finding.kind})")
        for why in dict.fromkeys(item.why for item in question.items):
            terminal.block("why", why)
        _show_suggestion(review, question, example, terminal)
    asked_titles = {question.finding.title for question in asked.questions}
    for title in [t for t in asked.questions[0].others if t not in asked_titles][:SHOWN_OTHERS]:
        terminal.block("also", title)
    _show_like(review, asked, example, terminal)
    for question in asked.questions:
        alike = len(review.alike(question))
        if alike:
            more = "1 more row has" if alike == 1 else f"{alike} more rows have"
            terminal.say(f"  {more} this label spelled so: 'f all' or 'k all' answers for {alike + 1} rows at once.")


def _show_like(review: Review, asked: RowQuestions, example: Example, terminal: Terminal) -> None:
    rows = dict.fromkeys(row for question in asked.questions if not question.masks for row in question.like)
    for row in list(rows)[:SHOWN_LIKE]:
        other = review.now(row)
        if other is not None:
            terminal.say("  like it:")
            terminal.side_by_side(_lines("this row", example), _lines(str(other.source), other))


def _show_row(example: Example, terminal: Terminal) -> None:
    single = sum(message.role != "system" for message in example.messages) == 1
    for message in example.messages:
        name = "text" if single and message.role == "user" else message_words(message)
        if message.content or not message.tool_calls:
            terminal.block(name, message.content)
        for call in message.tool_calls:
            terminal.block(f"{message.role} calls", call_words(call))
    if example.target or not example.target_calls:
        terminal.block("target", example.target)
    for call in example.target_calls:
        terminal.block("target calls", call_words(call))
    for message in example.rejected:
        if message.content or not message.tool_calls:
            terminal.block("rejected", message.content)
        for call in message.tool_calls:
            terminal.block("rejected calls", call_words(call))


def _show_suggestion(review: Review, question: Question, example: Example, terminal: Terminal) -> None:
    edit = review.suggestion(question)
    if edit is None:
        if question.masks:
            terminal.say("  What should be masked stands elsewhere by now: mask it with [e]dit, or leave the row out.")
        return
    if edit.action == "relabel":
        terminal.block("suggested", f"relabel to '{edit.changes[0][1]}'")
        return
    what = {"keep": "keep it", "drop": "leave the row out", "weigh": f"weight {edit.weight}"}
    terminal.block("suggested", what.get(edit.action, edit.action))
    if edit != DROP and edit.changes:
        for line in diff_lines(example, apply_edit(example, edit), field_words(example, *review.columns)):
            terminal.say(f"    {printable(line)}")


def _lines(name: str, example: Example) -> Sequence[str]:
    calls = [f"=> {printable(call_words(call))}" for call in example.target_calls]
    answer = [f"=> {printable(example.target)}"] if example.target or not calls else []
    return [name, *printable(example.text).splitlines(), *answer, *calls]


def _place(example: Example) -> str:
    place = str(example.source)
    return place if example.row_id == place else f"{place}, {printable(example.row_id)}"
