"""A quick look at a model in training: bits per byte on held-out text and exact answers on held-out tasks.

An answer counts when every token of it, the stop token included, is the most likely one given the true tokens before;
that is so exactly when greedy decoding gives the answer, so nothing needs to be generated. The full evaluation is in
``evaluate.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from pretraining.tokenizer import ASSISTANT, END, PAD

if TYPE_CHECKING:
    from pretraining.train import Trainer

_BATCH = 16


@torch.no_grad()
def exact_answers(model: Any, encoded: Sequence[NDArray[np.uint16]], device: str, bf16: bool) -> list[list[bool]]:
    """For each conversation, whether each assistant turn would be decoded greedily as it stands."""
    order = sorted(range(len(encoded)), key=lambda at: len(encoded[at]))
    found: list[list[bool]] = [[] for _ in encoded]
    for start in range(0, len(order), _BATCH):
        group = order[start : start + _BATCH]
        longest = max(len(encoded[at]) for at in group)
        rows = torch.full((len(group), longest), PAD, dtype=torch.long)
        for line, at in enumerate(group):
            rows[line, : len(encoded[at])] = torch.from_numpy(encoded[at].astype(np.int64))
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            hidden = model.model(input_ids=rows.to(device), use_cache=False).last_hidden_state
            best = torch.cat([model.lm_head(piece).argmax(-1) for piece in hidden.split(4)]).cpu().numpy()
        for line, at in enumerate(group):
            found[at] = _judge(encoded[at], best[line])
    return found


def _judge(ids: NDArray[np.uint16], best: NDArray[np.int64]) -> list[bool]:
    results, start = [], -1
    for position, token in enumerate(ids.tolist()):
        if token == ASSISTANT:
            start = position
        elif token == END and start >= 0:
            results.append(bool((best[start:position] == ids[start + 1 : position + 1]).all()))
            start = -1
    return results


@torch.no_grad()
def mean_loss(model: Any, tokens: NDArray[np.uint16], windows: int, length: int, device: str, bf16: bool) -> float:
    """Mean loss in nats a token over up to ``windows`` windows spread over ``tokens``."""
    count = max(1, min(windows, (len(tokens) - 1) // length))
    starts = np.linspace(0, max(0, len(tokens) - length - 1), count).astype(int)
    total, seen = 0.0, 0
    for start in starts:
        rows = torch.from_numpy(tokens[start : start + length + 1].astype(np.int64))[None].to(device)
        from pretraining.model import token_losses

        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            losses = token_losses(model, rows)
        total, seen = total + float(losses.sum()), seen + losses.numel()
    return total / seen


def probe(trainer: Trainer, build_folder: Path) -> dict[str, Any]:
    """Loss per part on held-out text, and accuracy per kind on held-out tasks (``heldout.npz``)."""
    config = trainer.config
    trainer.model.eval()
    losses = {
        name: mean_loss(
            trainer.model, np.load(build_folder / f"{name}.val.npy"), 8, config.length, config.device, config.bf16
        )
        for name, _ in config.corpus_weights
    }
    with np.load(build_folder / "heldout.npz") as saved:
        tokens, bounds, kinds = saved["tokens"], saved["bounds"], [str(kind) for kind in saved["kinds"]]
    encoded = [tokens[bounds[at] : bounds[at + 1]] for at in range(len(kinds))]
    results = exact_answers(trainer.model, encoded, config.device, config.bf16)
    by_family: dict[str, list[bool]] = defaultdict(list)
    for kind, answers in zip(kinds, results, strict=True):
        by_family[kind].extend(answers)
    trainer.model.train()
    return {
        "val_loss": {name: round(value, 4) for name, value in losses.items()},
        "accuracy": {kind: round(float(np.mean(answers)), 3) for kind, answers in sorted(by_family.items())},
    }
