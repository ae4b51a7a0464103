"""Hours from arithmetic: the rule of thumb, its exact twin, and the shares of the peak that published speeds imply."""

from __future__ import annotations

import pytest

from tunewright.errors import InputError
from tunewright.training.devices import DEVICES, device
from tunewright.training.memory_model import Method
from tunewright.training.model_shapes import public_shape
from tunewright.training.time_model import (
    PACKED,
    UNPACKED,
    Range,
    Work,
    dollars,
    flops_per_token,
    hours,
    implied_utilisation,
    training_flops,
    utilisation,
)


@pytest.mark.parametrize(
    ("method", "checkpointing", "factor"),
    [
        ("full", False, 6),
        ("full", True, 8),
        ("lora", False, 4),
        ("lora", True, 6),
        ("qlora", False, 4),
        ("qlora", True, 6),
    ],
)
def test_rule_of_thumb(method: Method, checkpointing: bool, factor: int) -> None:
    assert flops_per_token(1e9, method, checkpointing) == factor * 1e9


@pytest.mark.parametrize(
    ("size", "card", "speed", "method", "checkpointing", "low", "high"),
    [  # tokens/s as published; the shares are those the reference derives from them
        ("3B", "l40s", 4457, "lora", False, 0.15, 0.16),
        ("3B", "l40s", 1955, "full", False, 0.10, 0.11),
        ("3B", "a100-80", 8998, "full", False, 0.55, 0.56),
        ("3B", "a100-80", 9174, "full", False, 0.56, 0.57),
        ("3B", "a100-80", 7210, "full", True, 0.59, 0.60),
        ("3B", "a100-80", 8210, "lora", True, 0.50, 0.51),
        ("8B", "rtx4090", 3083, "lora", True, 0.89, 0.91),
        ("8B", "rtx4090", 2413, "qlora", True, 0.69, 0.71),
    ],
)
def test_shares_of_the_peak_in_published_speeds(
    size: str, card: str, speed: float, method: Method, checkpointing: bool, low: float, high: float
) -> None:
    share = implied_utilisation(speed, public_shape(size).parameters, device(card), method, checkpointing)
    assert low <= share <= high
    if card == "l40s":
        assert share in UNPACKED
    if card == "a100-80":
        assert share in PACKED
    if card == "rtx4090":  # more than the range: the nominal peak of this card is an understatement
        assert share > PACKED.high


def test_exact_count_agrees_with_the_rule_where_it_should() -> None:
    """All tokens at the head, rows short, tied table: 6N; the norms alone are missing."""
    shape = public_shape("3B")
    exact = training_flops(shape, Work(1.0, 1.0), "full")
    assert exact == pytest.approx(flops_per_token(shape.parameters, "full"), rel=1e-3)


def test_exact_count_of_one_matrix_at_a_time() -> None:
    """A slow twin: every product of every layer of one row, forward and backward."""
    shape, tokens, trained = public_shape("135M"), 100, 30
    forward = 0.0
    for wide, high in shape.linear_modules().values():
        forward += shape.layers * 2.0 * tokens * wide * high
    attention = shape.layers * 2.0 * sum(2.0 * (place + 0.5) * shape.attention_width for place in range(tokens))
    head = 2.0 * trained * shape.hidden * shape.vocabulary
    exact = training_flops(shape, Work(tokens, trained, tokens), "full")
    assert exact == pytest.approx(3 * (forward + attention + head), rel=1e-9)
    lora = training_flops(shape, Work(tokens, trained, tokens), "lora")
    assert lora == pytest.approx(2 * forward + 3 * attention + 2 * head, rel=1e-9)


def test_fewer_trained_tokens_and_shared_prefixes_save_arithmetic() -> None:
    shape = public_shape("135M")
    everything = training_flops(shape, Work(1000, 1000, 500), "full")
    assert training_flops(shape, Work(1000, 250, 500), "full") < 0.86 * everything
    assert training_flops(shape, Work(200, 250, 500), "full") < 0.35 * everything


def test_hours_and_dollars_are_ranges_in_the_right_order() -> None:
    time = hours(3.6e18, device("a100-80"), Range(0.2, 0.4, 0.5), cards=2)
    assert time.likely == pytest.approx(3.6e18 / (312e12 * 0.4 * 2 * 3600))
    assert time.low < time.likely < time.high
    cost = dollars(time, (2.4, 3.85), cards=2)
    assert (cost.low, cost.high) == (pytest.approx(time.low * 4.8), pytest.approx(time.high * 7.7))
    assert time.likely in time
    assert time.high * 1.01 not in time


def test_small_models_and_packed_weights_reach_less_of_the_peak() -> None:
    card = device("h100")
    assert utilisation(public_shape("135M"), card, True).low < utilisation(public_shape("8B"), card, True).low
    assert (
        utilisation(public_shape("8B"), card, True, "qlora").likely < utilisation(public_shape("8B"), card, True).likely
    )
    assert utilisation(public_shape("8B"), card, False) == UNPACKED


def test_speeds_measured_on_two_cores_lie_in_the_range_of_a_laptop() -> None:
    """135 M, 16 rows of 465 tokens in 45.6 s; 10 M at 3,900 tokens/s compiled: 132 and 234 GFLOP/s with bfloat16."""
    laptop = device("laptop-cpu")
    share = utilisation(public_shape("135M"), laptop, True)
    measured = 6 * public_shape("135M").parameters * 16 * 465 / 45.6 / (laptop.tflops * 1e12)
    assert measured in share
    assert 6 * 10e6 * 3900 / (laptop.tflops * 1e12) > share.high  # compiled, with instructions that AVX2 lacks


def test_devices_are_named() -> None:
    assert all(one.memory_bytes > 1e10 and one.source for one in DEVICES.values())
    with pytest.raises(InputError, match="b300"):
        device("b300")
