"""The prompt that a tuned language model is taught and asked with: none, a short one, the full one, or one's own.

The full one is what a prompted model would be sent, so that the three tell what a fine-tune saves in tokens. The same
prompt stands before every case, in training and in use. Called by ``_finetune_decoder``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.systems._prompting.compose import Job, instruction, several_job
from tunewright.systems._prompting.schema import learned_schema
from tunewright.systems.around import Around

NONE, SHORT, FULL = "none", "short", "full"


def tuned_prompt(
    wanted: str, rows: Sequence[Example], labels: tuple[str, ...], around: Around | None, *, several: bool = False
) -> str:
    """The system message; empty for none. ``short`` is the task in its own words, ``full`` adds labels or schema.

    Raises:
        InputError: a prompt made of the task is wanted, and the project states none.
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


def _own(text: str, root: Path) -> str:
    """The words themselves, or the content of the file that they name."""
    if "\n" not in text and len(text) < 200:
        path = root / text
        try:
            if path.is_file():
                return path.read_text(encoding="utf-8-sig").strip()
        except (OSError, ValueError):
            return text
    return text
