"""Every test of the workflow has a user folder of its own, so that no ledger of uses is shared with anybody."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunewright.systems import registry


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "user"
    monkeypatch.setenv("TUNEWRIGHT_USER_DIR", str(folder))
    return folder


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in memory where there is one: a kill loses nothing there either, and flushes cost nothing."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as name:
        monkeypatch.setenv("TUNEWRIGHT_USER_DIR", str(Path(name) / "user"))
        yield Path(name)


@pytest.fixture(autouse=True)
def keywords_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds the kind ``keywords``, as another package would."""
    own = registry.kinds()
    monkeypatch.setattr(registry, "kinds", lambda: {**own, "keywords": "keywords_kind"})
