"""Settings made from flags: a value out of range is an error about the flag."""

from __future__ import annotations

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
