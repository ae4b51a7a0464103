"""An audit's result as a file: ``audit.json``, its models, and its JSON schema.

``python -m tunewright.reporting.audit_document`` writes ``docs/audit.schema.json``. The document holds places and
counts, never the text of a row: a suggested text is given only where texts are wanted and nothing in it is private.
``tunewright audit`` writes it.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pydantic import Field

from tunewright.audit.findings import Action, Cost, Item, Quality, Severity
from tunewright.audit.result import AuditResult, FoundBy, Grade
from tunewright.audit.view import Kind, View
from tunewright.records.base import Record
from tunewright.records.example import Example, example_digest
from tunewright.reporting import audit_words
from tunewright.reporting.audit_privacy import Cover, is_private
from tunewright.reporting.audit_words import AuditContext
from tunewright.reporting.files import write_text

SCHEMA_VERSION = 1
SCHEMA_PATH = Path("docs") / "audit.schema.json"
# As many as a check keeps, so that a review finds every row here again.
MOST_ITEMS = 2_000
Json = dict[str, object]
Numbers = dict[str, float | None]


class DatasetPart(Record):
    """The data that was looked at."""

    file: str = Field(description="the data as the person named it")
    digest: str = Field(description="SHA-256 (hex) of its content")
    rows_digest: str = Field(description="SHA-256 (hex) of its rows in their order, with all columns")
    kind: Kind = Field(description="what the answers are: labels, texts or tool calls, or preference pairs")
    rows: int = Field(description="rows looked at")
    set_aside: int = Field(description="rows that could not be read")


class ScoreLine(Record):
    """One of the seven qualities."""

    quality: Quality
    grade: Grade
    errors: int = Field(description="findings to settle before training")
    warnings: int = Field(description="findings to mend, or to have a reason for")
    notes: int = Field(description="findings that are good to know")
    rows: int = Field(description="rows that an error or a warning would act upon")
    not_checked: int = Field(description="things that could not be judged")


class CheckPart(Record):
    """One check that ran."""

    name: str
    title: str
    quality: Quality
    cost: Cost = Field(description="what the check costs: seconds, minutes, or a language model")
    version: int = Field(description="raised whenever the check would find something else in equal data")
    seconds: float = Field(description="wall time; the only measure that differs between equal audits")
    remembered: int = Field(description="rows whose result was known from an earlier audit")
    limits: dict[str, float] = Field(description="thresholds used, by name")
    numbers: Numbers = Field(description="measures of the whole set by name; null where not finite")


class RowPlace(Record):
    """Where a row is; never its text."""

    row_id: str = Field(description="the person's name of the row")
    source: str = Field(description="file and line in the person's data")
    number: int = Field(description="place among the rows looked at, from 0")


class SpanPart(Record):
    """Characters [start, end) of a field's text."""

    number: int = Field(description="the row, as in rows")
    field: str = Field(description="input, target, messages[i], rejected[i] or target_calls[i]")
    start: int
    end: int
    kind: str = Field(description="what stands there, such as email; may be empty")


class FixPart(Record):
    """One suggested change of the first row."""

    action: Action
    field: str
    value: str | None = Field(description="new label, text or weight; null where there is none or it is withheld")
    withheld: bool = Field(description="there is a value that is not given here, since it holds text of a row")
    safe: bool = Field(description="cannot hurt, whatever the task")


class ItemPart(Record):
    """One piece of evidence."""

    rows: list[RowPlace] = Field(description="rows concerned; the first is the one to act upon")
    why: str
    score: float | None = Field(description="how likely it is a defect, between 0 and 1")
    spans: list[SpanPart]
    fix: FixPart | None


class FindingPart(Record):
    """What a check saw."""

    kind: str = Field(description="stable name; programs match on it")
    check: str
    quality: Quality
    severity: Severity
    title: str
    why: str
    advice: str
    affected: int = Field(description="rows concerned")
    numbers: Numbers = Field(description="measures by name, shares between 0 and 1; null where not finite")
    items: list[ItemPart] = Field(description="worst first, at most as many as the writer allows")
    items_total: int = Field(description="items that the check gave; more than listed where the list was cut")


class GapPart(Record):
    """What a check could not judge; never the same as nothing found."""

    check: str
    kind: str
    because: str
    hint: str


class AuditDocument(Record):
    """Everything that an audit found."""

    schema_version: int = Field(default=SCHEMA_VERSION, description="raised when a field changes its meaning")
    answer: str = Field(description="fit to train on, in one sentence")
    worst: Severity | None = Field(description="gravest severity of any finding")
    dataset: DatasetPart
    created: str = Field(description="ISO 8601 time")
    command: str = Field(description="what repeats the audit")
    scorecard: list[ScoreLine]
    checks: list[CheckPart]
    left_out: list[str] = Field(description="checks that were not asked for")
    findings: list[FindingPart] = Field(description="errors first, then by rows concerned")
    not_checked: list[GapPart]
    notes: list[str]


def audit_document(
    result: AuditResult, view: View, context: AuditContext, texts: bool = True, most_items: int = MOST_ITEMS
) -> AuditDocument:
    """The document of an audit.

    Args:
        result: what the audit found in ``view``.
        view: the rows, for their names and places.
        context: what neither knows.
        texts: False withholds every suggested text; labels of a classifier stay.
        most_items: items listed for each finding; ``items_total`` says how many there are.
    """
    cover = Cover(result, view, context.limits, texts)
    return AuditDocument(
        answer=audit_words.answer(result),
        worst=result.worst,
        dataset=DatasetPart(
            file=context.file,
            digest=context.digest,
            rows_digest=rows_digest(view.examples),
            kind=view.kind,
            rows=result.rows,
            set_aside=len(view.set_aside),
        ),
        created=context.created,
        command=context.command,
        scorecard=[
            ScoreLine(
                quality=line.quality,
                grade=line.grade,
                errors=line.errors,
                warnings=line.warnings,
                notes=line.notes,
                rows=line.rows,
                not_checked=line.not_checked,
            )
            for line in result.scorecard()
        ],
        checks=_checks(result, context),
        left_out=list(result.left_out),
        findings=[_finding(found, view, cover, most_items) for found in result.findings],
        not_checked=[
            GapPart(check=check, kind=gap.kind, because=cover.sentence(gap.because), hint=cover.sentence(gap.hint))
            for check, gap in result.not_checked
        ],
        notes=[cover.sentence(note) for note in context.notes],
    )


def rows_digest(examples: Sequence[Example]) -> str:
    """SHA-256 (hex) of rows in their order, with every column; their names and places do not count."""
    digest = hashlib.sha256()
    for example in examples:
        beside = (example.tags, example.group, example.time, example.critical, example.target_weight)
        weights = [message.weight for message in example.messages]
        digest.update(f"{example_digest(example)} {beside!r} {weights!r}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def write_audit(document: AuditDocument, path: Path) -> None:
    """Write ``audit.json`` in one step: sorted keys, two spaces, a line break at the end; equal documents, equal bytes.

    Raises:
        WorkError: the file cannot be written.
    """
    text = json.dumps(document.model_dump(), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    write_text(text + "\n", path)


def json_schema() -> Json:
    """The JSON schema (2020-12) of what ``write_audit`` writes: every field is there, none is unknown."""
    schema = AuditDocument.model_json_schema(mode="serialization")
    schema["properties"]["schema_version"]["const"] = SCHEMA_VERSION
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return cast(Json, schema)


def schema_text() -> str:
    """The bytes of ``docs/audit.schema.json``."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"


def _checks(result: AuditResult, context: AuditContext) -> list[CheckPart]:
    return [
        CheckPart(
            name=check.name,
            title=check.title,
            quality=check.quality,
            cost=check.cost,
            version=check.version,
            seconds=round(check.seconds, 3),
            remembered=check.remembered,
            limits=dict(context.limits.get(check.name, {})),
            numbers=_numbers(check.result.numbers),
        )
        for check in result.checks
    ]


def _finding(found: FoundBy, view: View, cover: Cover, most_items: int) -> FindingPart:
    finding = found.finding
    private = is_private(found.check) or is_private(finding.kind)
    rows = [row for item in finding.items[:most_items] for row in item.rows]
    return FindingPart(
        kind=finding.kind,
        check=found.check,
        quality=found.quality,
        severity=finding.severity,
        title=cover.sentence(finding.title, rows),
        why=cover.sentence(finding.why, rows),
        advice=cover.sentence(finding.advice, rows),
        affected=finding.affected,
        numbers=_numbers(finding.numbers),
        items=[_item(item, view, cover, private) for item in finding.items[:most_items]],
        items_total=len(finding.items),
    )


def _item(item: Item, view: View, cover: Cover, private: bool) -> ItemPart:
    return ItemPart(
        rows=[
            RowPlace(row_id=view.examples[row].row_id, source=str(view.examples[row].source), number=row)
            for row in item.rows
        ],
        why=cover.sentence(item.why, item.rows),
        score=_finite(item.score),
        spans=[
            SpanPart(
                number=span.row if span.row >= 0 or not item.rows else item.rows[0],
                field=span.field,
                start=span.start,
                end=span.end,
                kind=span.kind,
            )
            for span in item.spans
        ],
        fix=_fix(item, cover, private),
    )


def _fix(item: Item, cover: Cover, private: bool) -> FixPart | None:
    """A value is given whole or not at all: half of a text would be applied as if it were the text."""
    fix = item.fix
    if fix is None:
        return None
    value: str | None = None
    if fix.action == "weigh":
        value = fix.value
    elif fix.action in ("relabel", "edit") and fix.value is not None and item.rows and not private:
        shown = cover.new_text(item.rows[0], fix.field, fix.value)
        value = fix.value if shown == fix.value else None
    withheld = value is None and fix.value is not None
    return FixPart(action=fix.action, field=fix.field, value=value, withheld=withheld, safe=fix.safe)


def _numbers(numbers: tuple[tuple[str, float], ...]) -> Numbers:
    return {name: _finite(value) for name, value in numbers}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


if __name__ == "__main__":
    write_text(schema_text(), Path(sys.argv[1]) if len(sys.argv) > 1 else SCHEMA_PATH)
