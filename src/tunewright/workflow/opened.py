"""The beginning of every command that writes into a project: its state, then its rows, which may be learned from.

Purges that were stopped are finished first, and a project that forbids network calls forbids model downloads as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

from tunewright.project.settings import ProjectSettings
from tunewright.store import Store
from tunewright.systems.around import Around
from tunewright.workflow.auditing.privacy_gate import require_learnable
from tunewright.workflow.load import load
from tunewright.workflow.models import Models
from tunewright.workflow.prepare import Prepared, prepare
from tunewright.workflow.runs import STATE, finish_purges, open_state
from tunewright.workflow.study import Hooks

OFFLINE = "TUNEWRIGHT_OFFLINE"
Egress = Literal["allow", "none"]


@contextmanager
def opened(settings: ProjectSettings, root: Path, hooks: Hooks) -> Iterator[Store]:
    """The state of the project, made where there is none, with purges finished and downloads allowed or not."""
    with egress_of(settings), opened_state(root, hooks) as store:
        yield store


@contextmanager
def opened_state(root: Path, hooks: Hooks) -> Iterator[Store]:
    """The state of a folder, made where there is none, with purges finished: for commands that need no project file."""
    with Store.open(root / STATE) as store:
        _finish(store, root, hooks)
        yield store


@contextmanager
def opened_existing(root: Path, hooks: Hooks) -> Iterator[Store]:
    """The state of a folder that has one, with purges finished.

    Raises:
        InputError: there is no state there.
    """
    with open_state(root) as store:
        _finish(store, root, hooks)
        yield store


def _finish(store: Store, root: Path, hooks: Hooks) -> None:
    for sentence in finish_purges(store, root):
        hooks.say(f"Note: {sentence}")


def learnable(
    settings: ProjectSettings, root: Path, store: Store, around: Around | None = None
) -> tuple[Prepared, Around]:
    """The rows of the project, prepared, and the models around its systems; ``around`` where somebody has them open.

    Raises:
        TunewrightError: the rows cannot be read, or may not be learned from yet.
    """
    loaded = load(settings, root, store)
    require_learnable(store, [*loaded.examples, *(loaded.test or ())])
    around = Models.of(settings, root, store).around() if around is None else around
    return prepare(settings, root, loaded, store, around), around


def egress_of(settings: ProjectSettings) -> AbstractContextManager[None]:
    """Forbid model downloads while a project that forbids network calls runs."""
    return downloads_as(settings.egress)


@contextmanager
def downloads_as(egress: Egress) -> Iterator[None]:
    """The same for a command that carries no more of the project than this word."""
    before = os.environ.get(OFFLINE)
    if egress == "none":
        os.environ[OFFLINE] = "1"
    try:
        yield
    finally:
        if egress == "none":
            os.environ.pop(OFFLINE, None) if before is None else os.environ.__setitem__(OFFLINE, before)
