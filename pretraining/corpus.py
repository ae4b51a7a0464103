"""Reading the corpus: rows from ``*.jsonl.zst``, their hashes, and the chat form of dialogues and questions.

A corpus folder holds four parts (prose, technical, dialogues, qa), each with a small validation file. Called by the
tokenizer, the packer, the task generators and the evaluation.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PARTS = ("prose", "technical", "dialogues", "qa")
_WINDOW_BYTES = 2**27

Row = Mapping[str, Any]
Message = dict[str, Any]


def part_path(folder: Path, part: str, validation: bool = False) -> Path:
    """The file of one part of the corpus."""
    return folder / f"{part}{'.val' if validation else ''}.jsonl.zst"


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of one compressed JSONL file, in the order of the file."""
    import zstandard  # not everywhere where the rest of the recipe runs

    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES)
    with path.open("rb") as raw, decompressor.stream_reader(raw) as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            yield json.loads(line)


def chat_of_dialogue(row: Row) -> list[Message]:
    """A dialogue as user and assistant messages; turns of one speaker in a row are joined."""
    messages: list[Message] = []
    for turn in row["turns"]:
        role = "user" if turn["speaker"] == "user" else "assistant"
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += " " + turn["text"]
        else:
            messages.append({"role": role, "content": turn["text"]})
    return messages


def chat_of_question(row: Row) -> list[Message]:
    """A question, with its options where it has some, and its answer as two messages."""
    question = str(row["question"])
    if row.get("choices"):
        question += "\n" + "\n".join(f"- {choice}" for choice in row["choices"])
    return [{"role": "user", "content": question}, {"role": "assistant", "content": str(row["answer"])}]


def chat_of(part: str, row: Row) -> list[Message] | None:
    """The chat form of a row, or None where the row is plain text."""
    if part == "dialogues":
        return chat_of_dialogue(row)
    return chat_of_question(row) if part == "qa" else None


def sample_texts(folder: Path, share: float, seed: int) -> Iterator[str]:
    """Plain texts of a random share of all rows, for training the tokenizer."""
    rng = random.Random(seed)
    for part in PARTS:
        for row in read_rows(part_path(folder, part)):
            if rng.random() >= share:
                continue
            chat = chat_of(part, row)
            yield str(row["text"]) if chat is None else "\n".join(message["content"] for message in chat)


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
