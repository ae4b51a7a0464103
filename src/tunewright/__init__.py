"""Tunewright: find out whether a fine-tune beats your best simpler system, and prove it.

``tw.open(".")`` opens a project. What it returns is imported on first use, so that ``import tunewright`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunewright.version import __version__

if TYPE_CHECKING:
    from tunewright.api import Project
    from tunewright.api import open_project as open
    from tunewright.records.verdict import Verdict

__all__ = ["Project", "Verdict", "__version__", "open"]


def __getattr__(name: str) -> object:
    if name == "open":
        from tunewright.api import open_project

        return open_project
    if name == "Project":
        from tunewright.api import Project

        return Project
    if name == "Verdict":
        from tunewright.records.verdict import Verdict

        return Verdict
    raise AttributeError(f"module 'tunewright' has no attribute {name!r}")
