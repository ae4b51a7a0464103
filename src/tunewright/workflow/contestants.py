"""The systems of a project that take part, simplest first, with today's among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings
from tunewright.systems.around import Around
from tunewright.systems.registry import build_systems, parse_entry
from tunewright.workflow.fitting import Contestant


def contestants_of(settings: ProjectSettings, root: Path, around: Around) -> tuple[list[Contestant], str | None]:
    """All systems, simplest first, the incumbent among them, and the incumbent's name.

    Raises:
        InputError: an entry cannot be read, or a system needs the network and the project forbids it.
    """
    entries = list(settings.compared)
    incumbent = None
    if settings.incumbent is not None:
        incumbent = parse_entry(settings.incumbent).name
        if incumbent not in {parse_entry(entry).name for entry in entries}:
            entries.append(settings.incumbent)
    built = build_systems(entries, root, settings.data, around)
    contestants = [Contestant(entry, system) for entry, system in built]
    _refuse_network(settings, contestants)
    return contestants, incumbent


def _refuse_network(settings: ProjectSettings, contestants: Sequence[Contestant]) -> None:
    calling = [contestant.name for contestant in contestants if contestant.system.needs.network]
    if settings.egress == "none" and calling:
        raise InputError(
            "run.egress",
            f"Nothing may leave this machine, and {', '.join(calling)} would send cases over the network.",
            where="egress: none",
            hint="Take it out of the systems, or allow it with egress: allow.",
        )
