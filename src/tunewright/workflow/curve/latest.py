"""The latest learning curve of a fine-tune in a folder. Called by ``advise``, which rests a fact on it."""

from __future__ import annotations

from pathlib import Path

from tunewright.errors import TunewrightError
from tunewright.reporting.curve_document import DOCUMENT, CurveDocument, read_curve
from tunewright.workflow.runs import about_table, documents


def latest_curve(root: Path, table: Path | None = None) -> tuple[CurveDocument, Path] | None:
    """The curve and its file; None without one. The curve of a simpler system says nothing about tuning.

    ``table``: only curves of this table, where no project names one.
    """
    for path in documents(root, "curve-", DOCUMENT):
        try:
            document = read_curve(path)
        except TunewrightError:
            continue
        if document.role == "candidate" and (table is None or about_table(document.command, table)):
            return document, path
    return None
