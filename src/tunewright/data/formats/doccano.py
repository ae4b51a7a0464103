"""Rows of doccano: a text, and a list of labels or of marked stretches beside it.

One label is the target itself; several are a list, and marks are a list of label, place and words.
"""

from __future__ import annotations

import json

from tunewright.data.formats import EVERY_USE
from tunewright.data.formats._spans import parsed_list, span_of, spans_of_target, spans_target
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 46
NAME = "doccano"
DESCRIPTION = "texts with a list of labels beside them, as doccano writes them"
USES = EVERY_USE
FAMILY = NAME
ALONE = False
TEXTS = ("text", "data")
LISTS = ("label", "labels", "annotations", "entities")
# Tags that name the keys of the row where they are not text and label.
TEXT_KEY, LIST_KEY = "text_field", "label_field"


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if columns is not None and (columns.input or columns.target):
        return False
    text, found = _text_key(cells), _list_key(cells)
    return text is not None and found is not None and "annotation_id" not in cells


def _text_key(cells: Cells) -> str | None:
    return next((name for name in TEXTS if isinstance(cells.get(name), str)), None)


def _list_key(cells: Cells) -> str | None:
    """The key of the list; the one that is filled where there are several."""
    lists = [name for name in LISTS if isinstance(cells.get(name), list)]
    return next((name for name in lists if cells[name]), lists[0] if lists else None)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({*TEXTS, *LISTS})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    text_key, list_key = _text_key(cells), _list_key(cells)
    if text_key is None or list_key is None:
        return Refusal("data.other_shape", "it is no text with a list of labels")
    text, given = str(cells[text_key]), cells[list_key]
    assert isinstance(given, list)
    if sum(bool(cells.get(name)) for name in LISTS) > 1 or sum(bool(cells.get(name)) for name in TEXTS) > 1:
        return Refusal("labels.several_lists", "it has several texts or several lists of labels")
    tags = [(tag, name) for tag, name, usual in ((TEXT_KEY, text_key, "text"), (LIST_KEY, list_key, "label"))
            if name != usual]  # fmt: skip
    target = _target(given, text)
    return target if isinstance(target, Refusal) else Draft((Message("user", text),), target, tags=tuple(tags))


def _target(given: list[object], text: str) -> object:
    spans = [span for item in given if (span := span_of(item)) is not None]
    if spans and len(spans) == len(given):
        return spans_target(spans, text)
    if all(isinstance(item, str) for item in given):
        return given[0] if len(given) == 1 else given or None
    return Refusal("labels.kind", "its labels are neither names nor [start, end, name]")


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(example.messages) != 1:
        return Refusal("write.one_text", f"its input has {len(example.messages)} messages, and a row holds one text")
    tags = dict(example.tags)
    text_key, list_key = tags.get(TEXT_KEY, "text"), tags.get(LIST_KEY, "label")
    if text_key not in TEXTS or list_key not in LISTS:
        text_key, list_key = "text", "label"
    spans, labels = spans_of_target(example.target), parsed_list(example.target)
    if spans and list_key == "entities":
        given: list[object] = [{"label": s.label, "start_offset": s.start, "end_offset": s.end} for s in spans]
    elif spans:
        given = [list(span) for span in spans]
    elif labels is not None and len(labels) > 1 and json.dumps(labels, ensure_ascii=False) == example.target:
        given = labels
    else:
        given = [example.target] if example.target else []
    used = {tag for tag, key in ((TEXT_KEY, text_key), (LIST_KEY, list_key)) if tags.get(tag) == key}
    return Written({text_key: example.messages[0].content, list_key: given}, frozenset(used))
