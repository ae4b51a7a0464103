"""The program between the sandbox and a person's grader: loads their function and calls it with answer, target and
case.

It is started by the sandbox and must run on the standard library alone.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

_loaded: dict[tuple[str, str], Callable[..., object]] = {}


def call(text: str) -> str:
    """``{"file", "function", "answer", "target", "case"}`` as JSON to ``{"result"}``, ``{"error"}`` or
    ``{"fatal"}``."""
    request = json.loads(text)
    key = (request["file"], request["function"])
    if key not in _loaded:
        try:
            _loaded[key] = _load(*key)
        except BaseException as error:
            return json.dumps({"fatal": f"{type(error).__name__}: {error}"})
    function = _loaded[key]
    arguments = [request["answer"], request["target"], request["case"]]
    try:
        takes_case = len(inspect.signature(function).parameters) >= 3
        return json.dumps({"result": function(*(arguments if takes_case else arguments[:2]))})
    except Exception as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"[:500]})


def _load(file: str, name: str) -> Callable[..., object]:
    """The function, in its own folder: what lies beside this program must not hide what the person imports."""
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [str(Path(file).parent), *(entry for entry in sys.path if entry != here)]
    os.chdir(Path(file).parent)
    spec = importlib.util.spec_from_file_location("people_grader", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        raise ImportError(f"there is no function {name!r} in {file}")
    return function  # type: ignore[no-any-return]
