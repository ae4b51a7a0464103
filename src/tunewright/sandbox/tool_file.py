"""What is wrong with a person's file of tools, as far as its text shows: it is parsed, never run.

So that a project with a file that can hold no tools is refused when it is read, before anything starts. What only
running shows (a line that raises, a type that JSON has no word for) the worker tells. Called by ``systems.tools``.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tunewright.errors import InputError

_SHOWN_WRONG = 5
# Given to a function from outside, these change what the worker reads of it.
_TOLD_LATER = frozenset({"__doc__", "__annotations__", "__signature__", "__wrapped__"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_file(path: Path) -> None:
    """Refuse a file that is absent, no Python, or has a function that can be no tool.

    Raises:
        InputError: ``tools.missing``, ``tools.load`` or ``tools.signature``.
    """
    require_file(path)
    try:
        source = path.read_bytes()
        tree = ast.parse(source, str(path))
        compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        refuse_file(f"SyntaxError: {error.msg}, line {error.lineno}", (), path)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        refuse_file(f"{type(error).__name__}: {error}", (), path)
    else:
        absent = _absent_module(tree, source, path.parent)
        refuse_file(f"ModuleNotFoundError: No module named {absent!r}" if absent else None, (), path)
        refuse_file(None, [wrong for one in _plain_functions(tree) if (wrong := _wrong_with(one))], path)


def require_file(path: Path) -> None:
    """Refuse a path without a file.

    Raises:
        InputError: ``tools.missing``.
    """
    if not path.is_file():
        raise InputError(
            "tools.missing",
            "The file with the tools does not exist.",
            where=str(path),
            hint="Write {tools: {use: MODEL, functions: tools.py}}, with the path as seen from the project folder.",
        )


def refuse_file(fatal: str | None, wrong: Sequence[str], path: Path) -> None:
    """Refuse a file that does not load (``fatal`` says why), or has functions that can be no tools.

    Raises:
        InputError: ``tools.load`` or ``tools.signature``.
    """
    if fatal is not None:
        raise InputError(
            "tools.load",
            f"The tools cannot be loaded: {fatal}",
            where=str(path),
            hint="The file must load by itself: python tools.py",
        )
    if wrong:
        raise InputError(
            "tools.signature",
            f"A function of the tools can be no tool: {'; '.join(wrong[:_SHOWN_WRONG])}.",
            where=str(path),
            why="A model knows of a tool what its name, types and docstring say, and nothing else.",
            hint="Give every argument a type and the function a docstring; helpers begin with an underscore.",
        )


def _absent_module(tree: ast.Module, source: bytes, folder: Path) -> str | None:
    """The first module that the file imports at its top and that nothing here provides, looked up and not imported."""
    if b"sys.path" in source:
        return None
    tops = [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    tops += [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    names = dict.fromkeys(name.split(".")[0] for name in tops)
    beside = {path.name.split(".")[0] for path in folder.iterdir()}
    return next((name for name in names if name not in beside and not _is_installed(name)), None)


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        # What is there without saying where it came from.
        return True


def _plain_functions(tree: ast.Module) -> list[_Function]:
    """Public functions, undecorated, that the file defines once and does not touch again; others may be mended."""
    names = [name for node in ast.walk(tree) for name in _bound_names(node)]
    return [
        node
        for node in tree.body
        if isinstance(node, _Function)
        and not node.name.startswith("_")
        and not node.decorator_list
        and names.count(node.name) == 1
    ]


def _bound_names(node: ast.AST) -> list[str]:
    """Names that a node defines, assigns or deletes, and those whose doc or types it sets."""
    if isinstance(node, _Function | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.alias):
        return [node.asname or node.name.split(".")[0]]
    if isinstance(node, ast.Attribute) and node.attr in _TOLD_LATER and isinstance(node.value, ast.Name):
        return [node.value.id]
    return []


def _wrong_with(node: _Function) -> str | None:
    if isinstance(node, ast.AsyncFunctionDef):
        return f"{node.name}: it is asynchronous or a generator; write a plain function"
    if not (ast.get_docstring(node) or "").strip():
        return f"{node.name}: it has no docstring, which is all that a model knows of it"
    for argument in (*node.args.args, *node.args.kwonlyargs):
        if argument.annotation is None:
            name = argument.arg
            return f"{node.name}: the argument {name!r} has no type; write {name}: str, for example"
    return None
