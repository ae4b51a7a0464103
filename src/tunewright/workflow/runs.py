"""Finding a run of a project: by name, or the latest."""

from __future__ import annotations

from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.verdict import Verdict
from tunewright.reporting.document import read_verdict
from tunewright.store import Store

RUNS = "runs"
STATE = ".tunewright"


def open_state(root: Path) -> Store:
    """The state of a project that exists; a mistyped folder is not made.

    Raises:
        InputError: there is no state there.
    """
    if not (root / STATE).is_dir():
        raise InputError(
            "project.no_state",
            "No run was made in this folder.",
            where=str(root.resolve()),
            hint="Name the folder where you ran it: --project FOLDER.",
        )
    return Store.open(root / STATE)


def find_run(root: Path, name: str | None) -> Path:
    """The folder of a run; without a name, the latest that has a verdict.

    Raises:
        InputError: there is no such run.
    """
    folders = sorted(path.parent for path in (root / RUNS).glob("*/verdict.json"))
    if name is None and folders:
        return folders[-1]
    for folder in folders:
        if folder.name == name:
            return folder
    raise InputError(
        "run.unknown",
        f"There is no run {name!r} here." if name else "No run of this project has a verdict.",
        where=str(root / RUNS),
        hint=f"Runs: {', '.join(folder.name for folder in folders[-5:])}"
        if folders
        else "Run it first: tunewright run",
    )


def verdict_of(folder: Path) -> Verdict:
    """The verdict of a run folder."""
    return read_verdict(folder / "verdict.json")
