"""``label``: the answer must be the target label; white space around it and differences of case do not matter.

An answer that is not one of the labels is no usable answer: it scores 0 and is counted apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from tunewright.evaluation.grades import Grade, ungraded
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example

NAME = "label"
SUMMARY = "the answer is one of the labels, and the right one"
VERSION = 1


class LabelGrader:
    """Grades against a closed set of labels.

    Labels that differ only in case or white space stay apart: then only the exact spelling counts.
    """

    binary = True

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = set(labels)
        self._digest = hashlib.sha256(json.dumps(sorted(self._labels)).encode()).hexdigest()
        folded: dict[str, list[str]] = {}
        for label in labels:
            folded.setdefault(_fold(label), []).append(label)
        self._folded = {key: found[0] for key, found in folded.items() if len(found) == 1}

    def identity(self) -> Mapping[str, str]:
        """The labels and the version of this file."""
        return {"grader": NAME, "version": str(VERSION), "labels": self._digest}

    def grade(self, answer: Answer, example: Example) -> Grade:
        """Score 1, 0 or missing; the answer is the label that it was taken for."""
        unusable = ungraded(answer)
        if unusable is not None or answer.text is None:
            return unusable or Grade(Status.MODEL_FAIL, 0.0, None)
        label = self.label_of(answer.text)
        if label is None:
            return Grade(Status.MODEL_FAIL, 0.0, None, f"not a label: {answer.text[:80]!r}")
        return Grade(Status.OK, 1.0 if label == example.target else 0.0, label, answer.detail)

    def label_of(self, text: str) -> str | None:
        """The label that a text names, or None."""
        stripped = text.strip()
        return stripped if stripped in self._labels else self._folded.get(_fold(stripped))


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
