"""From what a person typed to a project: a folder with ``tunewright.yaml``, or a table with flags or answers.

A table needs no project file. Without the flags a person is asked, with a guess for every question; without a terminal
the missing flags are named.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from tunewright.cli.checked import checked_settings
from tunewright.data.peek import Peek, peek
from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME, dump_project, load_project
from tunewright.project.settings import DataSettings, ProjectSettings, SystemEntry


@dataclass(frozen=True, slots=True)
class Flags:
    """What was given on the command line; None or empty is not given."""

    input: tuple[str, ...] = ()
    target: str | None = None
    task: str | None = None
    test: Path | None = None
    id: str | None = None
    group: str | None = None
    time: str | None = None
    systems: tuple[str, ...] = ()
    seed: int | None = None
    allow_set_aside: float | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """Settings, the folder that they are relative to, and what was typed."""

    settings: ProjectSettings
    root: Path
    what: Path
    flags: Flags

    def command(self, *, final: bool = False, go_on: bool = False) -> str:
        """The command that repeats the run, without questions."""
        words = ["tunewright", "run", str(self.what)]
        if self.what.is_file():
            for column in self.settings.data.input_columns:
                words += ["--input", column]
            words += _flag("--target", self.settings.data.target) + _flag("--id", self.settings.data.id)
            words += _flag("--group", self.settings.data.group) + _flag("--time", self.settings.data.time)
            words += _flag("--task", self.settings.task or None)
        words += _flag("--test", str(self.flags.test) if self.flags.test else None)
        for name in self.flags.systems:
            words += ["--system", name]
        words += _flag("--seed", None if self.flags.seed is None else str(self.flags.seed))
        words += _flag(
            "--allow-set-aside", None if self.flags.allow_set_aside is None else f"{self.flags.allow_set_aside:g}"
        )
        words += ["--final"] * final + ["--go-on"] * go_on
        return shlex.join(words)


def project_for(what: Path, flags: Flags, *, ask: bool) -> Project:
    """The project that the words mean.

    Raises:
        InputError: there is neither a project nor a table, or what is missing cannot be asked.
    """
    if what.is_dir() or what.name == FILE_NAME:
        root = what if what.is_dir() else what.parent
        settings = load_project(root / FILE_NAME)
        return Project(_with_flags(settings, root, flags), root, what, flags)
    if not what.exists():
        raise InputError("run.no_such_file", "There is no such file or folder.", where=str(what))
    root = Path.cwd()
    look = peek(what)
    settings = _settings_for_table(what, look, flags, ask=ask and sys.stdin.isatty() and sys.stderr.isatty())
    return Project(_with_flags(settings, root, flags), root, what, flags)


def _with_flags(settings: ProjectSettings, root: Path, flags: Flags) -> ProjectSettings:
    data: dict[str, object] = {}
    if flags.input:
        data["input"] = list(flags.input)
    for name in ("target", "id", "group", "time", "allow_set_aside"):
        if getattr(flags, name) is not None:
            data[name] = getattr(flags, name)
    if flags.test is not None:
        data["test"] = str(flags.test.resolve())
    changes: dict[str, object] = {"data": settings.data.model_copy(update=data)}
    if flags.task is not None:
        changes["task"] = flags.task
    if flags.seed is not None:
        changes["seed"] = flags.seed
    if flags.systems:
        changes["systems"] = [_chosen(settings, name) for name in flags.systems]
    return checked_settings(**{**settings.model_dump(), **_dumped(changes)})


def _dumped(changes: dict[str, object]) -> dict[str, object]:
    return {name: value.model_dump() if isinstance(value, DataSettings) else value for name, value in changes.items()}


def _chosen(settings: ProjectSettings, name: str) -> SystemEntry:
    """An entry of the project by its name, or a new one written as ``kind`` or ``kind:argument``."""
    from tunewright.systems.registry import parse_entry

    for entry in [*settings.systems, *([settings.incumbent] if settings.incumbent is not None else [])]:
        if parse_entry(entry).name == name:
            return entry
    kind, _, argument = name.partition(":")
    return {kind: argument} if argument else kind


def _settings_for_table(path: Path, look: Peek, flags: Flags, *, ask: bool) -> ProjectSettings:
    from tunewright.cli.questions import ask_columns

    columns = ask_columns(path, look, flags, ask=ask)
    data = DataSettings(
        path=str(path.resolve()),
        input=list(columns.input),
        target=columns.target,
        id=columns.id,
        group=columns.group,
        time=columns.time,
    )
    return ProjectSettings(task=columns.task, data=data)


def write_project_file(project: Project, folder: Path) -> Path:
    """Write ``tunewright.yaml`` for a run that had none; an existing one is never overwritten.

    Raises:
        InputError: there is one already.
    """
    path = folder / FILE_NAME
    settings = project.settings
    if settings.data.path is not None:
        relative = os.path.relpath(project.root / settings.data.path, folder)
        settings = settings.model_copy(update={"data": settings.data.model_copy(update={"path": relative})})
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(dump_project(settings))
    except FileExistsError:
        raise InputError("init.exists", "There is a project file already.", where=str(path)) from None
    return path


def _flag(name: str, value: str | None) -> list[str]:
    return [] if value is None else [name, value]
