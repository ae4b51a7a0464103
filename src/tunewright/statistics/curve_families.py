"""Four shapes of learning curves, and their bounded weighted least-squares fits, for many curves at once.

Every shape is ``a - b z(n)`` with a basis ``z`` that falls with the number of examples n: for given shape parameters
the best (a, b) is a small quadratic problem with a closed answer, and the one or two shape parameters are searched on a
grid that zooms in. No curve passes 1 (a <= 1), and only the logarithm may fall (b < 0), so that scores that do not
rise are not drawn upwards by chance. Beyond the largest size no curve gains more by a doubling than before it, and the
logarithm bends towards 1, which nothing measured speaks for passing.
Shapes: Viering and Loog 2022 (arXiv 2103.10948, table 1). Called by
``learning_curve``, which fits a thousand redrawn curves in a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.statistics.arrays import FloatArray

FamilyName = Literal["pow3", "log_linear", "exponential", "pow4"]
FAMILIES: tuple[FamilyName, ...] = ("pow3", "log_linear", "exponential", "pow4")
"""Simplest first: among equally good ones the first is taken."""
FORMULAS: dict[FamilyName, str] = {
    "pow3": "a - b n^-c",
    "log_linear": "a + b log n, bent below 1 beyond the data",
    "exponential": "a - b exp(-c n)",
    "pow4": "a - b (n + d)^-c",
}
CEILING = 1.0
# Powers from nearly a logarithm to nearly a step; offsets of pow4 up to this many times the smallest size.
LEAST_POWER, MOST_POWER, MOST_OFFSET = 0.01, 2.0, 8.0
# Rates of the exponential, in units of the largest size and of the smallest (over before it). Below one per largest
# size it would rise by more at each further doubling; offsets of pow4 are bounded for the same reason.
LEAST_RATE, MOST_RATE = 1.0, 3.0
FIRST_STEPS, FIRST_STEPS_OF_TWO, ZOOM_STEPS = 33, 13, 5


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """One family fitted to D curves: ``a - b z(n / unit)``, with ``shape`` float64[D, P] where the search takes place.

    ``a`` and ``b`` are float64[D], ``unit`` the largest size, ``least`` the smallest one over the largest.
    """

    family: FamilyName
    unit: float
    least: float
    a: FloatArray
    b: FloatArray
    shape: FloatArray

    def at(self, n: FloatArray) -> FloatArray:
        """Scores at ``n`` float64[M] examples, float64[D, M], within [0, 1]."""
        x = n / self.unit
        z = _basis(self.family, x, self.shape[:, None, :], self.least)[:, 0, :]
        scores = np.clip(self.a[:, None] - self.b[:, None] * z, 0.0, CEILING)
        if self.family != "log_linear":
            return scores
        # From the largest size on what is wrong falls as a power, with the slope of the logarithm there.
        wrong, rises = CEILING - self.a[:, None], (x > 1) & (self.b > 0)[:, None] & (self.a < CEILING)[:, None]
        power = self.b[:, None] / np.maximum(wrong, 1e-12)
        return np.asarray(np.where(rises, CEILING - wrong * np.maximum(x, 1.0) ** -power, scores))

    def parameters(self, which: int = 0) -> dict[str, float]:
        """The parameters of one curve as ``FORMULAS`` writes them, with n in examples."""
        a, b, shape = float(self.a[which]), float(self.b[which]), self.shape[which]
        if self.family == "log_linear":
            return {"a": a - b * float(np.log(self.unit)), "b": b}
        c = float(np.exp(shape[0]))
        if self.family == "exponential":
            return {"a": a, "b": b, "c": c / self.unit}
        scaled = {"a": a, "b": b * self.unit**c, "c": c}
        if self.family == "pow3":
            return scaled
        return {**scaled, "d": self.unit * min(self.least * float(shape[1]) ** 2, c)}


def fit_family(
    family: FamilyName,
    sizes: FloatArray,
    scores: FloatArray,
    weights: FloatArray,
    *,
    unit: float | None = None,
    zooms: int = 6,
) -> Fits:
    """The best curve of a family for each of D rows of scores.

    Args:
        sizes: numbers of examples, float64[K], ascending.
        scores: mean scores in [0, 1], float64[D, K].
        weights: one over the variance of each, float64[K].
        unit: what the search counts sizes in; the largest size without. Curves at part of the sizes keep that of all.
        zooms: rounds of the search; each makes the grid of the shape parameters twice as fine.
    """
    unit = float(sizes[-1]) if unit is None else unit
    x, least = sizes / unit, float(sizes[0]) / unit
    low, high = _box(family, least)
    steps = FIRST_STEPS if len(low) == 1 else FIRST_STEPS_OF_TWO
    grid = _grid([np.linspace(bottom, top, steps) for bottom, top in zip(low, high, strict=True)])
    found = _best(family, x, least, scores, weights, np.broadcast_to(grid, (len(scores), *grid.shape)))
    half = (high - low) / (steps - 1)
    offsets = _grid([np.linspace(-1.0, 1.0, ZOOM_STEPS)] * len(low))
    for _ in range(zooms if len(low) else 0):
        window = np.clip(found[2][:, None, :] + offsets * half, low, high)
        found = _best(family, x, least, scores, weights, window)
        half = half / 2
    return Fits(family, unit, least, *found)


def _box(family: FamilyName, least: float) -> tuple[FloatArray, FloatArray]:
    """Bounds of the shape parameters: logarithm of the power or rate, root of the offset over the smallest size."""
    power = (math.log(LEAST_POWER), math.log(MOST_POWER))
    boxes: dict[FamilyName, list[tuple[float, float]]] = {
        "pow3": [power],
        "log_linear": [],
        "exponential": [(math.log(LEAST_RATE), math.log(MOST_RATE / least))],
        "pow4": [power, (0.0, MOST_OFFSET**0.5)],
    }
    box = np.array(boxes[family], dtype=np.float64).reshape(-1, 2)
    return box[:, 0], box[:, 1]


def _grid(axes: Sequence[FloatArray]) -> FloatArray:
    """All combinations, float64[G, P]; one empty combination where there is no axis."""
    if not axes:
        return np.zeros((1, 0))
    return np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)


def _basis(family: FamilyName, x: FloatArray, shape: FloatArray, least: float) -> FloatArray:
    """z(x) for shape parameters float64[..., P]: float64[..., K], falling in x."""
    if family == "log_linear":
        return np.broadcast_to(-np.log(x), (*shape.shape[:-1], len(x)))
    c = np.exp(shape[..., :1])
    if family == "exponential":
        return np.asarray(np.exp(-c * x))
    base = x if family == "pow3" else x + np.minimum(least * shape[..., 1:] ** 2, c)
    return np.asarray(base**-c)


def _best(
    family: FamilyName, x: FloatArray, least: float, y: FloatArray, weights: FloatArray, shapes: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(a, b, shape) with the least weighted squares among ``shapes`` float64[D, G, P].

    With y below 1 and z above 0 a bound that the free optimum breaks is one that the bounded optimum stands on.
    """
    z = _basis(family, x, shapes, least)
    w = weights / weights.sum()
    z_mean, y_mean = z @ w, (y @ w)[:, None]
    z_off, y_off = z - z_mean[..., None], (y - y_mean)[:, None, :]
    spread = np.maximum((z_off**2) @ w, 1e-300)
    b = -((z_off * y_off) @ w) / spread
    if family != "log_linear":
        b = np.maximum(b, 0.0)
    a = y_mean + b * z_mean
    over = a > CEILING
    at_ceiling = ((z * (CEILING - y[:, None, :])) @ w) / np.maximum((z**2) @ w, 1e-300)
    a, b = np.where(over, CEILING, a), np.where(over, at_ceiling, b)
    errors = ((y[:, None, :] - a[..., None] + b[..., None] * z) ** 2) @ w
    rows, best = np.arange(len(y)), errors.argmin(axis=1)
    return a[rows, best], b[rows, best], shapes[rows, best]
