"""The program inside the worker process: loads one Python function and answers line by line.

Started as a script by ``sandbox.function``; it must run on the standard library alone. Reads JSON lines
``{"token", "text"}`` and writes ``{"token", "answer"}`` or ``{"token", "error"}``; the first line is a token alone, for
``{"token", "ready"}`` or ``{"token", "fatal"}``. ``tool_worker`` takes its channel from here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path


class Channel:
    """Where requests come from and replies go, apart from what people's code reads and prints.

    Whatever it prints goes to stderr, and it finds nothing to read. What it writes past that to the replies has no
    token: each reply begins on a line of its own, and only the one with the token of its request counts
    (``sandbox.replies``). That guards against accidents and confusion, not against code that searches this process.
    """

    def __init__(self) -> None:
        self._replies = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        self._requests = os.fdopen(os.dup(0), encoding="utf-8", newline="\n")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._token = json.loads(self._requests.readline())["token"]

    def reply(self, said: Mapping[str, object]) -> None:
        """One line that counts; whatever somebody wrote before it without an end ends here."""
        self._replies.write("\n" + json.dumps({**said, "token": self._token}) + "\n")
        self._replies.flush()

    def requests(self) -> Iterator[dict[str, object]]:
        """One request after the other, until no more come."""
        for line in self._requests:
            request = json.loads(line)
            self._token = request.pop("token")
            yield request


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
    channel = Channel()
    limit_memory(megabytes)
    try:
        function = load_function(path, name)
    except BaseException as error:
        channel.reply({"fatal": f"{type(error).__name__}: {error}"})
        return
    channel.reply({"ready": True})
    for request in channel.requests():
        try:
            said = answered(function(str(request["text"])))
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        channel.reply(said)


if __name__ == "__main__":
    main()
