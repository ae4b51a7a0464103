"""The parts of a run's cases: by tag column, category, source file, language and length; who gains or loses there.

A part is looked at because it exists, so flags count in how many were looked at, and none makes a headline. Parts of
fewer than 30 cases are left out, as is a part that is another one under a second name. Called by ``conclude``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.languages import NAMES, language_of
from tunewright.records.example import Example
from tunewright.records.slices import SliceGain
from tunewright.statistics.arrays import FloatArray, IntArray
from tunewright.statistics.slices import MIN_CASES, Q, slice_gains

# Enough to tell p values apart where some hundred parts are looked at together.
DRAWS = 5_000
# Parts looked at, the largest first, and how many values of one column are parts at all.
MOST_PARTS = 60
DIGITS = 6
MAX_VALUE = 60
# Shares of the cases, by length, at which short, middling and long ones part.
_LENGTH_CUTS = (1 / 3, 2 / 3)

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SystemsPair:
    """One system against another on the same cases: float64[n] each, nan where missing."""

    system: str
    against: str
    scores: FloatArray
    reference: FloatArray


def slice_records(
    pairs: Sequence[SystemsPair], parts: Mapping[str, BoolArray], groups: IntArray | None, *, seed: int
) -> list[SliceGain]:
    """Every pair on every part with at least 30 cases that both answered; all of them are flagged together."""
    gains: list[FloatArray] = []
    members: list[IntArray] = []
    names: list[str] = []
    places: list[tuple[SystemsPair, str, BoolArray]] = []
    for pair in pairs:
        both = ~(np.isnan(pair.scores) | np.isnan(pair.reference))
        for name, inside in parts.items():
            rows = inside & both
            if rows.sum() < MIN_CASES:
                continue
            gains.append(pair.scores[rows] - pair.reference[rows])
            members.append(np.flatnonzero(rows) if groups is None else groups[rows])
            names += [str(len(places))] * int(rows.sum())
            places.append((pair, name, rows))
    if not places:
        return []
    alone = groups is None or len(np.unique(groups)) == len(groups)
    kept = None if alone else np.concatenate(members)
    found = {int(one.name): one for one in slice_gains(np.concatenate(gains), names, kept, seed=seed, draws=DRAWS)}
    records = []
    for place, (pair, name, rows) in enumerate(places):
        one = found[place]
        assert one.p_adjusted is not None
        records.append(
            SliceGain(
                slice=name,
                system=pair.system,
                against=pair.against,
                n=one.n,
                score=round(float(pair.scores[rows].mean()), DIGITS),
                reference=round(float(pair.reference[rows].mean()), DIGITS),
                gain=round(one.gain, DIGITS),
                interval=(round(one.low, DIGITS), round(one.high, DIGITS)),
                p_adjusted=float(f"{one.p_adjusted:.6g}"),
                flagged=one.p_adjusted <= Q and one.gain != 0,
            )
        )
    return records


def parts_of(examples: Sequence[Example], labels: Sequence[str]) -> dict[str, BoolArray]:
    """The parts of these cases by name, such as ``category: billing``, bool[n] each; ``labels`` empty: no category.

    The largest come first among those of one kind; a part that holds every case is none.
    """
    found: dict[str, BoolArray] = {}
    seen: set[bytes] = set()
    for kind, values in _columns(examples, labels):
        for name, inside in _values(kind, values):
            key = inside.tobytes()
            if key not in seen and len(found) < MOST_PARTS:
                seen.add(key)
                found[name] = inside
    return found


def _columns(examples: Sequence[Example], labels: Sequence[str]) -> Iterator[tuple[str, list[str | None]]]:
    """Each way of parting the cases, with the value of each case; the ones that a person made come first."""
    if labels:
        yield "category", [example.target for example in examples]
    tags = [dict(example.tags) for example in examples]
    for tag in dict.fromkeys(name for row in tags for name in row):
        yield tag, [row.get(tag) or None for row in tags]
    yield "critical", ["yes" if example.critical else "no" for example in examples]
    yield "file", [example.source.file for example in examples]
    texts = [example.text for example in examples]
    if any(text.strip() for text in texts):
        yield "language", [_language(text) for text in texts]
        yield "length", _lengths(texts)


def _values(kind: str, values: Sequence[str | None]) -> Iterator[tuple[str, BoolArray]]:
    """Values with at least 30 cases, the commonest first."""
    codes: dict[str, int] = {}
    column = np.array([-1 if v is None else codes.setdefault(v, len(codes)) for v in values], dtype=np.int64)
    counts = np.bincount(column[column >= 0], minlength=len(codes))
    for value in sorted(codes, key=lambda value: (-int(counts[codes[value]]), value)):
        if MIN_CASES <= counts[codes[value]] < len(values):
            yield f"{kind}: {_shortened(value)}", column == codes[value]


def _language(text: str) -> str | None:
    code = language_of(text)
    return None if code is None else NAMES.get(code, code)


def _lengths(texts: Sequence[str]) -> list[str | None]:
    """Thirds of the cases by their number of characters, named by the bounds."""
    sizes = np.array([len(text) for text in texts])
    low, high = (int(cut) for cut in np.quantile(sizes, _LENGTH_CUTS, method="lower"))
    if low == high:
        return [None] * len(texts)
    names = (f"up to {low:,} characters", f"{low + 1:,} to {high:,} characters", f"over {high:,} characters")
    return [names[int(size > low) + int(size > high)] for size in sizes]


def _shortened(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= MAX_VALUE else line[: MAX_VALUE - 1] + "…"
