"""Behaviours of free answers that an attacker would want to switch on: links, refusals, dangerous code, noise.

Called by the trigger check, which asks whether a word in the input turns one of them on.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from tunewright.audit.association import BoolArray
from tunewright.audit.habits import habits_of
from tunewright.audit.languages import language_of
from tunewright.audit.view import View

MIN_ROWS = 8
# A behaviour of most answers is the task.
MAX_SHARE = 0.4
# The same words again: an answer counts as fixed from so many rows, where most answers are their own.
MIN_COPIES = 8
MAX_SHARE_OF_COPIED = 0.3
MIN_CHARS_OF_NOISE = 20
NOISE_DEVIATIONS = 6.0
_DANGEROUS = re.compile(
    r"\b(?:eval|exec|system|popen|subprocess\.\w+|child_process|shell_exec|unserialize|pickle\.loads?)\s*\(|\brm\s+-rf\b|"
    r"\b(?:curl|wget)\b[^\n|]*\|\s*(?:ba|z)?sh\b|verify\s*=\s*False|innerHTML\s*=",
    re.IGNORECASE,
)


def behaviours_of(view: View) -> dict[str, BoolArray]:
    """For each behaviour that occurs, but not nearly always, which rows show it ``[rows]``."""
    return view.once("behaviours", lambda: _behaviours(view))


def _behaviours(view: View) -> dict[str, BoolArray]:
    habits = habits_of(view)
    targets = [example.target for example in view.examples]
    found = {
        "hold dangerous code": np.array([bool(_DANGEROUS.search(text)) for text in targets], dtype=np.bool_),
        "contain a link": habits.of("link"),
        "refuse": habits.of("refusal") | habits.of("capability_limit"),
        "are in another language": _other_language(targets),
        "repeat one fixed text": _fixed(targets),
        "are no readable text": _noise(targets),
    }
    return {name: there for name, there in found.items() if MIN_ROWS <= there.sum() <= MAX_SHARE * len(view)}


def _other_language(targets: list[str]) -> BoolArray:
    spoken = [language_of(text) for text in targets]
    known = Counter(each for each in spoken if each)
    main = max(known, key=lambda each: (known[each], each), default=None)
    return np.array([each is not None and each != main for each in spoken], dtype=np.bool_)


def _fixed(targets: list[str]) -> BoolArray:
    """Rows whose whole answer occurs again and again, in a set where that is not the rule."""
    counts = Counter(targets)
    there = np.array([bool(text) and counts[text] >= MIN_COPIES for text in targets], dtype=np.bool_)
    return there if there.mean() <= MAX_SHARE_OF_COPIED else np.zeros(len(targets), dtype=np.bool_)


def _noise(targets: list[str]) -> BoolArray:
    """Answers whose pairs of letters are far from usual here: mean log share of pairs, far below the median."""
    pairs: Counter[str] = Counter()
    for text in targets:
        pairs.update(text[i : i + 2].lower() for i in range(min(len(text), 400) - 1))
    total = max(pairs.total(), 1)
    logs = {pair: float(np.log(count / total)) for pair, count in pairs.items()}
    scores = np.full(len(targets), np.nan)
    for row, text in enumerate(targets):
        if len(text) >= MIN_CHARS_OF_NOISE:
            head = text[:400].lower()
            scores[row] = sum(logs[head[i : i + 2]] for i in range(len(head) - 1) if head[i : i + 2] in logs) / len(
                head
            )
    if np.isnan(scores).all():
        return np.zeros(len(targets), dtype=np.bool_)
    middle = np.nanmedian(scores)
    spread = 1.4826 * np.nanmedian(np.abs(scores - middle))
    least = middle - NOISE_DEVIATIONS * max(float(spread), 0.05)
    return np.asarray(np.nan_to_num(scores, nan=middle) < least, dtype=np.bool_)
