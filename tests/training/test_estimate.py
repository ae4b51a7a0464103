"""The answers people ask for: what fits where, in what way, and what the ranges hang together by."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from tunewright.errors import InputError
from tunewright.training.devices import DEVICES, device
from tunewright.training.estimate import (
    QUESTIONS,
    TYPICAL_DATA,
    DatasetShape,
    EstimateSettings,
    Fits,
    answers,
    estimate_training,
)
from tunewright.training.model_shapes import public_shape


@pytest.mark.parametrize(
    ("question", "fits", "checkpointing"),
    [
        (("8B", "lora", "rtx4090", 1), "yes", True),  # torchtune: 16.2 GiB
        (("8B", "lora", "a100-80", 1), "yes", False),
        (("8B", "qlora", "rtx4090", 1), "yes", True),  # torchtune: 7.4 GiB
        (("70B", "lora", "h100", 1), "no", True),  # its weights alone are 131 GiB
        (("70B", "lora", "h100", 4), "yes", True),  # torchtune: 27.6 GiB on eight
        (("70B", "qlora", "h100", 1), "yes", True),  # Unsloth: 41 GB at least
        (("70B", "qlora", "h100", 4), "yes", True),
        (("13B", "lora", "rtx4090", 1), "no", True),  # its weights alone are 24.2 GiB
        (("13B", "qlora", "rtx4090", 1), "yes", True),
        (("8B", "full", "h100", 1), "no", True),  # 16 bytes a parameter
        (("135M", "full", "laptop-cpu", 1), "yes", False),
        (("0.5B", "full", "laptop-cpu", 1), "yes", True),
    ],
    ids=str,
)
def test_what_people_ask(question: tuple[str, str, str, int], fits: Fits, checkpointing: bool) -> None:
    answer = dict(zip(QUESTIONS, answers(), strict=True))[question]
    assert answer.fits == fits
    assert answer.setup.checkpointing == checkpointing
    room = answer.device.memory_bytes
    assert (answer.memory.high <= room) == (fits == "yes")
    assert (answer.memory.likely <= room) == (fits != "no")
    assert answer.memory.low < answer.memory.likely < answer.memory.high
    assert answer.hours.low < answer.hours.likely < answer.hours.high
    assert answer.usd is None


def test_a_reason_names_numbers_and_what_is_in_the_way() -> None:
    one = estimate_training(public_shape("70B"), "lora", TYPICAL_DATA, device("h100"), EstimateSettings())
    assert "of 79.1" in one.reason
    assert "131.4 GiB for weights alone" in one.reason


def test_tight_is_said_when_the_upper_end_does_not_fit() -> None:
    shape, settings = public_shape("1B"), EstimateSettings(checkpointing=True, batch_tokens=2048)
    roomy = estimate_training(shape, "lora", TYPICAL_DATA, device("h100"), settings)
    between = (roomy.memory.likely + roomy.memory.high) / 2
    tight = estimate_training(shape, "lora", TYPICAL_DATA, replace(device("h100"), memory_bytes=between), settings)
    assert tight.fits == "tight"
    assert "longest batch first" in tight.reason


def test_batches_shrink_before_checkpointing_begins() -> None:
    shape, settings = public_shape("1B"), EstimateSettings(batch_tokens=16_384, head_chunk=256)
    roomy = estimate_training(shape, "lora", TYPICAL_DATA, device("h100"), settings)
    assert (roomy.setup.batch_tokens, roomy.setup.checkpointing) == (16_384, False)
    less = replace(device("h100"), memory_bytes=roomy.memory.likely * 0.75)
    smaller = estimate_training(shape, "lora", TYPICAL_DATA, less, settings)
    assert (smaller.setup.batch_tokens, smaller.setup.checkpointing) == (2048, False)
    least = replace(device("h100"), memory_bytes=smaller.memory.high * 0.9)
    assert estimate_training(shape, "lora", TYPICAL_DATA, least, settings).setup.checkpointing


def test_a_row_longer_than_the_batch_sets_the_batch() -> None:
    long = replace(TYPICAL_DATA, longest_row=32_768)
    answer = estimate_training(public_shape("8B"), "lora", long, device("h100"), EstimateSettings())
    assert answer.setup.batch_tokens == 32_768


def test_qlora_needs_cuda() -> None:
    answer = estimate_training(public_shape("135M"), "qlora", TYPICAL_DATA, device("laptop-cpu"), EstimateSettings())
    assert answer.fits == "no"
    assert "use LoRA" in answer.reason


def test_without_bfloat16_all_is_float32() -> None:
    for name in ("t4", "laptop-cpu"):
        setup = estimate_training(public_shape("1B"), "lora", TYPICAL_DATA, device(name), EstimateSettings()).setup
        assert (setup.base_bytes, setup.autocast) == (4, False)
    assert DEVICES["h100"].format == "bf16"


def test_epochs_prices_and_cards() -> None:
    shape, card = public_shape("8B"), device("h100")
    settings = EstimateSettings(epochs=2, usd_per_hour=(2.4, 3.85))
    one = estimate_training(shape, "lora", TYPICAL_DATA, card, settings)
    four_epochs = estimate_training(shape, "lora", TYPICAL_DATA, card, replace(settings, epochs=4))
    assert four_epochs.flops == pytest.approx(2 * one.flops)
    assert one.usd is not None
    assert one.usd.high == pytest.approx(one.hours.high * 3.85)
    two_cards = estimate_training(shape, "lora", TYPICAL_DATA, card, replace(settings, cards=2))
    assert two_cards.hours.likely == pytest.approx(one.hours.likely / 2)
    assert two_cards.usd is not None
    assert two_cards.usd.likely == pytest.approx(one.usd.likely)


def test_shared_prefixes_save_time() -> None:
    shape, card, settings = public_shape("8B"), device("h100"), EstimateSettings()
    plain = estimate_training(shape, "lora", TYPICAL_DATA, card, settings)
    shared = estimate_training(shape, "lora", TYPICAL_DATA, card, replace(settings, saved_tokens=0.5))
    assert 0.5 < shared.hours.likely / plain.hours.likely < 0.55


def test_empty_data_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        DatasetShape(0, 0, 0, 0)
    with pytest.raises(InputError, match="nothing to train on"):
        DatasetShape(5, 100, 0, 50)


def test_the_page_of_costs_is_the_one_that_the_code_makes() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = str(runpy.run_path(str(docs / "make_training_cost.py"))["text"]())
    assert page == (docs / "training-cost.md").read_text("utf-8"), "run python docs/make_training_cost.py"
