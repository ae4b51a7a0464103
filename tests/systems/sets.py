"""Cases with several labels for tests: each label has a word of its own, and a text holds the words of its labels."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import labels as grader
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Message, Source
from tunewright.records.system import FitContext
from tunewright.systems._several import as_target

LABELS = ("fee", "lost", "top_up")
WORDS = {"fee": "charged", "lost": "stolen", "top_up": "money"}
FILLERS = ("please", "account", "again", "help", "when", "why", "now")
SETS: tuple[tuple[str, ...], ...] = (("fee",), ("lost",), ("top_up",), ("fee", "lost"), ("lost", "top_up"))


def case(names: Sequence[str], number: int) -> Example:
    words = [FILLERS[number % 7], *(WORDS[name] for name in names), FILLERS[(3 * number + 1) % 7]]
    message = Message("user", " ".join(words))
    return Example((message,), as_target(names), Source("t.jsonl", number + 1), f"row-{number}")


def cases(count: int, *, empty: bool = False) -> list[Example]:
    """Rows in turn through the sets; with ``empty`` every sixth has no label."""
    sets = (*SETS, ()) if empty else SETS
    return [case(sets[number % len(sets)], number) for number in range(count)]


def measure(targets: Sequence[str], answers: Sequence[str]) -> float:
    """The mean F1 of sets, as the grader of such a job gives it."""
    judge = grader.build({}, GraderContext(labels=LABELS))
    rows = [Example((), target, Source("", 0), "") for target in targets]
    scores = [judge.grade(Answer(text), row).score or 0.0 for text, row in zip(answers, rows, strict=True)]
    return sum(scores) / len(scores) if scores else 0.0


def several_context(**changes: object) -> FitContext:
    return FitContext(seed=1, labels=LABELS, measure=measure, several=True, **changes)  # type: ignore[arg-type]


def right(rows: Sequence[Example], answers: Sequence[Answer]) -> float:
    """The share of answers that are equal to the targets, letter by letter."""
    return sum(answer.text == row.target for row, answer in zip(rows, answers, strict=True)) / len(rows)
