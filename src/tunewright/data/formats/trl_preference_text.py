"""Preference pairs of plain texts (TRL): ``prompt``, ``chosen`` and ``rejected``, or two texts that begin alike.

Without a prompt the beginning that both texts share is the prompt, cut back to the end of a word.
"""

from __future__ import annotations

from tunewright.data.formats import TEXT_USES, none_named
from tunewright.data.formats._preference import no_pair
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 17
NAME = "trl preference text"
DESCRIPTION = "preference pairs of texts (chosen, rejected)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    if not none_named(columns) or "instruction" in cells:
        return False
    return all(isinstance(cells.get(key), str) for key in ("chosen", "rejected")) and isinstance(
        cells.get("prompt", ""), str
    )


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"prompt", "chosen", "rejected"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    prompt, chosen, rejected = (cells.get(key) for key in ("prompt", "chosen", "rejected"))
    if not isinstance(chosen, str) or not isinstance(rejected, str):
        return Refusal("data.other_shape", "'chosen' and 'rejected' are not two texts")
    if not rejected.strip():
        return Refusal("preference.no_other", "the other answer is empty")
    if not isinstance(prompt, str) or not prompt:
        prompt = _shared(chosen, rejected)
        chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
    return Draft((Message("user", prompt),), chosen, rejected=(Message("assistant", rejected),))


def _shared(chosen: str, rejected: str) -> str:
    """What both texts begin with, up to the last white space in it."""
    most = min(len(chosen), len(rejected))
    shared = next((n for n in range(most) if chosen[n] != rejected[n]), most)
    cut = next((n for n in range(shared, 0, -1) if chosen[n - 1].isspace()), 0)
    return chosen[:cut]


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(example.rejected) != 1:
        return no_pair() if not example.rejected else Refusal("write.one_text", "its rejected answer is no single text")
    if len(example.messages) != 1:
        return Refusal("write.one_prompt", f"its input has {len(example.messages)} messages, and a prompt is one text")
    texts = (example.messages[0].content, example.target, example.rejected[0].content)
    return Written(dict(zip(("prompt", "chosen", "rejected"), texts, strict=True)))
