"""Writing the report of a verdict again, with or without texts."""

from __future__ import annotations

from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.verdict import Verdict
from tunewright.reporting.html import render_report


def write_report(verdict: Verdict, path: Path, *, texts: bool) -> None:
    """Write one self-contained HTML file into a folder that exists; nothing is overwritten.

    Raises:
        InputError: the file exists already.
    """
    require_new(path)
    with path.open("x", encoding="utf-8") as stream:
        stream.write(render_report(verdict, texts=texts))


def require_new(path: Path, hint: str = "Name another file.") -> None:
    """Refuse a path where something stands already, with a hint, or whose folder does not exist.

    Raises:
        InputError: says which.
    """
    if path.exists():
        raise InputError("output.exists", "The output exists already.", where=str(path), hint=hint)
    if not path.parent.is_dir():
        raise InputError("output.no_folder", "The folder of the output does not exist.", where=str(path.parent))
