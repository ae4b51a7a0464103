"""Checkpoints: weights and optimizer as safetensors, the position as JSON, written and one whole one always exists."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file


@dataclass(slots=True)
class Position:
    """Where a run stands. ``started`` is the wall clock of its first step, in seconds since the epoch."""

    step: int = 0
    tokens: int = 0
    started: float = 0.0
    train_s: float = 0.0
    by_clock: bool = False
    curve: list[dict[str, Any]] = field(default_factory=list)


def save(folder: Path, model: torch.nn.Module, optimizer: dict[str, torch.Tensor], position: Position) -> None:
    """Replace ``folder/checkpoint`` by a new one; the old one stands until the new one is whole."""
    new, old, target = folder / "checkpoint.new", folder / "checkpoint.old", folder / "checkpoint"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.named_parameters()}
    save_file(weights, new / "model.safetensors")
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in optimizer.items()}, new / "optimizer.safetensors"
    )
    (new / "position.json").write_text(json.dumps(asdict(position)), "utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def find(folder: Path) -> Path | None:
    """The newest whole checkpoint of a run folder."""
    return next((path for path in (folder / "checkpoint", folder / "checkpoint.old") if path.is_dir()), None)


def load(path: Path, model: torch.nn.Module) -> tuple[dict[str, torch.Tensor], Position]:
    """Put the weights of a checkpoint into ``model``; return the optimizer's tensors and the position."""
    load_weights(path, model)
    position = Position(**json.loads((path / "position.json").read_text("utf-8")))
    return load_file(path / "optimizer.safetensors"), position


def load_weights(path: Path, model: torch.nn.Module) -> None:
    """Put the weights of a checkpoint into ``model``."""
    saved = load_file(path / "model.safetensors")
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_(saved[name])
