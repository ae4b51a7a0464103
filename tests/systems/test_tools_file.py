"""A person's file of tools: what is refused by its text alone, and the process that calls its functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest
from calling import Calling
from talking import around

from tunewright.errors import InputError
from tunewright.sandbox import tools as sandbox_tools
from tunewright.sandbox.tool_file import check_file
from tunewright.sandbox.tools import ToolProcess, _read_specs
from tunewright.systems import tools


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("def a(b: str) -> str:\n    'A.", "tools.load", "SyntaxError"),
        ("return 3\n", "tools.load", "outside function"),
        ("a = '\0'", "tools.load", "null bytes"),
        ("import nowhere_to_be_found.b\n", "tools.load", "No module named 'nowhere_to_be_found'"),
        ("from nowhere_to_be_found import b\n", "tools.load", "No module named 'nowhere_to_be_found'"),
        ("def a(b) -> str:\n    'A.'\n", "tools.signature", "a: the argument 'b' has no type"),
        ("def a(*, b) -> str:\n    'A.'\n", "tools.signature", "a: the argument 'b' has no type"),
        ("def a(b: str) -> str:\n    return b\n", "tools.signature", "a: it has no docstring"),
        ("async def a(b: str) -> str:\n    'A.'\n", "tools.signature", "a: it is asynchronous"),
    ],
)
def test_a_file_that_can_hold_no_tools_is_refused_when_the_project_is_read(
    tmp_path: Path, text: str, code: str, said: str
) -> None:
    (tmp_path / "t.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        tools.build_around("t", "small", {"functions": "t.py"}, tmp_path, around(Calling(lambda _r: None)))
    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    assert said in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "def _a(b):\n    return b\n",
        "from os import getcwd as a\n",
        "class A:\n    def a(self, b):\n        return b\n",
        "import functools\n@functools.cache\ndef a(b):\n    return b\n",
        "def a(b: str) -> str:\n    return b\na.__doc__ = 'A.'\n",
        "def a(b):\n    return b\ndel a\n",
        "import json, beside\nfrom os.path import join\nfrom .more import b\n",
        "try:\n    import nowhere_to_be_found\nexcept ImportError:\n    pass\n",
        "import sys\nsys.path.append('/there')\nimport nowhere_to_be_found\n",
    ],
)
def test_what_only_running_the_file_shows_is_left_to_the_worker(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.py").write_text(text, encoding="utf-8")
    (tmp_path / "beside.py").touch()
    check_file(tmp_path / "t.py")


# The process

PEOPLE = '''
import os, time
from enum import Enum

print("loading")
WORLD = []

class Plan(Enum):
    GOLD = "gold"

def contract(customer: str) -> dict:
    """The contract of a customer."""
    print("noise on stdout")
    if customer == "hang":
        time.sleep(60)
    if customer == "die":
        os._exit(3)
    if customer == "leave":
        raise SystemExit
    if customer == "half":
        os.write(3, b"zz")
    if customer == "line":
        os.write(3, b'{"anything": 1}\\n')
    if customer == "forge":
        os.write(3, b'{"result": "1"}\\n{"result": "1", "token": "0"}\\n')
    if customer == "memory":
        return {"a": "b" * 3_000_000_000}
    WORLD.append(customer)
    return {"plan": Plan.GOLD, "asked": len(WORLD), "key": os.environ.get("MY_API_KEY", "none")}

def fits(plan: Plan) -> bool:
    """Whether a plan is ours."""
    return isinstance(plan, Plan)
'''


@pytest.mark.process
def test_a_worker_answers_hangs_dies_and_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "sk-1")
    (tmp_path / "people.py").write_text(PEOPLE, encoding="utf-8")
    process = ToolProcess(tmp_path / "people.py", seconds_per_call=0.5)
    try:
        assert [one.name for one in process.specs()] == ["contract", "fits"]
        first = process.call("contract", {"customer": "Ada"})
        assert json.loads(first.result or "") == {"plan": "gold", "asked": 1, "key": "none"}
        assert process.call("fits", {"plan": "gold"}).result == "true"
        assert "plan is none of" in str(process.call("fits", {"plan": "lead"}).failure)
        assert "MemoryError" in str(process.call("contract", {"customer": "memory"}).failure)
        assert "KeyError" in str(process.call("nothing", {}).failure)
        assert json.loads(process.call("contract", {"customer": "Bo"}).result or "")["asked"] == 2
        for number, way in enumerate(("half", "line", "forge"), start=3):
            assert json.loads(process.call("contract", {"customer": way}).result or "")["asked"] == number
        for way in ("hang", "die"):
            assert process.call("contract", {"customer": way}).result is None
        assert json.loads(process.call("contract", {"customer": "Cy"}).result or "")["asked"] == 1
    finally:
        process.close()


def test_what_the_worker_says_of_files_that_are_none_is_told(tmp_path: Path) -> None:
    wrong = {"wrong": ["a: the argument 'b' has no type"], "tools": []}
    for said, code in [
        ({"fatal": "SyntaxError: x"}, "tools.load"),
        ({"wrong": [], "tools": []}, "tools.none"),
        (wrong, "tools.signature"),
    ]:
        with pytest.raises(InputError) as caught:
            _read_specs(said, tmp_path)
        assert caught.value.code == code
    assert "a: the argument 'b' has no type" in caught.value.message
    with pytest.raises(InputError, match="does not exist"):
        ToolProcess(tmp_path / "none.py").specs()


class Lines:
    """A child that says what it is told to; ``TOKEN`` stands for that of the last line sent, ``OLD`` for one before."""

    said: ClassVar[list[str | None]] = []
    killed: ClassVar[int] = 0

    def __init__(self, *_: object) -> None:
        self.tokens = ["none"]

    def send(self, line: str) -> bool:
        self.tokens.append(json.loads(line)["token"])
        return True

    def receive(self, seconds: float) -> str | None:
        if seconds < 0:
            raise TimeoutError
        line = self.said.pop(0)
        if line is None:
            raise TimeoutError
        return line.replace("TOKEN", self.tokens[-1]).replace("OLD", self.tokens[-2])

    def complaints(self) -> str:
        return ""

    def kill(self) -> None:
        Lines.killed += 1


READY = (
    '{"token": "TOKEN", "wrong": [], "tools": [{"name": "a", "description": "A.", "parameters": {}, "writes": false, '
    '"dry_run": false}]}'
)
RIGHT = '{"token": "TOKEN", "result": "1"}'
UNREADABLE = [
    '{"token": "TOKEN", "result": 1}',
    '{"token": "TOKEN", "result": "{"}',
    '{"token": "TOKEN", "result": "1", "x": 2}',
    '{"token": "TOKEN"}',
]
NOT_OURS = [
    "zz",
    'zz{"token": "TOKEN", "result": "2"}',
    "[1]",
    "{}",
    '{"result": "2"}',
    '{"token": "OLD", "result": "2"}',
    "",
]


@pytest.mark.parametrize("line", NOT_OURS)
def test_a_line_without_the_token_of_its_call_counts_for_nothing(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_tools, "LineProcess", Lines)
    (tmp_path / "t.py").touch()
    Lines.said, Lines.killed = [line, READY, line, line, RIGHT, line, None], 0
    process = ToolProcess(tmp_path / "t.py")
    assert process.call("a", {}).result == "1"
    assert Lines.killed == 0
    assert "no result within" in str(process.call("a", {}).failure)
    assert Lines.killed == 1


@pytest.mark.parametrize("line", UNREADABLE)
def test_a_line_that_is_no_reply_is_a_failed_call_and_the_next_one_has_a_new_worker(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_tools, "LineProcess", Lines)
    (tmp_path / "t.py").touch()
    Lines.said, Lines.killed = [READY, line, READY, RIGHT, line, None], 0
    process = ToolProcess(tmp_path / "t.py")
    assert "cannot be read" in str(process.call("a", {}).failure)
    assert Lines.killed == 1
    assert process.call("a", {}).result == "1"
    assert process.call("a", {}).result is None
    assert "cannot be started again" in str(process.call("a", {}).failure)
