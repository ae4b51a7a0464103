"""The Python face: ``import tunewright as tw; verdict = tw.open(".").run()``, with typed results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tunewright.project.file import FILE_NAME, load_project
from tunewright.project.settings import ProjectSettings
from tunewright.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder and its settings."""

    root: Path
    settings: ProjectSettings

    def run(
        self, *, final: bool = False, go_on: bool = False, say: Callable[[str], None] = lambda _text: None
    ) -> Verdict:
        """The main job; see ``tunewright run``. ``say`` gets the lines that the command prints on the way.

        Raises:
            TunewrightError: the input cannot be used.
        """
        from tunewright.workflow.run import RunOptions, run
        from tunewright.workflow.study import Hooks

        options = RunOptions(final=final, go_on=go_on, command=f"tunewright run {self.root}")
        return run(self.settings, self.root, options, Hooks(say=say)).verdict


def open_project(folder: str | Path = ".") -> Project:
    """Open a folder with a ``tunewright.yaml``.

    Raises:
        InputError: there is none, or it is wrong.
    """
    root = Path(folder)
    return Project(root, load_project(root / FILE_NAME))
