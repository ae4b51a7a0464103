"""Which rows are learned from at which size and which are scored: nested subsets of a pool that holds no test row.

With a locked test the pool is what was given for training and validation, dealt into folds of its own; with few rows
the folds are those of the run. Each repeat has its own held-out fold, its own subset and its own training seed. A size
counts all labelled rows that a system is handed: those it learns from and those it tunes on, for both must be labelled,
and rows that tuned a system may not score it. Called by ``job``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.folds import folds, inner_split
from tunewright.data.units import Unit, make_units
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.statistics.learning_curve import LEAST_SEEDS
from tunewright.workflow.prepare import VALIDATION_SHARE
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Part, Rows, Study

IntArray = NDArray[np.int64]
SIZES, SMALLEST_SHARE = 5, 1 / 16
LEAST_ROWS, LEAST_SIZE = 50, 10
# So many held-out rows of a fold are enough; what is beyond is better learned from.
HELD_ROWS, MOST_FOLDS, MOST_VALIDATION = 1000, 50, 1500
# Two sizes closer than this are one.
APART = 1.05


@dataclass(frozen=True, slots=True)
class RepeatDesign:
    """One repeat: its fold, its training seed, and one part for each size, the last of them the full one."""

    fold: int
    seed: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """Sizes float[K] (mean labelled rows over repeats) and repeats; ``overlap`` is the share of training rows that two
    repeats have in common, and ``notes`` say what a reader must know of the rows."""

    sizes: tuple[float, ...]
    repeats: tuple[RepeatDesign, ...]
    overlap: tuple[float, ...]
    pool: int
    notes: tuple[str, ...]

    @property
    def held_out(self) -> int:
        """Different rows that score."""
        return len({row for repeat in self.repeats for row in repeat.parts[0].scored})


def design_of(study: Study, sizes: Sequence[int], seeds: int) -> Design:
    """Deal the rows out.

    Args:
        sizes: labelled examples, ascending or not; empty means five between a sixteenth and all of them.

    Raises:
        InputError: too few rows, seeds or sizes, or sizes that these rows do not have.
    """
    if seeds < LEAST_SEEDS:
        raise InputError(
            "curve.seeds",
            f"{seeds} seeds are too few for a learning curve.",
            where="--seeds",
            why="From fewer than three nobody can tell how much is luck.",
            hint=f"Ask for {LEAST_SEEDS}, better 5.",
        )
    pool = sorted({row for part in study.parts for row in (*part.train, *part.validation)})
    if len(pool) < LEAST_ROWS:
        raise InputError(
            "curve.too_few_rows",
            f"{len(pool)} labelled rows are too few for a learning curve; at least {LEAST_ROWS} are needed.",
            why="A part of them scores, and from the few that are left no slope can be told from luck.",
            hint="Label more, and compare on what there is: tunewright run.",
        )
    component_of = _components(study, pool)
    full, notes = _full_parts(study, pool, component_of)
    least = min(len(part.train) + len(part.validation) for part in full)
    wanted = _sizes(sizes, least, len(study.labels))
    repeats = []
    for number in range(seeds):
        part = full[number % len(full)]
        seed = study.settings.seed + number
        repeats.append(RepeatDesign(number % len(full), seed, _nested(study, part, wanted, component_of, seed)))
    return _checked(repeats, len(pool), notes, asked=bool(sizes))


def _components(study: Study, pool: Sequence[int]) -> IntArray:
    """What must stay together, for all rows of the study; rows outside the pool stand alone and are never dealt."""
    rows = [study.examples[row] for row in pool]
    component_of = np.arange(len(study.examples), dtype=np.int64) + len(study.examples)
    component_of[list(pool)] = find_components(rows, find_duplicates(rows).edges())
    return component_of


def _full_parts(study: Study, pool: Sequence[int], component_of: IntArray) -> tuple[list[Part], list[str]]:
    if study.regime != "locked":
        return list(study.parts), [
            "Every repeat is scored on the fold that it has not seen, as in the run; rows that tune a system do not "
            "score it."
        ]
    dealt = _dealt(study)
    k = min(max(study.settings.folds, len(pool) // HELD_ROWS), MOST_FOLDS)
    of_pool = folds([dealt[row] for row in pool], component_of[list(pool)].tolist(), k=k, seed=study.settings.seed)
    parts = []
    for fold in range(k):
        rest = [row for row, own in zip(pool, of_pool, strict=True) if own != fold]
        share = min(VALIDATION_SHARE, MOST_VALIDATION / len(rest))
        train, validation = inner_split(
            dealt, rest, component_of.tolist(), seed=study.settings.seed + 1 + fold, share=share
        )
        held = tuple(row for row, own in zip(pool, of_pool, strict=True) if own == fold)
        parts.append(Part(f"curve-{fold}", tuple(train.tolist()), tuple(validation.tolist()), held))
    notes = [
        "The locked test was not touched: a part of the training and validation rows was held out to score, so that "
        "no row that tuned a system scores it."
    ]
    if study.settings.data.time:
        notes.append("Held-out rows were dealt by chance, not by time: newer cases may be harder than this shows.")
    return parts, notes


def _dealt(study: Study) -> list[Example]:
    """Rows as they are dealt: by label where a target is one; else all alike."""
    if study.settings.kind == "classify" and not several_labels(study.settings):
        return list(study.examples)
    return [example.with_target("") for example in study.examples]


def _sizes(given: Sequence[int], full: int, labels: int) -> list[int]:
    """Ascending sizes, the full one last."""
    if given:
        wanted = sorted(set(given))
        if wanted[0] < LEAST_SIZE or wanted[-1] > full:
            raise InputError(
                "curve.sizes",
                f"Sizes can lie between {LEAST_SIZE} and {full:,} examples here.",
                where=", ".join(f"{size:,}" for size in wanted),
                why="The rest of the rows scores, and rows that were learned from would flatter.",
                hint="Leave --sizes out for five sizes between a sixteenth and all.",
            )
        given_alone = len(wanted)
        wanted = wanted if wanted[-1] * APART > full else [*wanted, full]
        wanted[-1] = full
        return _enough(wanted, added=len(wanted) > given_alone)
    smallest = max(full * SMALLEST_SHARE, min(max(LEAST_SIZE, labels), full / 4))
    return [round(size) for size in np.geomspace(smallest, full, SIZES)]


def _enough(sizes: list[int], *, added: bool) -> list[int]:
    """The sizes that a person named; ``added``: all rows came to them as one more."""
    if len(sizes) < SIZES:
        counted = f"{len(sizes) - added} sizes{f', with all your rows {len(sizes)},' if added else ''}"
        raise InputError(
            "curve.few_sizes",
            f"{counted} are too few to choose the shape of a curve; at least {SIZES} are needed.",
            where="--sizes",
            hint="Name more, such as --sizes 30,60,120,240,480, or leave it out.",
        )
    return sizes


def _nested(study: Study, full: Part, sizes: Sequence[int], component_of: IntArray, seed: int) -> tuple[Part, ...]:
    """Subsets of one fold, each within the next; training and validation rows in the shares of the whole."""
    dealt, whole = _dealt(study), len(full.train) + len(full.validation)
    train, validation = (
        _in_order(make_units(dealt, component_of.tolist(), seed=seed, rows=rows))
        for rows in (full.train, full.validation)
    )
    parts = []
    for size in sizes[:-1]:
        share = size / whole
        rows = _first(train, share * len(full.train))
        tuned = _first(validation, share * len(full.validation)) if full.validation else ()
        parts.append(Part(f"{full.name}-{len(rows) + len(tuned)}", rows, tuned, full.scored))
    return (*parts, full)


def _in_order(units: Sequence[Unit]) -> list[Unit]:
    """Units in such an order that every beginning has about the share of every label that the whole has."""
    strata: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: (unit.place, unit.key)):
        strata[unit.label].append(unit)
    placed: list[tuple[float, float, str, Unit]] = []
    for stratum in strata.values():
        rows, before = sum(unit.size for unit in stratum), 0.0
        for unit in stratum:
            placed.append(((before + unit.size / 2) / rows, unit.place, unit.key, unit))
            before += unit.size
    return [unit for *_, unit in sorted(placed, key=lambda item: item[:3])]


def _first(units: Sequence[Unit], rows: float) -> Rows:
    """The first units, about so many rows, at least one unit."""
    chosen: list[int] = []
    for unit in units:
        if chosen and len(chosen) + unit.size / 2 > rows:
            break
        chosen += unit.rows
    return tuple(sorted(chosen))


def _checked(repeats: Sequence[RepeatDesign], pool: int, notes: Sequence[str], *, asked: bool) -> Design:
    """The design without sizes that whole groups made alike."""
    counts = np.array([[len(part.train) + len(part.validation) for part in r.parts] for r in repeats], dtype=np.float64)
    means, kept = counts.mean(axis=0), [counts.shape[1] - 1]
    for place in range(counts.shape[1] - 2, -1, -1):
        if means[place] * APART < means[kept[0]]:
            kept.insert(0, place)
    if len(kept) < SIZES:
        raise InputError(
            "curve.few_groups",
            f"Only {len(kept)} different sizes can be made of these rows; at least {SIZES} are needed.",
            why="Rows of one group, and copies of one another, are never parted.",
            hint="Name sizes further apart with --sizes." if asked else "Name a finer group column, or label more.",
        )
    chosen = tuple(
        RepeatDesign(repeat.fold, repeat.seed, tuple(repeat.parts[place] for place in kept)) for repeat in repeats
    )
    return Design(tuple(means[kept].tolist()), chosen, _overlap(chosen), pool, tuple(notes))


def _overlap(repeats: Sequence[RepeatDesign]) -> tuple[float, ...]:
    shares = []
    for place in range(len(repeats[0].parts)):
        rows = [set(repeat.parts[place].train) for repeat in repeats]
        pairs = [
            2 * len(one & other) / (len(one) + len(other))
            for number, one in enumerate(rows)
            for other in rows[number + 1 :]
        ]
        shares.append(float(np.mean(pairs)))
    return tuple(shares)
