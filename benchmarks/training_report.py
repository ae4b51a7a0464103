"""Figures of the training benchmark as text: medians, ratios with their range, and where an aim is missed."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training_contenders import TRL_BEST, TWIN_BEST

SPEED_AIMS = {"classification": 6.0, "chat": 1.5}
MEMORY_AIM = 0.7


@dataclass(frozen=True, slots=True)
class Check:
    """The first losses of each contender in float32, the largest difference, and whether that is small enough."""

    losses: Mapping[str, Sequence[float]]
    apart: float
    agree: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one contender: ``seconds`` (wall) and ``processor_s`` of each pass over ``tokens`` tokens,
    bytes after loading and at the peak, ``operations`` that the pass needs and ``peak_flops`` of the machine."""

    name: str
    about: str
    tokens: int
    seconds: tuple[float, ...]
    processor_s: tuple[float, ...]
    loaded_bytes: int
    peak_bytes: int
    operations: float
    peak_flops: float
    notes: tuple[str, ...]

    @property
    def speed(self) -> float:
        """Tokens per second, the median pass."""
        return self.tokens / statistics.median(self.seconds)

    @property
    def utilisation(self) -> float:
        """Useful operations per second over what the machine can do; above 1 is possible where work is shared."""
        return self.operations / statistics.median(self.seconds) / self.peak_flops


def check_text(check: Check) -> str:
    """The losses side by side."""
    lines = ["| first losses, float32 | " + " | ".join(str(n + 1) for n in range(5)) + " |", "|---" * 6 + "|"]
    for name, losses in check.losses.items():
        cells = [f"{loss:.5f}" for loss in losses[:5]]
        lines.append(f"| {name} | " + " | ".join(cells + [""] * (5 - len(cells))) + " |")
    word = "agree" if check.agree else "**DO NOT AGREE**"
    return "\n".join(lines) + f"\n\nThey {word}: at most {check.apart:.1e} apart.\n"


def figures_text(figures: Sequence[Figures]) -> str:
    """A table, one contender a line."""
    lines = [
        "| contender | tokens/s | wall s of a pass | processor s | `ours` is faster by: wall | processor | peak GB "
        "| above loaded model | MFU |",
        "|---" * 9 + "|",
    ]
    ours = next((figure for figure in figures if figure.name == "ours"), None)
    for figure in figures:
        wall, processor = ("", "") if ours is None or ours is figure else map(_range, ratios(figure, ours))
        memory = ("", "")
        if figure.peak_bytes:
            memory = (f"{figure.peak_bytes / 1e9:.2f}", f"{_above(figure) / 1e9:.2f}")
        lines.append(
            f"| {figure.name} | {figure.speed:,.0f} | {_range(figure.seconds)} | {_range(figure.processor_s)} | {wall} "
            f"| {processor} | {memory[0]} | {memory[1]} | {figure.utilisation:.1%} |"
        )
    notes = [f"- {figure.name}: {figure.about}. " + "; ".join(figure.notes) for figure in figures]
    peak = f"- MFU is measured against a large bfloat16 product: {figures[0].peak_flops / 1e12:.2f} TFLOP/s."
    return "\n".join([*lines, "", *notes, peak, ""])


def verdict_text(workload: str, device: str, figures: Sequence[Figures]) -> str:
    """Ours against the better of the peer's best configurations, and whether the aims are met.

    On a GPU wall time counts; on a CPU processor time, which says the same on an idle machine and more on a busy one.
    """
    best = [figure for figure in figures if figure.name in TRL_BEST] or [
        figure for figure in figures if figure.name in TWIN_BEST
    ]
    ours = next((figure for figure in figures if figure.name == "ours"), None)
    if ours is None or not best:
        return ""
    peer = min(best, key=lambda figure: statistics.median(figure.processor_s if device == "cpu" else figure.seconds))
    wall, processor = ratios(peer, ours)
    counted = statistics.median(processor if device == "cpu" else wall)
    aim = "" if device == "cuda" or workload not in SPEED_AIMS else _speed_aim(SPEED_AIMS[workload], counted)
    lines = [f"Best peer: {peer.name}. Ours is faster by {_range(wall)} (wall), {_range(processor)} (processor){aim}."]
    if peer.peak_bytes:
        whole, above = ours.peak_bytes / peer.peak_bytes, _above(ours) / max(1, _above(peer))
        aim = "" if device == "cuda" else f"; aim at most {MEMORY_AIM}: {_word(whole <= MEMORY_AIM)}"
        lines.append(f"Peak memory {whole:.2f} of the peer's (above the loaded model {above:.2f}){aim}.")
    return "\n".join([*lines, ""])


def ratios(peer: Figures, ours: Figures) -> tuple[list[float], list[float]]:
    """How many times faster ours was, pass by pass: wall time, processor time."""
    wall = [a / b for a, b in zip(peer.seconds, ours.seconds, strict=True)]
    return wall, [a / b for a, b in zip(peer.processor_s, ours.processor_s, strict=True)]


def _above(figure: Figures) -> int:
    return figure.peak_bytes - figure.loaded_bytes


def _speed_aim(aim: float, speed: float) -> str:
    return f"; aim {aim}: {_word(speed >= aim)}"


def _word(reached: bool) -> str:
    return "reached" if reached else "**not reached**"


def _range(values: Sequence[float]) -> str:
    middle = f"{statistics.median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f} to {max(values):.2f})"
