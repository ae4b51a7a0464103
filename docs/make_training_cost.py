"""Writes docs/training-cost.md from the memory and time models in the code, so that the two cannot drift apart.

python docs/make_training_cost.py
"""

# ruff: noqa: E501  (lines of the page)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tunewright.training.devices import DEVICES
from tunewright.training.estimate import QUESTIONS, TYPICAL_DATA, EstimateSettings, TrainingEstimate, answers
from tunewright.training.memory_model import STATE_RULES, MemorySetup, estimate_memory, weight_bytes
from tunewright.training.model_shapes import PUBLIC_SHAPES
from tunewright.training.published_peaks import PUBLISHED_PEAKS
from tunewright.training.time_model import PACKED, PROCESSOR, UNPACKED

GIB = 2.0**30
USD_PER_HOUR = {"H100 SXM 80 GB": (2.40, 3.85)}  # rental of one card, 2026-09 and 2026-10

HEAD = f"""# What training takes

Memory, time and money before anything is spent. Every figure is computed from the sizes of a model, with nothing loaded;
`tunewright plan` does the same for your data and your machine, and a timed probe of a few steps then replaces the guess at speed.

The tables assume {TYPICAL_DATA.rows:,} rows of {TYPICAL_DATA.tokens // TYPICAL_DATA.rows} tokens, {TYPICAL_DATA.trained_tokens // TYPICAL_DATA.rows} of them trained, the longest row of {TYPICAL_DATA.longest_row:,}, 3 epochs, LoRA of rank 16 on all linear layers, no padding. A batch of 4,096 tokens is
tried first, then the longest row alone, then gradient checkpointing. Full training keeps weights, gradients and moments in float32 and multiplies in bf16.

This page is made by `python docs/make_training_cost.py`.
"""


def _gib(value: float) -> str:
    return f"{value / GIB:.0f}" if value >= 10 * GIB else f"{value / GIB:.1f}"


def _time(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.1f} h" if hours < 20 else f"{hours:.0f} h"


def _answer(question: tuple[str, str, str, int], answer: TrainingEstimate) -> str:
    _, method, _, cards = question
    price = USD_PER_HOUR.get(answer.device.name)
    possible = answer.fits != "no"
    time = f"{_time(answer.hours.low)} to {_time(answer.hours.high)}" if possible else ""
    usd = ""
    if possible and price is not None:
        usd = f"{answer.hours.low * price[0] * cards:.2f} to {answer.hours.high * price[1] * cards:.2f}"
    where = f"{cards} x {answer.device.name}" if answer.device.kind == "cuda" else answer.device.name
    memory = f"{_gib(answer.memory.low)} to {_gib(answer.memory.high)} of {_gib(answer.device.memory_bytes)}"
    way = f"{answer.setup.batch_tokens:,} tokens" + (", checkpointing" if answer.setup.checkpointing else "")
    method_name = {"lora": "LoRA", "qlora": "QLoRA", "full": "full"}[method]
    return f"| {answer.shape.name} | {method_name} | {where} | **{answer.fits}** | {memory} | {way} | {time} | {usd} |"


def _answers() -> str:
    rows = [
        _answer(question, answer)
        for question, answer in zip(QUESTIONS, answers(settings=EstimateSettings()), strict=True)
    ]
    return "\n".join(
        [
            "## Does it fit, how long, how much?",
            "",
            "Memory is GiB a card. `yes`: the whole range fits. `tight`: its middle does. Prices are known here for the H100 alone",
            "($2.40 to $3.85 an hour for one card, rental offers of September and October 2026); no price is not a price of 0.",
            "Several cards: sharded as FSDP and ZeRO-3 do, with a batch on each; the time takes for granted that the cards do not wait.",
            "",
            "| model | method | on | fits | GiB | batch | time | US$ |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def _parts() -> str:
    names = (
        "weights",
        "adapters",
        "optimiser",
        "gradients",
        "activations",
        "logits",
        "workspace",
        "autocast copies",
        "gathered",
        "context",
        "fragmentation",
    )
    lines = [
        "## Where the memory goes",
        "",
        "GiB a card at the worst moment, middle of the range. `gathered` is what sharding brings together for a moment.",
        "",
        "| model | method | on | " + " | ".join(names) + " |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for (_, method, _, cards), answer in zip(QUESTIONS, answers(), strict=True):
        parts = [answer.memory.parts[name] / GIB for name in names]
        cells = " | ".join(f"{part:.1f}" if part >= 0.05 else "" for part in parts)
        lines.append(f"| {answer.shape.name} | {method} | {cards} x {answer.device.name} | {cells} |")
    return "\n".join(lines)


def _weights() -> str:
    lora = MemorySetup()
    lines = [
        "## Weights, adapters and states",
        "",
        "GiB. QLoRA packs the linear layers into NF4 (4.127 bits) and leaves table, head and norms in bf16. States: weights, gradients",
        "and AdamW moments of full training, "
        + ", ".join(
            f"`{name}` {rule.total} bytes a parameter" for name, rule in STATE_RULES.items() if name in ("bf16", "fp32")
        )
        + ".",
        "",
        "| model | parameters | bf16 weights | NF4 weights | adapters, rank 16 | their states | full, bf16 | full, fp32 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for key in ("135M", "360M", "0.5B", "1B", "3B", "7B", "8B", "13B", "14B", "32B", "70B"):
        shape = PUBLIC_SHAPES[key]
        adapters = shape.lora_parameters(16)
        figures = [
            weight_bytes(shape, lora),
            weight_bytes(shape, replace(lora, method="qlora")),
        ]
        states = [
            adapters * STATE_RULES["fp32"].total,
            shape.parameters * STATE_RULES["bf16"].total,
            shape.parameters * STATE_RULES["fp32"].total,
        ]
        cells = (
            [f"{value / GIB:.2f}" for value in figures]
            + [f"{adapters / 1e6:.1f} M"]
            + [f"{value / GIB:.2f}" for value in states]
        )
        lines.append(f"| {shape.name} | {shape.parameters:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _measured() -> str:
    lines = [
        "## Held against what others measured",
        "",
        "GiB a card, as their allocators reported it. Where a source leaves a setting open, the last column names the one that was taken:",
        "the one that agrees best. Those rows prove less than the others.",
        "",
        "| setup | measured | low | middle | high | middle off by | | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    errors, inside = [], 0
    for peak in PUBLISHED_PEAKS:
        estimate = estimate_memory(peak.shape, peak.setup)
        error = estimate.likely / peak.measured_bytes - 1
        held = estimate.low <= peak.measured_bytes <= estimate.high
        errors.append(abs(error))
        inside += held
        figures = " | ".join(
            f"{value / GIB:.1f}" for value in (peak.measured_bytes, estimate.low, estimate.likely, estimate.high)
        )
        note = f"{peak.source}; {peak.note}" if peak.note else peak.source
        lines.append(f"| {peak.name} | {figures} | {error:+.0%} | {'' if held else '**outside**'} | {note} |")
    ordered = sorted(errors)
    known = [error for error, peak in zip(errors, PUBLISHED_PEAKS, strict=True) if not peak.note]
    lines += [
        "",
        f"{inside} of {len(errors)} measured peaks lie in the range; the middle is off by {ordered[len(ordered) // 2]:.0%} at the median and by",
        f"{ordered[-1]:.0%} at worst; of the {len(known)} whose setting the source or its recipe states, by at most {max(known):.0%}. These are the peaks that the model was looked at with while it was written, so expect somewhat more on others.",
        "Left out: encoder-decoder models (T0_3B 47.1, 14.4 and 9.8 GB; mt0-xxl 56 GB) and torchtune's runs with activations or states moved",
        "to the host (13.9, 21.8, 17.6 GiB), which this engine does not do; a run of Llama-2-7B QLoRA (9.3 GB) of which 9.1 GB were there before",
        "it began. The tests hold these to what the model does say of them: states, and the part that was moved.",
    ]
    return "\n".join(lines)


def _speed() -> str:
    lines = [
        "## How time is estimated",
        "",
        "Operations a token: 6 for each parameter in full training, 4 where the weights are frozen, 2 more under gradient checkpointing;",
        "the head counts on trained tokens alone, attention by length. They are divided by the peak of the device and by the share of it",
        f"that training reaches: {UNPACKED.low:.0%} to {UNPACKED.high:.0%} with padding, {PACKED.low:.0%} to {PACKED.high:.0%} without,",
        f"{PROCESSOR.low:.0%} to {PROCESSOR.high:.0%} of a processor's float32 peak. That share is the weak point of every such estimate: time a few steps.",
        "",
        "| device | GiB | dense TFLOP/s | format | source |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.memory_bytes / GIB:.1f} | {one.tflops:g} | {one.format} | {one.source} |"
        for one in DEVICES.values()
    ]
    return "\n".join(lines)


def text() -> str:
    """The whole page."""
    return "\n\n".join([HEAD.rstrip(), _answers(), _parts(), _weights(), _measured(), _speed()]) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "training-cost.md").write_text(text(), encoding="utf-8")
