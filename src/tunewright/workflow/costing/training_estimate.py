"""What a fine-tune of a language model will take, in words: on this machine before a run, on any machine for a plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tunewright.errors import InputError
from tunewright.training.devices import device
from tunewright.training.estimate import (
    GIB,
    TYPICAL_DATA,
    DatasetShape,
    EstimateSettings,
    TrainingEstimate,
    estimate_training,
)
from tunewright.training.memory_model import Method
from tunewright.training.model_shapes import ModelShape, public_shape
from tunewright.training.time_model import Range

if TYPE_CHECKING:
    from tunewright.training.precision import Precision


@dataclass(frozen=True, slots=True)
class Question:
    """What ``tunewright plan --model`` asks."""

    model: str
    method: str = "lora"
    device: str = "h100"
    cards: int = 1
    rows: int = TYPICAL_DATA.rows
    tokens_per_row: int = TYPICAL_DATA.tokens // TYPICAL_DATA.rows
    epochs: int = 3
    usd_per_hour: float | None = None


def answer(question: Question) -> TrainingEstimate:
    """The estimate for a public size on a device of the table.

    Raises:
        InputError: the size, the method or the device is not known, or there are no rows.
    """
    methods: dict[str, Method] = {"lora": "lora", "full": "full", "qlora": "qlora"}
    if question.method not in methods:
        raise InputError(
            "estimate.method", f"Estimates are made for lora, full and qlora, not for '{question.method}'."
        )
    data = DatasetShape(
        question.rows,
        question.rows * question.tokens_per_row,
        max(1, question.rows * question.tokens_per_row // 3),
        max(question.tokens_per_row, min(2048, 4 * question.tokens_per_row)),
    )
    price = None if question.usd_per_hour is None else (question.usd_per_hour, question.usd_per_hour)
    settings = EstimateSettings(epochs=question.epochs, cards=question.cards, usd_per_hour=price)
    return estimate_training(
        public_shape(question.model), methods[question.method], data, device(question.device), settings
    )


def answer_lines(question: Question, found: TrainingEstimate) -> list[str]:
    """The estimate for people."""
    cards = f"{question.cards} x " if question.cards > 1 else ""
    fits = {"yes": "fits", "tight": "may fit", "no": "does not fit"}[found.fits]
    lines = [
        f"{question.method} of {found.shape.name} ({found.shape.parameters / 1e9:.2f} B parameters) on "
        f"{cards}{found.device.name}: {fits}; {found.reason}",
        "memory of a card: " + ", ".join(f"{name} {size / GIB:.1f}" for name, size in found.memory.parts.items())
        + " GiB",
        f"{question.rows:,} rows of {question.tokens_per_row} tokens, {question.epochs} epochs: "
        + hours_text(found.hours)
        + (f", ${found.usd.low:,.2f} to ${found.usd.high:,.2f}" if found.usd is not None else ", unpriced"),
    ]  # fmt: skip
    if question.cards > 1:
        lines.append("Several cards are reckoned with (sharded weights); `tunewright train` uses one so far.")
    return [*lines, "A range, from formulas: a run measures its own speed after a few steps and says what is left."]


def answer_json(found: TrainingEstimate) -> dict[str, Any]:
    """The estimate for ``--json``."""
    return {
        "model": found.shape.name,
        "device": found.device.name,
        "fits": found.fits,
        "reason": found.reason,
        "memory_bytes": asdict(found.memory),
        "flops": found.flops,
        "hours": asdict(found.hours),
        "usd": None if found.usd is None else asdict(found.usd),
    }


def run_lines(shape: ModelShape, method: str, data: DatasetShape, epochs: int, precision: Precision) -> list[str]:
    """What this run will take here; relatives of LoRA are reckoned as LoRA."""
    from tunewright.training.this_machine import this_device

    names: dict[str, Method] = {"full": "full", "qlora": "qlora"}
    settings = EstimateSettings(epochs=epochs, batch_tokens=max(2048, data.longest_row))
    found = estimate_training(shape, names.get(method, "lora"), data, this_device(precision), settings)
    word = {"yes": "fits", "tight": "may not fit", "no": "is not expected to fit"}[found.fits]
    return [f"estimate: memory {word} ({found.reason}); {hours_text(found.hours)}"]


def hours_text(hours: Range) -> str:
    """A range of hours in the unit that suits it."""
    if hours.high < 2 / 60:
        return f"{3600 * hours.low:,.0f} to {3600 * hours.high:,.0f} seconds"
    if hours.high < 2:
        return f"{60 * hours.low:,.1f} to {60 * hours.high:,.1f} minutes"
    return f"{hours.low:,.1f} to {hours.high:,.1f} hours"
