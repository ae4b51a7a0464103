"""The program inside the worker process of tools: loads a person's file, says what its functions are, and calls them.

Started as a script by ``sandbox.tools``; it must run on the standard library alone. Reads JSON lines ``{"token",
"tool", "arguments"}`` and writes ``{"token", "result"}`` or ``{"token", "error"}``; the first line is a token alone,
for what it says of the file. Whatever a function prints goes to stderr, and what it writes past that to the replies
has no token: each reply begins on a line of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

SIGNATURES = "tunewright_signatures"
WORKER = "tunewright_worker"
PEOPLE = "people_tools"


def load_file(path: Path, name: str) -> ModuleType:
    """The module of a file, known under a name (types are looked up there)."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def one_call(signatures: Any, functions: dict[str, Callable[..., object]], line: str) -> dict[str, str]:
    """The reply to one line."""
    try:
        asked = json.loads(line)
        function = functions[asked["tool"]]
        values = signatures.bound(function, asked["arguments"])
        return {"result": signatures.as_json(function(**values))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:1000]}


def reply(replies: TextIO, said: dict[str, object], token: object) -> None:
    """One line that counts; whatever somebody wrote before it without an end ends here."""
    replies.write("\n" + json.dumps({**said, "token": token}) + "\n")
    replies.flush()


def main() -> None:
    """Load, report, and answer until no more lines come."""
    path, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    token = json.loads(sys.stdin.readline())["token"]
    try:
        signatures: Any = load_file(Path(__file__).with_name("signatures.py"), SIGNATURES)
        worker: Any = load_file(Path(__file__).with_name("worker.py"), WORKER)
        worker.limit_memory(megabytes)
        sys.path.insert(0, str(path.parent))
        functions, wrong = signatures.tools_of(load_file(path, PEOPLE))
        said: dict[str, object] = {"wrong": wrong, "tools": []}
        if not wrong:
            said["tools"] = [signatures.described(name, function) for name, function in functions.items()]
    except BaseException as error:
        said = {"fatal": f"{type(error).__name__}: {error}"}
    reply(replies, said, token)
    if "fatal" in said:
        return
    for line in sys.stdin:
        made: dict[str, object] = {**one_call(signatures, functions, line)}
        reply(replies, made, json.loads(line)["token"])


if __name__ == "__main__":
    main()
