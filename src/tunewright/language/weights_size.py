"""How many weights a token is multiplied with, read from the heads of weight files; nothing is loaded or fetched.

Called by systems that train, so that a plan can say how long that will take.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

from tunewright.language.embedded import EMBEDDED
from tunewright.language.files import MINILM

MINILM_WEIGHTS = 6 * (4 * 384**2 + 2 * 384 * 1536)
"""all-MiniLM-L6-v2: six layers, 384 wide, 1,536 in between (its embeddings are looked up)."""
_HERE = Path(__file__).parent
_EMBEDDINGS = ("embed", "wte", "wpe")
_HEAD_BYTES = 8
_LONGEST_HEAD = 100_000_000


def multiplied_weights(folder: Path) -> int | None:
    """Weights in matrices of a folder's safetensors files, embeddings left out; None where it has no such files."""
    total = 0
    for path in sorted(folder.glob("*.safetensors")) if folder.is_dir() else ():
        shapes = _shapes(path)
        if shapes is None:
            return None
        total += sum(
            math.prod(shape)
            for name, shape in shapes.items()
            if len(shape) > 1 and not any(word in name for word in _EMBEDDINGS)
        )
    return total or None


def encoder_weights(name: str) -> int | None:
    """The same for an encoder as named in a project file."""
    return MINILM_WEIGHTS if name == MINILM else multiplied_weights(Path(name))


def decoder_weights(name: str, root: Path) -> int | None:
    """The same for a decoder: an embedded one, or a folder relative to ``root``; of an adapter's folder nothing."""
    folder = _HERE / name if name in EMBEDDED else root / Path(name).expanduser()
    return multiplied_weights(folder)


def _shapes(path: Path) -> dict[str, list[int]] | None:
    """Shapes of the tensors of a safetensors file, from its head (a length of 8 bytes, then JSON)."""
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(_HEAD_BYTES))
            if length > _LONGEST_HEAD:
                return None
            head: dict[str, Any] = json.loads(stream.read(length))
    except (OSError, ValueError, struct.error):
        return None
    return {name: entry["shape"] for name, entry in head.items() if name != "__metadata__"}
