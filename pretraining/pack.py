"""Tokens on disk: the corpus and the generated tasks as uint16, in a folder that training reads.

``corpus_part`` writes ``<part>.npy``; ``task_shard`` writes ``tasks-<n>.npz`` with tokens, a mask of what the assistant
says, and where each task starts. ``pretraining/build`` is the usual folder. Run as ``python -m pretraining.pack``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pretraining import corpus
from pretraining.decontaminate import Filter, Reserved, read_reserved
from pretraining.stream import Shard
from pretraining.tasks import GENERATORS, HELD_OUT, draw_tasks
from pretraining.tasks.base import Task
from pretraining.tasks.material import Material, read_material
from pretraining.tokenizer import BOS, END, ChatRenderer, load, spoken
from pretraining.travel import material_of, reserved_of

Tokens = NDArray[np.uint16]
Clean = Callable[[list[Task]], list[Task]]
_BATCH = 256


def corpus_part(tokenizer: Tokenizer, path: Path, part: str) -> Tokens:
    """All rows of one file, each between ``<|bos|>`` and ``<|end|>``, dialogues and questions as chat: ``[T]``."""
    render = ChatRenderer()
    pieces: list[Tokens] = []
    for rows in _groups(corpus.read_rows(path)):
        chats = [corpus.chat_of(part, row) for row in rows]
        texts = [str(row["text"]) if chat is None else render(chat) for row, chat in zip(rows, chats, strict=True)]
        for chat, encoding in zip(chats, tokenizer.encode_batch(texts), strict=True):
            ids = encoding.ids if chat is not None else [BOS, *encoding.ids, END]
            pieces.append(np.array(ids, np.uint16))
    return np.concatenate(pieces)


def _groups(rows: Iterator[corpus.Row]) -> Iterator[list[corpus.Row]]:
    group: list[corpus.Row] = []
    for row in rows:
        group.append(row)
        if len(group) == _BATCH:
            yield group
            group = []
    if group:
        yield group


def encode_tasks(tokenizer: Tokenizer, tasks: list[Task], most: int) -> list[tuple[Tokens, NDArray[np.uint8]]]:
    """Ids and answer mask of each task, rendered by the chat template; tasks over ``most`` tokens are left out."""
    render = ChatRenderer()
    encodings = tokenizer.encode_batch([render(task.messages, task.tools) for task in tasks])
    arrays = [np.array(encoding.ids, np.uint16) for encoding in encodings]
    return [(ids, spoken(ids)) for ids in arrays if len(ids) <= most]


def task_shard(
    tokenizer: Tokenizer, material: Material, seed: int, tokens: int, clean: Clean, most: int = 1024
) -> Shard:
    """Tasks of at least ``tokens`` tokens that pass ``clean``."""
    found: list[tuple[Tokens, NDArray[np.uint8]]] = []
    total, part = 0, 0
    while total < tokens:
        tasks = clean(list(draw_tasks(material, seed * 1_000_003 + part, _BATCH)))
        new = encode_tasks(tokenizer, tasks, most)
        total += sum(len(ids) for ids, _ in new)
        found += new
        part += 1
    lengths = np.array([len(ids) for ids, _ in found])
    return Shard(
        np.concatenate([ids for ids, _ in found]),
        np.concatenate([mask for _, mask in found]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def write_shards(folder: Path, material: Material, reserved: Reserved, numbers: Sequence[int], tokens: int) -> None:
    """Write the task shards ``numbers`` (a number is a seed), each in one step so that a reader sees it whole.

    Tasks that touch a reserved text are left out; their counts go to ``tasks-<n>.json``.
    """
    tokenizer = load(folder / "tokenizer")
    for number in numbers:
        target = folder / f"tasks-{number:04d}.npz"
        if target.exists():
            continue
        staged, clean = target.with_suffix(".part"), Filter(reserved)
        with staged.open("wb") as stream:
            shard = task_shard(tokenizer, material, number, tokens, clean)
            np.savez(stream, tokens=shard.tokens, mask=shard.mask, starts=shard.bounds[:-1])
        counts = {"kept": clean.kept, "dropped": clean.dropped, "reserved": reserved.rows}
        target.with_suffix(".json").write_text(json.dumps(counts), "utf-8")
        staged.rename(target)
        print(target.name, clean.kept, sum(clean.dropped.values()), flush=True)


def write_corpus(folder: Path, source: Path) -> None:
    """Write every part of the corpus and of its validation files, and ``corpus.json`` with their hashes and sizes."""
    tokenizer = load(folder / "tokenizer")
    notes: dict[str, dict[str, object]] = {}
    for validation in (True, False):
        for part in corpus.PARTS:
            path = corpus.part_path(source, part, validation)
            ids = corpus_part(tokenizer, path, part)
            np.save(folder / f"{part}{'.val' if validation else ''}.npy", ids)
            notes[path.name] = {"sha256": corpus.sha256(path), "tokens": len(ids)}
            print(path.name, len(ids), flush=True)
    (folder / "corpus.json").write_text(json.dumps(notes, indent=2) + "\n", "utf-8")


def write_held_out(folder: Path, source: Path, each: int = 12) -> None:
    """Write ``heldout.npz``: ``each`` held-out instances of every kind; held-out kinds are named ``new:<kind>``."""
    tokenizer = load(folder / "tokenizer")
    material = read_material(source, held_out=True)
    kinds: list[str] = []
    encoded: list[Tokens] = []
    for kind in GENERATORS:
        found = encode_tasks(tokenizer, list(draw_tasks(material, 77, each, [kind])), 1024)
        encoded += [ids for ids, _ in found]
        kinds += [("new:" if kind in HELD_OUT else "") + kind] * len(found)
    bounds = np.concatenate([[0], np.cumsum([len(ids) for ids in encoded])]).astype(np.int64)
    np.savez(folder / "heldout.npz", tokens=np.concatenate(encoded), bounds=bounds, kinds=np.array(kinds))


def main() -> None:
    parser = argparse.ArgumentParser(description="Tokenise the corpus, and write shards of generated tasks.")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--data", type=Path, help="folder of evaluation sets, for decontamination")
    parser.add_argument("--travel", type=Path, help="folder that pretraining.travel packed, in place of both")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--shards", default="0:0", help="first:end of the task shards to write")
    parser.add_argument("--shard-tokens", type=int, default=1_000_000)
    arguments = parser.parse_args()
    first, end = (int(text) for text in arguments.shards.split(":"))
    numbers = range(first, end)
    if arguments.travel:
        material, reserved = material_of(arguments.travel), reserved_of(arguments.travel)
    else:
        if not (arguments.build / "corpus.json").exists():
            write_corpus(arguments.build, arguments.corpus)
            write_held_out(arguments.build, arguments.corpus)
        material, reserved = read_material(arguments.corpus), read_reserved(arguments.data)
    children = []  # forked, so that all share one copy of the material
    for child in range(1, arguments.processes):
        process = os.fork()
        if process == 0:
            write_shards(
                arguments.build, material, reserved, numbers[child :: arguments.processes], arguments.shard_tokens
            )
            os._exit(0)
        children.append(process)
    write_shards(arguments.build, material, reserved, numbers[:: arguments.processes], arguments.shard_tokens)
    failed = [process for process in children if os.waitpid(process, 0)[1] != 0]
    if failed:
        parser.exit(1, f"{len(failed)} of {len(children)} processes failed\n")


if __name__ == "__main__":
    main()
