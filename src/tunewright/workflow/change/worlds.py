"""The world before a change and after it: the same rows and systems, without the category's name or without its pages.

Before, no label list holds the category and no folder of documents its pages; a copy of the folder without them lies in
the state of the project while the change is measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings, SystemEntry
from tunewright.systems.around import Around
from tunewright.systems.registry import parse_entry
from tunewright.workflow.change.held import CATEGORY, Held
from tunewright.workflow.change.trials import World
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.grading import grading_of
from tunewright.workflow.several import one_target, several_labels
from tunewright.workflow.study import Study

DOCUMENTS = "documents"
LEAST_LABELS = 3


def world_after(study: Study, settings: ProjectSettings, root: Path, around: Around) -> World:
    """The project as it is."""
    contestants, _ = contestants_of(settings, root, around)
    return World(study, {one.name: one for one in contestants})


@contextmanager
def world_before(after: World, held: Held, root: Path, around: Around, scratch: Path) -> Iterator[World]:
    """The project before the change; ``scratch`` is where copies of documents may lie.

    Raises:
        InputError: too few categories would be left, or nothing of the documents.
    """
    if held.by == CATEGORY:
        yield World(_without_name(after.study, held, root, around), after.contestants)
        return
    folder = scratch / "documents-before"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        settings = after.study.settings
        entries = [_on_copy(entry, held, root, folder) for entry in settings.compared]
        changed = settings.model_copy(update={"systems": entries})
        yield World(after.study, world_after(after.study, changed, root, around).contestants)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def documents_of(settings: ProjectSettings, root: Path) -> Path | None:
    """The folder of documents of the first system that has one."""
    for entry in settings.compared:
        folder = parse_entry(entry).options.get(DOCUMENTS)
        if folder:
            return root / str(folder)
    return None


def _without_name(study: Study, held: Held, root: Path, around: Around) -> Study:
    labels = tuple(label for label in study.labels if label != held.name)
    if len(study.labels) < LEAST_LABELS:
        raise InputError(
            "change.few_labels",
            f"There are {len(study.labels)} categories; without one of them there is nothing to choose.",
            hint="Hold one out of three or more.",
        )
    given = tuple(map(one_target, labels)) if several_labels(study.settings) else labels
    return replace(study, labels=labels, grading=grading_of(study.settings, root, given, around))


def _on_copy(entry: SystemEntry, held: Held, root: Path, folder: Path) -> SystemEntry:
    """The entry with its documents in a copy without the pages; other entries as they are."""
    parsed = parse_entry(entry)
    source = parsed.options.get(DOCUMENTS)
    if not source or isinstance(entry, str):
        return entry
    target = folder / str(source).strip("./").replace("/", "-")
    if not target.exists():
        _copy_without(root / str(source), held.name, target)
    kind, options = next(iter(entry.items()))
    assert isinstance(options, Mapping)
    return {kind: {**options, DOCUMENTS: str(target), "name": parsed.name}}


def _copy_without(source: Path, name: str, target: Path) -> None:
    """A copy of a folder of documents in which one page, or every page of one folder, is empty."""
    pages: Sequence[Path] = [path for path in sorted(source.rglob("*")) if path.is_file()]
    gone = [path for path in pages if _within(path.relative_to(source).as_posix(), name)]
    if not gone or len(gone) == len(pages):
        raise InputError(
            "change.no_page",
            f"{name!r} names {'all' if gone else 'none'} of the documents.",
            where=str(source),
            hint="Name a page or a folder in there, as the column has it.",
        )
    for path in pages:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path in gone:
            # An empty page says nothing, and what names it (who may read it) still finds it.
            copy.touch()
        else:
            shutil.copyfile(path, copy)


def _within(page: str, name: str) -> bool:
    return page == name or page.startswith(f"{name}/")
