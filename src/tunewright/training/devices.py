"""What machines people train on can hold and compute: dated data, no code.

``memory_bytes`` is what torch reports as the total of the card (a little under the number on the box). ``tflops`` is
the dense peak of matrix products in ``format`` as the maker's data sheet states it (as of 2026-11; sparsity halved).
Prices are no part of it: they change by the week and are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tunewright.errors import InputError

_GIB = 2.0**30


@dataclass(frozen=True, slots=True)
class Device:
    """One card, or the processor of one machine."""

    name: str
    kind: Literal["cuda", "cpu"]
    memory_bytes: float
    tflops: float
    format: Literal["bf16", "fp32"]
    source: str


def _card(name: str, gib: float, tflops: float, source: str, format: Literal["bf16", "fp32"] = "bf16") -> Device:
    return Device(name, "cuda", gib * _GIB, tflops, format, source)


DEVICES: Mapping[str, Device] = MappingProxyType(
    {
        "a100-80": _card("A100 80 GB", 79.2, 312, "NVIDIA A100 data sheet"),
        "h100": _card("H100 SXM 80 GB", 79.1, 989, "NVIDIA H100 data sheet, dense"),
        "h200": _card("H200 141 GB", 139.8, 989, "NVIDIA H200 data sheet, dense; 790 seen in plain matrix products"),
        "l40s": _card("L40S 48 GB", 44.5, 362, "NVIDIA L40S data sheet, dense"),
        "rtx4090": _card("RTX 4090 24 GB", 23.6, 165, "NVIDIA Ada white paper, dense, float32 accumulation"),
        "t4": _card("T4 16 GB", 14.6, 8.1, "NVIDIA T4 data sheet; it has no bf16, so that float32 is used", "fp32"),
        "laptop-cpu": Device(
            "laptop processor, 2 cores, 16 GB",
            "cpu",
            12.0 * _GIB,
            0.2,
            "fp32",
            "2 cores x 3 GHz x 32 operations a cycle (AVX2); 12 of 16 GiB taken as free",
        ),
    }
)


def device(name: str) -> Device:
    """A device by its key in ``DEVICES``.

    Raises:
        InputError: it is not in the table.
    """
    found = DEVICES.get(name.lower())
    if found is None:
        raise InputError(
            "estimate.unknown_device",
            f"There is no device called {name!r} in the table.",
            why="Its memory and its speed are needed.",
            hint=f"Choose among {', '.join(DEVICES)}.",
        )
    return found
