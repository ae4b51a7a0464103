"""The files of an encoder: where they are, whether they are whole, and their digest.

``locate`` takes the name ``minilm``, a local folder or the id of a model on the hub. How files come over a network
is in ``carrier.py``; loading them into a model is in ``encoder.py``. Systems call ``locate`` and ``digest_of_name``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from tunewright.errors import InputError

MINILM = "minilm"

_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "sentencepiece.bpe.model",
    "spiece.model",
)
_OTHERS = (
    "config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "model.safetensors.index.json",
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """A whole encoder on disk; ``digest`` is SHA-256 (hex) over the digests of its files."""

    folder: Path
    digest: str


def locate(name_or_path: str) -> EncoderFiles:
    """Find the files of an encoder, fetching them where they are not here yet.

    Args:
        name_or_path: ``minilm``, a local folder, or the id of a model on the hub (``owner/name``).

    Raises:
        InputError: the folder is no encoder, or holds pickled weights only.
        WorkError: the files could not be had; the error says what was tried.
    """
    from tunewright.language import carrier  # carrier checks folders with the functions below

    if name_or_path == MINILM:
        return carrier.minilm()
    folder = Path(name_or_path).expanduser()
    if folder.is_dir():
        return read_folder(folder)
    if not carrier.looks_like_hub_id(name_or_path):
        raise InputError(
            "encoder.not_found",
            f"There is no encoder folder '{name_or_path}'.",
            hint="Give the path of a folder with config.json, model.safetensors and a tokenizer, or use 'minilm'.",
        )
    return carrier.from_hub(name_or_path)


def name_in_project(name_or_path: str, root: Path) -> str:
    """The name as ``locate`` takes it: a folder named in a project file is meant relative to the project."""
    folder = root / Path(name_or_path).expanduser()
    return str(folder) if name_or_path != MINILM and folder.is_dir() else name_or_path


def digest_of_name(name_or_path: str) -> str:
    """The digest that ``locate`` would return; for ``minilm`` it is known without touching a file or a network."""
    from tunewright.language import carrier

    return carrier.MINILM_DIGEST if name_or_path == MINILM else locate(name_or_path).digest


def read_folder(folder: Path) -> EncoderFiles:
    """Check that a folder is a whole encoder with safe weights, and take its digest."""
    problem = what_is_missing(folder)
    if problem is None:
        names = {path.name: file_digest(path) for path in folder.glob("*.safetensors")}
        names |= {name: file_digest(folder / name) for name in (*_TOKENIZERS, *_OTHERS) if (folder / name).is_file()}
        return EncoderFiles(folder, combined_digest(names))
    if problem == "model.safetensors" and any(path for pattern in _PICKLES for path in folder.glob(pattern)):
        raise InputError(
            "encoder.pickled_weights",
            "This encoder has weights only in a format that can run code when it is loaded.",
            where=str(folder),
            why="Weights are read from safetensors files only.",
            hint="Save it again with save_pretrained(..., safe_serialization=True).",
        )
    raise InputError(
        "encoder.incomplete",
        f"This folder is no whole encoder: {problem} is missing.",
        where=str(folder),
        hint="An encoder folder holds config.json, model.safetensors and a tokenizer (tokenizer.json or vocab.txt).",
    )


def what_is_missing(folder: Path) -> str | None:
    """The first needed file that a folder lacks, or None for a whole encoder."""
    if not (folder / "config.json").is_file():
        return "config.json"
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            shards = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, TypeError, AttributeError):
            return f"a readable {index.name}"
        absent = [shard for shard in shards if not (folder / shard).is_file()]
        if absent:
            return str(absent[0])
    elif not (folder / "model.safetensors").is_file():
        return "model.safetensors"
    return None if any((folder / name).is_file() for name in _TOKENIZERS) else "tokenizer.json"


def combined_digest(digests: dict[str, str]) -> str:
    """SHA-256 (hex) over the sorted lines ``name digest`` of single files."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
