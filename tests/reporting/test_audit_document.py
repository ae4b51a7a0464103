"""audit.json: follows its schema, equal bytes, no text of a row, and lists that say what they leave out."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from sample_audits import ALL, CONTEXT, EMAIL, PERSON, SCRIPT, SECRET, TEXTS, answers, labels

from tunewright.errors import WorkError
from tunewright.reporting.audit_document import (
    AuditDocument,
    FindingPart,
    audit_document,
    json_schema,
    schema_text,
    write_audit,
)

ROOT = Path(__file__).parents[2]


def document(name: str = "labels", **options: bool) -> AuditDocument:
    return audit_document(*ALL[name](), CONTEXT, **options)


def finding(kind: str, **options: bool) -> FindingPart:
    return next(part for part in document(**options).findings if part.kind == kind)


@pytest.mark.parametrize("texts", [True, False])
@pytest.mark.parametrize("name", list(ALL))
def test_what_is_written_follows_the_schema_and_is_read_back(name: str, texts: bool, tmp_path: Path) -> None:
    path = tmp_path / "audits" / "audit.json"
    made = document(name, texts=texts)
    write_audit(made, path)
    value = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json_schema()).validate(value)
    assert AuditDocument.model_validate(value) == made


def test_equal_audits_give_equal_sorted_bytes(tmp_path: Path) -> None:
    write_audit(document(), tmp_path / "a.json")
    write_audit(document(), tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    keys = list(json.loads((tmp_path / "a.json").read_text(encoding="utf-8")))
    assert keys == sorted(keys)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkError):
        write_audit(document(), tmp_path / "file" / "audit.json")


def test_the_committed_schema_is_the_generated_one() -> None:
    """To mend it: python -m tunewright.reporting.audit_document."""
    assert (ROOT / "docs" / "audit.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_refuses_unknown_and_missing_fields_and_explains_what_a_name_does_not() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    value = json.loads(document().model_dump_json())
    assert validator.is_valid(value)
    assert not validator.is_valid({**value, "surprise": 1})
    assert not validator.is_valid({**value, "schema_version": 2})
    assert not validator.is_valid({name: part for name, part in value.items() if name != "findings"})


def test_the_dataset_the_scorecard_and_the_checks() -> None:
    made = document()
    assert made.dataset.model_dump() == {
        "file": CONTEXT.file,
        "digest": CONTEXT.digest,
        "rows_digest": made.dataset.rows_digest,
        "kind": "classify",
        "rows": 8,
        "set_aside": 1,
    }
    assert [line.grade for line in made.scorecard] == [
        "not checked",
        "fails",
        "not checked",
        "needs work",
        "not checked",
        "good",
        "fails",
    ]
    check = next(part for part in made.checks if part.name == "label_errors")
    assert (check.version, check.cost, check.seconds, check.remembered) == (1, "minutes", 0.25, 3)
    assert check.limits == {"least_margin": 0.25}
    assert check.numbers == {"accuracy": 0.91}
    assert made.left_out == ["agreement"]
    assert {gap.kind for gap in made.not_checked} == {"coverage.none", "personal_data.places"}
    assert made.worst == "error"


def test_items_name_rows_places_and_fixes() -> None:
    slip = finding("label_errors.slips").items[0]
    assert [place.model_dump() for place in slip.rows] == [
        {"row_id": "row-0", "source": "tickets.csv:2", "number": 0},
        {"row_id": "row-1", "source": "tickets.csv:3", "number": 1},
    ]
    assert slip.fix is not None
    assert (slip.fix.action, slip.fix.value, slip.fix.withheld) == ("relabel", "refund", False)
    assert finding("label_errors.slips").numbers == {"estimated_share": 0.125, "rows": 1.0, "broken": None}
    span = finding("personal_data.email").items[0].spans[0]
    assert (span.number, span.field, span.kind) == (2, "input", "email")
    assert TEXTS[2][span.start : span.end] == EMAIL


@pytest.mark.parametrize("texts", [True, False])
def test_no_text_of_a_row_and_nothing_private_beyond_names(texts: bool) -> None:
    value = document(texts=texts).model_dump()
    for part in value["findings"]:
        for item in part["items"]:
            for place in item["rows"]:
                del place["row_id"]
    written = json.dumps(value)
    for words in (*TEXTS, EMAIL, SECRET, PERSON):
        assert words not in written
    assert (SCRIPT in written) == texts


def test_masks_have_no_value_and_texts_only_where_they_are_wanted_and_hold_nothing_private() -> None:
    mask = finding("personal_data.email").items[0].fix
    assert mask is not None
    assert (mask.value, mask.withheld) == (None, True)
    for texts, value in ((True, "Booked for Friday."), (False, None)):
        fix = audit_document(*answers(), CONTEXT, texts=texts).findings[0].items[0].fix
        assert fix is not None
        assert (fix.value, fix.withheld, fix.safe) == (value, value is None, True)
    weight = document("answers", texts=False).findings[0].items[1].fix
    assert weight is not None
    assert weight.value == "0.5"


def test_long_lists_are_cut_and_the_whole_is_said() -> None:
    part = finding("openers.skew")
    assert (len(part.items), part.items_total, part.affected) == (70, 70, 1_200)
    cut = audit_document(*labels(), CONTEXT, most_items=10)
    part = next(part for part in cut.findings if part.kind == "openers.skew")
    assert (len(part.items), part.items_total, part.affected) == (10, 70, 1_200)
