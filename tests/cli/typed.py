"""Commands as a person types them, in process."""

from __future__ import annotations

import json
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from tunewright.cli.main import app


def typed(*words: object, code: int = 0) -> Result:
    """What a command printed; it must end with this exit code and show no traceback."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def document(*words: object, code: int = 0) -> Any:
    """The one JSON document on stdout."""
    result = typed(*words, "--json", code=code)
    value, end = json.JSONDecoder().raw_decode(result.stdout)
    assert result.stdout[end:].strip() == ""
    return value
