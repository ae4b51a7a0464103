"""Labels as a decoder would write them: token ids of each as a whole answer, stop token included.

The stop token belongs to a label, because a label can begin as another does. No model here: scoring is in
``training/label_scores.py`` and ``backends/local_choices.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.errors import InputError
from tunewright.language.render import prompt_ids, render
from tunewright.language.spec import RenderSpec
from tunewright.records.example import Message

Ids = tuple[int, ...]


def label_ids(labels: Sequence[str], probe: Sequence[Message], spec: RenderSpec) -> tuple[Ids, ...]:
    """Token ids of each label as the answer to a probe conversation, from the first trained token to the stop token.

    Raises:
        InputError: two labels are the same tokens, so that no answer could tell them apart.
    """
    before = len(prompt_ids(probe, (), spec))
    found: dict[Ids, str] = {}
    for label in labels:
        (row,) = render((*probe, Message("assistant", label)), (), spec, "last")
        ids = row.ids[before : row.spans[-1].end]
        if ids in found:
            raise InputError(
                "labels.same_tokens",
                f"The labels '{found[ids]}' and '{label}' are the same to this model's tokenizer or template.",
                why="It could never tell which of them it means.",
                hint="Rename one of them, or choose another base model.",
            )
        found[ids] = label
    return tuple(found)
