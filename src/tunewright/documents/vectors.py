"""Vectors of texts, kept by the content they belong to: a text is embedded once, whichever file it stands in.

Kept in memory, and in one file of a folder where one is handed in; that file holds digests and numbers, no text. What
no document holds any more is dropped.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tunewright.documents.ranking import Embed, FloatArray


class Vectors:
    """A function from texts to unit vectors with a memory.

    Args:
        embed: texts to unit vectors ``[N, D]``.
        name: digest of what makes the vectors; another name never sees these.
        folder: where they are kept; None keeps them in memory alone.
    """

    def __init__(self, embed: Embed, name: str = "vectors", folder: Path | None = None) -> None:
        self._embed = embed
        self._file = folder / f"{name}.npz" if folder is not None else None
        self._kept: dict[str, FloatArray] = self._read()

    def of(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors ``[N, D]`` of texts, in order; only new ones are embedded."""
        keys = [key_of(text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._kept}
        if new:
            made = np.asarray(self._embed(list(new.values())), dtype=np.float32)
            self._kept.update(zip(new, made, strict=True))
        return np.stack([self._kept[key] for key in keys]) if keys else np.zeros((0, 1), dtype=np.float32)

    def query(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors of questions, which are not kept here."""
        return np.asarray(self._embed(texts), dtype=np.float32)

    def keep_only(self, texts: Iterable[str]) -> None:
        """Forget every text but these, and write the file again where there is one."""
        wanted = {key_of(text) for text in texts}
        self._kept = {key: vector for key, vector in self._kept.items() if key in wanted}
        self._write()

    def _read(self) -> dict[str, FloatArray]:
        """What the file holds; a damaged or missing file holds nothing."""
        if self._file is None:
            return {}
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                keys, matrix = stored["keys"], stored["vectors"]
                if matrix.ndim != 2 or len(keys) != len(matrix):
                    return {}
                return dict(zip((str(key) for key in keys), matrix.astype(np.float32), strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        passing = self._file.with_name(f"{self._file.stem}.{os.getpid()}.passing.npz")
        keys = sorted(self._kept)
        matrix = np.stack([self._kept[key] for key in keys]) if keys else np.zeros((0, 1), dtype=np.float32)
        np.savez(passing, keys=np.array(keys, dtype="<U64"), vectors=matrix)
        passing.replace(self._file)


def key_of(text: str) -> str:
    """SHA-256 (hex) of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
