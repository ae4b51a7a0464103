"""The shape of a rule of the decision table, and the levers that rules speak about. The rules are in ``table``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tunewright.decision.advice_conditions import Condition

Lever = Literal[
    "evals",
    "data",
    "keep",
    "workflow",
    "rules",
    "tools",
    "prompt",
    "few_shot",
    "retrieval",
    "classical",
    "other_model",
    "fine_tune",
]
LEVERS: Final[Mapping[Lever, str]] = {
    "evals": "A measure you can trust",
    "data": "Mend or collect examples",
    "keep": "Keep the simpler system",
    "workflow": "Change the way of working",
    "rules": "Templates and rules",
    "tools": "Tools and a forced form",
    "prompt": "A written-out prompt",
    "few_shot": "Examples in the prompt",
    "retrieval": "Retrieval",
    "classical": "A small classical model",
    "other_model": "Another model",
    "fine_tune": "Fine-tuning",
}
# do: now; try: worth trying; hold: not before something else is done; no: not at all.
Stance = Literal["do", "try", "hold", "no"]


@dataclass(frozen=True, slots=True)
class Says:
    """What a rule says about one lever. A text may hold ``{facts}`` and ``{limits}``, a command what ``Words`` has."""

    lever: Lever
    stance: Stance
    text: str
    command: str


@dataclass(frozen=True, slots=True)
class Words:
    """How commands name things here: the data or project (``{what}``), the folder (``{here}``), ``{project}``, an
    option that names the folder where it is not the current one, and a ``{finding}`` of the last audit."""

    what: str = "FILE"
    here: str = ""
    project: str = ""
    finding: str = "FINDING"

    def command(self, text: str) -> str:
        """A command to type."""
        for name in ("what", "here", "project", "finding"):
            value = getattr(self, name)
            text = text.replace(f" {{{name}}}", f" {value}" if value else "")
        return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. ``row`` is its number in the table it was taken from, empty for one of our own."""

    id: str
    row: str
    title: str
    condition: Condition
    says: tuple[Says, ...]
    would_change: str
    source: str
