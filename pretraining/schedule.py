"""Warm-up, stable, decay; the share of tasks; and the two optimizers."""

from __future__ import annotations

from typing import Any

import torch

from pretraining.config import Config, Stage


def rate_factor(progress: float, config: Config) -> float:
    """The learning rate as a share of its peak at ``progress`` (0 to 1) of the budget: linear up, flat, linear down.

    Hu et al. 2024 (arXiv 2404.06395), section 4, with a linear decay to zero.
    """
    if progress < config.warmup:
        return max(progress / config.warmup, 0.02)
    if progress > 1.0 - config.decay:
        return max((1.0 - progress) / config.decay, 0.01)
    return 1.0


def stage_at(progress: float, config: Config) -> Stage:
    """The stage in force at ``progress``."""
    return [stage for stage in config.stages if stage.start <= progress][-1]


class Optimizers:
    """Muon for the hidden matrices (Jordan et al. 2024), AdamW for embedding and norms."""

    def __init__(self, model: torch.nn.Module, config: Config) -> None:
        named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        matrices = [weight for name, weight in named if weight.ndim == 2 and "embed" not in name]
        others = [weight for name, weight in named if not (weight.ndim == 2 and "embed" not in name)]
        self._matrix = torch.optim.Muon(
            matrices, lr=config.matrix_rate, momentum=0.95, weight_decay=config.weight_decay
        )
        self._other = torch.optim.AdamW(
            others, lr=config.other_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=config.device != "cpu"
        )
        self._peaks: tuple[tuple[Any, float], ...] = (
            (self._matrix, config.matrix_rate),
            (self._other, config.other_rate),
        )

    def step(self, factor: float) -> None:
        """One update at ``factor`` times the peak learning rates; gradients are cleared."""
        for optimizer, peak in self._peaks:
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, torch.Tensor]:
        """All tensors of both optimizers under flat names."""
        found: dict[str, torch.Tensor] = {}
        for name, optimizer in (("matrix", self._matrix), ("other", self._other)):
            for index, entries in optimizer.state_dict()["state"].items():
                for key, value in entries.items():
                    found[f"{name}.{index}.{key}"] = torch.as_tensor(value)
        return found

    def load(self, tensors: dict[str, torch.Tensor]) -> None:
        """Take back what ``state`` gave."""
        for name, optimizer in (("matrix", self._matrix), ("other", self._other)):
            states: dict[int, dict[str, Any]] = {}
            for key, value in tensors.items():
                which, index, entry = key.split(".", 2)
                if which == name:
                    states.setdefault(int(index), {})[entry] = value
            optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
