"""Every error that a person may see is made here.

An error names what happened, where, why it matters and what to do. The command line, the Python API and later
the web page render the same object; no traceback reaches a person unless they ask for it.
"""

from __future__ import annotations


class TunewrightError(Exception):
    """A failure that a person can act on.

    Args:
        code: short stable name, such as ``data.ragged_row``; programs may match on it.
        message: what happened, in one sentence.
        where: file, line, field or value concerned.
        why: why it matters, where the message does not show it.
        hint: what to do next.
    """

    exit_code = 1

    def __init__(
        self, code: str, message: str, *, where: str | None = None, why: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.message]
        parts += [f"{name}: {text}" for name, text in self.details()]
        return "\n".join(parts)

    def details(self) -> list[tuple[str, str]]:
        """The labelled lines under the message, in reading order, without the empty ones."""
        lines = [("where", self.where), ("why", self.why), ("do", self.hint)]
        return [(name, text) for name, text in lines if text]

    def as_dict(self) -> dict[str, str | None]:
        """The same object for ``--json`` and for HTTP."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "why": self.why,
            "hint": self.hint,
        }


class InputError(TunewrightError):
    """The input or the call was wrong (exit code 2)."""

    exit_code = 2


class WorkError(TunewrightError):
    """The work failed although the input was right (exit code 1)."""

    exit_code = 1


class Cancelled(TunewrightError):
    """A person stopped the work; what was done is kept and the next run goes on from there."""

    exit_code = 1

    def __init__(self) -> None:
        super().__init__(
            "run.cancelled",
            "Stopped on request. Finished parts are kept.",
            hint="Run the same command again to go on from here.",
        )
