"""A race of candidates over a growing part of the validation rows, so that bad ones cost few calls.

Successive halving (Karnin, Koren and Somekh 2013; Jamieson and Talwalkar 2016) with a race (Maron and Moore 1994):
after an eighth, a quarter, a half of the rows, in one fixed order, candidates leave that are more than two standard
errors behind the best, and all but the better half. Everything is paired: all that are compared answered the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunewright.systems._optimised.pick import gap
from tunewright.systems._optimised.table import Candidate, Table

FIRST_RUNG = 8
HIGHEST_FIRST_RUNG = 32
# Candidates leave that are this many standard errors behind the best: few rows mislead, and the best was lucky too.
ERRORS_BEHIND = 2.0
# After this share of the rows a challenger must be ahead, or shorter.
ENOUGH_TO_BE_AHEAD = 0.4


def rungs(count: int) -> list[int]:
    """An eighth (8 rows at least, 32 at most), then twice as many each time, and at last ``count``."""
    steps = []
    rung = max(FIRST_RUNG, min(count // 8, HIGHEST_FIRST_RUNG))
    while 4 * rung <= 3 * count:
        steps.append(rung)
        rung *= 2
    return [*steps, count]


def race(
    table: Table, candidates: Sequence[Candidate], count: int, least: int, champion: Candidate | None = None
) -> list[Candidate]:
    """The candidates left after ``count`` rows, best first; ``least`` of them are never cut by halving.

    With a ``champion`` the others are challengers: they leave too where they are neither ahead of it nor shorter. Ends
    early, with those that reached furthest, where the budget does.
    """
    alive = list(candidates)
    for rung in rungs(count):
        for one in alive:
            if not table.ask(one, range(rung)):
                return _when_spent(table, alive)
        alive = _kept(table, alive, rung, count, least, champion)
        if len(alive) == 1:
            break
    if alive and table.ask(alive[0], range(count)):
        return alive
    return _when_spent(table, alive)


def _when_spent(table: Table, alive: Sequence[Candidate]) -> list[Candidate]:
    """Those that reached a common number of rows, best first; the others say why they are out."""
    reached = sorted((table.reached(one) for one in alive), reverse=True)
    common = reached[min(1, len(reached) - 1)]
    for one in alive:
        if table.reached(one) < common:
            table.entries[one.key].why = f"the budget ended when it had answered {table.reached(one)} rows"
    return standing(table, [one for one in alive if table.reached(one) >= common], common)


def standing(table: Table, candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """Best first on the first ``count`` rows, the shorter of equals."""
    return sorted(candidates, key=lambda one: (-round(table.mean(one, count), 12), table.length(one, count)))


def _kept(
    table: Table, alive: Sequence[Candidate], rung: int, count: int, least: int, champion: Candidate | None
) -> list[Candidate]:
    ordered = standing(table, alive, rung)
    best, groups = table.scores(ordered[0], rung), table.groups(rung)
    kept: list[Candidate] = []
    room = max(least, math.ceil(len(ordered) / 2))
    for one in ordered:
        behind = gap(best, table.scores(one, rung), groups)
        why = ""
        if one is not ordered[0] and behind.behind > ERRORS_BEHIND * behind.error:
            why = f"{behind.behind:.3f} behind the best on {rung} rows (standard error {behind.error:.3f})"
        elif len(kept) >= room:
            why = f"not in the better half on {rung} rows"
        elif one is not ordered[0] and rung >= ENOUGH_TO_BE_AHEAD * count and _no_gain(table, one, champion, rung):
            why = f"neither better than the champion on {rung} rows nor shorter"
        table.entries[one.key].why = why
        if not why:
            kept.append(one)
    return kept


def _no_gain(table: Table, one: Candidate, champion: Candidate | None, rung: int) -> bool:
    """Whether a challenger is neither ahead of the champion nor shorter."""
    if champion is None or one.key == champion.key:
        return False
    ahead = table.mean(one, rung) > table.mean(champion, rung)
    return not ahead and table.length(one, rung) >= table.length(champion, rung)
