"""A run of the past, by any of its names: its verdict, settings, rows and fits as they are written down.

Nothing is computed here; which run a word means is told by ``runs.resolve``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.errors import InputError, TunewrightError
from tunewright.project.settings import ProjectSettings
from tunewright.records.verdict import Verdict
from tunewright.store import RegisteredRow, Store
from tunewright.store.cache_keys import UsedKey
from tunewright.systems.registry import build_system, parse_entry
from tunewright.workflow.runs import RUNS, verdict_of

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PastRun:
    """What is known of one run. ``fits`` are those that it made or found and that are still there."""

    name: str
    folder: Path
    verdict: Verdict
    manifest: Json
    rows: tuple[RegisteredRow, ...]
    fits: tuple[UsedKey, ...]

    @property
    def regime(self) -> str:
        return self.verdict.test_set.regime

    @property
    def opened(self) -> bool:
        """Whether answers to the cases that decide are stored: always out of fold, else after ``--final``."""
        return self.verdict.stage == "final"

    @property
    def has_own_ids(self) -> bool:
        """Whether rows have names that the person gave; places in a file are none, for rows move."""
        return bool(self.manifest["settings"].get("data", {}).get("id"))

    def settings(self) -> ProjectSettings:
        """The settings of the run, as the program of today reads them.

        Raises:
            InputError: they have fields that this version does not know.
        """
        try:
            return ProjectSettings.model_validate(self.manifest["settings"])
        except ValueError as error:
            raise InputError(
                "compare.settings",
                "The settings of this run cannot be read by this version of the program.",
                where=str(self.folder / "manifest.json"),
                hint="Run it again.",
            ) from error

    def fits_of(self, system: str) -> list[UsedKey]:
        """Its fits of one system from its own seed; fits of other seeds belong to claims about the recipe.

        A fit bears the name under which it was made first; one found again under another name is known by its content.
        """
        entry = self.manifest["systems"].get(system, {})
        seed = str(self.manifest["seed"])
        own = [f for f in self.fits if f.kind == entry.get("kind") and f.parts.get("seed") == seed]
        named = [f for f in own if f.label == system]
        if named or not own:
            return named
        identity = _identity(entry, self.folder.parents[1])
        return [f for f in own if f.parts.get("identity") == identity]

    def rows_in(self, part: str) -> list[RegisteredRow]:
        """Its rows on one side."""
        return [row for row in self.rows if row.part == part]


def _identity(entry: Json, root: Path) -> str | None:
    """What a system is made of, as the keys of its fits have it; None where it cannot be built any more."""
    try:
        system = build_system(parse_entry({entry["kind"]: dict(entry.get("options", {}))}), root)
        return json.dumps(dict(system.identity()), sort_keys=True)
    except (TunewrightError, OSError, ValueError):
        return None


def read_run(root: Path, name: str, store: Store) -> PastRun:
    """All that is written down about a run.

    Raises:
        InputError: its folder or what the state knows of it is gone.
    """
    folder = root / RUNS / name
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            "compare.no_manifest", "The manifest of this run cannot be read.", where=str(folder / "manifest.json")
        ) from error
    rows = tuple(store.rows_of(name))
    if not rows:
        raise InputError(
            "compare.no_rows",
            "The state of this project does not know which rows this run used.",
            where=str(folder),
            hint="Was the folder copied here from another project? Run it again here.",
        )
    return PastRun(name, folder, verdict_of(folder), manifest, rows, tuple(store.keys_of_run(name)))
