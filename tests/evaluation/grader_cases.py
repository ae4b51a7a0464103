"""What tests of graders share: cases, answers, hostile texts, and judges that say what they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tunewright.evaluation.grader_options import GraderContext, Settings
from tunewright.evaluation.graders import build
from tunewright.evaluation.grades import Grade
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Message, Source
from tunewright.records.generation import Reply, Request, Watch

DEEP = "[" * 99_000
HOSTILE = {
    "empty": "",
    "space": " \n\t ",
    "null character": "a\x00b",
    "lone surrogate": "\ud800 and \udfff",
    "surrogate in JSON": '{"a": "\\ud800", "slots": [{"slot": "\\udfff", "value": "x"}]}',
    "open brackets": DEEP,
    "deep lists": "[" * 400 + "]" * 400,
    "deep objects": '{"a":' * 700 + "1" + "}" * 700,
    "deep but within the parser": "[" * 60 + "]" * 60,
    "NaN": "NaN",
    "NaN in JSON": '{"a": NaN}',
    "infinite": '{"a": 1e999}',
    "long number": "9" * 99_000,
    "long number in JSON": '{"a": ' + "9" * 5_000 + "}",
    "huge exponent": "1e999999999",
    "exponent": "1e400",
    "key twice": '{"a": 1, "a": 2}',
    "open fence": "```json\n" * 5_000,
    "many small lists": "[" + "[]," * 30_000 + "[]]",
    "many numbers": "[" + ",".join(map(str, range(17_000))) + "]",
    "many keys": "{" + ",".join(f'"k{i}": {i}' for i in range(6_000)) + "}",
    "many slots": '{"slots": [' + ",".join(['{"slot": "a", "value": "b"}'] * 2_900) + "]}",
    "1 MB": "word " * 200_000,
    "1 MB of one letter": "a" * 1_000_000,
    "just short enough": "a b c d " * 12_000,
    "many commas": "," * 99_000,
    "many signs": "-" * 99_000,
    "many digits and signs": "1,-" * 33_000,
    "a number without end": "123," * 24_000 + "12",
    "a fence of spaces": "```\n" + " " * 95_000,
    "one open quotation": "SELECT '" + "''" * 45_000 + "[" * 5_000,
    "right to left": "\u202eabc\u202d \u0301\u0301",
    "brackets of SQL": "SELECT " + "(" * 5_000,
    "endless SQL": "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
    "large value of SQL": "SELECT zeroblob(1900000000)",
}


def case(target: str, text: str = "the input", **tags: str) -> Example:
    """One example with this target; keyword arguments are further columns."""
    return Example((Message("user", text),), target, Source("cases.csv", 1), "1", tags=tuple(tags.items()))


def graded(
    name: str,
    text: str,
    target: str,
    options: Settings | None = None,
    context: GraderContext | None = None,
    **tags: str,
) -> Grade:
    """The grade of a text against a target."""
    grader = build(name, options or {}, context or GraderContext())
    return grader.grade(Answer(text), case(target, **tags))


def score(name: str, text: str, target: str, **options: str | int | float | bool) -> float | None:
    """The score of a text against a target under these options."""
    return graded(name, text, target, options).score


class SpokenJudge:
    """A backend that replies what a function of the request says, and keeps the requests."""

    name = "spoken"
    network = False

    def __init__(self, speak: Callable[[Request], str | Reply], weights: str = "w1") -> None:
        self._speak = speak
        self._weights = weights
        self.requests: list[Request] = []

    def identity(self) -> Mapping[str, str]:
        return {"weights": self._weights}

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        self.requests += requests
        for place in reversed(range(len(requests))):
            said = self._speak(requests[place])
            yield place, said if isinstance(said, Reply) else Reply(said)

    def close(self) -> None:
        pass


BROKEN = Reply(None, Status.INFRA_FAIL, detail="the connection broke")
