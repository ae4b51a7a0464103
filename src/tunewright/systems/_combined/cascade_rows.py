"""What a cascade's cut-offs are chosen on: answers of its members to rows as to rows that they have never seen.

Members may take the validation rows in once their settings are chosen. Their answers to these rows then look better
than any to come, and no cut-off can be read off them. Quick members are fitted once more for each fifth of all rows,
without it, and answer it; that is more to choose on. Others answer the validation rows, and one that has learned these
is fitted once more for each half of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from tunewright.errors import Cancelled
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, input_digest
from tunewright.records.system import FitContext, FittedSystem, Member, System
from tunewright.systems.around import Kind

QUICK_SECONDS = 0.01
PARTS_OF_ALL, PARTS_OF_VALIDATION = 5, 2


def is_usable(answer: Answer, kind: Kind, labels: Sequence[str]) -> bool:
    """Whether a member answered at all: a label of the job, a JSON object, or a text."""
    if answer.status is not Status.OK or answer.text is None or not answer.text.strip():
        return False
    if kind == "classify":
        return not labels or _folded(answer.text) in {_folded(label) for label in labels}
    return kind != "extract" or _is_json(answer.text)


def unseen_answers(
    members: Sequence[Member],
    fitted: Sequence[FittedSystem],
    train: Sequence[Example],
    validation: Sequence[Example],
    context: FitContext,
) -> tuple[list[Example], list[list[Answer]]]:
    """Rows to choose cut-offs on, and every member's answers to them.

    Raises:
        Cancelled: the person asked to stop.
    """
    quick = all(_is_quick(member.system) for member in members)
    rows = [*train, *validation] if quick else list(validation)
    found: list[list[Answer]] = []
    for number, (member, own) in enumerate(zip(members, fitted, strict=True)):
        _pause(context, number / len(fitted))
        if quick:
            answers = _answers_by_parts(member.system, train, validation, rows, PARTS_OF_ALL, context)
        else:
            answers = own.answer([row.inputs for row in rows])
            if has_learned(own, context.grade(rows, answers)):
                twins = _answers_by_parts(member.system, train, validation, rows, PARTS_OF_VALIDATION, context)
                answers = twins or answers
        found.append(answers or own.answer([row.inputs for row in rows]))
    return rows, found


def has_learned(fitted: FittedSystem, scores: Sequence[float | None]) -> bool:
    """Whether a fitted system seems to have learned rows: ``scores`` are those of its answers to its validation rows.

    It has, when they are more than a standard error above the best score that it had while choosing its settings;
    one that chose nothing may always have.
    """
    known = [score for score in scores if score is not None]
    if not known or not fitted.trials:
        return bool(known)
    best = max(trial.validation_score for trial in fitted.trials)
    error = (best * (1 - best) / len(known)) ** 0.5 if 0 <= best <= 1 else 0.0
    return sum(known) / len(known) > best + error


def parts(rows: Sequence[Example], count: int) -> list[set[str]]:
    """Owners of rows (their group, else their input) in ``count`` parts of about equally many rows.

    Rows of one owner stay together; which part an owner is in hangs on contents alone.
    """
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[owner_of(row)] = sizes.get(owner_of(row), 0) + 1
    made: list[set[str]] = [set() for _ in range(count)]
    held = [0] * count
    for owner in sorted(sizes, key=lambda name: hashlib.sha256(name.encode()).digest()):
        least = held.index(min(held))
        made[least].add(owner)
        held[least] += sizes[owner]
    return made


def owner_of(row: Example) -> str:
    """What keeps rows together: the group, else the input itself."""
    return row.group or input_digest(row.messages)


def _answers_by_parts(
    system: System,
    train: Sequence[Example],
    validation: Sequence[Example],
    rows: Sequence[Example],
    count: int,
    context: FitContext,
) -> list[Answer]:
    """Answers to each part of the rows by the system fitted without it; empty where there are too few rows for that."""
    answers: dict[int, Answer] = {}
    for part in parts(rows, count):
        learn = [row for row in train if owner_of(row) not in part]
        choose_on = [row for row in validation if owner_of(row) not in part]
        asked = [place for place, row in enumerate(rows) if owner_of(row) in part]
        if not learn or not choose_on:
            return []
        _pause(context)
        twin = context.fit(system, learn, choose_on)
        try:
            answers |= zip(asked, twin.answer([rows[place].inputs for place in asked]), strict=True)
        finally:
            twin.close()
    return [answers[place] for place in range(len(rows))]


def _is_quick(system: System) -> bool:
    needs = system.needs
    return system.role == "baseline" and not needs.network and needs.seconds_per_call <= QUICK_SECONDS


def _pause(context: FitContext, share: float | None = None) -> None:
    if context.cancelled():
        raise Cancelled
    if share is not None:
        context.progress("asking the members", share)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False
