"""From a checkpoint to a folder that ships: bf16 weights, configuration, tokenizer, template, and pinned digests.

``export`` writes the folder without a card; ``card.py`` adds ``README.md``; ``pin`` writes the file of digests.
``cut`` and ``join`` are for a machine that gives back small
files only. Run as ``python -m pretraining.export``.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tarfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaForCausalLM

from pretraining import checkpoint
from pretraining.config import CONFIGS, Shape
from pretraining.corpus import sha256
from pretraining.model import build, llama_config
from pretraining.tokenizer import BOS, END, PAD

PART_BYTES = 15_000_000
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def export(source: Path, shape: Shape, tokenizer: Path, target: Path) -> None:
    """Write a model folder that plain ``AutoModelForCausalLM.from_pretrained`` loads.

    Args:
        source: a checkpoint folder with ``model.safetensors`` (float32).
        tokenizer: the folder that ``tokenizer.save`` wrote.
    """
    model = build(shape, 0)
    checkpoint.load_weights(source, model)
    target.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().to(torch.bfloat16).contiguous() for name, value in model.named_parameters()}
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    config = llama_config(shape)
    config.architectures = ["LlamaForCausalLM"]
    config.dtype = "bfloat16"
    config.use_cache = True
    config.save_pretrained(target)
    generation = {
        "bos_token_id": BOS,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "do_sample": False,
        "max_new_tokens": 256,
    }
    (target / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n", "utf-8")
    for name in _TOKENIZER:
        shutil.copyfile(tokenizer / name, target / name)


def parameters(shape: Shape) -> int:
    """How many weights a shape has, tied ones once."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in LlamaForCausalLM(llama_config(shape)).parameters())


def pin(folder: Path, pins: Path) -> None:
    """Write the SHA-256 of every file of a model folder."""
    digests = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}
    pins.write_text(json.dumps({"sha256": digests}, indent=2) + "\n", "utf-8")


def cut(source: Path, target: Path) -> list[Path]:
    """Put a folder into one tar archive and cut that into ``model.tar.part-<n>`` of at most 15 MB each."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path in sorted(source.iterdir()):
            archive.add(path, path.name)
    content = stream.getvalue()
    target.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, start in enumerate(range(0, len(content), PART_BYTES)):
        part = target / f"model.tar.part-{number:03d}"
        part.write_bytes(content[start : start + PART_BYTES])
        parts.append(part)
    return parts


def join(source: Path, target: Path) -> None:
    """Unpack what ``cut`` made."""
    content = b"".join(path.read_bytes() for path in sorted(source.glob("model.tar.part-*")))
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(target, filter="data")


def ship(source: Path, target: Path, pins: Path) -> None:
    """Put a finished model folder in the place of another and pin its digests."""
    missing = [name for name in ("model.safetensors", "README.md", *_TOKENIZER) if not (source / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{source} is not finished: {', '.join(missing)} is missing")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    pin(target, pins)


def main() -> None:
    parser = argparse.ArgumentParser(description="Export a run's checkpoint as a model folder.")
    parser.add_argument("--run", type=Path, help="folder with the checkpoint")
    parser.add_argument("--config", choices=sorted(CONFIGS), default="cpu")
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    others = parser.add_mutually_exclusive_group()
    others.add_argument(
        "--copy", type=Path, help="put this finished folder at --out and pin it in --pins, nothing else"
    )
    others.add_argument("--cut", type=Path, help="cut this model folder into parts in --out, and nothing else")
    others.add_argument("--join", type=Path, help="join the parts in this folder into --out, and nothing else")
    parser.add_argument("--pins", type=Path)
    arguments = parser.parse_args()
    if arguments.copy:
        ship(arguments.copy, arguments.out, arguments.pins or arguments.out.with_suffix(".json"))
    elif arguments.cut:
        print(*cut(arguments.cut, arguments.out), sep="\n")
    elif arguments.join:
        join(arguments.join, arguments.out)
    else:
        if not arguments.run or not arguments.tokenizer:
            parser.error("--run and --tokenizer are needed")
        found = checkpoint.find(arguments.run)
        if found is None:
            parser.error(f"there is no checkpoint in {arguments.run}")
        export(found, CONFIGS[arguments.config].shape, arguments.tokenizer, arguments.out)


if __name__ == "__main__":
    main()
