"""Whether choosing the rows to label beats a random choice of the same size, measured on a person's labelled rows.

A replay: labels are hidden, rows are uncovered as ``tunewright label --order next`` would ask for them and, beside it,
by chance; the same classifier learns from both and is scored on the same rows that neither may ask for. Several
replays begin with other rows. Called by ``tunewright label --measure``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.folds import components, fold_of_rows
from tunewright.audit.next_rows import START_ROWS, batch_size, next_batch, opinions
from tunewright.audit.out_of_sample import features
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.errors import Cancelled, InputError
from tunewright.records.example import Example
from tunewright.statistics.recipe import LEAST_SEEDS, recipe_gain

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Outcome = Literal["choosing is better", "no difference shown", "choosing is worse"]

REPLAYS = 5
LEAST_ROWS = 300
# Shares of the rows that may be asked for. The largest decides.
SIZES = (1 / 8, 1 / 4, 1 / 2)
# Beyond this share hardly any choice is left. A replay begins with this share of the smallest size, by chance.
LARGEST_SHARE = 0.8
FIRST_SHARE = 0.2
# How many labels by chance are worth as much is read off between these multiples of a size.
MULTIPLES = (1.0, 1.25, 1.5, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class GainAt:
    """Both ways with so many ``labels``: shares of held-out rows that are right, and the mean share over classes.

    ``gain`` is chosen minus by chance, ``low`` and ``high`` its 95 % interval, over replays and held-out rows.
    ``worth``: labels by chance that reach as much; None where no gain is shown or it lies beyond what was tried.
    """

    labels: int
    by_chance: float
    chosen: float
    by_chance_of_classes: float
    chosen_of_classes: float
    gain: float
    low: float
    high: float
    worth: int | None


@dataclass(frozen=True, slots=True)
class LabellingGain:
    """What the replays say, the sizes in ascending order; the last one decides, and ``text`` says it in words."""

    outcome: Outcome
    text: str
    at: tuple[GainAt, ...]
    pool: int
    held_out: int
    classes: int
    replays: int
    chance_share: float
    seen_by: str


def labelling_gain(
    examples: Sequence[Example],
    *,
    sizes: Sequence[int] = (),
    replays: int = REPLAYS,
    chance_share: float = 0.0,
    seed: int = 0,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> LabellingGain:
    """Replay labelling with and without choosing.

    A fifth of the rows is held out; copies and groups are never parted. Words are weighed over all texts, which tells
    no label.

    Args:
        examples: labelled rows; those without a target are left out.
        sizes: how many labels to compare at; an eighth, a quarter and half of the rows that are not held out without.
        chance_share: the share of the chosen rows that comes by chance all the same, as in labelling.

    Raises:
        InputError: ``labelling.too_few`` rows, ``labelling.classes`` or ``labelling.sizes`` that cannot be compared.
        Cancelled: the person asked to stop.
    """
    rows = tuple(example for example in examples if example.target)
    view = View(rows, "classify", seed=seed, cancelled=cancelled)
    names, labels = view.labels
    _require_comparable(len(rows), len(names), replays)
    everything = np.arange(len(rows))
    held = fold_of_rows(view, everything, labels) == 0
    pool, asked = np.flatnonzero(~held), np.flatnonzero(held)
    wanted = _sizes(sizes, len(pool))
    inputs, seen_by = features(view, everything, len(names))
    race = _Race(inputs, labels, pool, asked, chance_share)
    chance: dict[int, list[FloatArray]] = {size: [] for size in _with_multiples(wanted, len(pool))}
    chosen: dict[int, list[FloatArray]] = {size: [] for size in wanted}
    for replay in range(replays):
        order = np.random.default_rng([seed, replay]).permutation(pool)
        for size in chance:
            chance[size].append(race.right(order[:size]))
        for size, known in race.uncovered(order, wanted, seed + replay):
            if cancelled():
                raise Cancelled
            progress("replays", (replay + size / wanted[-1]) / replays)
            if size in chosen:
                chosen[size].append(race.right(known))
    groups = components(view)[asked]
    at = tuple(
        _gain_at(size, np.array(chance[size]), np.array(chosen[size]), labels[asked], groups, chance) for size in wanted
    )
    outcome: Outcome = (
        "choosing is better" if at[-1].low > 0 else "choosing is worse" if at[-1].high < 0 else "no difference shown"
    )
    text = _text(outcome, at[-1], len(asked), replays)
    return LabellingGain(outcome, text, at, len(pool), len(asked), len(names), replays, chance_share, seen_by)


@dataclass(frozen=True, slots=True, eq=False)
class _Race:
    """The rows that both ways may ask for (``pool``) and those that score them (``asked``)."""

    features: Any
    labels: IntArray
    pool: IntArray
    asked: IntArray
    chance_share: float

    def right(self, known: IntArray) -> FloatArray:
        """1 or 0 for each held-out row, learned from these rows."""
        labels = self.labels[known]
        if len(np.unique(labels)) < 2:
            return np.asarray(self.labels[self.asked] == labels[0], dtype=np.float64)
        guess = opinions(self.features, known, labels, self.asked).guess
        return np.asarray(guess == self.labels[self.asked], dtype=np.float64)

    def uncovered(self, order: IntArray, sizes: Sequence[int], seed: int) -> Iterator[tuple[int, IntArray]]:
        """(number of labels, rows with a label) after each batch; every size of ``sizes`` is met exactly."""
        known = order[: max(START_ROWS, round(FIRST_SHARE * sizes[0]))]
        while len(known) < sizes[-1]:
            goal = next(size for size in sizes if size > len(known))
            size = min(batch_size(len(known)), goal - len(known))
            waiting = order[~np.isin(order, known)]
            batch = next_batch(self.features, known, self.labels[known], waiting, size, self.chance_share, seed)
            known = np.concatenate([known, batch.rows])
            yield len(known), known


def _require_comparable(rows: int, classes: int, replays: int) -> None:
    if rows < LEAST_ROWS:
        raise InputError(
            "labelling.too_few",
            f"{rows:,} labelled rows are too few to measure what choosing brings; at least {LEAST_ROWS} are needed.",
            why="A fifth is held out, and with fewer rows luck hides any difference.",
            hint="Label in a random order until then.",
        )
    if not 2 <= classes <= rows / 2:
        raise InputError(
            "labelling.classes",
            f"The targets are {classes:,} different answers to {rows:,} rows: these are no labels to choose by.",
            hint="Name the column with the labels: --target COLUMN.",
        )
    if replays < LEAST_SEEDS:
        raise InputError("labelling.replays", f"At least {LEAST_SEEDS} replays are needed to see their spread.")


def _sizes(given: Sequence[int], pool: int) -> list[int]:
    """Sizes to compare at, ascending."""
    least, most = 2 * START_ROWS, int(LARGEST_SHARE * pool)
    sizes = sorted(set(given)) if given else [max(least, round(share * pool)) for share in SIZES]
    if sizes[0] < least or sizes[-1] > most:
        raise InputError(
            "labelling.sizes",
            f"Both ways can be compared at {least} to {most:,} labels here.",
            where=", ".join(f"{size:,}" for size in sizes),
            why=f"{pool:,} labelled rows may be asked for; among nearly all of them there is nothing to choose.",
            hint="Name other sizes with --at.",
        )
    return sorted(set(sizes))


def _with_multiples(sizes: Sequence[int], pool: int) -> list[int]:
    return sorted({size for base in sizes for m in MULTIPLES if (size := round(m * base)) <= pool})


def _gain_at(
    size: int,
    chance: FloatArray,
    chosen: FloatArray,
    labels: IntArray,
    groups: IntArray,
    curve: dict[int, list[FloatArray]],
) -> GainAt:
    found = recipe_gain(chosen - chance, groups)
    low, high = found.interval
    reached = float(chosen.mean())
    means = [(n, float(np.mean(scores))) for n, scores in curve.items() if n >= size]
    worth = _labels_for(reached, means) if low > 0 else None
    classes = (_of_classes(chance, labels), _of_classes(chosen, labels))
    return GainAt(size, float(chance.mean()), reached, *classes, found.gain, low, high, worth)


def _of_classes(right: FloatArray, labels: IntArray) -> float:
    """The mean over classes of the share that is right."""
    each = right.mean(axis=0)
    return float(np.mean([each[labels == label].mean() for label in np.unique(labels)]))


def _labels_for(reached: float, curve: Sequence[tuple[int, float]]) -> int | None:
    """Labels at which a curve of (labels, mean score) gets so far, to two digits.

    Between its points the score is taken to be a line in the logarithm of labels. None where it does not get so far.
    """
    for (few, below), (many, above) in pairwise(curve):
        if below <= reached <= above and above > below:
            share = (reached - below) / (above - below)
            labels = math.exp(math.log(few) + share * math.log(many / few))
            return int(round(labels, 1 - math.floor(math.log10(labels))))
    return None


def _text(outcome: Outcome, at: GainAt, held_out: int, replays: int) -> str:
    figures = (
        f"With {at.labels:,} labels {percent(at.chosen)} of {held_out:,} held-out rows are right when rows are chosen, "
        f"{percent(at.by_chance)} when they come by chance: {100 * at.gain:+.1f} points (95 % interval "
        f"{100 * at.low:+.1f} to {100 * at.high:+.1f}, {replays} replays)."
    )
    if outcome == "choosing is better":
        worth = f" By chance it takes about {at.worth:,} labels to get as far." if at.worth else ""
        return f"Choosing beats chance on these rows. {figures}{worth}"
    if outcome == "choosing is worse":
        return f"Choosing does worse than chance on these rows. {figures} Label in a random order."
    return (
        f"Choosing shows no gain over chance on these rows. {figures} "
        "Label in a random order: it learns as much as far as can be told, and it stays a fair sample."
    )
