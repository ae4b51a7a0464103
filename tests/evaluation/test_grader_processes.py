"""Code and people's functions, run in processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from grader_cases import HOSTILE, case, graded

from tunewright.errors import InputError
from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import build
from tunewright.evaluation.graders.function import FunctionGrader
from tunewright.evaluation.grades import Grade
from tunewright.records.answers import Answer, Status

pytestmark = pytest.mark.process

TESTS = "import math\nassert double(2) == 4\nassert double(-1.5) == -3\nassert math.isnan(double(math.nan))"
RIGHT = "def double(x):\n    return 2 * x"


def ran(code: str, tests: str = TESTS, **options: str | int | float | bool) -> Grade:
    return graded("code", code, RIGHT, {"seconds": 1.0, **options}, tests=tests)


def test_code_that_passes() -> None:
    grade = ran(f"Here it is:\n```python\n{RIGHT}\n```\nIt doubles.")
    assert (grade.status, grade.score, grade.answer) == (Status.OK, 1.0, RIGHT)
    assert grade.parts == (("passed", 3.0), ("tests", 3.0))


def test_code_that_fails_some() -> None:
    grade = ran("def double(x):\n    return x ** 2", score="share")
    assert grade.score == pytest.approx(2 / 3)
    assert "line 3 of the tests: AssertionError" in grade.detail
    assert ran("def double(x):\n    return x ** 2").score == 0


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def double(x", "SyntaxError"),
        ("raise SystemExit", "SystemExit"),
        ("import os; os._exit(0)", "died"),
        ("while True: pass", "within 1 s"),
        ("x = bytearray(3_000_000_000)", "MemoryError"),
        ("input()", "EOFError"),
        ("print('x' * 100_000)", "NameError"),
        (HOSTILE["lone surrogate"], "SyntaxError"),
    ],
)
def test_code_that_misbehaves(code: str, says: str) -> None:
    grade = ran(code)
    assert grade.score == 0
    assert says in grade.detail


def test_tests_that_cannot_be_used() -> None:
    for tests in ("", "assert (", "x = 1"):
        assert ran(RIGHT, tests).status is Status.JUDGE_FAIL


GRADERS = """
import os, sys, time
from helper import bonus
calls = 0

def mine(answer, target, case):
    global calls
    calls += 1
    print("noise")
    if answer == "hang":
        time.sleep(60)
    if answer == "raise":
        raise KeyError("x")
    if answer == "die":
        os._exit(1)
    if answer == "dict":
        return {"score": 0.25, "detail": case["tags"]["desk"], "parts": {"a": 1, "b": "x", "c": float("inf")}}
    if answer == "secret":
        return 1.0 if os.environ.get("MY_KEY") else 0.0
    special = {"none": None, "pair": (0.5, "half"), "text": "0.5", "two": 2, "nan": float("nan"), "calls": calls / 100}
    return special[answer] if answer in special else (answer == target) * bonus

def two(answer, target):
    return len(answer) > len(target)

broken = 3
"""


@pytest.fixture
def grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FunctionGrader:
    monkeypatch.setenv("MY_KEY", "secret")
    (tmp_path / "graders.py").write_text(GRADERS)
    (tmp_path / "helper.py").write_text("bonus = 1.0")
    options: dict[str, str | int | float | bool] = {"function": "graders.py:mine", "seconds": 1.0}
    built = build("function", options, GraderContext(root=tmp_path))
    assert isinstance(built, FunctionGrader)
    return built


def test_a_persons_function(grader: FunctionGrader) -> None:
    def given(text: str) -> Grade:
        return grader.grade(Answer(text), case("right", desk="north"))

    assert [given(text).score for text in ("right", "wrong", "secret")] == [1.0, 0.0, 0.0]
    assert (given("pair").score, given("pair").detail) == (0.5, "half")
    grade = given("dict")
    assert (grade.score, grade.detail, grade.parts) == (0.25, "north", (("a", 1.0),))
    assert given("calls").score == pytest.approx(0.07)
    for text in ("none", "text", "two", "nan", "raise", "die", "hang"):
        grade = given(text)
        assert (grade.status, grade.score) == (Status.JUDGE_FAIL, None), text
        assert grade.detail
    assert given("right").score == 1.0
    for text in HOSTILE.values():
        assert given(text).score in (0.0, None)
    assert grader.grade(Answer(None, Status.INFRA_FAIL), case("right")).status is Status.INFRA_FAIL
    grader.close()
    grader.close()


def test_functions_of_two_arguments_binary_ones_and_faults(tmp_path: Path) -> None:
    (tmp_path / "graders.py").write_text(GRADERS)
    (tmp_path / "helper.py").write_text("bonus = 0.5")
    context = GraderContext(root=tmp_path)
    two = build("function", {"function": "graders.py:two", "binary": True}, context)
    assert two.binary
    assert [two.grade(Answer(text), case("bb")).score for text in ("ccc", "a")] == [1.0, 0.0]
    mine = build("function", {"function": "graders.py:mine", "binary": True}, context)
    assert mine.grade(Answer("right"), case("right")).status is Status.JUDGE_FAIL
    for name in ("broken", "missing"):
        with pytest.raises(InputError, match="cannot be loaded"):
            build("function", {"function": f"graders.py:{name}"}, context).grade(Answer("x"), case("y"))
    before = mine.identity()
    (tmp_path / "graders.py").write_text(GRADERS + "\n# changed")
    assert build("function", {"function": "graders.py:mine", "binary": True}, context).identity() != before
