"""``json_valid``: the answer is JSON that a strict parser takes; what it says does not count.

No key twice in one object, no NaN, no text around it, at most 50 levels deep.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.evaluation import json_answers
from tunewright.evaluation.grader_options import GraderContext, Option, Settings, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.json_answers import canonical, parse_json
from tunewright.evaluation.text_grader import TextGrader, scored, unusable
from tunewright.records.example import Example

NAME = "json_valid"
SUMMARY = "The answer is JSON, whatever it says."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "kind": Option("any", "any, object or array", "a bare number is JSON too", ("any", "object", "array")),
    "fences": Option(False, "yes or no", "the program that reads the answer must cut a code block's marks off itself"),
}
_TYPES: Mapping[str, type] = {"any": object, "object": dict, "array": list}


class JsonValidGrader(TextGrader):
    """Scores 1 or 0."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(make_identity(NAME, VERSION, settings, [__file__, json_answers.__file__]), binary=True)
        self._kind = str(settings["kind"])
        self._fences = bool(settings["fences"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """1 where the text is JSON of the kind asked for."""
        value, problem = parse_json(text, fences=self._fences)
        if problem is not None:
            return unusable(problem)
        if not isinstance(value, _TYPES[self._kind]):
            return unusable(f"JSON, but no {self._kind}")
        return scored(1.0, canonical(value))


def build(options: Settings, context: GraderContext) -> JsonValidGrader:
    """The grader; see ``OPTIONS``."""
    return JsonValidGrader(read(options, OPTIONS, NAME))
