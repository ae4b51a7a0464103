"""Answers of systems and the score rows made of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tunewright.records.usage import Spent


class Status(StrEnum):
    """What became of one system on one example.

    ``model_fail`` (refusal, unusable answer, the system's own timeout) scores 0; ``infra_fail`` and ``judge_fail``
    are missing, never 0.
    """

    OK = "ok"
    MODEL_FAIL = "model_fail"
    INFRA_FAIL = "infra_fail"
    JUDGE_FAIL = "judge_fail"

    @property
    def is_missing(self) -> bool:
        return self in (Status.INFRA_FAIL, Status.JUDGE_FAIL)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system answered to one input.

    ``confidence`` is the system's own probability that its answer is right, in [0, 1], where it has one. ``spent`` is
    what it took of language models, None where none was asked. ``trace`` is a JSON object as text: what led to the
    answer (``sources``, ``calls`` of tools, ``stages``); empty where there is nothing to tell.
    """

    text: str | None
    status: Status = Status.OK
    confidence: float | None = None
    detail: str = ""
    spent: Spent | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One system on one example: the append-only unit of evidence.

    ``fit_key`` names the fitted system by content, ``row_key`` the example by keyed hash, ``part`` where it was scored
    (``test``, ``validation``, ``fold-3``). ``score`` is in [0, 1], or None when missing. ``spent`` and ``trace`` are
    the answer's own, ``parts`` further measures by name, as the grader gave them.
    """

    fit_key: str
    row_key: str
    part: str
    status: Status
    score: float | None
    answer: str | None
    confidence: float | None = None
    detail: str = ""
    repetition: int = 0
    spent: Spent | None = None
    trace: str = ""
    parts: tuple[tuple[str, float], ...] = ()
