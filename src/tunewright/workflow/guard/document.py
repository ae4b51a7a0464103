"""``guards.json`` under ``runs/guard-.../``: written by ``tunewright guard``, read by whoever judges the same fit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tunewright.records.guard import GuardReport
from tunewright.reporting.files import write_text
from tunewright.workflow.run_names import run_name
from tunewright.workflow.runs import RUNS, documents

PREFIX = "guard-"
FILE_NAME = "guards.json"


def write_report(report: GuardReport, root: Path) -> Path:
    """A new folder with the document; it holds figures alone, no text of any row."""
    folder = root / RUNS / f"{PREFIX}{run_name(datetime.fromisoformat(report.created))}"
    folder.mkdir(parents=True)
    path = folder / FILE_NAME
    write_text(report.model_dump_json(indent=2), path)
    return path


def latest_report(root: Path, fit_key: str | None = None) -> tuple[GuardReport, Path] | None:
    """The latest document of a fit, of any fit where none is named; one that cannot be read is passed over."""
    for path in documents(root, PREFIX, FILE_NAME):
        try:
            report = GuardReport.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if fit_key is None or report.fit_key == fit_key:
            return report, path
    return None
