"""What a system may know of the project around it: the job in words, its kind, and the language models named there.

Handed to kinds that have a function ``build_around``; the others are built from their own options alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tunewright.errors import InputError
from tunewright.records.generation import Backend
from tunewright.records.system import Member

Kind = Literal["classify", "extract", "generate"]


def _no_members(name: str) -> Member:
    raise InputError("systems.member", f"The system {name!r} is named where no other system is known.", where="systems")


@dataclass(frozen=True, slots=True)
class Around:
    """The surroundings of a system.

    ``open_model`` opens a language model by the name it has in the project (or an embedded one) with its replies kept;
    it raises ``InputError`` for a name that is none. ``describe_model`` says what its replies follow from without
    opening it, and whether requests leave this machine. ``member`` gives another system by the name it has in the
    project, or by its kind (``tfidf``, ``prompt:small``); it raises ``InputError`` for a name that is none and for
    systems that would hold themselves; a system made of members tells them in its ``Traits``. ``kept`` is a folder for
    what is dear to make and can be made again (vectors of documents); None keeps nothing. ``rest`` closes models that
    stay open though nobody holds them: whoever needs the memory, to train, calls it before. ``target`` is the column
    with the right answers, empty where the project names none.
    """

    root: Path
    task: str
    kind: Kind
    open_model: Callable[[str], Backend]
    describe_model: Callable[[str], ModelFacts]
    member: Callable[[str], Member] = _no_members
    kept: Path | None = None
    rest: Callable[[], None] = field(default=lambda: None)
    target: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model before it is opened: its identity as text, and why it cannot be used here, if so.

    ``served`` says that a server answers, which sends a bill; else the model runs in this program. ``practice`` says
    that it is the embedded practice model, whose defeat proves nothing about prompting. ``priced`` is False where a
    call sends a bill whose price nobody knows.
    """

    identity: str
    network: bool
    missing: str | None = None
    served: bool = False
    practice: bool = False
    priced: bool = True
