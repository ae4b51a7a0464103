"""The two array types that the statistics pass around. Nothing else lives here; every file of the room uses it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Bounds = tuple[float, float]


def as_floats(values: Any) -> FloatArray:
    """A float64 array of a number, a list or an array."""
    return np.asarray(values, dtype=np.float64)
