"""Values made from flags: one out of range is an error about the flag."""

from __future__ import annotations

import math

from pydantic import ValidationError

from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings


def checked_settings(**fields: object) -> ProjectSettings:
    """Settings with these fields.

    Raises:
        InputError: a value is out of range; names the flag.
    """
    try:
        return ProjectSettings.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        flag = "--" + str(first["loc"][-1]).replace("_", "-")
        hint = "A share is written from 0 to 1: 85 % is 0.85." if "less than or equal to 1" in first["msg"] else None
        where = f"{flag} {first.get('input')}"
        raise InputError("call.value", f"{flag}: {first['msg']}.", where=where, hint=hint) from None


def scale_ends(text: str | None) -> tuple[float, float] | None:
    """Worst and best of ``1:5``; of ``1:0`` lower is better.

    Raises:
        InputError: it is no pair of different numbers.
    """
    if text is None:
        return None
    worst, _, best = text.partition(":")
    try:
        ends = float(worst), float(best)
    except ValueError:
        ends = (0.0, 0.0)
    if ends[0] == ends[1] or not all(map(math.isfinite, ends)):
        hint = "Write the worst and the best score with a colon between: --scale 1:5"
        raise InputError("call.value", "--scale is no pair of numbers.", where=f"--scale {text}", hint=hint)
    return ends
