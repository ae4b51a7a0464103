"""How a job says that the documents hold no answer: learned from the targets of its training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tunewright.documents.split import Passage
from tunewright.documents.words import words

USUAL = "not in the documents"
LEAST_TIMES = 2


def usual_refusal(targets: Sequence[str], passages: Iterable[Passage]) -> str | None:
    """The most common target that no document says; None where no such target comes twice.

    The first of equals in the order of the alphabet, so that the order of rows does not matter.
    """
    said = " \n ".join(f" {' '.join(words(passage.full))} " for passage in passages)
    counts = Counter(target for target in targets if target.strip())
    for target, times in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        if times < LEAST_TIMES:
            return None
        if f" {' '.join(words(target))} " not in said:
            return target
    return None
