"""Requests to a worker and its replies, each with a token: what people's code writes where replies go has none.

The other side is ``worker.Channel``. Called by ``function`` and ``tools``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from tunewright.sandbox.process import monotonic


class Lines(Protocol):
    """A child that answers lines with lines, as ``process.LineProcess`` does."""

    def send(self, line: str) -> bool: ...

    def receive(self, seconds: float) -> str | None: ...


def send(child: Lines, request: Mapping[str, object]) -> str | None:
    """Send a request with a token of its own, drawn at random, which is given back; None when the child is gone."""
    token = secrets.token_hex(16)
    return token if child.send(json.dumps({**request, "token": token})) else None


def receive(child: Lines, token: str, seconds: float) -> dict[str, Any] | None:
    """The reply with this token, without it; None when the child closed its output.

    Raises:
        TimeoutError: it did not come within ``seconds``.
    """
    end = monotonic() + seconds
    while (line := child.receive(end - monotonic())) is not None:
        value = _object(line)
        if value.pop("token", None) == token:
            return value
        if monotonic() > end:
            raise TimeoutError
    return None


def _object(line: str) -> dict[str, Any]:
    """A JSON object; an empty one where the line is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
