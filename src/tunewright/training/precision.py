"""Which device and which number format training uses here, decided by looking, not by timing.

The decision comes with its reason, so that it can be written down before the first step.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

_CPU_FLAGS = ("amx_bf16", "avx512_bf16")


@dataclass(frozen=True, slots=True)
class Precision:
    """Device and format; in ``bf16`` weights stay float32 and matrix products run in bfloat16."""

    device: Literal["cpu", "cuda"]
    format: Literal["fp32", "bf16"]
    reason: str

    def autocast(self) -> torch.autocast:
        """The context in which losses are computed."""
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.format == "bf16")


def choose_precision() -> Precision:
    """A GPU where there is one; bfloat16 where the hardware computes in it."""
    if torch.cuda.is_available():
        if torch.cuda.is_bf16_supported():
            return Precision("cuda", "bf16", "the GPU computes in bfloat16")
        return Precision("cuda", "fp32", "the GPU has no bfloat16")
    found = [flag for flag in _CPU_FLAGS if flag in cpu_flags()]
    if found:
        return Precision("cpu", "bf16", f"the processor has {found[0]}")
    return Precision("cpu", "fp32", "no bfloat16 instructions found in the processor")


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Instruction sets of the processor as the system lists them; empty where there is no such list."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()
