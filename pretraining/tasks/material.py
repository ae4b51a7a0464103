"""What tasks are made from: dialogues, questions and sentences of the corpus, and drawn names, dates and amounts.

``read_material`` reads the training rows, or the validation rows for held-out instances; the draws use the matching
part of the word lists, so that a held-out instance has values that training never showed.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pretraining import corpus
from pretraining.tasks import words
from pretraining.tasks.values import DRAWS

_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[A-Z])")
_MAX_DOCUMENTS = 2500


@dataclass(frozen=True)
class Material:
    """Rows of the corpus for one side (training or held out).

    Attributes:
        dialogues: rows of the dialogue part.
        questions: rows of the qa part with a short answer.
        paragraphs: (source, sentences) of technical text and prose, two to eight sentences each.
    """

    dialogues: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    paragraphs: list[tuple[str, list[str]]]
    held_out: bool

    @cached_property
    def sentences(self) -> list[str]:
        """Sentences of 5 to 25 words."""
        return [one for _, some in self.paragraphs for one in some if 5 <= len(one.split()) <= 25]

    @cached_property
    def by_source(self) -> dict[str, list[str]]:
        """Sentences of 6 to 40 words by their source."""
        found: dict[str, list[str]] = {}
        for source, some in self.paragraphs:
            found.setdefault(source, []).extend(one for one in some if 6 <= len(one.split()) <= 40)
        return {source: some for source, some in found.items() if len(some) >= 3}

    @cached_property
    def user_turns(self) -> list[dict[str, Any]]:
        """User turns that carry an intent and a text of at least three words."""
        return [
            turn
            for row in self.dialogues
            for turn in row["turns"]
            if turn["speaker"] == "user" and turn.get("intent") and len(turn["text"].split()) >= 3
        ]

    @cached_property
    def turns_by_intent(self) -> dict[str, list[dict[str, Any]]]:
        """User turns that name at least one slot, or open a dialogue, by intent."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.dialogues:
            before = None
            for turn in row["turns"]:
                if turn["speaker"] != "user" or not turn.get("intent"):
                    continue
                if turn["intent"] != before and len(turn["text"].split()) >= 4:
                    found.setdefault(turn["intent"], []).append(turn)
                before = turn["intent"]
        return found

    def word(self, rng: random.Random, choices: list[str]) -> str:
        """One of ``choices`` from the side of this material."""
        return rng.choice(words.part_of(choices, self.held_out))

    def several(self, rng: random.Random, choices: list[str], count: int) -> list[str]:
        """``count`` different ones (fewer where the list is short)."""
        kept = words.part_of(choices, self.held_out)
        return rng.sample(kept, min(count, len(kept)))

    def person(self, rng: random.Random) -> str:
        """A full name."""
        return f"{self.word(rng, words.FIRST_NAMES)} {self.word(rng, words.LAST_NAMES)}"

    def value(self, rng: random.Random, field: str) -> str:
        """A value for a field name of ``values.DRAWS``."""
        return DRAWS[field](self, rng)


def read_material(folder: Path, held_out: bool = False, limit: int | None = None) -> Material:
    """Read what tasks are made from; ``held_out`` reads the validation files.

    Args:
        limit: at most so many rows of each part (all dialogues and questions, 2,500 documents where it is None).
    """

    def rows(part: str, most: int | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for row in corpus.read_rows(corpus.part_path(folder, part, held_out)):
            if most is not None and len(found) >= most:
                break
            found.append(dict(row))
        return found

    questions = [row for row in rows("qa", limit) if len(str(row["answer"])) <= 80]
    paragraphs = [
        (str(row["source"]), some)
        for part in ("technical", "prose")
        for row in _spread(rows(part, limit), limit or _MAX_DOCUMENTS)
        for some in _paragraphs(str(row["text"]))
    ]
    return Material(rows("dialogues", limit), questions, paragraphs, held_out)


def _spread(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    step = max(1, len(rows) // most)
    return rows[::step]


def _paragraphs(text: str) -> list[list[str]]:
    found = []
    for block in text.split("\n\n"):
        sentences = _SENTENCE.split(block)
        if (
            "\n" not in block
            and not block.startswith(("    ", "- "))
            and 2 <= len(sentences) <= 8
            and len(block) < 1200
        ):
            found.append(sentences)
    return found
