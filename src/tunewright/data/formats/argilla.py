"""Records of Argilla: ``fields``, and ``responses`` to questions.

The first submitted response to the first question that has one is the target; all responses and suggestions are kept as
tags, and written back as long as they still say the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.data.cells import cell_text
from tunewright.data.formats import EVERY_USE, none_named
from tunewright.data.formats._fields import field_tags, text_field, write_fields
from tunewright.data.formats._turns import structure
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 44
NAME = "argilla"
DESCRIPTION = "records of Argilla (fields, responses)"
USES = EVERY_USE
FAMILY = NAME
ALONE = False
PREFIX = "fields."
QUESTION = "label"
DISCARDED = frozenset({"discarded", "draft"})


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    free = none_named(columns)
    return free and isinstance(cells.get("fields"), Mapping) and ("responses" in cells or "suggestions" in cells)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"fields", "responses"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    fields, responses = cells.get("fields"), cells.get("responses")
    field = text_field(fields) if isinstance(fields, Mapping) else None
    if not isinstance(fields, Mapping) or field is None:
        return Refusal("labels.no_text", "its fields hold no text")
    tags = field_tags(fields, field, PREFIX)
    if responses:
        tags.append(("responses", cell_text(responses)))
    return Draft((Message("user", str(fields[field])),), _answer(responses), tags=tuple(tags))


def _answer(responses: object) -> object:
    """The value that a person submitted; None where nobody did."""
    if isinstance(responses, Mapping):
        for given in responses.values():
            for response in given if isinstance(given, list) else [given]:
                if not isinstance(response, Mapping) or response.get("status") in DISCARDED:
                    continue
                if not _empty(response.get("value")):
                    return response["value"]
    for response in responses if isinstance(responses, list) else []:
        values = response.get("values") if isinstance(response, Mapping) else None
        if not isinstance(values, Mapping) or response.get("status") in DISCARDED:
            continue
        for value in values.values():
            inner = value.get("value") if isinstance(value, Mapping) else value
            if not _empty(inner):
                return inner
    return None


def _empty(value: object) -> bool:
    return value is None or value == "" or value == []


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(example.messages) != 1:
        return Refusal("write.one_text", f"its input has {len(example.messages)} messages, and a record holds one text")
    tags = dict(example.tags)
    fields, used = write_fields(example.messages[0].content, tags, PREFIX)
    kept = structure(tags.get("responses", ""))
    outdated: frozenset[str] = frozenset()
    if not kept or cell_text(_answer(kept)) != example.target:
        kept = {QUESTION: [{"value": structure(example.target)}]} if example.target else {}
        outdated = frozenset({"responses"})
    return Written({"fields": fields, "responses": kept}, frozenset(used | {"responses"}), outdated)
