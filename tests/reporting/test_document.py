"""verdict.json: round trip, equal bytes, clear refusals, and a schema that says what is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from sample_odd_verdicts import ALL, hostile
from sample_verdicts import ship

from tunewright.errors import InputError, WorkError
from tunewright.records.verdict import Cost, Verdict
from tunewright.reporting.document import json_schema, read_verdict, schema_text, write_verdict

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())
def test_what_is_written_is_read_back_and_follows_the_schema(make: Callable[[], Verdict], tmp_path: Path) -> None:
    path = tmp_path / "runs" / "x" / "verdict.json"
    write_verdict(make(), path)
    assert read_verdict(path) == make()
    jsonschema.Draft202012Validator(json_schema()).validate(json.loads(path.read_text(encoding="utf-8")))


def test_equal_verdicts_give_equal_sorted_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    write_verdict(ship(), first)
    write_verdict(Verdict.model_validate(ship().model_dump()), second)
    assert first.read_bytes() == second.read_bytes()
    keys = list(json.loads(first.read_text(encoding="utf-8")))
    assert keys == sorted(keys)
    assert first.read_bytes().endswith(b"}\n")
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["a.json", "b.json"]


def test_an_unpaired_surrogate_survives_as_an_escape(tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    write_verdict(hostile(), path)
    assert "\\ud800" in path.read_text(encoding="utf-8")
    assert read_verdict(path).fixed_cases[2].text == hostile().fixed_cases[2].text


def test_a_number_that_is_not_finite_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    write_verdict(ship(), path)
    before = path.read_bytes()
    broken_cost = Cost.model_construct(**{**ship().systems[1].cost.model_dump(), "low": float("nan")})
    systems = [entry.model_copy(update={"cost": broken_cost}) for entry in ship().systems]
    with pytest.raises(WorkError, match="not finite") as caught:
        write_verdict(ship().model_copy(update={"systems": systems}), path)
    assert caught.value.where == "systems.0.cost.low"
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("x", encoding="utf-8")
    with pytest.raises(WorkError) as caught:
        write_verdict(ship(), blocker / "verdict.json")
    assert caught.value.code == "report.not_written"
    (tmp_path / "folder").mkdir()
    with pytest.raises(WorkError):
        write_verdict(ship(), tmp_path / "folder")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def written(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "verdict.json"
    value = {**json.loads(json.dumps(ship().model_dump())), **changes}
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("version", "code"),
    [(2, "verdict.newer"), (0, "verdict.version"), (True, "verdict.no_version"), ("1", "verdict.no_version")],
)
def test_other_schema_versions_are_refused(version: object, code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_verdict(written(tmp_path, schema_version=version))
    assert caught.value.code == code
    assert str(tmp_path) in str(caught.value.where)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "verdict.json"),
        ("", "verdict.json"),
        ("[1]", "verdict.json"),
        ("[" * 100_000, "verdict.json"),
        ('{"schema_version": NaN}', "verdict.json"),
        ('{"name": 1}', "verdict.no_version"),
    ],
)
def test_what_is_no_verdict_is_refused(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_verdict(path)
    assert caught.value.code == code


def test_an_unknown_and_a_wrong_field_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not follow its schema") as caught:
        read_verdict(written(tmp_path, surprise=1))
    assert str(caught.value.where).endswith(": surprise")
    with pytest.raises(InputError) as caught:
        read_verdict(written(tmp_path, use={"system": None, "reason": "luck", "text": ""}))
    assert str(caught.value.where).endswith(": use.reason")


def test_files_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_verdict(tmp_path / "verdict.json")
    assert caught.value.code == "verdict.missing"
    (tmp_path / "latin1.json").write_bytes(b'{"a": "\xe9"}')
    for path in (tmp_path, tmp_path / "latin1.json"):
        with pytest.raises(InputError) as caught:
            read_verdict(path)
        assert caught.value.code == "verdict.unreadable"


def test_the_committed_schema_is_the_generated_one() -> None:
    """To mend it: python -m tunewright.reporting.document."""
    assert (ROOT / "docs" / "verdict.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_refuses_an_unknown_field_and_a_missing_one() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    value = json.loads(json.dumps(ship().model_dump()))
    assert validator.is_valid(value)
    assert not validator.is_valid({**value, "surprise": 1})
    assert not validator.is_valid({**value, "schema_version": 2})
    assert not validator.is_valid({name: part for name, part in value.items() if name != "headline"})


def test_every_field_is_explained_and_no_other() -> None:
    schema = Verdict.model_json_schema()
    fields = {name for model in (schema, *schema["$defs"].values()) for name in model["properties"]}
    page = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z_0-9]+)`", page))
    assert fields - explained == set()
    first_column = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = {name for cell in first_column for name in re.findall(r"`([a-z_0-9]+)`", cell)}
    assert named - fields == set()
