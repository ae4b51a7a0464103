"""All guards together: what is broken by itself, and what is still broken with all of them counted in.

Each guard alone breaks by chance about one time in forty; eight of them would stop one equal model in seven. So a guard
stops a shipment only where Holm's step-down test (1979) over all guards that may stop one shows the loss.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunewright.records.guard import Guard
from tunewright.statistics.multiplicity import holm
from tunewright.workflow.guard.rule import ALPHA


def counted_in(guards: Sequence[Guard]) -> list[Guard]:
    """The same guards, in their order; one that is broken alone but not with all counted in is unproven, and says so.

    Logs of other programs count as one guard more for the others, however many there are, and each stands among the
    others by itself: bringing logs can then not make a loss vanish. A guard whose chance is not known stays as it is.
    """
    measured = [guard for guard in guards if guard.blocks and guard.result != "not-checked"]
    own = [guard for guard in measured if not is_imported(guard)]
    imported = [guard for guard in measured if is_imported(guard)]
    chances = [_chance(guard) for guard in own]
    adjusted = dict(zip(map(id, own), holm(np.array([*chances, 1.0] if imported else chances)), strict=False))
    for guard in imported:
        adjusted[id(guard)] = holm(np.array([*chances, _chance(guard)]))[-1]
    size = len(own) + bool(imported)
    return [_with(guard, float(adjusted.get(id(guard), 0.0)), size) for guard in guards]


def is_imported(guard: Guard) -> bool:
    """Whether it is of a log of another program: those are named ``task (metric)``, and no other has brackets."""
    return guard.name.endswith(")")


def _chance(guard: Guard) -> float:
    if guard.p is not None:
        return guard.p
    return 0.0 if guard.result == "broken" else 1.0


def _with(guard: Guard, adjusted: float, size: int) -> Guard:
    if guard.result != "broken" or adjusted <= ALPHA:
        return guard
    text = (
        f"{guard.text} Alone it would be broken (p = {_chance(guard):.2g}); with all {size} guards counted in that may "
        f"stop a shipment it is not proven (p = {adjusted:.2g})."
    )
    return guard.model_copy(update={"result": "unproven", "text": text})
