"""What goes to a machine that has only Python's own libraries and torch, and comes back from it in small parts.

``pack`` puts the packed corpus (uint16, xz: about 0.87 bytes a token), the material of the task generators, the texts
of the evaluation splits and the tokenizer into one folder; ``unpack`` makes a build folder of it. The parts of a model
that come back are cut and joined by ``export``. Run as ``python -m pretraining.travel``.
"""

from __future__ import annotations

import argparse
import json
import lzma
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from pretraining.corpus import PARTS
from pretraining.decontaminate import Reserved, read_reserved
from pretraining.tasks.material import Material, read_material

_TOKENS = tuple(f"{part}{side}" for part in PARTS for side in ("", ".val"))
_AS_THEY_ARE = ("corpus.json", "heldout.npz")


def pack(build: Path, corpus: Path, data: Path, target: Path) -> int:
    """Write the folder that travels; returns its size in bytes."""
    target.mkdir(parents=True, exist_ok=True)
    for name in _TOKENS:
        out = target / f"{name}.xz"
        if not out.exists():
            staged = out.with_suffix(".part")
            staged.write_bytes(lzma.compress(np.load(build / f"{name}.npy").astype("<u2").tobytes(), preset=6))
            staged.rename(out)
    _write_json(target / "material.json.xz", asdict(thinned(read_material(corpus))))
    reserved = read_reserved(data)
    _write_json(target / "reserved.json.xz", {"texts": reserved.texts, "rows": reserved.rows})
    for name in _AS_THEY_ARE:
        shutil.copyfile(build / name, target / name)
    shutil.copytree(build / "tokenizer", target / "tokenizer", dirs_exist_ok=True)
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def thinned(material: Material) -> Material:
    """The same with every second paragraph: all of them would take a third of the room that there is."""
    return replace(material, paragraphs=material.paragraphs[::2])


def unpack(source: Path, build: Path) -> None:
    """Make a build folder; parts that are there already stay as they are."""
    build.mkdir(parents=True, exist_ok=True)
    for name in _TOKENS:
        out = build / f"{name}.npy"
        if not out.exists():
            np.save(out, np.frombuffer(lzma.decompress((source / f"{name}.xz").read_bytes()), "<u2"))
    for name in _AS_THEY_ARE:
        shutil.copyfile(source / name, build / name)
    shutil.copytree(source / "tokenizer", build / "tokenizer", dirs_exist_ok=True)


def material_of(folder: Path) -> Material:
    """The material in a travelled folder."""
    found = _read_json(folder / "material.json.xz")
    found["paragraphs"] = [(source, sentences) for source, sentences in found["paragraphs"]]
    return Material(**found)


def reserved_of(folder: Path) -> Reserved:
    """The evaluation texts in a travelled folder."""
    found = _read_json(folder / "reserved.json.xz")
    reserved = Reserved()
    reserved.add("all", found["texts"])
    reserved.rows = found["rows"]
    return reserved


def _write_json(path: Path, value: object) -> None:
    path.write_bytes(lzma.compress(json.dumps(value, ensure_ascii=False).encode(), preset=6))


def _read_json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack what travels to another machine, or unpack it there.")
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--travel", type=Path, required=True)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    if arguments.corpus and arguments.data:
        size = pack(arguments.build, arguments.corpus, arguments.data, arguments.travel)
        print(f"{size / 2**20:.1f} MiB in {arguments.travel}")
    else:
        unpack(arguments.travel, arguments.build)


if __name__ == "__main__":
    main()
