"""What a system would score with more examples, from its scores at several sizes of the training data.

Sizes by repeats (each with its own subset, training seed and held-out rows) are fitted by four families of curves,
weighed by how well each foretells the largest size from the smaller ones. The 80 % band, and every chance, comes from
redrawn scores, each of which is fitted anew and takes a family by those weights: held-out rows are drawn again in their
groups, alike for all sizes and systems, and the luck of a training is drawn from ``training_noise``. The band is never
narrower than the same forecast, made from the smaller sizes, was wrong about those that followed. Nothing is said
beyond four times the largest size, from few rows or sizes not beyond twice.
Mahmood et al. 2022 (arXiv 2207.01725), Jain et al. 2023 (2303.01598) on how far such curves mislead.
Called by ``workflow.curve``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tunewright.statistics.arrays import Bounds, FloatArray, IntArray
from tunewright.statistics.curve_families import FAMILIES, FamilyName, Fits, fit_family
from tunewright.statistics.training_noise import mean_noise, training_noise

LEAST_SIZES, LEAST_SEEDS, FURTHEST = 4, 3, 4.0
# With fewer rows that score, or fewer sizes, nothing is said beyond twice the data.
FURTHEST_OF_FEW, ROWS_TO_LOOK_FAR, SIZES_TO_LOOK_FAR = 2.0, 200, 5
DRAWS = 1000
TAIL = 0.1
GRID = 160
Crossed = Literal["is above", "crosses", "may cross", "does not cross"]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """One repeat: ``scores`` float64[K, m] of its m held-out rows at each of K sizes, smallest first.

    ``simple`` float64[m]: the best simpler system, fitted on as much as the largest size. ``own`` float64[K, m]: that
    system at the same sizes, never without ``simple``. ``groups`` int64[m]: rows that belong together. Repeats of one
    ``fold`` share their rows.
    """

    scores: FloatArray
    simple: FloatArray | None = None
    own: FloatArray | None = None
    groups: IntArray | None = None
    fold: int = 0


@dataclass(frozen=True, slots=True)
class FamilyFit:
    """A family fitted to the mean scores: parameters, and its error at the largest size when that is left out."""

    family: FamilyName
    parameters: dict[str, float]
    left_out_error: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """At ``n`` examples: the score to expect and its 80 % band; chances of what was asked, None where nothing was."""

    n: float
    score: float
    band: Bounds
    target: float | None
    passes: float | None
    passes_own: float | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """From how many examples on the curve is above a line: the median and the 80 % interval; inf is "not within what is
    foretold". ``chance`` that it is within that, ``now`` that it is at the largest size."""

    outcome: Crossed
    n: float
    interval: Bounds
    chance: float
    now: float


@dataclass(frozen=True, slots=True, eq=False)
class CurveOf:
    """One system's curve: mean scores float64[K], their 80 % intervals float64[K, 2], scores by seed float64[S, K],
    families and the one that foretells best, and redrawn curves at ``grid``, float64[D, M]."""

    means: FloatArray
    intervals: FloatArray
    by_seed: FloatArray
    families: tuple[FamilyFit, ...]
    chosen: FamilyName
    drawn: FloatArray

    def expected(self) -> FloatArray:
        """The median of the redrawn curves at the grid, float64[M]: it weighs the shapes as the chances do."""
        return np.asarray(np.median(self.drawn, axis=0))

    def band(self) -> FloatArray:
        """The 80 % band at the grid, float64[M, 2]."""
        return np.asarray(np.quantile(self.drawn, [TAIL, 1 - TAIL], axis=0).T)


@dataclass(frozen=True, slots=True, eq=False)
class LearningCurve:
    """The curve of a system, beside the flat line of a simpler one (mean and redrawn float64[D]) and its own curve."""

    sizes: FloatArray
    grid: FloatArray
    curve: CurveOf
    line: float | None = None
    line_drawn: FloatArray | None = None
    own: CurveOf | None = None
    rows: int = 0
    drawn_at: dict[float, int] = field(default_factory=dict)

    @property
    def largest(self) -> float:
        return float(self.sizes[-1])

    @property
    def furthest(self) -> float:
        """The largest multiple of the data that something is said about: 2 or 4."""
        return max(self.drawn_at)

    def line_interval(self) -> Bounds | None:
        """The 80 % interval of the flat line."""
        if self.line_drawn is None:
            return None
        low, high = np.quantile(self.line_drawn, [TAIL, 1 - TAIL])
        return float(low), float(high)

    def outlook(self, multiple: float, *, target: float | None = None, margin: float = 0.0) -> Outlook:
        """What to expect at a multiple of the largest size: 1, 2 or 4.

        Raises:
            KeyError: a multiple that was not drawn; nothing beyond ``furthest`` is.
        """
        place = self.drawn_at[multiple]
        drawn = self.curve.drawn[:, place]
        low, score, high = (float(value) for value in np.quantile(drawn, [TAIL, 0.5, 1 - TAIL]))
        line = None if self.line_drawn is None else float(np.mean(drawn >= self.line_drawn + margin))
        own = None if self.own is None else float(np.mean(drawn >= self.own.drawn[:, place] + margin))
        reached = None if target is None else float(np.mean(drawn >= target))
        return Outlook(float(self.grid[place]), score, (low, high), reached, line, own)

    def gain(self) -> tuple[float, Bounds] | None:
        """The curve over the flat line at the largest size, with its 80 % interval."""
        if self.line is None or self.line_drawn is None:
            return None
        gains = self.curve.drawn[:, self.drawn_at[1.0]] - self.line_drawn
        low, gain, high = (float(value) for value in np.quantile(gains, [TAIL, 0.5, 1 - TAIL]))
        return gain, (low, high)

    def crossing(self, margin: float = 0.0) -> Crossing | None:
        """Where the curve passes the flat line by ``margin``; None without a line."""
        if self.line_drawn is None:
            return None
        return self._first(self.curve.drawn >= self.line_drawn[:, None] + margin)

    def reaches(self, target: float) -> Crossing:
        """Where the curve reaches a score."""
        return self._first(self.curve.drawn >= target)

    def _first(self, above: NDArray[np.bool_]) -> Crossing:
        # Above and never below again: a falling curve that was above at few examples has not crossed.
        stays = np.flip(np.logical_and.accumulate(np.flip(above, axis=1), axis=1), axis=1)
        ever = stays.any(axis=1)
        n = np.where(ever, self.grid[stays.argmax(axis=1)], np.inf)
        low, median, high = np.quantile(n, [TAIL, 0.5, 1 - TAIL], method="closest_observation")
        chance, now = float(ever.mean()), float(np.mean(n <= self.largest))
        outcome: Crossed = "may cross"
        if now >= 1 - TAIL:
            outcome = "is above"
        elif chance >= 1 - TAIL:
            outcome = "crosses"
        elif chance <= TAIL:
            outcome = "does not cross"
        return Crossing(outcome, float(median), (float(low), float(high)), chance, now)


def learning_curve(
    sizes: Sequence[float],
    repeats: Sequence[Repeat],
    *,
    overlap: Sequence[float] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> LearningCurve:
    """Fit, choose and redraw.

    Args:
        sizes: numbers of examples, ascending, K of them.
        repeats: at least three, all with the same K.
        overlap: share of training rows that two repeats have in common at each size, [K]; 0 without.

    Raises:
        ValueError: fewer than four sizes or three repeats.
    """
    n = np.asarray(sizes, dtype=np.float64)
    if len(n) < LEAST_SIZES or len(repeats) < LEAST_SEEDS:
        raise ValueError(f"a curve needs {LEAST_SIZES} sizes and {LEAST_SEEDS} repeats")
    rng = np.random.default_rng(seed)
    shared = np.zeros(len(n)) if overlap is None else np.asarray(overlap, dtype=np.float64)
    redrawn = _redraw_rows(repeats, draws, rng)
    k, rows = len(n), sum(len(repeat.scores[0]) for repeat in {repeat.fold: repeat for repeat in repeats}.values())
    far = rows >= ROWS_TO_LOOK_FAR and k >= SIZES_TO_LOOK_FAR
    multiples = (1.0, 2.0, FURTHEST) if far else (1.0, FURTHEST_OF_FEW)
    grid = np.unique(np.concatenate([np.geomspace(n[0], multiples[-1] * n[-1], GRID), n[-1] * np.array(multiples)]))
    places = {multiple: int(np.searchsorted(grid, multiple * n[-1])) for multiple in multiples}
    curve = _curve_of(n, grid, redrawn.part(0, k), _luck(n, redrawn.part(0, k), shared, rng), rng)
    line = line_drawn = own = None
    if repeats[0].simple is not None:
        simple = redrawn.part(k, k + 1)
        line, line_drawn = float(simple.means[0]), simple.drawn[:, 0]
    if line_drawn is not None and repeats[0].own is not None:
        luck = _luck(n, redrawn.part(k + 1, 2 * k + 1), shared, rng)
        own = _curve_of(n, grid, redrawn.part(k + 1, 2 * k + 1), luck, rng)
        line_drawn = line_drawn + luck[:, -1]
    return LearningCurve(n, grid, curve, line, line_drawn, own, rows, places)


@dataclass(frozen=True, slots=True, eq=False)
class _Redrawn:
    """Mean scores of C columns: by repeat float64[S, C], redrawn by repeat float64[D, S, C], rows of each repeat."""

    by_seed: FloatArray
    drawn_by_seed: FloatArray
    rows: FloatArray

    def part(self, start: int, stop: int) -> _Redrawn:
        return _Redrawn(self.by_seed[:, start:stop], self.drawn_by_seed[:, :, start:stop], self.rows)

    @property
    def means(self) -> FloatArray:
        return np.asarray(self.rows @ self.by_seed / self.rows.sum())

    @property
    def drawn(self) -> FloatArray:
        return np.asarray(np.einsum("s,dsc->dc", self.rows, self.drawn_by_seed) / self.rows.sum())


def _redraw_rows(repeats: Sequence[Repeat], draws: int, rng: np.random.Generator) -> _Redrawn:
    """Held-out rows drawn again with replacement, whole groups at a time, alike for all columns of a fold."""
    weights: dict[int, FloatArray] = {}
    by_seed, drawn = [], []
    for repeat in repeats:
        parts = [repeat.scores, *([] if repeat.simple is None else [repeat.simple[None]])]
        columns = np.concatenate([*parts, *([] if repeat.own is None else [repeat.own])])
        rows = columns.shape[1]
        groups = np.arange(rows) if repeat.groups is None else np.unique(repeat.groups, return_inverse=True)[1]
        count = int(groups.max()) + 1
        if repeat.fold not in weights:
            weights[repeat.fold] = rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)
        sums = np.stack([np.bincount(groups, column, count) for column in columns], axis=1)
        chosen = weights[repeat.fold]
        by_seed.append(columns.mean(axis=1))
        drawn.append(chosen @ sums / (chosen @ np.bincount(groups).astype(np.float64))[:, None])
    sizes = np.array([repeat.scores.shape[1] for repeat in repeats], dtype=np.float64)
    return _Redrawn(np.array(by_seed), np.stack(drawn, axis=1), sizes)


def _luck(n: FloatArray, redrawn: _Redrawn, overlap: FloatArray, rng: np.random.Generator) -> FloatArray:
    noise = training_noise(n, redrawn.by_seed, redrawn.drawn_by_seed, overlap)
    return mean_noise(noise, n, overlap, len(redrawn.by_seed), len(redrawn.drawn), rng)


def _curve_of(
    n: FloatArray, grid: FloatArray, redrawn: _Redrawn, luck: FloatArray, rng: np.random.Generator
) -> CurveOf:
    drawn = np.clip(redrawn.drawn + luck, 0.0, 1.0)
    # Nothing wrong among few rows is no certainty: the spread of one more right and one more wrong is the least.
    rows = float(redrawn.rows.sum())
    rate = (redrawn.means * rows + 1) / (rows + 2)
    least = 0.25 * rate * (1 - rate) / rows
    spread = np.maximum(drawn.var(axis=0), least)
    weights = 1 / spread
    fits = _fit_all(n, redrawn.means[None], weights, zooms=24)
    forecasts = _forecasts(n, redrawn.means[None], weights, zooms=24)
    errors = np.round(np.abs(forecasts - redrawn.means[-1])[:, 0], 4)
    best = int(errors.argmin())
    again = np.stack([fit.at(grid) for fit in _fit_all(n, drawn, weights, zooms=5)])
    shares = _shares(_forecasts(n, drawn, weights, zooms=5) - drawn[:, -1], float(spread[-1]))
    choice = _by_share(shares, rng)
    at_grid = again[choice, np.arange(len(drawn))]
    past = _past_error(n, redrawn.means[None], weights, spread)
    at_grid = _no_narrower_than(past, at_grid, grid / n[-1], rng)
    families = tuple(
        FamilyFit(fit.family, fit.parameters(), float(error)) for fit, error in zip(fits, errors, strict=True)
    )
    intervals = np.quantile(drawn, [TAIL, 1 - TAIL], axis=0).T
    return CurveOf(redrawn.means, intervals, redrawn.by_seed, families, FAMILIES[best], at_grid)


def _fit_all(n: FloatArray, scores: FloatArray, weights: FloatArray, zooms: int) -> list[Fits]:
    """All families on scores float64[D, K]."""
    return [fit_family(family, n, scores, weights, zooms=zooms) for family in FAMILIES]


def _forecasts(n: FloatArray, scores: FloatArray, weights: FloatArray, zooms: int) -> FloatArray:
    """What every family, fitted without the largest size, says about it, float64[F, D]."""
    unit = float(n[-1])
    before = [fit_family(f, n[:-1], scores[:, :-1], weights[:-1], unit=unit, zooms=zooms) for f in FAMILIES]
    return np.stack([fit.at(n[-1:])[:, 0] for fit in before])


def _shares(errors: FloatArray, variance: float) -> FloatArray:
    """Weights float64[F, D] that sum to 1, by the likelihood of the error at the largest size left out.

    ``variance``: what the score there is uncertain by, and the forecast as much again; errors well below it tell no
    family from another.
    """
    weights = np.exp(-(errors**2 - (errors**2).min(axis=0)) / (4 * variance))
    return np.asarray(weights / weights.sum(axis=0))


def _by_share(shares: FloatArray, rng: np.random.Generator) -> IntArray:
    """One family for each draw, int64[D], with the chances ``shares`` float64[F, D]."""
    passed = shares.cumsum(axis=0) < rng.random(shares.shape[1])
    return np.asarray(np.minimum(passed.sum(axis=0), len(shares) - 1), dtype=np.int64)


def _past_error(n: FloatArray, means: FloatArray, weights: FloatArray, spread: FloatArray) -> float:
    """How wrong the same forecast was before, for a doubling: root mean square over the sizes from the fourth on.

    Each is foretold from those before it alone. Score means float64[1, K]; of a square error what the foretold score
    itself is uncertain by is no error of the forecast.
    """
    squares = []
    for k in range(LEAST_SIZES, len(n) + 1):
        foretold = _forecasts(n[:k], means[:, :k], weights[:k], zooms=5)
        before = k - 1
        if before >= LEAST_SIZES:
            shares = _shares(
                _forecasts(n[:before], means[:, :before], weights[:before], zooms=5) - means[:, before - 1],
                float(spread[before - 1]),
            )
        else:
            shares = np.full((len(FAMILIES), 1), 1 / len(FAMILIES))
        error = float((shares * foretold).sum() - means[0, before])
        doublings = max(float(np.log2(n[before] / n[before - 1])), 0.5)
        squares.append(max(error**2 - float(spread[before]), 0.0) / doublings**2)
    return float(np.sqrt(np.mean(squares)))


def _no_narrower_than(error: float, drawn: FloatArray, times: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Redrawn curves float64[D, M] spread as far as ``error`` for every doubling beyond the largest size at least."""
    floor = error * np.log2(np.maximum(times, 1.0))
    more = np.sqrt(np.maximum(floor**2 - drawn.var(axis=0), 0.0))
    return np.asarray(np.clip(drawn + rng.normal(size=(len(drawn), 1)) * more, 0.0, 1.0))
