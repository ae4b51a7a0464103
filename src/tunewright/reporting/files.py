"""Writing a text file so that a reader sees the old file or the new one, never half of one.

Called by whatever in this room ends in a file.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tunewright.errors import WorkError


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text in one step; missing folders are made.

    Raises:
        WorkError: the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from None
    try:
        # Unpaired surrogates from broken input become \\udXXX, which JSON reads back as the same character.
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8", errors="backslashreplace"))
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _not_written(path, error) from None


def _not_written(path: Path, error: OSError) -> WorkError:
    return WorkError(
        "report.not_written",
        f"The file cannot be written: {error.strerror or error}.",
        where=str(path),
        hint="Check that the folder exists, that it may be written to and that the disk has room.",
    )
