"""The state of a project as commands open it, and its runs: by name, or the latest."""

from __future__ import annotations

from pathlib import Path

from tunewright.errors import InputError, WorkError
from tunewright.records.verdict import Verdict
from tunewright.reporting.document import read_verdict
from tunewright.store import Store

RUNS = "runs"
STATE = ".tunewright"
ERASING = "erasing"


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


def finish_purges(store: Store, root: Path) -> tuple[str, ...]:
    """Complete erasures that were interrupted; sentences for the person. Called by whatever writes into the state.

    An erasure that another program is busy with is waited for.
    """
    if not store.unfinished_purges():
        return ()
    done = 0
    with store.lease(ERASING):
        try:
            # One erasure completes those of all rows with the same input.
            while open_keys := store.unfinished_purges():
                done += len(store.purge(open_keys[0], root / RUNS).row_keys)
        except WorkError as error:
            return (f"An erasure was interrupted and cannot be completed yet. {error.message} ({error.where})",)
    return (f"An erasure was interrupted and is completed now: {done} rows.",) if done else ()


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
