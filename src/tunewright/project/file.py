"""Reading and writing ``tunewright.yaml``.

An unknown key, a wrong type or a missing environment variable becomes one error that names file, line and field.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from tunewright.errors import InputError
from tunewright.project.settings import DataSettings, ProjectSettings, TargetSettings

FILE_NAME = "tunewright.yaml"
_ENV = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_MODELS: dict[str, type[BaseModel]] = {"": ProjectSettings, "data": DataSettings, "target": TargetSettings}

Path_ = tuple[str | int, ...]


def load_project(path: Path, environment: Mapping[str, str] | None = None) -> ProjectSettings:
    """Read a project file.

    Raises:
        InputError: the file is missing, is not YAML, has an unknown key or a wrong value; names file, line and field.
    """
    text = _read(path)
    lines, value = _parse(text, path)
    if not isinstance(value, dict):
        raise InputError("project.shape", "The project file must be a mapping of fields.", where=str(path))
    _refuse_unknown_keys(value, lines, path)
    filled = _fill_environment(value, os.environ if environment is None else environment, path)
    try:
        return ProjectSettings.model_validate(filled)
    except ValidationError as error:
        raise _validation_error(error, lines, path) from None


def dump_project(settings: ProjectSettings) -> str:
    """The file's text for settings, without the fields that have their default."""
    value = settings.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            "project.missing",
            "There is no project file here.",
            where=str(path),
            hint="Give a table instead (tunewright run FILE), or write one with: tunewright init FILE",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("project.unreadable", f"The project file cannot be read: {error}", where=str(path)) from None


def _parse(text: str, path: Path) -> tuple[dict[Path_, int], Any]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError("project.yaml", f"Not valid YAML: {error.problem}", where=where) from None
    except yaml.YAMLError as error:
        raise InputError("project.yaml", f"Not valid YAML: {error}", where=str(path)) from None
    lines: dict[Path_, int] = {}
    if node is not None:
        _collect_lines(node, (), lines)
    return lines, value


def _collect_lines(node: yaml.Node, prefix: Path_, lines: dict[Path_, int]) -> None:
    lines.setdefault(prefix, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            lines[(*prefix, str(key.value))] = key.start_mark.line + 1
            _collect_lines(child, (*prefix, str(key.value)), lines)
    elif isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            _collect_lines(child, (*prefix, position), lines)


def _refuse_unknown_keys(value: dict[str, Any], lines: dict[Path_, int], path: Path) -> None:
    for section, model in _MODELS.items():
        part = value if not section else value.get(section)
        if not isinstance(part, dict):
            continue
        known = list(model.model_fields)
        for key in part:
            if key in known:
                continue
            location: Path_ = (section, str(key)) if section else (str(key),)
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            raise InputError(
                "project.unknown_key",
                f"Unknown field {str(key)!r}" + (f" under {section!r}." if section else "."),
                where=f"{path}:{lines.get(location, 1)}",
                why="A field that is not read would silently change nothing.",
                hint=f"Did you mean {near[0]!r}?" if near else f"Known fields: {', '.join(known)}",
            )


def _fill_environment(value: Any, environment: Mapping[str, str], path: Path, within: Path_ = ()) -> Any:
    if isinstance(value, dict):
        return {
            key: item if _names_a_secret((*within, key)) else _fill_environment(item, environment, path, (*within, key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_fill_environment(item, environment, path) for item in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise InputError(
                "project.environment",
                f"The project file asks for the environment variable {name}, which is not set.",
                where=str(path),
                hint=f"Set it first: export {name}=...",
            )
        return environment[name]

    return _ENV.sub(fill, value)


def _names_a_secret(place: Path_) -> bool:
    """The key of a model stays the name of its variable: settings are written down, and keys never are."""
    return len(place) == 3 and place[0] == "models" and place[2] == "key"


def _validation_error(error: ValidationError, lines: dict[Path_, int], path: Path) -> InputError:
    first = error.errors()[0]
    location = tuple(first["loc"])
    line = next((lines[location[:end]] for end in range(len(location), -1, -1) if location[:end] in lines), 1)
    field = ".".join(str(part) for part in location)
    more = error.error_count() - 1
    return InputError(
        "project.value",
        f"Field {field!r}: {first['msg']}" + (f" ({more} more)" if more else ""),
        where=f"{path}:{line}, value {str(first.get('input'))[:80]!r}",
        hint="docs/project-file.md lists every field with its unit and default.",
    )
