"""The state of a project as commands open it, and what lies under ``runs/``: by any of its names, or the latest.

Names of runs are those of folders, beginnings of them, paths, ``last``, ``last-1``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from tunewright.errors import InputError, WorkError
from tunewright.records.verdict import Verdict
from tunewright.reporting.document import read_verdict
from tunewright.store import Store

RUNS = "runs"
STATE = ".tunewright"
ERASING = "erasing"
VERDICT = "verdict.json"
LAST = re.compile(r"last(?:-(\d+))?")
SHOWN_NAMES = 5


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


def documents(root: Path, prefix: str, file: str) -> Iterator[Path]:
    """The files of this name in folders under ``runs/`` that begin with ``prefix``, newest first by folder name.

    A name of ``run_name`` tells the time, so nothing has to be read to know which is newer.
    """
    yield from sorted((root / RUNS).glob(f"{prefix}*/{file}"), key=lambda path: path.parent.name, reverse=True)


def about_table(command: str, table: Path) -> bool:
    """Whether a command as it was typed names a table, in whatever folder; ``#`` and a sheet may follow its name."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    names = [Path(word).name for word in words]
    return any(name == table.name or name.startswith(f"{table.name}#") for name in names)


def run_names(root: Path) -> list[str]:
    """Names of all runs that have a verdict, oldest first."""
    return [path.parent.name for path in documents(root, "", VERDICT)][::-1]


def find_run(root: Path, word: str | None) -> Path:
    """The folder of the run that a word means, as ``resolve`` knows it; without a word, the latest with a verdict.

    Raises:
        InputError: there is no such run, or several are meant.
    """
    return root / RUNS / resolve(root, "last" if word is None else word)


def resolve(root: Path, word: str) -> str:
    """The name of the run that a word means: a name, the beginning of one, a folder, ``last`` or ``last-N``.

    Raises:
        InputError: none is meant, or several.
    """
    names = run_names(root)
    path = Path(word)
    if path.name in names and path.is_dir() and path.resolve() == (root / RUNS / path.name).resolve():
        return path.name
    match = LAST.fullmatch(word)
    if match is not None and int(match[1] or 0) < len(names):
        return names[-1 - int(match[1] or 0)]
    found = [word] if word in names else [name for name in names if word and name.startswith(word)]
    if len(found) == 1:
        return found[0]
    raise _unknown(root, word, names, found, path)


def _unknown(root: Path, word: str, names: Sequence[str], found: Sequence[str], path: Path) -> InputError:
    if found:
        return InputError(
            "run.ambiguous",
            f"{len(found)} runs begin with {word!r}.",
            where=", ".join(found[-SHOWN_NAMES:]),
            hint="Type more of the name.",
        )
    if (path / VERDICT).is_file():
        return InputError(
            "run.other_project",
            "This is a run of another project.",
            where=str(path),
            why="Rows are known by keys that are secret to each project, so that rows of two cannot be matched.",
            hint=f"Name that project, and runs of that one alone: --project {path.resolve().parents[1]}",
        )
    if not names:
        return InputError(
            "run.none",
            f"{'' if LAST.fullmatch(word) else f'There is no run {word!r}. '}No run of this project has a verdict.",
            where=str(root / RUNS),
            hint="Run it first: tunewright run. Or name the project folder: --project FOLDER.",
        )
    hint = f"Runs: {', '.join(names[-SHOWN_NAMES:])}. `last` is the latest, `last-1` the one before."
    return InputError("run.unknown", f"There is no run {word!r} here.", where=str(root / RUNS), hint=hint)


def verdict_of(folder: Path) -> Verdict:
    """The verdict of a run folder."""
    return read_verdict(folder / VERDICT)
