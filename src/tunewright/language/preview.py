"""A rendered row as a person may read it: its text in runs of equal weight, so that what is trained can be coloured.

Tokens of a byte-level vocabulary may hold a part of a character, and some tokenizers drop the space before a text's
first word: tokens are therefore decoded one behind another, and a run never begins within a character. No colours
here; the command line prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tunewright.language.render import Rendered
from tunewright.language.spec import RenderSpec, decoded

_BROKEN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text whose tokens all have one weight; 0 is context."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Preview:
    """The runs of a row in order, and how many of its tokens are trained and how many are context."""

    runs: tuple[Run, ...]
    trained_tokens: int
    context_tokens: int

    @property
    def text(self) -> str:
        """The whole row."""
        return "".join(run.text for run in self.runs)

    @property
    def trained_text(self) -> str:
        """What is trained, its pieces joined."""
        return "".join(run.text for run in self.runs if run.weight > 0)


def preview(row: Rendered, spec: RenderSpec) -> Preview:
    """The row in runs. A character made of tokens of several weights counts with the largest of them."""
    runs: list[Run] = []
    start = 0
    for end, text in decode_pieces(row.ids, spec.tokenizer):
        weight = max(row.weights[start:end])
        start = end
        if runs and runs[-1].weight == weight:
            runs[-1] = Run(runs[-1].text + text, weight)
        else:
            runs.append(Run(text, weight))
    trained = sum(weight > 0 for weight in row.weights)
    return Preview(tuple(runs), trained, len(row.ids) - trained)


def decode_pieces(ids: Sequence[int], tokenizer: Any) -> list[tuple[int, str]]:
    """(end, text): the text that the tokens up to ``end`` add to those before, in pieces of whole characters.

    Each token is decoded behind the piece before it, and a piece ends where no character is left open. A text that
    really holds U+FFFD makes a longer piece, no wrong one.
    """
    pieces: list[tuple[int, str]] = []
    before, done = 0, 0
    for end in range(1, len(ids) + 1):
        known = decoded(ids[before:done], tokenizer)
        text = decoded(ids[before:end], tokenizer)
        if text.endswith(_BROKEN) and end < len(ids):
            continue
        pieces.append((end, text[len(known) :]))
        before, done = done, end
    return pieces
