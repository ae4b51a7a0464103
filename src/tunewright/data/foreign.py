"""Failures of compiled readers (parquet, Excel) on damaged files, as one plain sentence. Called by those containers."""

from __future__ import annotations


def failure_of_reader(error: BaseException) -> str | None:
    """The first line of a failure that a damaged file caused, or None for what must not be caught (Ctrl-C, exit).

    A panic inside a compiled reader arrives as a ``BaseException`` of a class that cannot be imported.
    """
    panicked = type(error).__name__ == "PanicException"
    if not panicked and not isinstance(error, Exception):
        return None
    if panicked:
        return "its contents are damaged"
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
