"""``code``: the answer is Python that passes the tests of its case, run in a process of its own with limits.

The tests stand in a column, as ``assert`` statements (the form of MBPP: Austin et al. 2021); the target is a solution
that passes them. Each answer gets a fresh process in an empty folder. That guards against accidents, not against
malice: code that means to can write its own result.
"""

from __future__ import annotations

import ast
import json
import platform
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tunewright.errors import InputError
from tunewright.evaluation import code_worker
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, bad_option, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.text_grader import TextGrader, scored, unjudged, unusable
from tunewright.records.example import Example
from tunewright.sandbox.function import FunctionProcess

NAME = "code"
SUMMARY = "Python that passes the tests of its case."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "tests": Option("tests", "column", "where the assert statements of a case stand"),
    "score": Option("all", "all or share", "code that fails one test is wrong", ("all", "share")),
    "seconds": Option(5.0, "seconds per case", "tests of small functions take milliseconds"),
    "memory_mb": Option(512, "MiB of address space", "enough for small functions"),
    "blocks": Option(True, "yes or no", "of an answer with prose, the first code block is the code"),
}
_BLOCK = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?```", re.DOTALL)


class CodeGrader(TextGrader):
    """Scores 1 or 0, or the share of tests passed; parts are ``passed`` and ``tests``."""

    def __init__(self, settings: Settings) -> None:
        files = [__file__, code_worker.__file__]
        identity = make_identity(NAME, VERSION, settings, files, python=platform.python_version())
        super().__init__(identity, binary=settings["score"] == "all")
        self._settings = settings

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The grade of the code."""
        tests = example.tag(str(self._settings["tests"]))
        problem = _problem(tests, str(self._settings["tests"]))
        if tests is None or problem:
            return unjudged(problem)
        block = _BLOCK.search(text) if self._settings["blocks"] else None
        code = block[1] if block else text
        try:
            answer, failure = self._run(code, tests)
        except (InputError, OSError) as error:
            return unjudged(f"no process could be started: {error}", code)
        if answer is None:
            return unusable(failure, answer=code)
        return self._graded(json.loads(answer), code)

    def _graded(self, result: Mapping[str, object], code: str) -> Grade:
        passed, of, error = int(str(result["passed"])), int(str(result["of"])), str(result["error"])
        share = passed / of
        score = float(passed == of and not error) if self.binary else share
        return scored(score, code, (("passed", float(passed)), ("tests", float(of))), error)

    def _run(self, code: str, tests: str) -> tuple[str | None, str]:
        with tempfile.TemporaryDirectory() as folder:
            worker = Path(folder) / "code_worker.py"
            shutil.copyfile(str(code_worker.__file__), worker)
            process = FunctionProcess(
                worker,
                "run",
                seconds_per_call=float(self._settings["seconds"]),
                memory_mb=int(self._settings["memory_mb"]),
            )
            try:
                result = process.call(json.dumps({"code": code, "tests": tests}))
            finally:
                process.close()
        return result.answer, result.failure or "the code ended the process"


def build(options: Settings, context: GraderContext) -> CodeGrader:
    """The grader.

    Raises:
        InputError: no time or next to no memory is allowed.
    """
    settings = read(options, OPTIONS, NAME)
    if not settings["seconds"] or int(settings["memory_mb"]) < 64:
        raise bad_option(NAME, "memory_mb", "or 'seconds' is too small", "At least 64 MiB and some seconds.")
    return CodeGrader(settings)


def _problem(tests: str | None, column: str) -> str:
    """Why tests cannot be used, or nothing."""
    if not tests:
        return f"the case has no tests in the column {column!r}"
    try:
        body = ast.parse(tests).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"the tests are no Python: {error}"
    return "" if any(isinstance(one, ast.Assert) for one in body) else "the tests hold no assert statement"
