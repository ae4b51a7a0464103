"""``label``: the answer must be the target label; white space around it and differences of case do not matter.

An answer that is not one of the labels is no usable answer: it scores 0 and is counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.records.answers import Answer, Status

VERSION = 1


@dataclass(frozen=True, slots=True)
class Grade:
    """Status and score of one answer, with the label that it was taken for."""

    status: Status
    score: float | None
    label: str | None
    detail: str = ""


class LabelGrader:
    """Grades against a closed set of labels.

    Labels that differ only in case or white space stay apart: then only the exact spelling counts.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = set(labels)
        folded: dict[str, list[str]] = {}
        for label in labels:
            folded.setdefault(_fold(label), []).append(label)
        self._folded = {key: found[0] for key, found in folded.items() if len(found) == 1}

    def grade(self, answer: Answer, target: str) -> Grade:
        """Score 1, 0 or missing."""
        if answer.status.is_missing:
            return Grade(answer.status, None, None, answer.detail)
        if answer.status is Status.MODEL_FAIL or answer.text is None:
            return Grade(Status.MODEL_FAIL, 0.0, None, answer.detail)
        label = self.label_of(answer.text)
        if label is None:
            return Grade(Status.MODEL_FAIL, 0.0, None, f"not a label: {answer.text[:80]!r}")
        return Grade(Status.OK, 1.0 if label == target else 0.0, label, answer.detail)

    def label_of(self, text: str) -> str | None:
        """The label that a text names, or None."""
        stripped = text.strip()
        return stripped if stripped in self._labels else self._folded.get(_fold(stripped))


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
