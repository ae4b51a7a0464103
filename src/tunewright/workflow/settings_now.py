"""The settings that hold when answers are asked for after a run: what was compared, and what the project file says now.

What the fits came from (job, table, labels) stays as it was compared. What may be sent where and at what price, and the
options of systems, are those of the project file as it is now: a person who forbids something is obeyed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunewright.project.file import FILE_NAME, load_project
from tunewright.project.settings import ProjectSettings, SystemEntry
from tunewright.systems.registry import parse_entry

# Never taken from an older run.
LIMITS = ("egress", "max_usd_per_run")
# What a fit came from: changed in the file, they hold from the next run on.
COMPARED = ("task", "kind", "grader", "data")


def settings_now(compared: ProjectSettings, root: Path) -> ProjectSettings:
    """The settings of a run with the limits, models and systems of the project file as it is now.

    Systems of the run that the file no longer names (or never did) stay; where there is no file, all stays.

    Raises:
        InputError: the project file cannot be read.
    """
    if not (root / FILE_NAME).is_file():
        return compared
    now = load_project(root / FILE_NAME)
    named = {parse_entry(entry).name: entry for entry in now.compared}
    own = {parse_entry(entry).name: entry for entry in compared.compared}
    update: dict[str, object] = {name: getattr(now, name) for name in (*LIMITS, "models")}
    update["systems"] = list({**own, **named}.values())
    if now.incumbent is not None:
        update["incumbent"] = now.incumbent
    return compared.model_copy(update=update)


def what_differs(compared: ProjectSettings, now: ProjectSettings, root: Path, run: str) -> list[str]:
    """Sentences on what the project file says otherwise than what was compared; none where all is the same."""
    changed = [name for name in LIMITS if getattr(compared, name) != getattr(now, name)]
    names = dict.fromkeys([*compared.models, *now.models])
    changed += [f"models.{name}" for name in names if compared.models.get(name) != now.models.get(name)]
    changed += _changed_systems(_entries(compared), _entries(now))
    told = []
    if changed:
        told.append(f"the project file changed since {run}: {', '.join(changed)}. What it says now holds.")
    kept = _kept(compared, root)
    if kept:
        told.append(f"the project file says otherwise of {', '.join(kept)}; here it stays as {run} compared it.")
    return told


def _entries(settings: ProjectSettings) -> list[SystemEntry]:
    return [*settings.compared, *([] if settings.incumbent is None else [settings.incumbent])]


def _changed_systems(before: Sequence[SystemEntry], now: Sequence[SystemEntry]) -> list[str]:
    """Systems of the run with other options; one that is new changes nothing that was compared."""
    known = {one.name: one for one in map(parse_entry, before)}
    there = {one.name: one for one in map(parse_entry, now)}
    return [f"systems.{name}" for name, one in there.items() if name in known and known[name] != one]


def _kept(compared: ProjectSettings, root: Path) -> list[str]:
    path = root / FILE_NAME
    if not path.is_file():
        return []
    now = load_project(path)
    return [name for name in COMPARED if name in now.model_fields_set and getattr(now, name) != getattr(compared, name)]
