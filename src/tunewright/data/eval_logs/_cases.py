"""Scored cases as every log format gives them, and the small conversions that the formats share."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunewright.errors import InputError
from tunewright.records.answers import Status

# Names of amounts, lower is better; each is of one answer.
SECONDS, USD, INPUT_TOKENS, OUTPUT_TOKENS = "seconds", "usd", "input tokens", "output tokens"
MAX_TAG_CHARS = 200
MAX_TEXT_CHARS = 20_000

# What one JSON document holds; its shape is checked where it is used.
Json = Any


@dataclass(frozen=True, slots=True)
class ScoredCase:
    """One answer to one case. ``scores`` by metric: a number, or None where there is none (never 0).

    ``repetition`` counts the answers to one case from 0. ``status`` is ``ok``, ``model_fail`` (counts 0), or missing.
    ``tags`` are what the log knows of the case, ``amounts`` what the answer took, ``human`` a person's own score of it.
    """

    id: str
    scores: Mapping[str, float | None]
    status: Status = Status.OK
    repetition: int = 0
    answer: str | None = None
    target: str = ""
    text: str = ""
    detail: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, float] = field(default_factory=dict)
    human: float | None = None

    def score(self, metric: str) -> tuple[Status, float | None]:
        """Status and score by one metric: a failure of the model is 0, what has no score is missing."""
        if self.status is Status.MODEL_FAIL:
            return self.status, 0.0
        value = self.scores.get(metric)
        if self.status.is_missing:
            return self.status, None
        return (Status.JUDGE_FAIL, None) if value is None else (Status.OK, value)


@dataclass(frozen=True, slots=True)
class EvalLog:
    """All answers of one system in a file; ``notes`` are plain sentences about the log as a whole."""

    path: Path
    format: str
    system: str
    task: str
    cases: tuple[ScoredCase, ...]
    notes: tuple[str, ...] = ()

    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics that any case has a number for, in the order in which they come."""
        names = {name: None for case in self.cases for name, value in case.scores.items() if value is not None}
        return tuple(names)

    def tags(self) -> tuple[str, ...]:
        """Names of all tags, in the order in which they come."""
        return tuple({name: None for case in self.cases for name in case.tags})


def number_of(value: Json) -> float | None:
    """A finite number, or a yes or no as 1 or 0; None for everything else."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return _WORDS.get(value.strip().casefold()) if value.strip() else None
    return None


_WORDS = {"true": 1.0, "yes": 1.0, "pass": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "fail": 0.0, "0": 0.0}


def mapping_of(value: Json) -> Mapping[str, Json]:
    """The object, or an empty one where a log holds something else in its place."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Json) -> list[Json]:
    """The list, or an empty one where a log holds something else in its place."""
    return value if isinstance(value, list) else []


def whole_of(value: Json) -> int:
    """The whole number, or 0 where a log holds something else in its place."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def require_objects(values: list[Json], path: Path, name: str) -> list[Mapping[str, Json]]:
    """The samples of a log.

    Raises:
        InputError: one of them is no object, and would be lost from one side only.
    """
    for number, value in enumerate(values, start=1):
        if not isinstance(value, Mapping):
            raise InputError(
                "logs.broken_sample", f"A sample of the {name} log is no object.", where=f"{path}, sample {number}"
            )
    return values


def text_of(value: Json) -> str:
    """A value as text: strings as they are, nothing for null, JSON for the rest; cut where nobody reads on."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text[:MAX_TEXT_CHARS]


def tags_of(value: Json) -> dict[str, str]:
    """The short scalar values of an object, by name."""
    if not isinstance(value, Mapping):
        return {}
    scalars = {str(name): item for name, item in value.items() if isinstance(item, str | int | float | bool)}
    return {name: text_of(item) for name, item in scalars.items() if len(text_of(item)) <= MAX_TAG_CHARS}


def message_text(value: Json) -> str:
    """The text of a prompt: a string, or what users say in a list of messages."""
    if isinstance(value, str):
        return value[:MAX_TEXT_CHARS]
    if not isinstance(value, list):
        return text_of(value)
    said = [message for message in value if isinstance(message, Mapping)]
    users = [message for message in said if message.get("role") == "user"] or said
    return "\n".join(_content(message.get("content")) for message in users)[:MAX_TEXT_CHARS]


def _content(value: Json) -> str:
    if isinstance(value, list):
        return "\n".join(text_of(part.get("text")) for part in value if isinstance(part, Mapping) and "text" in part)
    return text_of(value)


def amounts_of(**values: Json) -> dict[str, float]:
    """Amounts by name (``input_tokens`` becomes "input tokens"), without those that are no number or below 0."""
    known = {name.replace("_", " "): number_of(value) for name, value in values.items()}
    return {name: value for name, value in known.items() if value is not None and value >= 0}


def require_cases(cases: list[ScoredCase], path: Path, name: str) -> tuple[ScoredCase, ...]:
    """The cases, each once.

    Raises:
        InputError: there are none, or one stands twice.
    """
    if not cases:
        raise InputError(
            "logs.empty", f"The {name} log has no sample.", where=str(path), hint="Was the evaluation cut off?"
        )
    seen: set[tuple[str, int]] = set()
    for case in cases:
        if (case.id, case.repetition) in seen:
            raise InputError(
                "logs.same_case",
                f"The case {case.id!r} stands twice in the {name} log.",
                where=str(path),
                why="Two scores of one case cannot be told apart.",
            )
        seen.add((case.id, case.repetition))
    return tuple(cases)
