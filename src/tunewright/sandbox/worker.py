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
            reply = {"answer": function(json.loads(line)["text"])}
            if reply["answer"] is not None and not isinstance(reply["answer"], str):
                reply = {"error": f"returned {type(reply['answer']).__name__}, not text"}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
