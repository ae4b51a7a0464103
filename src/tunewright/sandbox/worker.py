"""The program inside the worker process: loads one Python function and answers line by line.

Started as a script by ``sandbox.function``; it must run on the standard library alone. Reads JSON lines
``{"text": ...}`` and writes ``{"answer": ...}`` or ``{"error": ...}``. Whatever the function prints goes to stderr.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path


def limit_memory(megabytes: int) -> None:
    """Cap the address space where the platform can."""
    try:
        import resource
    except ImportError:
        return
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def load_function(path: str, name: str) -> Callable[[str], object]:
    """The function ``name`` of the file ``path``."""
    sys.path.insert(0, str(Path(path).resolve().parent))
    spec = importlib.util.spec_from_file_location("people_code", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        named = [key for key in vars(module) if callable(getattr(module, key)) and not key.startswith("_")]
        raise ImportError(f"there is no function {name!r} in {path}; functions there: {', '.join(named) or 'none'}")
    return function  # type: ignore[no-any-return]


def answered(value: object) -> dict[str, object]:
    """What a function returned as a reply: text, None, or a list of texts as a JSON list."""
    if isinstance(value, list | tuple | set | frozenset) and all(isinstance(one, str) for one in value):
        value = json.dumps(sorted(value), ensure_ascii=False)
    if value is not None and not isinstance(value, str):
        return {"error": f"returned {type(value).__name__}, not text"}
    return {"answer": value}


def main() -> None:
    path, name, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    limit_memory(megabytes)
    try:
        function = load_function(path, name)
    except BaseException as error:
        print(json.dumps({"fatal": f"{type(error).__name__}: {error}"}), file=replies, flush=True)
        return
    print(json.dumps({"ready": True}), file=replies, flush=True)
    for line in sys.stdin:
        try:
            reply = answered(function(json.loads(line)["text"]))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
