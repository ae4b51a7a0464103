"""All comparisons that one decision needs, each made once.

Three sets: the candidate with every system to beat; every system with the one of today; the systems to beat among
themselves, for which an interval suffices. Called by ``verdict``; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from tunewright.decision.compare import Comparison, Pair, estimate, pair_up, tested
from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.saving import Between

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """``pairs`` and ``comparisons`` match and are the candidate's; without a candidate there are no comparisons, and
    ``pairs`` are those on which the advice rests."""

    pairs: tuple[Pair, ...]
    comparisons: tuple[Comparison, ...]
    today: tuple[Comparison, ...]
    between: Between


def gather(inputs: DecisionInputs) -> Evidence:
    """Compare whatever must be compared."""
    references = [s.name for s in inputs.references]
    beaten = [(inputs.candidate, name) for name in references] if inputs.candidate is not None else []
    incumbent = inputs.scored_incumbent
    today = [(s.name, incumbent.name) for s in inputs.systems if s is not incumbent] if incumbent is not None else []
    among = [(a, b) for a, b in combinations(references, 2) if (b, a) not in today]
    pairs = {key: pair_up(inputs.system(key[0]), inputs.system(key[1]), inputs) for key in (*beaten, *today, *among)}
    estimates = dict(zip(pairs, estimate(list(pairs.values()), inputs), strict=True))

    def comparison(key: Key) -> Comparison:
        return tested(pairs[key], estimates[key], inputs.seed, inputs.gate)

    against = {key: comparison(key) for key in beaten}
    known = {key: against.get(key) or comparison(key) for key in today}
    resting = beaten or today or list(pairs)
    return Evidence(
        pairs=tuple(pairs[key] for key in resting),
        comparisons=tuple(against.values()),
        today=tuple(known.values()),
        between=Between(estimates),
    )
