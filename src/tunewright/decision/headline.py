"""The headline: does the fine-tune beat every simpler system, and by enough?

An intersection-union test (Berger 1982): the candidate is tested against every baseline and the system of today, each
at the full level, and all must pass, so shipping needs no correction for their number. The rule itself is a function
of arrays whose last axis are the systems to beat; ``verdict.decide`` calls it once, and the enumeration of whole
decisions (``headlines_of_counts``) calls it for every possible table of counts.

Why the upper bound is corrected and the lower is not: L must clear the bar against *all* systems, but U against *one*,
the hardest, which is picked on the same cases. With k systems in a near tie the smallest of k upper bounds would
undercut the true gain up to k times as often. So KEEP_SIMPLER asks that U at level alpha / k lies below the smallest
worthwhile gain, k being the systems whose interval reaches down to the hardest one's. With one such system it is the
rule "U < m" itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.levels import FEWEST_FOR_MID_P, NON_INFERIORITY_FACTOR
from tunewright.records.verdict import GateTest, Headline, Quality
from tunewright.statistics.arrays import FloatArray, IntArray, as_floats
from tunewright.statistics.mcnemar import one_sided_exact, one_sided_mid_p
from tunewright.statistics.paired import tango_interval

Reason = Literal["superior", "saving", "only-in-limits", "breaks-limit", "none"]
HEADLINES: Final[tuple[Headline, ...]] = ("SHIP_FINE_TUNE", "KEEP_SIMPLER", "NOT_PROVEN")
SHIP, KEEP, OPEN = range(3)
ROUNDING = 1e-9  # a gain that equals the smallest worthwhile one up to rounding counts as reaching it


@dataclass(frozen=True, slots=True, eq=False)
class Against:
    """The candidate against k systems: estimate, interval and p, each float64[..., k].

    ``strict_low`` is the lower bound at the stricter level at which "not worse" is claimed (``levels``).
    """

    delta: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    strict_low: FloatArray


def hardest(against: Against) -> IntArray:
    """Place of the binding system, int64[...]: the smallest lower bound, and among equals the smallest estimate."""
    return np.asarray(np.lexsort((against.delta, against.low), axis=-1)[..., 0], dtype=np.int64)


def contenders(against: Against) -> IntArray:
    """How many systems may be the hardest, int64[...]: those whose lower bound is not above the binding upper bound."""
    ceiling = np.take_along_axis(against.high, hardest(against)[..., None], axis=-1)
    return np.asarray(np.count_nonzero(against.low <= ceiling, axis=-1), dtype=np.int64)


def superior(against: Against, alpha: float) -> NDArray[np.bool_]:
    """Whether every test passes and every interval lies above 0, bool[...]."""
    return np.asarray(np.all((against.p <= alpha) & (against.low > 0), axis=-1))


def reaches(against: Against, margin: float, *, strong: bool = False) -> NDArray[np.bool_]:
    """Whether the smallest estimated gain is worth having, bool[...]; ``strong``: whether it is shown to be."""
    gain = against.low if strong else against.delta
    return np.asarray(np.min(gain, axis=-1) >= margin - ROUNDING)


def headline_codes(
    against: Against,
    keep_high: Any,
    *,
    margin: float,
    alpha: float,
    rewarded: bool,
    allowed: bool = True,
    strong: bool = False,
) -> IntArray:
    """Places in ``HEADLINES``, int64[...].

    ``keep_high`` is the corrected upper bound of the binding system; ``rewarded`` says that equal quality would do
    (money is saved, or only the candidate keeps the hard limits); ``allowed`` that the candidate keeps them; ``strong``
    that a gain must be shown to reach the margin (superiority by a margin).
    """
    not_worse = np.all(against.strict_low > -margin, axis=-1)
    ship = (superior(against, alpha) & reaches(against, margin, strong=strong)) | (not_worse & rewarded)
    keep = (as_floats(keep_high) < margin) | (not allowed)
    return np.asarray(np.where(ship & allowed, SHIP, np.where(keep, KEEP, OPEN)), dtype=np.int64)


def quality_of(against: Against, keep_high: float, *, margin: float, alpha: float) -> Quality:
    """The word of the trial literature for one comparison with k systems; the first that applies."""
    not_worse = bool(np.all(against.low > -margin))
    if bool(superior(against, alpha)):
        return "superior"
    if not_worse:
        return "equivalent" if keep_high < margin else "non-inferior"
    return "inferior" if keep_high < 0 else "inconclusive"


def is_borderline(against: Against, alpha: float) -> bool:
    """Every interval excludes 0, and yet an exact test does not reject."""
    return bool(np.all(against.low > 0) and np.any(against.p > alpha))


def headlines_of_counts(
    b: Any,
    c: Any,
    n: Any,
    *,
    margin: float,
    alpha: float = 0.025,
    rewarded: bool = False,
    gate: GateTest = "exact",
    strong: bool = False,
) -> IntArray:
    """The headline for tables of independent 0/1 cases against one baseline; all arrays broadcast.

    The same rule as ``decide``, without a system's names and texts, so that whole decisions can be enumerated.
    """
    b, c, n = np.broadcast_arrays(as_floats(b), as_floats(c), as_floats(n))
    low, high = tango_interval(b, c, n, alpha)
    strict_low, _ = tango_interval(b, c, n, alpha * NON_INFERIORITY_FACTOR) if rewarded else (low, high)
    p = one_sided_exact(b, c)
    if gate == "midp":
        p = as_floats(np.where(n >= FEWEST_FOR_MID_P, one_sided_mid_p(b, c), p))
    one = Against(*(x[..., None] for x in ((b - c) / n, low, high, p, strict_low)))
    return headline_codes(one, high, margin=margin, alpha=alpha, rewarded=rewarded, strong=strong)
