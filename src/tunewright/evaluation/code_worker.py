"""The program that runs an answer's code against tests; it is copied into an empty folder and started by the sandbox.

It must run on the standard library alone. Each top-level ``assert`` of the tests is one test; everything else in them
prepares. A failed test does not keep the next from running.
"""

from __future__ import annotations

import ast
import io
import json
import sys


def run(text: str) -> str:
    """``{"code", "tests"}`` as JSON to ``{"passed", "of", "error"}`` as JSON; error is the first one."""
    request = json.loads(text)
    statements = ast.parse(request["tests"]).body
    count = sum(isinstance(statement, ast.Assert) for statement in statements)
    sys.stdin = io.StringIO("")
    scope: dict[str, object] = {"__name__": "answer"}
    try:
        exec(compile(request["code"], "answer.py", "exec"), scope)
    except BaseException as error:
        return json.dumps({"passed": 0, "of": count, "error": _said(error)})
    passed, first = 0, ""
    for statement in statements:
        try:
            exec(compile(ast.Module([statement], []), "tests.py", "exec"), scope)
            passed += isinstance(statement, ast.Assert)
        except BaseException as error:
            first = first or f"line {statement.lineno} of the tests: {_said(error)}"
    return json.dumps({"passed": passed, "of": count, "error": first})


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
