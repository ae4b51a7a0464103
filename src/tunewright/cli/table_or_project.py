"""A project for commands that work best in a project folder: their own word where a table alone says too little."""

from __future__ import annotations

import shlex
from pathlib import Path

from tunewright.cli.project_here import Flags, Project, project_for
from tunewright.data.containers import file_and_sheet
from tunewright.errors import InputError

# What is raised where a table leaves questions open and nobody can be asked.
MISSING = "run.columns"


def project_or_told(what: Path, flags: Flags, command: str, *, ask: bool) -> Project:
    """The project that the words mean.

    Raises:
        InputError: there is neither a project nor a table; or what a table lacks cannot be asked, in the words of the
            command that was typed.
    """
    try:
        return project_for(what, flags, ask=ask)
    except InputError as error:
        if error.code != MISSING or not file_and_sheet(what)[0].is_file():
            raise
        raise InputError(
            f"{command}.no_project",
            f"tunewright {command} does not know the columns of this table.",
            where=str(what),
            why="A project file says which column holds the input, and which the right answer.",
            hint=f"tunewright init {shlex.quote(str(what))}, then in that folder: tunewright {command}",
        ) from None
