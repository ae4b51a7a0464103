"""What was set otherwise in two runs: fields of the project file, the program, and what each system was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunewright.errors import TunewrightError
from tunewright.project.settings import ProjectSettings
from tunewright.systems.registry import parse_entry
from tunewright.workflow.compare_runs.past_run import PastRun

# What opens a model is never shown.
SECRET = "(set)"
_SECRETS = frozenset({"key", "api_key", "token"})
# Parts of the key of a fit that are said in words; rows and seeds are told elsewhere.
_PARTS = {
    "code": "code of this program",
    "packages": "libraries",
    "grader": "what an answer is worth (grader or its labels)",
}


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One field by its dotted name; None is not set, or not there."""

    name: str
    before: str | None
    after: str | None


def setting_changes(before: PastRun, after: PastRun) -> list[SettingChange]:
    """Fields with another value, and systems made of something else under the same name."""
    old, new = _flat(before), _flat(after)
    found = [
        SettingChange(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    named = {change.name for change in found}
    for system in (one.name for one in after.verdict.systems):
        if f"systems.{system}" not in named:
            found += _made_otherwise(system, before, after)
    return found + _program_changes(before, after)


def _made_otherwise(system: str, before: PastRun, after: PastRun) -> list[SettingChange]:
    """Options, files and models of a system: a prompt or a rule can change under the same words of the project file."""
    old, new = _identity(system, before), _identity(system, after)
    if not old or not new:
        return []
    return [
        SettingChange(f"systems.{system}: {name}", _short(old.get(name)), _short(new.get(name)))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _identity(system: str, run: PastRun) -> Mapping[str, Any]:
    fits = run.fits_of(system)
    found: Mapping[str, Any] = json.loads(str(fits[0].parts["identity"])) if fits else {}
    return found


def _program_changes(before: PastRun, after: PastRun) -> list[SettingChange]:
    """Systems whose code, libraries or grader changed, in one line each: hashes tell a person nothing."""
    found = []
    for part, words in _PARTS.items():
        changed = [
            one.name
            for one in after.verdict.systems
            if (old := before.fits_of(one.name))
            and (new := after.fits_of(one.name))
            and old[0].parts.get(part) != new[0].parts.get(part)
        ]
        if changed:
            found.append(SettingChange(words, None, f"changed for {', '.join(changed)}"))
    return found


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _flat(run: PastRun) -> dict[str, str]:
    """Settings by dotted name; systems by their own names, so that their order counts for nothing."""
    settings: dict[str, Any] = dict(run.manifest["settings"])
    entries: Sequence[Any] = settings.pop("systems", None) or _usual_systems(settings)
    flat = _dotted(settings, "")
    for entry in entries:
        parsed = parse_entry(entry)
        flat[f"systems.{parsed.name}"] = (
            json.dumps(entry, sort_keys=True, ensure_ascii=False) if not isinstance(entry, str) else entry
        )
    flat["program"] = str(run.manifest.get("program"))
    return flat


def _usual_systems(settings: Mapping[str, Any]) -> Sequence[Any]:
    try:
        return list(ProjectSettings.model_validate(settings).compared)
    except (ValueError, TunewrightError):
        return []


def _dotted(values: Mapping[str, Any], before: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _dotted(value, f"{before}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
            flat[f"{before}{name}"] = SECRET if name in _SECRETS else text
    return flat
