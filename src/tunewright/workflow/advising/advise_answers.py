"""Answers of a person about the job, kept in ``advice.yaml`` beside the project so that they are asked once.

A file of texts by the name of a question or of a fact, as typed: ``volume: 2000``. What an answer means is the business
of ``decision.advice_questions``. Called by ``advise``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import yaml

from tunewright.decision.advice_facts import DEFAULTS, FACTS, Fact, Origin
from tunewright.decision.advice_questions import BY_ID, read_answer
from tunewright.errors import InputError, WorkError

FILE_NAME = "advice.yaml"
# Facts that only a run can know, and what follows from silence.
_NOT_ANSWERED = {*DEFAULTS, "headline", "prompt_compared", "classical_as_good", "measure_open", "prompt_open"}
KEYS = (*BY_ID, *(name for name in FACTS if name not in _NOT_ANSWERED))
HEAD = """# What `tunewright advise` was told about the job. Change it here, or answer again: tunewright advise --ask
# Besides the questions it takes any fact of docs/decision.md, such as  share_facts: 55 %
"""
Answers = Mapping[str, str]


def read_answers(path: Path) -> dict[str, str]:
    """The answers in a file, each usable; empty where there is no such file.

    Raises:
        InputError: it is no mapping, or holds a name or an answer that cannot be used.
    """
    if not path.exists():
        return {}
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("advise.unreadable", f"The answers cannot be read: {error}", where=str(path)) from None
    if not isinstance(value, dict):
        raise InputError(
            "advise.shape", "Answers are texts by the name of a question.", where=str(path), hint="volume: 2000"
        )
    return checked({str(key): _text(item) for key, item in value.items()}, str(path))


def checked(answers: Answers, where: str) -> dict[str, str]:
    """The answers that say something, each under a name that exists.

    Raises:
        InputError: names the first that cannot be used.
    """
    for key, answer in answers.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
            raise InputError(
                "advise.unknown_key",
                f"No question or fact is called {key!r}.",
                where=where,
                why="An answer that is not read would silently change nothing.",
                hint=f"Did you mean {near[0]!r}?" if near else f"Questions: {', '.join(BY_ID)}",
            )
        try:
            read_answer(key, answer)
        except ValueError as error:
            raise InputError(
                "advise.answer", f"{answer!r} cannot be used.", where=f"{where}: {key}", hint=str(error)
            ) from None
    return {key: answer for key, answer in answers.items() if answer.strip()}


def write_answers(path: Path, answers: Answers) -> None:
    """Write the file anew, questions first in their order.

    Raises:
        WorkError: it cannot be written.
    """
    ordered = {key: answers[key] for key in KEYS if key in answers}
    text = HEAD + yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=100)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkError(
            "advise.not_written", f"The answers cannot be kept: {error.strerror}.", where=str(path)
        ) from None


def facts_of_answers(answers: Answers, where: str) -> list[Fact]:
    """What the answers say; facts named as such come after those that follow from a question."""
    origin: Origin = "answer"
    ordered = sorted(answers, key=lambda key: key not in BY_ID)
    return [
        Fact(name, value, origin, f"you said, {where}")
        for key in ordered
        for name, value in read_answer(key, answers[key]).items()
    ]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)
