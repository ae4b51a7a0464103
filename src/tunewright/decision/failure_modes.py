"""What can be wrong with an answer, as one table: the key that names it, its meaning, the facts and levers it feeds.

The tagging screen offers these modes, the diagnosis counts them, and the decision table reads their shares under the
names of ``advice_facts``. A new mode is a new line here.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class FailureMode:
    """One way to be wrong.

    ``fact`` is the share that ``advise`` reads, ``main`` the word of the fact ``main_failure``; both empty where no
    rule of the decision table asks for this mode. ``levers`` are the interventions that are meant for it.
    """

    id: str
    key: str
    title: str
    help: str
    fact: str = ""
    main: str = ""
    levers: tuple[str, ...] = ()


OTHER: Final = "other"
MODES: Final[tuple[FailureMode, ...]] = (
    FailureMode(
        "facts", "f", "a fact is missing", "it would have to know something that stands neither in the case nor in "
        "what it was shown", "share_facts", "facts", ("right_passage",),
    ),
    FailureMode(
        "format", "m", "the form is wrong", "the content is right, the form is not: words around it, broken JSON, "
        "another spelling", "share_format", "format", ("cut_out", "forced_form"),
    ),
    FailureMode(
        "reasoning", "r", "the reasoning is wrong", "all that is needed was there, and the conclusion does not follow",
        "share_reasoning", "reasoning", ("other_model",),
    ),
    FailureMode(
        "retrieval", "p", "the right passage was not found", "the answer stands in the documents, and the search "
        "brought others", "share_retrieval", "retrieval", ("right_passage",),
    ),
    FailureMode(
        "behaviour", "b", "behaviour, or where to draw the line", "it does the job otherwise than you would: tone, "
        "what to leave out, a case between two labels that your rule decides", "share_behaviour", "behaviour",
        ("nearest_examples", "systems"),
    ),
    FailureMode(
        "labels", "l", "the label is wrong", "the answer is right, and what the table calls right is not",
        "share_labels", "labels", ("suspect_labels",),
    ),
    FailureMode("ambiguous", "a", "nobody could know", "the case leaves open what is right; two careful people differ"),
    FailureMode("input", "i", "the input is broken", "cut off, empty, the wrong language, not a case of this job"),
    FailureMode(OTHER, "x", "something else", "say what, in your own words"),
)  # fmt: skip
BY_ID: Final = {mode.id: mode for mode in MODES}
BY_KEY: Final = {mode.key: mode for mode in MODES}


def mode_named(said: str) -> FailureMode | None:
    """The mode that a key, an id, a title or a near misspelling of an id means; None for none."""
    word = " ".join(said.split()).casefold()
    if not word:
        return None
    for mode in MODES:
        if word in (mode.key, mode.id, mode.title, mode.main):
            return mode
    near = difflib.get_close_matches(word, BY_ID, n=1, cutoff=0.8)
    return BY_ID[near[0]] if near else None
