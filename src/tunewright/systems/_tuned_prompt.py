"""The prompt that a tuned language model is taught and asked with: none, a short one, the full one, or one's own.

The full one is what a prompted model would be sent, so that the three tell what a fine-tune saves in tokens. The same
prompt stands before every case, in training and in use. Called by ``_finetune_decoder``.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.systems._prompting.compose import Job, instruction, several_job
from tunewright.systems._prompting.schema import learned_schema
from tunewright.systems.around import Around

NONE, SHORT, FULL = "none", "short", "full"
NAMED = (NONE, SHORT, FULL)


def check_tuned_prompt(wanted: str, root: Path) -> None:
    """Whether a prompt is one of the three, a file, or words; a single word is none, but in scripts without spaces.

    Raises:
        InputError: it is one word that names nothing, which would else be taught as it stands; or no readable file.
    """
    if wanted in ("", *NAMED) or len(wanted.split()) != 1 or any(unicodedata.category(c) == "Lo" for c in wanted):
        return
    if _file(wanted, root) is not None:
        _own(wanted, root)
        return
    near = difflib.get_close_matches(wanted.lower(), NAMED, n=1, cutoff=0.5)
    raise InputError(
        "finetune.prompt",
        f"The prompt {wanted!r} is neither {NONE}, {SHORT} nor {FULL}, nor a file of the project.",
        where="systems: finetune, prompt",
        why="It would stand before every case in training and in use, as it is.",
        hint=f"Did you mean {near[0]!r}?" if near else "Name a file, or write a prompt of your own in some words.",
    )


def tuned_prompt(
    wanted: str, rows: Sequence[Example], labels: tuple[str, ...], around: Around | None, *, several: bool = False
) -> str:
    """The system message; empty for none. ``short`` is the task in its own words, ``full`` adds labels or schema.

    Raises:
        InputError: a prompt made of the task is wanted, and the project states none; or a file cannot be read.
    """
    if wanted in ("", NONE):
        return ""
    if wanted not in (SHORT, FULL):
        return _own(wanted, around.root if around else Path())
    if around is None or not around.task.strip():
        raise InputError(
            "finetune.no_task",
            f"The prompt {wanted!r} says the task, and the project does not state it.",
            where="systems: finetune",
            hint="Write the job in one sentence under task:, or give a prompt of your own.",
        )
    if wanted == SHORT:
        return around.task.strip()
    if several:
        return instruction(several_job(around.task, labels, rows), "listed")
    schema = learned_schema([row.target for row in rows]) if around.kind == "extract" else None
    return instruction(Job(around.task, around.kind, labels, schema), "listed")


def prompt_source(wanted: str, around: Around | None) -> str:
    """What a prompt is made of besides rows and its name, for the identity of a fit: the task, or a file's content."""
    if wanted in ("", NONE):
        return ""
    if wanted in (SHORT, FULL):
        return around.task if around else ""
    return _own(wanted, around.root if around else Path())


def _own(text: str, root: Path) -> str:
    """The words themselves, or the content of the file that they name; raises InputError where it cannot be read."""
    path = _file(text, root)
    try:
        return text if path is None else path.read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        raise InputError("prompt.unreadable", f"The prompt cannot be read: {error}", where=str(path)) from None


def _file(text: str, root: Path) -> Path | None:
    """The file that a text names; None where it is no name of one."""
    if "\n" in text or len(text) >= 200:
        return None
    try:
        return root / text if (root / text).is_file() else None
    except (OSError, ValueError):
        return None
