"""Flat tasks of Label Studio (its JSON_MIN and CSV exports): the fields of the data beside the answer and its place."""

from __future__ import annotations

import json

from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._fields import text_field
from tunewright.data.formats._spans import parsed_list, span_of, spans_of_target, spans_target
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 42
NAME = "label studio min"
DESCRIPTION = "flat tasks of Label Studio (annotation_id beside the answer)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
OWN = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
# Tags that name the fields of the text and of the answer, where they are not called text and label.
TEXT_FIELD, ANSWER_FIELD = "text_field", "answer_field"


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    free = columns is None or not columns.input
    return free and "annotation_id" in cells and ("annotator" in cells or "lead_time" in cells)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset()


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    fields = {name: value for name, value in cells.items() if name not in OWN}
    field = text_field({name: value for name, value in fields.items() if name != "label"})
    if field is None:
        return Refusal("labels.no_text", "it holds no text")
    others = [name for name in fields if name != field and not _empty(fields[name])]
    named = columns.target if columns and columns.target else "label" if "label" in others else None
    if named is None and len(others) != 1 and require_target:
        return Refusal(
            "labels.which", f"it is not clear which field is the answer ({', '.join(others)}); name the target"
        )
    answer = named or (others[0] if len(others) == 1 else None)
    text = str(fields[field])
    target = _target(fields[answer], text) if answer is not None and answer in fields else None
    if isinstance(target, Refusal):
        return target
    names = ((TEXT_FIELD, field, "text"), (ANSWER_FIELD, answer, "label"))
    tags = [(tag, name) for tag, name, usual in names if name is not None and name != usual]
    used = frozenset(name for name in (field, answer) if name is not None)
    return Draft((Message("user", text),), target, tags=tuple(tags), used=used)


def _empty(value: object) -> bool:
    return value is None or value == "" or value == []


def _target(value: object, text: str) -> object:
    """One answer, a list of answers, or marked stretches."""
    given = parsed_list(value) if isinstance(value, str) else None
    value = value if given is None else given
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        value = value["choices"]
    if not isinstance(value, list):
        return value
    spans = [span_of(item) for item in value]
    fitting = [span for span in spans if span is not None]
    if value and len(fitting) == len(value):
        return spans_target(fitting, text)
    return value


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(example.messages) != 1:
        return Refusal("write.one_text", f"its input has {len(example.messages)} messages, and a task holds one text")
    tags = dict(example.tags)
    cells: dict[str, object] = {tags.get(TEXT_FIELD, "text"): example.messages[0].content}
    spans = spans_of_target(example.target)
    answer: object = example.target
    if spans:
        answer = [{"start": s.start, "end": s.end, "labels": [s.label]} for s in spans]
    elif (choices := parsed_list(example.target)) is not None:
        answer = {"choices": choices} if json.dumps(choices, ensure_ascii=False) == example.target else answer
    if example.target:
        cells[columns.target or tags.get(ANSWER_FIELD, "label")] = answer
    own = {name: "" for name in ("annotation_id", "annotator") if name not in tags}
    return Written({**cells, **own}, frozenset({TEXT_FIELD, ANSWER_FIELD}))
