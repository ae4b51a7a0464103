"""Tools and a pipeline in a whole run, with a server that calls tools: what is compared, kept, and run dry."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from desks import WORDS, WORDS_ONLY, make_project, make_rows, run_project, write_rows

from misbehaving import Answer, Server, reply
from tunewright.records.verdict import SystemResult, Verdict
from tunewright.sandbox import signatures
from tunewright.sandbox.tools import ToolResult, ToolSpec
from tunewright.systems import tools
from tunewright.workflow.predict import predict
from tunewright.workflow.run import RunOptions
from tunewright.workflow.study import Hooks

HELPED = {"tools": {"use": "far", "functions": "tools.py", "calling": "native", "name": "helped"}}
LINE = {"pipeline": {"use": "words > helped", "targets": "customer", "name": "line"}}
MOVED: list[str] = []


def desk_of(word: str) -> str:
    """The desk that a word belongs to."""
    return next((label for label, words in WORDS.items() if word in words), "none")


def move(desk: str) -> str:
    """Move the ticket."""
    MOVED.append(desk)
    return "moved"


move.writes = True  # type: ignore[attr-defined]


class Here:
    """The functions above in the place of the process."""

    functions: Mapping[str, Callable[..., object]] = {"desk_of": desk_of, "move": move}

    def __init__(self, path: Path, *, seconds_per_call: float) -> None:
        assert path.name == "tools.py"
        assert seconds_per_call == 10.0

    def specs(self) -> tuple[ToolSpec, ...]:
        told = [signatures.described(name, function) for name, function in self.functions.items()]
        return tuple(ToolSpec(t["name"], t["description"], json.dumps(t["parameters"]), t["writes"]) for t in told)

    def call(self, tool: str, arguments: Mapping[str, object]) -> ToolResult:
        return ToolResult(signatures.as_json(self.functions[tool](**arguments)))

    def close(self) -> None: ...


def calling(_place: int, body: dict[str, Any]) -> Answer:
    """Looks the first known word up and moves the ticket; answers with what it found, in capitals."""
    messages = body["messages"]
    found = [one["content"] for one in messages if one["role"] == "tool"]
    if found:
        return reply(next((label for label in WORDS if label in found[0]), "none").upper())
    text = next(one for one in messages if one["role"] == "user")["content"]
    word = next((one for one in text.split() if any(one in words for words in WORDS.values())), "nothing")
    asked = [("desk_of", {"word": word}), ("move", {"desk": "billing"})]
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate(asked)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    return reply(choice={"finish_reason": "tool_calls", "message": message})


def named(verdict: Verdict, name: str) -> SystemResult:
    return next(system for system in verdict.systems if system.name == name)


def test_tools_and_a_pipeline_are_compared_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "ToolProcess", Here)
    rows = make_rows(60, noise=0.0, group_size=10)
    with Server(calling) as server:
        folder = make_project(
            tmp_path,
            rows,
            systems=["majority", WORDS_ONLY, HELPED, LINE],
            data={"test": "test.csv"},
            fields={"models": {"far": {"openai": "m", "base_url": server.url, "retry_s": 0}}},
        )
        (folder / "tools.py").write_text("# stands for the functions above\n", encoding="utf-8")
        write_rows(folder / "test.csv", make_rows(20, seed=7, noise=0.0, prefix="X"))
        verdict = run_project(folder, RunOptions(final=True))
        out = tmp_path / "out.csv"
        write_rows(tmp_path / "new.csv", make_rows(3, seed=9, noise=0.0, prefix="N"))
        predict("line", tmp_path / "new.csv", out, folder, Hooks())
    helped, line = named(verdict, "helped"), named(verdict, "line")
    assert (helped.score, line.score, helped.missing, line.missing) == (1.0, 1.0, 0, 0)
    assert helped.per_answer is not None
    assert helped.per_answer.calls == 2
    assert "tools: desk_of, move (writes); called in the model's own form" in helped.notes
    assert any(note.startswith("stage 1, words: ") and "'customer'" in note for note in line.notes)
    assert MOVED == []
    with out.open(encoding="utf-8-sig") as stream:
        lines = list(csv.DictReader(stream))
    assert [one["status"] for one in lines] == ["ok"] * 3
    first, second = json.loads(lines[0]["trace"])["stages"]
    assert (first["system"], second["system"]) == ("words", "helped")
    assert [(call["tool"], call["dry"]) for call in second["trace"]["calls"]] == [("desk_of", False), ("move", True)]
