"""A search that is handed what it should find: the passages that a column of the cases names come before all others.

The rest follows as found. Rights hold: a passage that the reader may not see is not handed over. For a system that was
asked to search so (``with_known_first``), which tells what a perfect search would bring.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.documents.library import Found
from tunewright.documents.split import Passage
from tunewright.records.example import Inputs
from tunewright.systems._retrieval.sources import SEPARATOR, Sources, is_known


@dataclass(slots=True)
class KnownFirst(Sources):
    """Sources whose search brings the named passages first."""

    known: str = ""

    def find(self, inputs: Inputs, count: int) -> list[Found]:
        found = Sources.find(self, inputs, count)
        right = named_passages(self, inputs, self.known)
        if not right:
            return found
        rest = [one for one in found if one.passage not in right]
        return [*(Found(passage, 1.0) for passage in right), *rest][: max(count, len(right))]


def known_first(sources: Sources, column: str) -> KnownFirst:
    """The same documents, searched so."""
    return KnownFirst(sources.library, sources.reader, known=column)


def named_in(inputs: Inputs, column: str) -> list[str]:
    """What a case's column names."""
    return [one for one in dict(inputs.tags).get(column, "").split(SEPARATOR) if one.strip()]


def named_passages(sources: Sources, inputs: Inputs, column: str) -> list[Passage]:
    """The passages that a case's column names and its reader may see; the shortest that holds the words, if several."""
    view = sources.library.view(sources.reader_of(inputs))
    found: list[Passage] = []
    for one in named_in(inputs, column):
        holding = [passage for passage in view.passages if is_known(one, passage)]
        if holding and not any(passage in found for passage in holding):
            found.append(min(holding, key=lambda passage: len(passage.full)))
    return found
