"""What training will take before a cent is spent: does it fit, how long, how much, each as a range with its reason.

Joins ``memory_model.py`` and ``time_model.py``; the way of training is chosen as the engine would choose it: batches as
large as asked for, smaller ones where memory is short, gradient checkpointing last, because it costs time. Called by
``tunewright plan`` and ``tunewright train``; ``probe.py`` narrows the hours afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tunewright.errors import InputError
from tunewright.training.activation_memory import Adapters, Attention
from tunewright.training.devices import DEVICES, Device
from tunewright.training.memory_model import MemoryEstimate, MemorySetup, Method, StateRule, estimate_memory
from tunewright.training.model_shapes import ModelShape, public_shape
from tunewright.training.time_model import Range, Work, dollars, hours, training_flops, utilisation

Fits = Literal["yes", "tight", "no"]
GIB = 2.0**30


@dataclass(frozen=True, slots=True)
class DatasetShape:
    """Rows of a training set, their tokens and trained tokens summed, and the tokens of the longest row."""

    rows: int
    tokens: int
    trained_tokens: int
    longest_row: int

    def __post_init__(self) -> None:
        if not 0 < self.rows <= self.tokens or not 0 < self.trained_tokens <= self.tokens:
            raise InputError(
                "estimate.empty_data",
                "There is nothing to train on.",
                where=f"{self.rows} rows, {self.tokens} tokens, {self.trained_tokens} of them trained",
                hint="Give rows with at least one trained token each.",
            )


@dataclass(frozen=True, slots=True)
class EstimateSettings:
    """How the run is meant.

    ``batch_tokens`` are those of one batch on one card; ``checkpointing`` None means only where memory asks for it;
    ``saved_tokens`` is the share of tokens that rows have in common and the token tree computes once; ``usd_per_hour``
    is the lowest and the highest offer per card.
    """

    epochs: int = 3
    batch_tokens: int = 4096
    rank: int = 16
    targets: tuple[str, ...] | None = None
    cards: int = 1
    packed: bool = True
    attention: Attention = "flash"
    checkpointing: bool | None = None
    full_states: StateRule = "fp32"
    head_chunk: int = 1024
    saved_tokens: float = 0.0
    usd_per_hour: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """The answer for one device: the chosen setup, memory of one card, operations, hours, dollars (None: unpriced)."""

    shape: ModelShape
    device: Device
    setup: MemorySetup
    memory: MemoryEstimate
    fits: Fits
    reason: str
    flops: float
    hours: Range
    usd: Range | None


def estimate_training(
    shape: ModelShape, method: Method, dataset: DatasetShape, device: Device, settings: EstimateSettings
) -> TrainingEstimate:
    """Memory, time and dollars of one training run.

    ``fits`` is ``yes`` when the whole memory range lies below what the device has, ``tight`` when its middle does.

    Raises:
        InputError: LoRA targets that the model does not have.
    """
    tried = [(setup, estimate_memory(shape, setup)) for setup in _setups(method, dataset, device, settings)]
    room = device.memory_bytes
    setup, memory = next(
        (one for one in tried if one[1].high <= room),
        next((one for one in tried if one[1].likely <= room), tried[-1]),
    )
    fits: Fits = "yes" if memory.high <= room else "tight" if memory.likely <= room else "no"
    reason = _reason(shape, setup, memory, fits, device)
    if method == "qlora" and device.kind == "cpu":
        fits, reason = "no", "NF4 needs a CUDA card (bitsandbytes); use LoRA here"
    share = utilisation(shape, device, settings.packed, method)
    flops = settings.epochs * training_flops(shape, _work(dataset, settings), method, setup.checkpointing)
    time = hours(flops, device, share, settings.cards)
    usd = None if settings.usd_per_hour is None else dollars(time, settings.usd_per_hour, settings.cards)
    return TrainingEstimate(shape, device, setup, memory, fits, reason, flops, time, usd)


TYPICAL_DATA = DatasetShape(rows=10_000, tokens=3_000_000, trained_tokens=1_000_000, longest_row=2048)
"""What the tables assume: 10,000 rows of 300 tokens, a third of them answers, the longest row of 2,048."""

QUESTIONS: tuple[tuple[str, Method, str, int], ...] = (
    ("8B", "lora", "rtx4090", 1),
    ("8B", "lora", "a100-80", 1),
    ("8B", "qlora", "rtx4090", 1),
    ("70B", "lora", "h100", 1),
    ("70B", "lora", "h100", 4),
    ("70B", "qlora", "h100", 1),
    ("70B", "qlora", "h100", 4),
    ("3B", "lora", "rtx4090", 1),
    ("7B", "lora", "rtx4090", 1),
    ("7B", "qlora", "rtx4090", 1),
    ("13B", "lora", "rtx4090", 1),
    ("13B", "qlora", "rtx4090", 1),
    ("3B", "full", "h100", 1),
    ("8B", "full", "h100", 1),
    ("1B", "qlora", "t4", 1),
    ("0.5B", "full", "laptop-cpu", 1),
    ("135M", "full", "laptop-cpu", 1),
)
"""What people ask, as (public shape, method, device, cards)."""


def answers(
    dataset: DatasetShape = TYPICAL_DATA, settings: EstimateSettings | None = None
) -> tuple[TrainingEstimate, ...]:
    """An estimate for each of ``QUESTIONS``, in their order."""
    chosen = settings or EstimateSettings()
    return tuple(
        estimate_training(public_shape(size), method, dataset, DEVICES[name], replace(chosen, cards=cards))
        for size, method, name, cards in QUESTIONS
    )


def _setups(
    method: Method, dataset: DatasetShape, device: Device, settings: EstimateSettings
) -> tuple[MemorySetup, ...]:
    """Ways to train, the fastest first: the batch as asked for, then the longest row alone, then with checkpointing."""
    small = device.format == "bf16"
    sizes = dict.fromkeys((max(settings.batch_tokens, dataset.longest_row), dataset.longest_row))
    ways = (False, True) if settings.checkpointing is None else (settings.checkpointing,)
    return tuple(
        MemorySetup(
            method=method,
            batch_tokens=tokens,
            row_tokens=dataset.longest_row,
            adapters=Adapters(settings.rank, settings.targets),
            states=settings.full_states if method == "full" else "fp32",
            base_bytes=2 if small else 4,
            autocast=small,
            attention=settings.attention,
            checkpointing=checkpointing,
            head_chunk=settings.head_chunk,
            accumulate=True,
            cards=settings.cards,
            device=device.kind,
        )
        for checkpointing in ways
        for tokens in sizes
    )


def _work(dataset: DatasetShape, settings: EstimateSettings) -> Work:
    tokens = dataset.tokens * (1 - settings.saved_tokens)
    return Work(tokens, float(dataset.trained_tokens), dataset.tokens / dataset.rows)


def _reason(shape: ModelShape, setup: MemorySetup, memory: MemoryEstimate, fits: Fits, device: Device) -> str:
    """One line that names the numbers and, where it does not fit, the largest part."""
    room = device.memory_bytes / GIB
    span = f"{memory.low / GIB:.1f} to {memory.high / GIB:.1f} GiB of {room:.1f}"
    how = f"batches of {setup.batch_tokens:,} tokens" + (", gradient checkpointing" if setup.checkpointing else "")
    if fits == "yes":
        return f"{span}, {how}"
    if fits == "tight":
        return f"{span}: the upper end does not fit, so try the longest batch first; {how}"
    name, size = max(memory.parts.items(), key=lambda part: part[1])
    return f"{span}: {size / GIB:.1f} GiB for {name} alone, even with {how}"
