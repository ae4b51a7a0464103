"""Texts that come from outside, fenced as data: results of tools, and answers of earlier stages of a pipeline.

The mark of the fence follows from what stands inside, so that whoever wrote it cannot know it; marks and the signs that
open a turn or a call are parted. A fence is a request to the model, not a lock: what locks is that calls are checked,
that writing tools run dry, and that answers are held to their form. Pure; called by ``_tools.calls`` and
``_combined.pipeline_rows``.
"""

from __future__ import annotations

import hashlib
import re

from tunewright.systems._retrieval.fence import neutral

LONGEST_CHARS = 3000


def fenced(word: str, text: str, *, longest: int = LONGEST_CHARS) -> str:
    """A text between two marks of a word, cut where it is longer than a prompt has room for."""
    inside = harmless(bounded(text, longest), word)
    mark = hashlib.sha256(f"{word}\n{inside}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"<<<{word} {mark}\n{inside}\n{word} {mark}>>>"


def harmless(text: str, word: str) -> str:
    """A text in which no mark, no turn and no call of a template begins, nor the word of the fence with a digest."""
    return re.sub(rf"\b{re.escape(word)}[\s_-]+(?=[0-9a-f]{{6,}})", f"{word}: ", neutral(text), flags=re.IGNORECASE)


def bounded(text: str, longest: int) -> str:
    """A text cut where it is too long, and how much is gone."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]} ... (cut: {len(text) - longest:,} more characters)"
