"""People's own code: it answers, hangs, crashes, prints, lies; nothing of it reaches the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.system import FitContext
from tunewright.sandbox import worker
from tunewright.sandbox.function import CallResult, FunctionProcess
from tunewright.systems.registry import build_system, parse_entry

RULES = """
import os, sys, time
print("loading")

def route(text):
    print("noise on stdout")
    if text == "hang":
        time.sleep(60)
    if text == "raise":
        raise KeyError("no such desk")
    if text == "die":
        os._exit(3)
    if text == "number":
        return 7
    if text == "secret":
        return os.environ.get("MY_API_KEY", "nothing")
    if text == "memory":
        return str(len(bytearray(3_000_000_000)))
    return None if text == "none" else "desk"
"""

FORGING = """
import json, os, sys

def everywhere(said):
    for number in range(1, 12):
        try:
            os.write(number, said)
        except OSError:
            pass

everywhere(b'{"ready": true}\\n{"answer": "forged while loading"}\\n')

def route(text):
    if text == "line":
        everywhere(b'{"answer": "forged"}\\n')
    if text == "half":
        everywhere(b'{"answer": "forged')
    if text == "token":
        everywhere(json.dumps({"token": "0" * 32, "answer": "forged"}).encode() + b"\\n")
    if text == "list":
        everywhere(b'[1]\\n7\\n\\xff\\n' + b"[" * 50_000 + b"\\n")
    if text == "fatal":
        everywhere(b'{"fatal": "forged"}\\n')
    if text == "read":
        return repr(sys.stdin.read()) + repr(os.read(0, 10))
    return "desk for " + text
"""

PROGRAM = """
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row["text"] == "skip":
        continue
    if row["text"] == "garbage":
        print("not json")
    elif row["text"] == "exit":
        sys.exit("gone")
    else:
        print(json.dumps({"id": row["id"], "answer": row["text"].upper(), "confidence": 0.5}), flush=True)
"""


def ask(text: str) -> Inputs:
    return Inputs((Message("user", text),), text)


def context(tmp_path: Path) -> FitContext:
    return FitContext(0, ("desk",), tmp_path, lambda _t, _a: 0.0)


EXAMPLE = Example((Message("user", "hello"),), "desk", Source("t.csv", 2), "1")


@pytest.mark.process
def test_rules_answer_and_every_failure_is_a_status_of_that_case_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "sk-1")
    (tmp_path / "rules.py").write_text(RULES, encoding="utf-8")
    entry = parse_entry({"rules": {"use": "rules.py:route", "timeout_s": 0.5}})
    fitted = build_system(entry, tmp_path).fit([EXAMPLE], [], context(tmp_path))
    texts = ["a", "hang", "b", "raise", "die", "number", "none", "secret", "memory", "c"]
    answers = dict(zip(texts, fitted.answer([ask(text) for text in texts]), strict=True))
    fitted.close()
    assert [answers[text].text for text in ("a", "b", "c")] == ["desk", "desk", "desk"]
    assert answers["secret"].text == "nothing"
    failed = {text: answer.detail for text, answer in answers.items() if answer.status is Status.MODEL_FAIL}
    assert set(failed) == {"hang", "raise", "die", "number", "none", "memory"}
    assert "0.5 s" in failed["hang"]
    assert "no such desk" in failed["raise"]
    assert "int, not text" in failed["number"]


@pytest.mark.process
def test_what_a_function_writes_where_replies_go_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(FORGING, encoding="utf-8")
    process = FunctionProcess(tmp_path / "rules.py", "route", seconds_per_call=5.0)
    try:
        for text in ("plain", "line", "half", "token", "list", "fatal", "plain"):
            assert process.call(text) == CallResult(f"desk for {text}")
        assert process.call("read") == CallResult("''b''")
    finally:
        process.close()


@pytest.mark.process
def test_rules_that_cannot_be_loaded_name_file_function_and_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text("def rout(text):\n    return 'a'\n", encoding="utf-8")
    system = build_system(parse_entry({"rules": "rules.py:route"}), tmp_path)
    with pytest.raises(InputError, match="functions there: rout") as caught:
        system.fit([EXAMPLE], [], context(tmp_path))
    assert "rules.py:route" in str(caught.value.where)


def test_rules_in_a_missing_file_are_unavailable_with_the_reason(tmp_path: Path) -> None:
    system = build_system(parse_entry({"rules": "nowhere.py:route"}), tmp_path)
    assert "nowhere.py does not exist" in str(system.missing())


@pytest.mark.process
def test_a_program_answers_and_what_never_comes_back_is_missing_not_wrong(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    system = build_system(parse_entry({"command": f"{sys.executable} program.py"}), tmp_path)
    fitted = system.fit([EXAMPLE], [], context(tmp_path))
    answers = fitted.answer([ask(text) for text in ("a", "skip", "garbage", "b", "exit", "c")])
    assert [answer.text for answer in answers] == ["A", None, None, "B", None, None]
    missing = [answer.status for answer in answers if answer.text is None]
    assert missing == [Status.INFRA_FAIL] * 4
    assert "not JSON" in answers[1].detail
    assert answers[0].confidence == 0.5


def test_a_program_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    system = build_system(parse_entry({"command": "no-such-program-here --x"}), tmp_path)
    with pytest.raises(InputError, match="cannot be started"):
        system.fit([EXAMPLE], [], context(tmp_path)).answer([ask("a")])


def test_the_code_of_rules_is_part_of_their_identity(tmp_path: Path) -> None:
    path = tmp_path / "rules.py"
    path.write_text("def route(text):\n    return 'a'\n", encoding="utf-8")
    system = build_system(parse_entry({"rules": "rules.py:route"}), tmp_path)
    before = system.identity()
    path.write_text("def route(text):\n    return 'b'\n", encoding="utf-8")
    os.utime(path, (0, 0))
    assert system.identity() != before


def test_a_list_of_texts_is_an_answer_of_several_labels() -> None:
    assert worker.answered(["b", "a"]) == {"answer": '["a", "b"]'}
    assert worker.answered({"one"}) == {"answer": '["one"]'}
    assert worker.answered(None) == {"answer": None}
    assert worker.answered([1]) == {"error": "returned list, not text"}
