"""The machine at hand as the estimates see it."""

from __future__ import annotations

import os

import torch

from tunewright.training.devices import DEVICES, Device
from tunewright.training.machine_memory import available_bytes
from tunewright.training.precision import Precision

_CORES_OF_TABLE = 2


def this_device(precision: Precision) -> Device:
    """Memory that is free now; the speed of the table's card of that name, or of its processor by the core."""
    if precision.device == "cuda":
        name = torch.cuda.get_device_name()
        known = next((one for one in DEVICES.values() if one.name.split()[0] in name), DEVICES["a100-80"])
        return Device(name, "cuda", float(available_bytes(cuda=True)), known.tflops, known.format, known.source)
    table = DEVICES["laptop-cpu"]
    cores = os.cpu_count() or 1
    tflops = table.tflops * cores / _CORES_OF_TABLE
    name = f"this machine, {cores} cores"
    return Device(name, "cpu", float(available_bytes()), tflops, precision.format, table.source)
