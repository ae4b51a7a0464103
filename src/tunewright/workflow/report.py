"""Writing the report of a verdict again, with or without texts."""

from __future__ import annotations

from pathlib import Path

from tunewright.records.verdict import Verdict
from tunewright.reporting.html import render_report


def write_report(verdict: Verdict, path: Path, *, texts: bool) -> None:
    """Write one self-contained HTML file; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_report(verdict, texts=texts), encoding="utf-8")
