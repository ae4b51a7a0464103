"""Cases whose right answer is that there is none, and answers to them that make one up. Pure.

Called by ``results``, for every system of a run, and by ``guard.job_rows``, for a fine-tune beside its base.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from tunewright.records.answers import Answer, Status

NAME = "made_up"
UNANSWERABLE = re.compile(
    r"\b(?:not|nowhere) (?:stated |given |said |mentioned )?in the (?:text|documents?|passages?|context)\b|"
    r"\bnot (?:stated|specified|mentioned)\b|\bcannot be answered\b|\bno answer (?:is given|in the)\b",
    re.IGNORECASE,
)
_NOTHING: tuple[Any, ...] = (None, "", [], {})


def made_up_share(targets: Sequence[str], answers: Sequence[Answer], wanted: str | None) -> float | None:
    """Share of the unanswerable cases to which an answer was made up; None without such cases.

    An answer of no use made nothing up; one that is missing counts nowhere.
    """
    found = [
        float(answer.status is Status.OK and not invents_nothing(target, answer, wanted))
        for target, answer in zip(targets, answers, strict=True)
        if is_unanswerable(target, wanted) and not answer.status.is_missing
    ]
    return sum(found) / len(found) if found else None


def is_unanswerable(target: str, wanted: str | None) -> bool:
    """Whether a target says that there is no answer, in the project's words or usual ones, or leaves a field empty."""
    value = _json(target)
    if isinstance(value, dict):
        return bool(_empty(value))
    if wanted is not None:
        return wanted.casefold() in target.casefold()
    return UNANSWERABLE.search(target) is not None


def invents_nothing(target: str, answer: Answer, wanted: str | None) -> float | None:
    """1 where an answer leaves empty what the target leaves empty, or says that there is nothing; None when missing."""
    if answer.status.is_missing:
        return None
    value, said = _json(target), _json(answer.text or "")
    if isinstance(value, dict):
        if not isinstance(said, dict):
            return None if answer.status is not Status.OK else 0.0
        return float(all(said.get(field) in _NOTHING for field in _empty(value)))
    return float(bool(answer.text) and is_unanswerable(answer.text or "", wanted))


def _empty(value: dict[str, Any]) -> list[str]:
    return [field for field, content in value.items() if content in _NOTHING]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
