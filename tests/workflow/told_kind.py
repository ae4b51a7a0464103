"""``told``: a stand-in for a fine-tune that gives recorded answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tunewright.records.system import Setting
from tunewright.systems import answers
from tunewright.systems.answers import OPTIONS, Answers

__all__ = ["OPTIONS", "SUMMARY", "build"]
SUMMARY = "a stand-in for a fine-tune that gives recorded answers"


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Answers:
    made = answers.build(name, argument, options, root)
    return replace(made, role="candidate")
