"""Tasks of Label Studio: ``data``, and ``annotations`` with ``result`` (choices, marked stretches, texts).

The first annotation that was not cancelled counts, one marked as ground truth before it. All annotations are kept as a
tag, and written back as long as they still say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.formats import EVERY_USE, none_named
from tunewright.data.formats._fields import field_tags, text_field, write_fields
from tunewright.data.formats._spans import Span, parsed_list, span_of, spans_of_target, spans_target
from tunewright.data.formats._turns import structure
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 40
NAME = "label studio"
DESCRIPTION = "tasks of Label Studio (data, annotations)"
USES = EVERY_USE
FAMILY = NAME
ALONE = False
PREFIX = "data."
LISTS = ("annotations", "completions")


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if not none_named(columns) or not isinstance(cells.get("data"), Mapping):
        return False
    return any(isinstance(cells.get(name), list) for name in LISTS)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"data", *LISTS})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    data = cells.get("data")
    field = text_field(data) if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or field is None:
        return Refusal("labels.no_text", "its data hold no text")
    given = next((cells[name] for name in LISTS if isinstance(cells.get(name), list)), [])
    assert isinstance(given, list)
    results = _results(given)
    target = _target(results, str(data[field])) if results else None
    if isinstance(target, Refusal):
        return target
    tags = field_tags(data, field, PREFIX)
    if given:
        tags.append((LISTS[0], cell_text(given)))
    return Draft((Message("user", str(data[field])),), target, tags=tuple(tags))


def _results(annotations: list[object]) -> list[object]:
    """The results of the annotation that counts."""
    usable = [a for a in annotations if isinstance(a, Mapping) and a.get("result") and not a.get("was_cancelled")]
    best = next((a for a in usable if a.get("ground_truth")), usable[0] if usable else None)
    results = best["result"] if best is not None else []
    return results if isinstance(results, list) else []


def _target(results: list[object], text: str) -> object:
    """What the results say: one choice, a list of choices, a text, or marked stretches; a ``Refusal`` otherwise."""
    kinds = {cell_text(item.get("type")) for item in results if isinstance(item, Mapping)} - {"relation"}
    values = [item["value"] for item in results if isinstance(item, Mapping) and isinstance(item.get("value"), Mapping)]
    if kinds == {"choices"}:
        choices = [choice for value in values for choice in _listed(value.get("choices"))]
        return choices[0] if len(choices) == 1 else choices
    if kinds == {"textarea"}:
        return "\n".join(cell_text(part) for value in values for part in _listed(value.get("text")))
    if kinds == {"labels"}:
        spans = [span_of(dict(value)) for value in values]
        fitting = [span for span in spans if span is not None]
        if len(fitting) < len(spans):
            return Refusal("spans.unreadable", "a mark has no start, end and single label")
        return spans_target(fitting, text)
    if kinds == {"pairwise"}:
        return Refusal("labels.pairwise", "a choice between two texts does not say which fields held them")
    return Refusal("labels.kind", f"results of the kind {', '.join(sorted(kinds))} cannot be one target")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(example.messages) != 1:
        return Refusal("write.one_text", f"its input has {len(example.messages)} messages, and a task holds one text")
    tags, text = dict(example.tags), example.messages[0].content
    data, used = write_fields(text, tags, PREFIX)
    kept = structure(tags.get(LISTS[0], "[]"))
    if isinstance(kept, list) and _says(_target(_results(kept), text) if _results(kept) else None, example.target):
        annotations: list[object] = kept
        outdated: frozenset[str] = frozenset()
    else:
        outdated = frozenset({LISTS[0]})
        to = next(iter(data))
        annotations = [{"result": _result(example.target, to)}]
    return Written({"data": data, LISTS[0]: annotations}, frozenset(used | {LISTS[0]}), outdated)


def _says(target: object, text: str) -> bool:
    if target is None or isinstance(target, Refusal):
        return not text and target is None
    return (json.dumps(target, ensure_ascii=False) if isinstance(target, list) else target) == text


def _result(target: str, to: str) -> list[dict[str, object]]:
    """Results that say a target: marks, choices, or the one choice."""
    if not target:
        return []
    spans = spans_of_target(target)
    if spans:
        return [
            _part("labels", to, {"start": s.start, "end": s.end, "labels": [s.label]}) for s in map(Span._make, spans)
        ]
    choices = parsed_list(target)
    return [_part("choices", to, {"choices": [target] if choices is None else choices})]


def _part(kind: str, to: str, value: dict[str, object]) -> dict[str, object]:
    return {"from_name": "label", "to_name": to, "type": kind, "value": value}
