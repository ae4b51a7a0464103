"""Finished guards, kept under the content that they follow from, so that a stopped command goes on where it stopped.

A guard follows from the fit, the code that measures and the suite. It is kept as an artifact of the rows that were
learned, so that erasing one of them takes it along.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tunewright.evaluation.suite import ITEMS_FILE
from tunewright.records.guard import Guard, GuardReport, SkillScore
from tunewright.store.artifacts import passing_name
from tunewright.store.cache_keys import cache_key
from tunewright.store.store import BLOBS_NAME
from tunewright.workflow.guard.subject import Subject

KIND = "guard"
FILE_NAME = "guard.json"


def kept(
    subject: Subject, topic: str, measure: Callable[[], tuple[list[Guard], list[SkillScore]]], **about: str | int
) -> tuple[list[Guard], list[SkillScore]]:
    """The guards of a topic, measured now unless they were before."""
    rows_asked = " ".join(subject.study.row_keys[row] for row in (*subject.train, *subject.held_out))
    parts: dict[str, str | int] = {"fit": subject.record.key, "topic": topic, "code": _code(), **about}
    parts["rows"] = hashlib.sha256(rows_asked.encode()).hexdigest()
    parts["base"] = "" if subject.models is None else str(sorted(subject.models.base.identity().items()))
    key = cache_key(KIND, parts)
    found = subject.store.artifact(key)
    if found is not None:
        report = GuardReport.model_validate_json((found.path / FILE_NAME).read_text(encoding="utf-8"))
        return report.guards, report.skills
    guards, skills = measure()
    report = GuardReport(
        created="", task="", system=subject.name, fit_key=subject.record.key, base=subject.base, guards=guards,
        skills=skills, command="",
    )  # fmt: skip
    folder = subject.store.folder / BLOBS_NAME / passing_name()
    folder.mkdir()
    try:
        (folder / FILE_NAME).write_text(report.model_dump_json(), encoding="utf-8")
        rows = {*subject.part.train, *subject.part.validation, *subject.held_out}
        row_set = subject.store.row_set([subject.study.row_keys[row] for row in sorted(rows)])
        subject.store.save_artifact(key, KIND, folder, row_set, {"system": subject.name, "topic": topic})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return guards, skills


@cache
def _code() -> str:
    """Hash of the sources that measure, and of the suite."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[2]
    own = [*Path(__file__).parent.glob("*.py"), *ITEMS_FILE.parent.glob("*.py"), ITEMS_FILE]
    own += [package / "statistics" / name for name in ("exposure.py", "gains.py", "calibration.py")]
    for path in sorted(own):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
