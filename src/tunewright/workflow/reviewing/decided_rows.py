"""Rows as the decisions about them have made them, and whether one more decision still fits.

An edit was made for a row as somebody saw it. Where the row was changed since, a mask goes along with its text, and a
new text is a conflict unless it changes another field: no decision ever undoes another in silence, and nothing that was
masked comes back. Called by ``review``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import cast

from tunewright.audit.edits import Decided, Edit, apply_edits
from tunewright.audit.exchange import Answer
from tunewright.audit.field_words import field_words
from tunewright.audit.fields import text_of
from tunewright.audit.findings import Finding, Item
from tunewright.audit.masking import NotPlaced
from tunewright.audit.queue import Question, question_id
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.store import Decision, Store
from tunewright.store.decisions import SKIP

# Decisions of labelling stand under this name instead of a finding, texts written beside any finding under the other.
LABEL_FINDING = "label"
EDITED = "review.edit"
SHOWN_CONFLICTS = 10


class DecidedRows:
    """What was decided about the rows of one file, by whomever. ``names`` are their lasting names."""

    def __init__(self, store: Store, examples: Sequence[Example], names: Sequence[str]) -> None:
        self._store, self._examples = store, examples
        self.number = {name: row for row, name in enumerate(names)}
        self.read()

    def read(self) -> None:
        """Read the ledger again: others may have decided meanwhile."""
        self.standing = self._store.decisions.standing()
        self.by_row: defaultdict[int, list[Decision]] = defaultdict(list)
        self.about: dict[tuple[str, str], Decision] = {}
        for decision in self.standing:
            row = self.number.get(decision.row)
            if row is None or decision.action == SKIP or decision.finding == LABEL_FINDING:
                continue
            self.by_row[row].append(decision)
            self.about[decision.row, decision.finding] = decision

    def now(self, row: int) -> Example | None:
        """A row as the decisions have made it so far; None where it was left out."""
        return apply_edits(self._examples[row], (edit_of(d) for d in self.by_row.get(row, ())))

    def changed(self) -> list[tuple[int, Example | None]]:
        """Rows that are other ones now, or left out, in the order of the file."""
        return [(row, now) for row in sorted(self.by_row) if (now := self.now(row)) != self._examples[row]]


def remembered(decided: DecidedRows, asked: Collection[tuple[str, str]]) -> tuple[Question, ...]:
    """Questions that were decided and that the audit since then does not ask any more: their answers are no strangers.

    Args:
        asked: (name of the row, kind of finding) of the questions that there are.
    """
    gone = [(name, kind) for name, kind in decided.about if (name, kind) not in asked and kind != EDITED]
    return tuple(
        Question(
            question_id(kind, name),
            Finding(kind, "note", kind, "", ""),
            decided.number[name],
            (Item((decided.number[name],), ""),),
            (),
            0.0,
        )
        for name, kind in gone
    )


def together(decisions: Sequence[Decision]) -> list[Decision]:
    """The latest decisions that were one answer: about one row, or the same about several, at the same moment."""
    found: list[Decision] = []
    for decision in reversed(decisions):
        last = decisions[-1]
        alike = decision.row == last.row or (decision.finding, decision.action) == (last.finding, last.action)
        if decision.happened != last.happened or not alike:
            break
        found.append(decision)
    return found[::-1]


def edit_of(decision: Decision) -> Edit:
    """The edit that a decision stands for."""
    return Edit(cast(Decided, decision.action), decision.changes, decision.weight)


def fitting(edit: Edit, question: Question, example: Example, seen: Example | None, now: Example | None) -> Edit:
    """An edit that was made for a row as it was ``seen``, for the row as it is ``now``.

    Args:
        example: the row as the checks saw it.

    Raises:
        InputError: ``review.conflict`` where the row was changed so that it does not fit any more, ``review.edit``
            where the row has no such field or a label would be empty.
    """
    if now is None or not edit.changes:
        return edit
    try:
        if edit.action == "mask" and question.masks:
            # What is masked already needs no more; the decision is written down all the same.
            spans = {span.field for item in question.items for span in item.spans}
            covered = question.mask(example, now)
            return covered or Edit("mask", tuple((field, text_of(now, field)) for field in sorted(spans)))
        for field, text in edit.changes:
            if text_of(now, field) not in (text, text_of(seen or now, field)):
                raise _conflict(example, field)
        if edit.action == "relabel" and not dict(edit.changes).get("target", "x").strip():
            raise InputError("review.edit", "A label cannot be empty.", hint="Leave the row out instead.")
    except NotPlaced as error:
        raise _conflict(example, str(error)) from None
    except KeyError as error:
        known = ", ".join(field_words(example).values())
        hint = f"Its fields: {known}."
        raise InputError("review.edit", f"The row has no field {error.args[0]!r}.", hint=hint) from None
    return edit


def refuse_unmasking(edit: Edit, questions: Sequence[Question], example: Example, now: Example | None) -> None:
    """Refuse a new text that has words again which a decision masked.

    Args:
        questions: those of the row whose masks were decided for.

    Raises:
        InputError: ``review.conflict``.
    """
    if edit.action == "mask" or now is None:
        return
    spans = [span for question in questions if question.masks for item in question.items for span in item.spans]
    words = {text_of(example, span.field)[span.start : span.end].strip() for span in spans}
    for field, text in edit.changes:
        if any(word and word in text and word not in text_of(now, field) for word in words):
            raise _conflict(example, field, "it would bring back what another decision masked")


def refuse_contradictions(given: Sequence[tuple[Answer, Decision, Example]]) -> None:
    """Refuse answers that say something else than the decisions about the same questions.

    Args:
        given: answer, decision and row of each question; a mask is one whatever else was changed in the text.

    Raises:
        InputError: ``review.conflict``; it names rows and who decided.
    """
    conflicts = [
        f"{example.source} ({known.action} by {known.who})"
        for answer, known, example in given
        if edit_of(known) != answer.edit and not (known.action == answer.edit.action == "mask")
    ]
    if conflicts:
        number = "1 question was" if len(conflicts) == 1 else f"{len(conflicts)} questions were"
        raise InputError(
            "review.conflict",
            f"{number} decided otherwise here, and nothing of the file was taken.",
            where="; ".join(conflicts[:SHOWN_CONFLICTS]),
            hint="Take these rows out of the file, or take the decisions back in the review.",
        )


def _conflict(example: Example, field: str, reason: str = "another decision changed that text meanwhile") -> InputError:
    return InputError(
        "review.conflict",
        f"A change of {field_words(example).get(field, field)!r} does not fit any more: {reason}.",
        where=str(example.source),
        why="One of the two would be lost, and what was masked could come back.",
        hint="Take one of the two back, or write the text as it should be with [e]dit.",
    )
