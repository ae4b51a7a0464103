"""The queue of a finding as a person goes through it: rows side by side, the places that matter marked.

A view: items of a check go in, covered words and pieces come out (see ``audit_privacy``). The page shows the first
items of every finding, the terminal a few of them in one line each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from tunewright.audit.fields import last_user, text_of, texts
from tunewright.audit.findings import Finding, Item
from tunewright.audit.view import View
from tunewright.records.example import Example, ToolCall
from tunewright.reporting.audit_privacy import Cover, Mark, Piece, field_name
from tunewright.reporting.words import clean

MOST_ITEMS = 50
MOST_ROWS = 4
MOST_TOOL_TEXTS = 8
LONGEST_NAME = 80
# Texts this alike are compared word by word; in others nearly every word would be marked.
LEAST_ALIKE = 0.4
MOST_WORDS = 400
NOT_SHOWN = "not shown: it may hold personal data or secrets"
EMPTY = "(empty)"
_WORD = re.compile(r"\w+|[^\w\s]+")
Marks = list[tuple[int, int, Mark]]


@dataclass(frozen=True, slots=True)
class FieldView:
    """One text of a row; ``note`` stands where there are no pieces to show."""

    name: str
    pieces: tuple[Piece, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class RowView:
    """One row: what it is here (``row to act on``, ``most similar``), its names and its texts."""

    role: str
    name: str
    source: str
    part: str
    fields: tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class ItemView:
    """One piece of evidence. ``given`` and ``suggested`` are labels where another label is suggested."""

    why: str
    likely: str
    rows: tuple[RowView, ...]
    more_rows: int
    given: tuple[Piece, ...]
    suggested: str
    fix: str


@dataclass(frozen=True, slots=True)
class QueueView:
    """The first items, and how many more the finding holds."""

    items: tuple[ItemView, ...]
    total: int

    @property
    def more(self) -> int:
        """Items that are not among those shown."""
        return self.total - len(self.items)


def queue_view(finding: Finding, view: View, cover: Cover, with_texts: bool = True) -> QueueView:
    """The first ``MOST_ITEMS`` items, ready to show."""
    items = [_item(item, view, cover, with_texts) for item in finding.items[:MOST_ITEMS]]
    return QueueView(tuple(items), len(finding.items))


def excerpt(item: Item, view: View, cover: Cover, longest: int) -> str:
    """The marked field of the first row on one line, covered and cut; empty where it must not be shown."""
    row = item.rows[0]
    example = view.examples[row]
    fields = [span.field for span in item.spans if _row_of(item, span.row) == row] or ["input"]
    marks = _marks(item, row, example, field_name(example, fields[0]))
    called = example.target_calls[0].name if example.target_calls and fields == ["input"] else ""
    room = longest // 2 if called else longest
    pieces = cover.text(row, fields[0], marks, room) if _there(example, fields[0]) else None
    said = " ".join("".join(piece.text for piece in pieces or ()).split())
    if not called or pieces is None:
        return said
    # What the answer is: a call, not a text.
    arguments = cover.text(row, "target_calls[0]", longest=longest // 2) or ()
    name = cover.sentence(_cut(clean(called), LONGEST_NAME), (row,))
    return f"{said} => {name}({' '.join(''.join(piece.text for piece in arguments).split())})"


def label_change(item: Item, view: View, cover: Cover) -> str:
    """``charge -> refund. `` where another label is suggested, else empty."""
    fix = item.fix
    if fix is None or fix.action != "relabel" or fix.value is None or view.kind != "classify" or not item.rows:
        return ""
    given = cover.text(item.rows[0], "target", longest=LONGEST_NAME)
    value = cover.new_text(item.rows[0], "target", fix.value)
    told = "".join(piece.text for piece in given or ()) or EMPTY
    return f"{told} -> {_cut(value, LONGEST_NAME)}. " if value else ""


def fix_words(item: Item, view: View, cover: Cover) -> str:
    """The suggested change as a sentence; empty where there is none."""
    fix = item.fix
    if fix is None:
        return ""
    value = cover.new_text(item.rows[0], fix.field, fix.value) if fix.value is not None else None
    safe = " It cannot hurt." if fix.safe else ""
    field = field_words(view.examples[item.rows[0]], fix.field, view.kind)
    told = {
        "keep": "keep the row as it is.",
        "drop": "leave this row out.",
        "mask": "mask the marked places.",
        "weigh": f"give it the weight {fix.value or 'suggested'} in training.",
        "relabel": "another label" if view.kind == "classify" else "another answer",
        "edit": f"a new text of the field {field}",
    }[fix.action]
    if fix.action in ("edit", "relabel"):
        told += f": “{_cut(value)}”" if value else "."
    return f"Suggested: {told}{safe}"


def field_words(example: Example, field: str, kind: str) -> str:
    """A field's name for a person: ``Input``, ``Label``, ``Message 3 (assistant)``."""
    name = field_name(example, field)
    if name == "target":
        return {"classify": "Label", "preference": "Preferred answer"}.get(kind, "Answer")
    if name == f"messages[{last_user(example)}]":
        return "Input"
    number = re.search(r"\[(\d+)\]", name)
    place = int(number[1]) if number else 0
    if name.startswith("target_calls"):
        return _call_words(example.target_calls, place)
    inner = re.search(r"\.calls\[(\d+)\]", name)
    if inner:
        messages = example.rejected if name.startswith("rejected") else example.messages
        front = "Rejected: " if name.startswith("rejected") else f"Message {place + 1}: "
        return front + _call_words(messages[place].tool_calls if place < len(messages) else (), int(inner[1]))
    if name.startswith("rejected"):
        return "Rejected answer" if len(example.rejected) == 1 else f"Rejected answer, message {place + 1}"
    role = example.messages[place].role if place < len(example.messages) else "unknown"
    if role == "tool":
        message = example.messages[place]
        named = [part for part in (message.name, message.tool_call_id and f"[{message.tool_call_id}]") if part]
        return _cut(clean(" ".join([f"Message {place + 1}: answer of the tool", *named])), LONGEST_NAME)
    return "System prompt" if role == "system" else f"Message {place + 1} ({role})"


def _call_words(calls: Sequence[ToolCall], place: int) -> str:
    """``Call of lookup [call_1]``: the tool, and the id that its answer refers to."""
    call = calls[place] if place < len(calls) else None
    named = "" if call is None else " ".join(part for part in (call.name, call.id and f"[{call.id}]") if part)
    return f"Call of {_cut(clean(named), LONGEST_NAME)}"


def _item(item: Item, view: View, cover: Cover, with_texts: bool) -> ItemView:
    relabel = item.fix is not None and item.fix.action == "relabel" and view.kind == "classify"
    rows = item.rows[:MOST_ROWS]
    differing = _differing(rows, view) if with_texts else {}
    given = cover.text(rows[0], "target") if relabel and rows else None
    suggested = None
    if relabel and item.fix is not None and item.fix.value is not None and rows:
        suggested = cover.new_text(rows[0], "target", item.fix.value)
    return ItemView(
        why=cover.sentence(item.why, item.rows),
        likely=_likely(item.score),
        rows=tuple(_row(item, place, view, cover, differing.get(row, {}), relabel) for place, row in enumerate(rows)),
        more_rows=len(item.rows) - len(rows),
        given=given or (),
        suggested=suggested or "",
        fix="" if suggested or not rows else fix_words(item, view, cover),
    )


def _row(item: Item, place: int, view: View, cover: Cover, differing: dict[str, Marks], relabel: bool) -> RowView:
    row = item.rows[place]
    example = view.examples[row]
    roles = ("Row", "Most similar") if relabel else ("First row", "Beside it")
    fields = [_field(name, item, row, view, cover, differing.get(name, [])) for name in _fields(item, row, view)]
    return RowView(
        role=roles[min(place, 1)] if len(item.rows) > 1 else "",
        name=_cut(cover.name(row), LONGEST_NAME),
        source=clean(str(example.source)),
        part=view.parts[row] if view.parts else "",
        fields=tuple(field for field in fields if field is not None),
    )


def _field(name: str, item: Item, row: int, view: View, cover: Cover, differing: Marks) -> FieldView | None:
    example = view.examples[row]
    words = cover.sentence(field_words(example, name, view.kind), (row,))
    pieces = cover.text(row, name, [*_marks(item, row, example, name), *differing])
    if pieces is None:
        return None if not cover.with_texts else FieldView(words, (), NOT_SHOWN)
    shown = "".join(piece.text for piece in pieces).strip()
    return FieldView(words, pieces if shown else (), "" if shown else EMPTY)


def _fields(item: Item, row: int, view: View) -> list[str]:
    """The input, the answer and every field that a span points into, in the order of the row."""
    example = view.examples[row]
    names = [field_name(example, "input"), "target"] if example.messages else ["target"]
    used = [field for field, _ in texts(example) if _is_tool_use(example, field)]
    names = [*names[:1], *used[-MOST_TOOL_TEXTS:], *names[1:]] if example.messages else names
    names += [f"target_calls[{number}]" for number in range(min(len(example.target_calls), MOST_ROWS))]
    names += [f"rejected[{number}]" for number in range(len(example.rejected))][-2:]
    marked = [field_name(example, s.field) for s in item.spans if _row_of(item, s.row) == row]
    earlier = [name for name in dict.fromkeys(marked) if name not in names and _there(example, name)]
    return [*earlier, *names]


def _is_tool_use(example: Example, field: str) -> bool:
    """A call inside the conversation, or what a tool answered."""
    if ".calls[" in field:
        return True
    number = re.fullmatch(r"messages\[(\d+)\]", field)
    return number is not None and example.messages[int(number[1])].role == "tool"


def _marks(item: Item, row: int, example: Example, name: str) -> Marks:
    spans = [span for span in item.spans if _row_of(item, span.row) == row]
    return [(span.start, span.end, "hit") for span in spans if field_name(example, span.field) == name]


def _row_of(item: Item, row: int) -> int:
    """A span without a row is about the first."""
    return row if row >= 0 or not item.rows else item.rows[0]


def _there(example: Example, name: str) -> bool:
    try:
        text_of(example, name)
    except (KeyError, IndexError):
        return False
    return True


def _differing(rows: Sequence[int], view: View) -> dict[int, dict[str, Marks]]:
    """Words that differ between the first row and each other row, by row and field; the first shows those of one."""
    marks: dict[int, dict[str, Marks]] = {}
    for other in rows[1:]:
        first, second = view.examples[rows[0]], view.examples[other]
        for field in ("input",) if view.kind == "classify" else ("input", "target"):
            if other == rows[0] or not (_there(first, field) and _there(second, field)):
                continue
            left, right = _differences(text_of(first, field), text_of(second, field))
            marks.setdefault(rows[0], {}).setdefault(field_name(first, field), left)
            marks.setdefault(other, {})[field_name(second, field)] = right
    return marks


def _differences(left: str, right: str) -> tuple[Marks, Marks]:
    """Places of the words that only one of two texts has; nothing where they are hardly alike."""
    sides = [_words(left), _words(right)]
    words = [[text[start:end] for start, end in spans] for text, spans in zip((left, right), sides, strict=True)]
    matcher = SequenceMatcher(None, words[0], words[1], autojunk=False)
    if matcher.quick_ratio() < LEAST_ALIKE or matcher.ratio() < LEAST_ALIKE:
        return [], []
    marks: tuple[Marks, Marks] = ([], [])
    for change, *places in matcher.get_opcodes():
        for side in (0, 1):
            begin, end = places[2 * side], places[2 * side + 1]
            if change != "equal" and begin < end:
                marks[side].append((sides[side][begin][0], sides[side][end - 1][1], "differs"))
    return marks


def _words(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in islice(_WORD.finditer(text), MOST_WORDS)]


def _likely(score: float) -> str:
    return f"{100 * score:.0f} % likely" if 0.005 < score < 0.995 else ""


def _cut(text: str, longest: int = 300) -> str:
    return text if len(text) <= longest else f"{text[:longest].rstrip()}…"
