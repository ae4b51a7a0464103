"""``function``: a person's own Python function grades, in a process of its own with limits.

``my_grader(answer, target)`` or ``my_grader(answer, target, case)`` returns a number in [0, 1], a truth value, a pair
of number and words, an object with ``score``, ``detail`` and ``parts``, or None where it cannot tell. What it raises,
or returns beside that, leaves the case ungraded: a fault of the grader is no wrong answer.
"""

from __future__ import annotations

import json
import math
import weakref
from collections.abc import Mapping
from pathlib import Path

from tunewright.errors import InputError
from tunewright.evaluation import function_bridge
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, bad_option, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.text_grader import TextGrader, scored, shown, unjudged
from tunewright.records.example import Example
from tunewright.sandbox.function import FunctionProcess
from tunewright.sandbox.local_sources import local_digest

NAME = "function"
SUMMARY = "A person's own Python function."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "function": Option("", "graders.py:my_grader", "required: the file, from the project's folder, and the function"),
    "binary": Option(False, "yes or no", "exact tests on counts apply only where every score is 0 or 1"),
    "seconds": Option(5.0, "seconds per answer", "a grader that hangs must not hold up the rest"),
    "memory_mb": Option(1024, "MiB of address space", "enough for the usual libraries"),
}
MAX_PARTS = 50


class FunctionGrader(TextGrader):
    """Scores what the function says. The process starts with the first answer and ends with ``close``, or with this."""

    def __init__(self, settings: Settings, file: Path, function: str, root: Path) -> None:
        files, people = [__file__, function_bridge.__file__], local_digest(file, root)[:16]
        super().__init__(make_identity(NAME, VERSION, settings, files, people=people), binary=bool(settings["binary"]))
        self._file, self._function = file.resolve(), function
        bridge = Path(str(function_bridge.__file__)).resolve()
        self._process = FunctionProcess(
            bridge,
            "call",
            seconds_per_call=float(settings["seconds"]),
            memory_mb=int(settings["memory_mb"]),
        )
        weakref.finalize(self, self._process.close)

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The grade that the function gives.

        Raises:
            InputError: the function cannot be loaded.
        """
        case = {"input": example.text, "row_id": example.row_id, "tags": dict(example.tags)}
        request = {"file": str(self._file), "function": self._function, "answer": text, "target": target, "case": case}
        called = self._process.call(json.dumps(request))
        if called.answer is None:
            return unjudged(f"the function gave nothing: {called.failure}", text)
        reply = json.loads(called.answer)
        if "fatal" in reply:
            self.close()
            raise InputError(
                "graders.function",
                f"The grader's function cannot be loaded: {reply['fatal']}",
                where=f"{self._file}:{self._function}",
                hint=f"Write {self._function}(answer, target) in that file, returning a number from 0 to 1.",
            )
        if "error" in reply:
            return unjudged(f"the function failed: {reply['error']}", text)
        return self._graded(reply["result"], text)

    def close(self) -> None:
        """End the process; calling it twice is harmless."""
        self._process.close()

    def _graded(self, result: object, text: str) -> Grade:
        score, detail = result, ""
        parts: Mapping[str, object] = {}
        if isinstance(result, dict):
            score, detail, given = result.get("score"), str(result.get("detail") or ""), result.get("parts")
            parts = given if isinstance(given, dict) else {}
        elif isinstance(result, list) and len(result) == 2:
            score, detail = result[0], str(result[1])
        if score is None:
            return unjudged(detail or "the function could not tell", text)
        if not isinstance(score, int | float) or not 0 <= score <= 1:
            return unjudged(f"the function returned {shown(str(score))}, no number from 0 to 1", text)
        if self.binary and score not in (0, 1):
            return unjudged(f"the function is declared binary and returned {score}", text)
        return scored(float(score), text, _numbers(parts), detail)


def build(options: Settings, context: GraderContext) -> FunctionGrader:
    """The grader; the function is loaded with the first answer.

    Raises:
        InputError: the option names no file with a function, or allows no time.
    """
    settings = read(options, OPTIONS, NAME)
    path, _, function = str(settings["function"]).rpartition(":")
    hint = "Write function: graders.py:my_grader."
    if not path or not function.isidentifier():
        raise bad_option(NAME, "function", "names no file and function", hint)
    file = context.root / path
    if not file.is_file():
        raise bad_option(NAME, "function", f"names a file that does not exist: {file}", hint)
    if not settings["seconds"] or int(settings["memory_mb"]) < 64:
        raise bad_option(NAME, "memory_mb", "or 'seconds' is too small", "At least 64 MiB and some seconds.")
    return FunctionGrader(settings, file, function, context.root)


def _numbers(parts: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    """The finite numbers among the parts, at most ``MAX_PARTS`` of them."""
    found = [
        (str(name)[:80], float(value))
        for name, value in parts.items()
        if isinstance(value, int | float) and abs(value) < 1e300 and math.isfinite(value)
    ]
    return tuple(found[:MAX_PARTS])
