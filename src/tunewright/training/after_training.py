"""Checks after training: did anything learn, does the merged model say the same, does it survive saving.

Each check takes a probe (a few rows of token ids) and answers with the largest difference it saw, or stops with an
error that says what is wrong. Replaying whole answers is in ``export.py``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tunewright.errors import WorkError
from tunewright.training.machine_memory import available_bytes

Probe = Sequence[Sequence[int]]
"""A few rows of token ids, such as the first held-out prompts."""

_TOLERANCES = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}
_CHUNK = 1 << 24
_COPY_ROOM = 1.5


@dataclass(frozen=True, slots=True)
class Start:
    """Fingerprints of the trained tensors before the first step."""

    fingerprints: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class AfterTraining:
    """What was found.

    ``effect`` is how far the adapter moves the probe's logits from the base model's (None without an adapter),
    ``still`` names trained tensors that have not moved, ``moved`` counts the others, ``merged_difference`` is between
    adapter-on and merged (None where nothing was merged: no adapter, no room for a copy, or a quantised base).
    Differences are relative to the largest logit where that is above 1.
    """

    effect: float | None
    still: tuple[str, ...]
    moved: int
    merged_difference: float | None


def remember(model: Any) -> Start:
    """Take the fingerprints of all tensors that will be trained."""
    return Start({name: fingerprint(value) for name, value in _trained(model)})


def check_after_training(
    model: Any,
    start: Start,
    probe: Probe,
    *,
    first_weights: Mapping[str, Tensor] | None = None,
    merge: bool = True,
) -> AfterTraining:
    """All checks on the model in memory, for adapters and whole models.

    Args:
        start: from ``remember`` before the first step.
        first_weights: ``Prepared.start``: for methods that begin with a part of the base in the adapter, "off" is the
            adapter as it began, not no adapter.
        merge: whether to try merging, on a copy of the model.

    Raises:
        WorkError: nothing moved, the adapter does nothing, or merging changes the answers.
    """
    still = check_moved(model, start)
    moved = len(start.fingerprints) - len(still)
    if not hasattr(model, "peft_config"):
        return AfterTraining(None, still, moved, None)
    effect = check_live(model, probe, first_weights)
    merged = check_merged(model, probe) if merge and not getattr(model, "is_loaded_in_4bit", False) else None
    return AfterTraining(effect, still, moved, merged)


def room_for_copy(model: Any) -> bool:
    """Whether a second model of this size fits in what is free now, with half as much to spare."""
    first = next(model.parameters())
    size = sum(value.numel() * value.element_size() for value in model.parameters())
    return bool(available_bytes(cuda=first.device.type == "cuda") > _COPY_ROOM * size)


def check_moved(model: Any, start: Start) -> tuple[str, ...]:
    """Names of trained tensors that are bit for bit what they were.

    A tensor can stand still for a good reason (a layer that the rows never reach) or a bad one (half precision too
    coarse for the step: TRL issue 7268), so that some are reported and all is an error.

    Raises:
        WorkError: none has moved.
    """
    still = tuple(name for name, value in _trained(model) if fingerprint(value) == start.fingerprints.get(name))
    if len(still) == len(start.fingerprints):
        raise WorkError(
            "training.nothing_moved",
            "No trained weight has changed.",
            where=f"{len(still)} tensors, such as {', '.join(still[:3])}",
            why="The result is the model that training started from.",
            hint="Check that the learning rate is above 0 and that there was at least one step with a trained token.",
        )
    return still


def check_live(model: Any, probe: Probe, first_weights: Mapping[str, Tensor] | None = None) -> float:
    """The largest difference that the adapter makes to the probe's logits.

    Raises:
        WorkError: it makes none, or all B matrices of a LoRA are zero.
    """
    named = dict(model.named_parameters())
    uppers = {name: value for name, value in named.items() if "lora_B" in name.split(".")}
    if uppers and not any(bool(value.detach().any()) for value in uppers.values()):
        raise _dead(f"all {len(uppers)} B matrices are zero")
    on = probe_outputs(model, probe)
    if first_weights:
        with _weights_swapped(named, first_weights):
            off = probe_outputs(model, probe)
    else:
        with model.disable_adapter():
            off = probe_outputs(model, probe)
    effect = difference(on, off)
    if effect == 0.0:
        raise _dead("the model's output is the same with and without it")
    return effect


def check_merged(model: Any, probe: Probe, tolerance: float | None = None) -> float:
    """The largest difference between adapter-on and merged weights; merges a copy, which takes as much memory again.

    Args:
        tolerance: None takes that of the number format (1e-4 in float32).

    Raises:
        WorkError: they differ by more.
    """
    on = probe_outputs(model, probe)
    merged = copy.deepcopy(model).merge_and_unload(safe_merge=True)
    return check_same_outputs(on, probe_outputs(merged, probe), tolerance or tolerance_of(model), "merging the adapter")


def check_reloaded(expected: Tensor, load: Callable[[], Any], probe: Probe, tolerance: float | None = None) -> float:
    """The largest difference between a model's outputs before saving and those of the model that ``load`` reads back.

    Raises:
        WorkError: they differ by more than the tolerance, or embeddings and head were one matrix and no longer are.
    """
    model = load()
    check_ties(model)
    found = probe_outputs(model, probe)
    return check_same_outputs(expected, found, tolerance or tolerance_of(model), "saving and loading")


def check_ties(model: Any) -> None:
    """Where the configuration says that embeddings and head are one matrix, they must be one.

    Raises:
        WorkError: they are two.
    """
    config = model.config.get_text_config()
    head = model.get_output_embeddings()
    if not getattr(config, "tie_word_embeddings", False) or head is None:
        return
    if head.weight.data_ptr() != model.get_input_embeddings().weight.data_ptr():
        raise WorkError(
            "training.untied",
            "Embeddings and head should be one matrix and have become two.",
            why="Programs that load the model by its configuration will use one of them for both.",
            hint="Do not resize or adapt one of them alone; train with method lora or full.",
        )


def check_same_outputs(expected: Tensor, found: Tensor, tolerance: float, doing: str) -> float:
    """The difference of two outputs.

    Raises:
        WorkError: it is above the tolerance.
    """
    seen = difference(expected, found)
    if not seen <= tolerance:
        raise WorkError(
            "training.answers_changed",
            f"The model does not say the same after {doing}.",
            where=f"largest difference of logits {seen:.3g}, allowed {tolerance:.1g}",
            why="What was measured would not be what is used.",
            hint="Serve the adapter unmerged on its base model, in float32 or the format it was trained in.",
        )
    return seen


def probe_outputs(model: Any, probe: Probe) -> Tensor:
    """Logits (or hidden states of a model without a head) of the probe's tokens, ``[sum T, V]``, float32 on the CPU."""
    training = model.training
    model.eval()
    rows = []
    try:
        with torch.inference_mode():
            for row in probe:
                output = model(input_ids=torch.tensor([list(row)], device=model.device))
                values = output.logits if hasattr(output, "logits") else output.last_hidden_state
                rows.append(values[0].float().cpu())
    finally:
        model.train(training)
    return torch.cat(rows)


def difference(one: Tensor, two: Tensor) -> float:
    """Largest absolute difference, over the largest absolute value where that is above 1; infinite for other shapes."""
    if one.shape != two.shape:
        return float("inf")
    return float((one - two).abs().max()) / max(1.0, float(one.abs().max()))


def tolerance_of(model: Any) -> float:
    """What float noise may do to logits in the coarsest number format of a model's weights."""
    formats = {parameter.dtype for parameter in model.parameters() if parameter.is_floating_point()}
    return max(_TOLERANCES.get(kind, 5e-2) for kind in formats)


def fingerprint(value: Tensor) -> tuple[int, int]:
    """Two sums over the bits of a tensor, the second over every other value; computed where the tensor lies."""
    widths = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    bits = value.detach().contiguous().view(-1).view(widths[value.element_size()])
    whole, half = 0, 0
    for begin in range(0, bits.numel(), _CHUNK):
        chunk = bits[begin : begin + _CHUNK]
        whole += int(chunk.sum(dtype=torch.int64))
        half += int(chunk[::2].sum(dtype=torch.int64))
    return whole, half


class _weights_swapped:  # noqa: N801 - reads as a function at its call
    """Other values in some parameters inside the block; exactly the former ones after it."""

    def __init__(self, named: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
        self._pairs = [(named[name], value) for name, value in values.items()]

    def __enter__(self) -> None:
        self._kept = [parameter.data for parameter, _ in self._pairs]
        for parameter, value in self._pairs:
            parameter.data = value.to(parameter.device)

    def __exit__(self, *_: object) -> None:
        for pair, kept in zip(self._pairs, self._kept, strict=True):
            pair[0].data = kept


def _trained(model: Any) -> list[tuple[str, Tensor]]:
    return [(name, value) for name, value in model.named_parameters() if value.requires_grad]


def _dead(why: str) -> WorkError:
    return WorkError(
        "training.dead_adapter",
        "The adapter does nothing.",
        where=why,
        why="The base model would be served under the name of the tuned one.",
        hint="Train longer or at a higher learning rate, and check that the adapter's layers are used by this model.",
    )
