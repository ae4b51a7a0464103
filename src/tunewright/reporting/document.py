"""The verdict as a file: writing it, reading it back, and its JSON schema.

``python -m tunewright.reporting.document`` writes ``docs/verdict.schema.json``. What the fields mean stands in
``tunewright.records.verdict``; nothing is decided here. The main job writes, ``report`` and ``verdict`` read.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import NoReturn, cast

from pydantic import ValidationError

from tunewright.errors import InputError, WorkError
from tunewright.records.verdict import SCHEMA_VERSION, Verdict
from tunewright.reporting.files import write_text

Json = dict[str, object]
SCHEMA_PATH = Path("docs") / "verdict.schema.json"


def write_verdict(verdict: Verdict, path: Path) -> None:
    """Write ``verdict.json``: sorted keys, two spaces, a line break at the end, in one step.

    Equal verdicts give equal bytes.

    Raises:
        WorkError: a number is not finite (a missing number must be null), or the file cannot be written.
    """
    value = verdict.model_dump()
    broken = _not_finite(value, "")
    if broken:
        raise WorkError(
            "verdict.not_finite",
            "The verdict holds a number that is not finite.",
            where=broken,
            why="A missing number is written as null; anything else would be read as a measurement.",
        )
    write_text(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n", path)


def read_verdict(path: Path) -> Verdict:
    """Read a verdict that this version of the program can read.

    Raises:
        InputError: the file is missing, is no JSON object, is no verdict, or has another schema version.
    """
    value = _parse(_read(path), path)
    _check_version(value, path)
    try:
        return Verdict.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            "verdict.invalid",
            f"The verdict does not follow its schema: {first['msg']}.",
            where=f"{path}: {field}",
            hint="The file was changed or cut short. Run again to write a new one.",
        ) from None


def json_schema() -> Json:
    """The JSON schema (2020-12) of what ``write_verdict`` writes: every field is there, none is unknown."""
    schema = Verdict.model_json_schema(mode="serialization")
    schema["properties"]["schema_version"]["const"] = SCHEMA_VERSION
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return cast(Json, schema)


def schema_text() -> str:
    """The bytes of ``docs/verdict.schema.json``."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            "verdict.missing",
            "There is no verdict here.",
            where=str(path),
            hint="A run leaves it as runs/<id>/verdict.json. Start one with: tunewright run",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("verdict.unreadable", f"The verdict cannot be read: {error}", where=str(path)) from None


def _parse(text: str, path: Path) -> Json:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InputError(
            "verdict.json",
            f"Not valid JSON: {error.msg}.",
            where=f"{path}:{error.lineno}",
            hint="The file was changed or cut short. Run again to write a new one.",
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError("verdict.json", f"Not valid JSON: {error}.", where=str(path)) from None
    if not isinstance(value, dict):
        raise InputError("verdict.json", "A verdict is a JSON object; this file holds something else.", where=str(path))
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _check_version(value: Json, path: Path) -> None:
    found = value.get("schema_version")
    if isinstance(found, bool) or not isinstance(found, int):
        raise InputError(
            "verdict.no_version",
            "This JSON file is not a verdict: it has no schema_version.",
            where=str(path),
            hint="Give the verdict.json of a run.",
        )
    if found > SCHEMA_VERSION:
        raise InputError(
            "verdict.newer",
            f"This verdict was written by a newer version of the program (schema {found}; this one reads "
            f"{SCHEMA_VERSION}).",
            where=f"{path}: schema_version",
            why="Fields that this version does not know could change what the verdict means.",
            hint="Update with: pip install --upgrade tunewright",
        )
    if found != SCHEMA_VERSION:
        raise InputError(
            "verdict.version",
            f"There is no schema version {found} (this program reads {SCHEMA_VERSION}).",
            where=f"{path}: schema_version",
            hint="Run again to write a new verdict.",
        )


def _not_finite(value: object, path: str) -> str | None:
    """Dotted path of the first number that is not finite."""
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    if isinstance(value, dict):
        parts = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        parts = [(str(position), part) for position, part in enumerate(value)]
    else:
        return None
    found = (_not_finite(part, f"{path}.{name}".lstrip(".")) for name, part in parts)
    return next((place for place in found if place), None)


if __name__ == "__main__":
    write_text(schema_text(), Path(sys.argv[1]) if len(sys.argv) > 1 else SCHEMA_PATH)
