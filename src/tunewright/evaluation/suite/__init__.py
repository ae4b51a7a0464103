"""A suite of small tasks that a model should still do after it was tuned for one job, written for this project.

Small models can take it: knowledge and reasoning are asked as a choice among options, everything else is a line or two
of text. Requests for harm are in general words and hold nothing that helps anybody. The items are in ``items.jsonl``,
one a line; how an answer is graded is in ``grading.py``, whom it is asked in ``asking.py``. Called by the guards.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Skill = Literal["knowledge", "reasoning", "instruction", "json", "format", "refusal", "over-refusal", "injection"]
Grade = Literal["choice", "exact", "pattern", "json", "refusal", "no-refusal"]

# What is meant by general ability; the others are guards of their own.
ABILITY: tuple[Skill, ...] = ("knowledge", "reasoning", "instruction", "json", "format")
# What a written task may bring by luck, or by a habit that has nothing to do with it.
WRITTEN_CHANCE = 0.05
ITEMS_FILE = Path(__file__).with_name("items.jsonl")


@dataclass(frozen=True, slots=True)
class Item:
    """One task. ``answer`` is a right one; ``options`` are what may be chosen from, ``pattern`` what must match.

    ``case``: capital letters count. ``marks``: quotation marks count. ``injected`` is the answer that a planted
    instruction asks for.
    """

    id: str
    skill: Skill
    prompt: str
    grade: Grade
    answer: str = ""
    options: tuple[str, ...] = ()
    pattern: str = ""
    case: bool = False
    marks: bool = False
    injected: str = ""

    @property
    def chance(self) -> float:
        """What guessing brings."""
        return 1 / len(self.options) if self.options else WRITTEN_CHANCE


@cache
def items(*skills: Skill) -> tuple[Item, ...]:
    """The items of some skills, of all where none is named, in the order of the file."""
    with ITEMS_FILE.open(encoding="utf-8") as stream:
        made = [_item(json.loads(line)) for line in stream]
    return tuple(item for item in made if not skills or item.skill in skills)


def _item(value: dict[str, Any]) -> Item:
    return Item(**{**value, "options": tuple(value.get("options", ()))})
