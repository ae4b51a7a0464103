"""``json_schema``: the answer is JSON that fits a JSON schema; whether its values are the right ones does not count.

Which words of the language are known stands in ``data/json_schema.py``; others are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.data import json_schema as validator
from tunewright.evaluation import json_answers
from tunewright.evaluation.grader_options import (
    GraderContext,
    Option,
    Settings,
    bad_option,
    digest,
    make_identity,
    read,
    text_or_file,
)
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.json_answers import canonical, parse_json
from tunewright.evaluation.text_grader import TextGrader, scored, unusable
from tunewright.records.example import Example

NAME = "json_schema"
SUMMARY = "The answer is JSON that fits a schema, whatever its values."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "schema": Option("", "a file, or JSON", "required: there is no schema that fits every task"),
    "fences": Option(False, "yes or no", "the program that reads the answer must cut a code block's marks off itself"),
}


class JsonSchemaGrader(TextGrader):
    """Scores 1 or 0."""

    def __init__(self, settings: Settings, schema: Mapping[str, object]) -> None:
        files = [__file__, json_answers.__file__, validator.__file__]
        identity = make_identity(NAME, VERSION, settings, files, schema=digest(canonical(schema)))
        super().__init__(identity, binary=True)
        self._schema = schema
        self._fences = bool(settings["fences"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """1 where the value fits; else the first place where it does not is the detail."""
        value, problem = parse_json(text, fences=self._fences)
        if problem is None:
            problem = next(validator.misfits(value, self._schema), None)
        return scored(1.0, canonical(value)) if problem is None else unusable(problem)


def build(options: Settings, context: GraderContext) -> JsonSchemaGrader:
    """The grader.

    Raises:
        InputError: there is no schema, or it is none.
    """
    settings = read(options, OPTIONS, NAME)
    schema, problem = parse_json(text_or_file(str(settings["schema"]), context.root), fences=False)
    if problem is None:
        problem = validator.known_schema(schema)
    if problem is not None or not isinstance(schema, Mapping):
        hint = "Write schema: schema.json, the path of a file beside tunewright.yaml."
        raise bad_option(NAME, "schema", f"is no JSON schema: {problem}", hint)
    return JsonSchemaGrader(settings, schema)
