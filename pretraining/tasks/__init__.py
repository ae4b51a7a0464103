"""Generated tasks: one module a family, each a dictionary ``KINDS`` of kind -> (generator, weight).

``draw_tasks`` draws tasks of training kinds; the kinds in ``HELD_OUT`` are made for the evaluation alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from pretraining.tasks import copying, dialogue, extraction, labels, passages, patterns, rewriting
from pretraining.tasks.base import Generator, Task
from pretraining.tasks.material import Material

_MODULES = (labels, extraction, dialogue, copying, passages, rewriting, patterns)
GENERATORS: dict[str, tuple[Generator, float]] = {
    kind: entry for module in _MODULES for kind, entry in module.KINDS.items()
}
HELD_OUT = (
    "labels.sentiment",
    "extraction.items",
    "copying.marked",
    "passages.support",
    "rewriting.replace",
    "rewriting.extreme",
)
TRAINED = tuple(kind for kind in GENERATORS if kind not in HELD_OUT)


def draw_tasks(material: Material, seed: int, count: int, kinds: Sequence[str] = TRAINED) -> Iterator[Task]:
    """``count`` tasks of ``kinds``, by their weights; task n depends on the seed and n alone."""
    weights = [GENERATORS[kind][1] for kind in kinds]
    for number in range(count):
        rng = random.Random(f"{seed}:{number}")
        kind = rng.choices(kinds, weights)[0]
        yield GENERATORS[kind][0](rng, material)
