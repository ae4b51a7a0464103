"""The program inside the worker process of tools: loads a person's file, says what its functions are, and calls them.

Started as a script by ``sandbox.tools``; it must run on the standard library alone. Reads JSON lines ``{"token",
"tool", "arguments"}`` and writes ``{"token", "result"}`` or ``{"token", "error"}``; the first line is a token alone,
for what it says of the file. The channel is that of ``worker``.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

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


def one_call(signatures: Any, functions: dict[str, Callable[..., object]], asked: Mapping[str, Any]) -> dict[str, str]:
    """The reply to one request."""
    try:
        function = functions[asked["tool"]]
        values = signatures.bound(function, asked["arguments"])
        return {"result": signatures.as_json(function(**values))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:1000]}


def main() -> None:
    """Load, report, and answer until no more lines come."""
    path, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    worker: Any = load_file(Path(__file__).with_name("worker.py"), WORKER)
    channel = worker.Channel()
    try:
        signatures: Any = load_file(Path(__file__).with_name("signatures.py"), SIGNATURES)
        worker.limit_memory(megabytes)
        sys.path.insert(0, str(path.parent))
        functions, wrong = signatures.tools_of(load_file(path, PEOPLE))
        said: dict[str, object] = {"wrong": wrong, "tools": []}
        if not wrong:
            said["tools"] = [signatures.described(name, function) for name, function in functions.items()]
    except BaseException as error:
        said = {"fatal": f"{type(error).__name__}: {error}"}
    channel.reply(said)
    if "fatal" in said:
        return
    for request in channel.requests():
        channel.reply(one_call(signatures, functions, request))


if __name__ == "__main__":
    main()
