"""What graders are given: their options, each with a default, a unit and a reason, and what a project hands them.

A grader's own options stand in its own file; this file reads them, checks their types, and makes a grader's identity.
Called by ``graders.build`` and by every grader.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import InputError
from tunewright.project.options import filled
from tunewright.records.generation import Backend, Watch
from tunewright.records.system import Setting

Settings = Mapping[str, Setting]
# Texts [n] to unit or other vectors [n, d].
Embed = Callable[[Sequence[str]], NDArray[np.floating]]


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its default, the unit of its value, and why the default is what it is. ``choices`` closes it."""

    default: Setting
    unit: str
    reason: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraderContext:
    """What a project hands its graders.

    ``root`` is the folder that paths in options start from, ``labels`` the labels of the task in their order. ``embed``
    makes vectors and ``embed_identity`` says of which weights; ``judge`` is the model that judges, always named by the
    person: never the system under test by default.
    """

    root: Path = Path()
    labels: tuple[str, ...] = ()
    embed: Embed | None = None
    embed_identity: str = ""
    judge: Backend | None = None
    watch: Watch = field(default_factory=Watch)


def read(options: Settings, declared: Mapping[str, Option], grader: str) -> dict[str, Setting]:
    """The values given, filled up with the defaults.

    Raises:
        InputError: an unknown option (the nearest right one is named), a wrong type, a value outside the choices.
    """

    def check(value: Setting, option: Option, name: str) -> Setting:
        return _checked(value, option, name, grader)

    return filled(options, declared, check, what="grader", name=grader, where=f"grader: {grader}")


def bad_option(grader: str, name: str, problem: str, hint: str | None = None) -> InputError:
    """The error of an option whose value cannot be used."""
    return InputError(
        "graders.option", f"Option {name!r} of the grader {grader!r} {problem}.", where=f"grader: {grader}", hint=hint
    )


def text_or_file(value: str, root: Path) -> str:
    """The text itself, or the content of the file that it names (one line, an existing file below ``root``)."""
    if value and "\n" not in value and len(value) < 500:
        path = root / value
        try:
            if path.is_file():
                return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return value
    return value


def words(value: Setting) -> tuple[str, ...]:
    """The parts of a text that commas divide."""
    return tuple(part.strip() for part in str(value).split(",") if part.strip())


def make_identity(
    name: str, version: int, settings: Settings, files: Sequence[str | None], **further: str
) -> dict[str, str]:
    """Name, version, every option, and the hash of the code in ``files`` (paths of modules), plus what else counts.

    The code that all graders of texts share is always among it.
    """
    code = hashlib.sha256(Path(__file__).with_name("text_grader.py").read_bytes())
    for file in files:
        code.update(Path(file or "").read_bytes())
    options = {f"option:{key}": json.dumps(settings[key]) for key in sorted(settings)}
    return {"grader": name, "version": str(version), "code": code.hexdigest()[:16], **options, **further}


def digest(text: str) -> str:
    """SHA-256 (hex) of a text, whatever characters it holds."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _checked(value: Setting, option: Option, name: str, grader: str) -> Setting:
    wanted = type(option.default)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
        raise bad_option(grader, name, f"wants {wanted.__name__}, not {value!r}")
    if isinstance(value, float) and not (np.isfinite(value) and value >= 0):
        raise bad_option(grader, name, f"wants a number that is not negative, not {value!r}")
    if option.choices and value not in option.choices:
        raise bad_option(grader, name, f"is one of {', '.join(option.choices)}, not {value!r}")
    return value
