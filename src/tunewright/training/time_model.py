"""Hours and dollars of training from arithmetic: operations per token, peak of the device, and the share of it reached.

The share (model FLOP utilisation) is an interval, because it is the part that nobody knows beforehand; ``probe.py``
replaces it by a measurement. Called by ``estimate.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.training.devices import Device
from tunewright.training.memory_model import Method
from tunewright.training.model_shapes import ModelShape

SMALL_MODEL = 1_000_000_000
"""Below so many parameters a GPU waits for its kernels to start, so that the lower end of the share is halved."""


@dataclass(frozen=True, slots=True)
class Range:
    """An honest interval with its middle."""

    low: float
    likely: float
    high: float

    def times(self, factor: float) -> Range:
        """All three scaled by one positive number."""
        return Range(self.low * factor, self.likely * factor, self.high * factor)

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Work:
    """What one epoch computes on.

    ``tokens`` go through the body (padding excluded; prefixes that rows share counted once where the token tree shares
    them), ``head_tokens`` through the vocabulary matrix, ``row_tokens`` is the mean length that attention sees.
    """

    tokens: float
    head_tokens: float
    row_tokens: float = 0.0


UNPACKED = Range(0.10, 0.15, 0.25)
"""Share of the peak for padded, eager batches: PEFT's own runs on an L40S reach .10 to .16."""
PACKED = Range(0.25, 0.40, 0.60)
"""Without padding, fused kernels: torchtune reaches .51 to .59 on an A100, more of a 4090's nominal peak."""
QLORA_SPEED = 0.8
"""Unpacking NF4 takes time: torchtune trains 8B on a 4090 at 2,413 tokens/s with QLoRA, at 3,083 with LoRA."""
PROCESSOR = Range(0.25, 0.5, 1.0)
"""Of a processor's float32 peak; bfloat16 instructions can go beyond it."""


def flops_per_token(parameters: float, method: Method, checkpointing: bool = False) -> float:
    """Rule of thumb: 6N for full training, 4N where the weights are frozen, 2N more when the forward pass runs twice.

    (Kaplan et al. 2020, arXiv 2001.08361, section 2.1: forward 2N, gradients of inputs 2N, gradients of weights 2N.)
    """
    return parameters * ((6.0 if method == "full" else 4.0) + (2.0 if checkpointing else 0.0))


def training_flops(shape: ModelShape, work: Work, method: Method, checkpointing: bool = False) -> float:
    """Operations of one epoch, with the head on its own tokens and attention by length.

    Attention adds ``2 s`` times the width of the query heads a layer and token going forward (causal half of two
    products) and twice that going backward, whatever the method. The head is never computed twice.
    """
    body = work.tokens * flops_per_token(shape.linear_parameters, method, checkpointing)
    head = work.head_tokens * flops_per_token(shape.head_parameters, method)
    passes = 4.0 if checkpointing else 3.0
    attention = passes * 2.0 * work.row_tokens * shape.attention_width * shape.layers * work.tokens
    return body + head + attention


def utilisation(shape: ModelShape, device: Device, packed: bool, method: Method = "lora") -> Range:
    """Share of the device's peak that training may reach."""
    return share_of_peak(shape.parameters, device, packed, method)


def share_of_peak(parameters: float, device: Device, packed: bool, method: Method = "lora") -> Range:
    """The same where only the number of parameters is known."""
    if device.kind == "cpu":
        return PROCESSOR
    share = PACKED if packed else UNPACKED
    if method == "qlora":
        share = share.times(QLORA_SPEED)
    if parameters < SMALL_MODEL:
        return Range(share.low / 2, share.likely * 0.75, share.high)
    return share


def hours(flops: float, device: Device, share: Range, cards: int = 1) -> Range:
    """Wall hours; a high share gives the low end."""
    at_peak = flops / (device.tflops * 1e12 * cards * 3600)
    return Range(at_peak / share.high, at_peak / share.likely, at_peak / share.low)


def dollars(time: Range, usd_per_hour: tuple[float, float], cards: int = 1) -> Range:
    """Cost of the hours at a price per card and hour, given as lowest and highest offer."""
    low, high = usd_per_hour
    return Range(time.low * low * cards, time.likely * (low + high) / 2 * cards, time.high * high * cards)


def implied_utilisation(
    tokens_per_second: float, parameters: float, device: Device, method: Method, checkpointing: bool = False
) -> float:
    """Share of the peak that a measured speed amounts to, by the rule of thumb."""
    return tokens_per_second * flops_per_token(parameters, method, checkpointing) / (device.tflops * 1e12)
