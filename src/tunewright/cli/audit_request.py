"""From what a person typed to the rows that an audit reads: a file of any kind, or a project folder."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from tunewright.audit.view import Kind, Part
from tunewright.data.containers import file_and_sheet
from tunewright.data.peek import peek
from tunewright.data.read import ColumnMap
from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME, load_project
from tunewright.workflow.auditing.audit import AuditRequest
from tunewright.workflow.load import column_map
from tunewright.workflow.opened import Egress


@dataclass(frozen=True, slots=True)
class AuditFlags:
    """What was given on the command line besides the file and its columns."""

    validation: Path | None = None
    test: Path | None = None
    deployment: Path | None = None
    system: str | None = None
    only: tuple[str, ...] = ()
    vectors: bool | None = None
    seed: int | None = None


def request_for(what: Path, columns: ColumnMap, flags: AuditFlags) -> tuple[AuditRequest, Path]:
    """What to audit, and the folder whose state and thresholds are used.

    Raises:
        InputError: there is no such file, the project file cannot be used, or it names no table.
    """
    if not file_and_sheet(what)[0].exists():
        raise InputError("audit.no_such_file", "There is no such file or folder.", where=str(what))
    if what.is_dir() and not (what / FILE_NAME).exists() and any(what.glob("*.arrow")):
        path, root, kind, known, test, seed = what, Path.cwd(), None, None, None, 0
    elif what.is_dir() or what.name == FILE_NAME:
        root = what if what.is_dir() else what.parent
        path, kind, known, test, seed = _of_project(root)
    else:
        path, root, kind, known, test, seed = what, Path.cwd(), None, _named_so(what), None, 0
    request = AuditRequest(
        path,
        columns=_merged(known, columns),
        kind=kind,
        others=_others(flags.validation, flags.test or test),
        deployment=flags.deployment,
        system=_text(flags.system),
        only=flags.only,
        vectors=flags.vectors,
        seed=seed if flags.seed is None else flags.seed,
        command=shlex.join(["tunewright", *sys.argv[1:]]),
        egress=_egress(root),
    )
    return request, root


def _egress(root: Path) -> Egress:
    """What the project says of the network whose state and thresholds are used, also where one file is audited."""
    path = root / FILE_NAME
    return load_project(path).egress if path.exists() else "allow"


def _of_project(root: Path) -> tuple[Path, Kind, ColumnMap | None, Path | None, int]:
    settings = load_project(root / FILE_NAME)
    if settings.data.path is None:
        raise InputError("project.no_data", "The project names no table of examples.", where="data.path")
    test = None if settings.data.test is None else root / settings.data.test
    kind: Kind = "classify" if settings.kind == "classify" else "generate"
    return root / settings.data.path, kind, column_map(settings.data), test, settings.seed


def _named_so(path: Path) -> ColumnMap | None:
    """The id, group and time columns of a table, where their names leave no doubt."""
    look = peek(path)
    if look.shape != "table":
        return None
    guesses = look.guesses
    sure = {
        role: guess.column
        for role, guess in (("id", guesses.id), ("group", guesses.group), ("time", guesses.time))
        if guess is not None and guess.by_name
    }
    return ColumnMap((), None, sure.get("id"), sure.get("group"), sure.get("time")) if sure else None


def _merged(known: ColumnMap | None, given: ColumnMap) -> ColumnMap | None:
    """The project's columns with those of the command line above them; None where nobody named any."""
    base = known or ColumnMap(input=())
    merged = ColumnMap(
        input=given.input or base.input,
        target=given.target or base.target,
        id=given.id or base.id,
        group=given.group or base.group,
        time=given.time or base.time,
        critical=base.critical,
    )
    return merged if merged.named() else None


def _others(validation: Path | None, test: Path | None) -> tuple[tuple[Part, Path], ...]:
    files: list[tuple[Part, Path | None]] = [("validation", validation), ("test", test)]
    for part, path in files:
        if path is not None and not path.exists():
            raise InputError("audit.no_such_file", "There is no such file.", where=f"--{part} {path}")
    return tuple((part, path) for part, path in files if path is not None)


def _text(value: str | None) -> str | None:
    """A text as given, or that of the file after @."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("audit.system", f"The system prompt cannot be read: {error}", where=value[1:]) from None
