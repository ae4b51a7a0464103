"""Whether what others answer came back, before something is made of it that is kept for good.

An answer that a connection lost can be had at the next run; a fit that was made without it would stay as it is. Pure;
called by systems that learn from, or choose by, the answers of systems which may ask over a network.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.errors import WorkError
from tunewright.records.answers import Answer

# Up to this share may be lost; of fewer than a hundred none may.
MOST_MISSING = 0.01


def require_arrived(answers: Sequence[Answer], what: str) -> None:
    """Enough of the answers came back; ``what`` begins the sentence: "large taught".

    Raises:
        WorkError: more than 1 % are missing, or any of fewer than a hundred.
    """
    lost = [answer for answer in answers if answer.status.is_missing]
    if len(lost) <= int(MOST_MISSING * len(answers)):
        return
    reason = next((answer.detail for answer in lost if answer.detail), "no reason was given")
    raise WorkError(
        "systems.lost_answers",
        f"{what} without {len(lost)} of {len(answers)} answers, which never came back.",
        why=f"{reason}. What is made of the others would be kept for good.",
        hint="Mend the connection and run again: the next run pays only for what is missing.",
    )
