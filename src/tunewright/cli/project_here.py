"""From what a person typed to a project: a folder with ``tunewright.yaml``, or a table with flags or answers.

A table needs no project file. Without the flags a person is asked, with a guess for every question; without a terminal
the missing flags are named.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.cli.checked import checked_settings
from tunewright.data.containers import file_and_sheet
from tunewright.data.peek import peek
from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME, dump_project, load_project
from tunewright.project.settings import DataSettings, ProjectSettings, SystemEntry

if TYPE_CHECKING:
    from tunewright.cli.questions import Columns
    from tunewright.data.set_aside import TooManySetAside


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
    today: str | None = None
    volume_per_day: float | None = None
    merge_case: bool | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """Settings, the folder that they are relative to, what was typed or answered, and whether a person was asked."""

    settings: ProjectSettings
    root: Path
    what: Path
    flags: Flags
    asked: bool = False

    def command(self, *, final: bool = False, go_on: bool = False, recipe_seeds: int = 1) -> str:
        """The command that repeats the run, without questions."""
        words = ["tunewright", "run", str(self.what)]
        if file_and_sheet(self.what)[0].is_file():
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
        words += _flag("--today", self.flags.today)
        if self.flags.volume_per_day is not None:
            words += ["--volume-per-day", f"{self.flags.volume_per_day:.12g}"]
        if self.flags.merge_case is not None:
            words += ["--merge-case" if self.flags.merge_case else "--no-merge-case"]
        words += ["--final"] * final + ["--go-on"] * go_on
        words += _flag("--recipe-seeds", str(recipe_seeds) if recipe_seeds > 1 else None)
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
    if not file_and_sheet(what)[0].exists():
        raise InputError("run.no_such_file", "There is no such file or folder.", where=str(what))
    from tunewright.cli.questions import ask_columns

    root = Path.cwd()
    look = peek(what)
    columns = ask_columns(what, look, flags, ask=ask and _at_terminal())
    given = replace(flags, today=columns.today, volume_per_day=columns.volume_per_day, merge_case=columns.merge_case)
    settings = _with_flags(_settings_for_table(what, columns), root, given)
    return Project(settings, root, what, given, columns.asked)


def offer_to_save(project: Project) -> None:
    """After questions, ask whether the answers become the project file of the current folder, if it has none."""
    from tunewright.cli.questions import ask_yes

    if not project.asked or (Path.cwd() / FILE_NAME).exists():
        return
    if ask_yes(f"Save these answers as {FILE_NAME}, so that `tunewright run .` repeats this?", default=True):
        write_project_file(project, Path.cwd())


def without_unusable_rows(project: Project, error: TooManySetAside, *, ask: bool) -> Project:
    """The project with a share of unusable rows that lets the run go on, when a person says so.

    Raises:
        TooManySetAside: the error again, when nobody can be asked or the answer is no.
    """
    from tunewright.cli.questions import ask_leave_out

    if not (ask and _at_terminal() and ask_leave_out(error)):
        raise error
    flags = replace(project.flags, allow_set_aside=error.needed_share)
    return replace(project, settings=_with_flags(project.settings, project.root, flags), flags=flags)


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _with_flags(settings: ProjectSettings, root: Path, flags: Flags) -> ProjectSettings:
    data: dict[str, object] = {}
    if flags.input:
        data["input"] = list(flags.input)
    for name in ("target", "id", "group", "time", "allow_set_aside", "merge_case"):
        if getattr(flags, name) is not None:
            data[name] = getattr(flags, name)
    if flags.test is not None:
        data["test"] = str(flags.test.resolve())
    changes: dict[str, object] = {"data": settings.data.model_copy(update=data)}
    if flags.today is not None:
        changes["incumbent"] = _answers_of_today(flags.today, flags.id or settings.data.id)
    if flags.volume_per_day is not None:
        changes["volume_per_day"] = flags.volume_per_day
    if flags.task is not None:
        changes["task"] = flags.task
    if flags.seed is not None:
        changes["seed"] = flags.seed
    if flags.systems:
        changes["systems"] = [entry for name in flags.systems for entry in _chosen(settings, name)]
    changed = checked_settings(**{**settings.model_dump(exclude_unset=True), **_dumped(changes)})
    _require_different_columns(changed.data, flags.today)
    return changed


def _answers_of_today(column: str, id_column: str | None) -> SystemEntry:
    """Without an id column the answers belong to the rows by their place, which an empty id says."""
    return {"answers": {"column": column} if id_column else {"column": column, "id": ""}}


def _require_different_columns(data: DataSettings, today: str | None) -> None:
    if data.target is None or data.target not in (*data.input_columns, today):
        return
    what = "the input" if data.target in data.input_columns else "the answers of today"
    raise InputError(
        "run.same_column",
        f"The column {data.target!r} is named as {what} and as the right answer.",
        where="--target",
        why="Whoever sees the right answer is always right, and the comparison says nothing.",
        hint="Name two different columns.",
    )


def _dumped(changes: dict[str, object]) -> dict[str, object]:
    return {name: value.model_dump() if isinstance(value, DataSettings) else value for name, value in changes.items()}


def _chosen(settings: ProjectSettings, name: str) -> list[SystemEntry]:
    """The entry of the project by its name, else those of a kind, else a new one: ``kind`` or ``kind:argument``."""
    from tunewright.systems.registry import parse_entry

    entries = [*settings.compared, *([settings.incumbent] if settings.incumbent is not None else [])]
    named = [entry for entry in entries if parse_entry(entry).name == name]
    alike = [entry for entry in entries if parse_entry(entry).kind == name]
    kind, _, argument = name.partition(":")
    return named[:1] or alike or [{kind: argument} if argument else kind]


def _settings_for_table(path: Path, columns: Columns) -> ProjectSettings:
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
