"""What a person's file imports of theirs: found without running anything, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tunewright.sandbox.local_sources import local_digest, local_sources


def made(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder.resolve()


def names(folder: Path, file: str, root: Path | None = None) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in local_sources(folder / file, root)}


HERE = ("one.py", "two.py", "lists/__init__.py", "lists/words.py", "lists/deep/more.py", "aside.py")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import one", {"one.py"}),
        ("import one as first, two", {"one.py", "two.py"}),
        ("from one import TABLE", {"one.py"}),
        ("def late():\n    from two import x", {"two.py"}),
        ("try:\n    import one\nexcept ImportError:\n    import two", {"one.py", "two.py"}),
        ("from lists import words", {"lists/__init__.py", "lists/words.py"}),
        ("import lists.words", {"lists/__init__.py", "lists/words.py"}),
        ("from lists.deep.more import x", {"lists/__init__.py", "lists/deep/more.py"}),
        ("from lists import *", {"lists/__init__.py"}),
        ("import json, numpy, nowhere.at.all", set()),
        ("# import one", set()),
        ("x = 'import one'", set()),
        ("def broken(:\n    import one", set()),
        ("import importlib\nimportlib.import_module('one')", {"one.py", "two.py", "aside.py"}),
        ("__import__('o' + 'ne')", {"one.py", "two.py", "aside.py"}),
        ("import sys\nsys.path.append('lib')", {"one.py", "two.py", "aside.py"}),
    ],
)
def test_imports_of_a_file_are_read(tmp_path: Path, text: str, found: set[str]) -> None:
    folder = made(tmp_path, {"own.py": text, **dict.fromkeys(HERE, "")})
    assert names(folder, "own.py") == {"own.py", *found}


def test_imports_are_followed_through_circles_and_relative_ones(tmp_path: Path) -> None:
    files = {
        "own.py": "import lists.words",
        "lists/__init__.py": "from . import tables",
        "lists/words.py": "from .deep.more import x\nfrom .. import two",
        "lists/deep/more.py": "from ..tables import x\nimport one",
        "lists/tables.py": "import own",
        "one.py": "import json",
        "two.py": "",
        "aside.py": "",
    }
    assert names(made(tmp_path, files), "own.py") == set(files) - {"aside.py"}


def test_the_project_counts_and_what_lies_outside_does_not(tmp_path: Path) -> None:
    files = {"p/code/own.py": "import near, far, out", "p/code/near.py": "", "p/far.py": "", "out.py": ""}
    folder = made(tmp_path, files)
    assert names(folder, "p/code/own.py") == {"p/code/own.py", "p/code/near.py"}
    assert names(folder, "p/code/own.py", folder / "p") == set(files) - {"out.py"}
    (folder / "p" / "code" / "own.py").write_text("from ... import out\nfrom ...out import x\n", encoding="utf-8")
    assert names(folder, "p/code/own.py", folder / "p") == {"p/code/own.py"}


def test_among_installed_packages_only_its_own_counts(tmp_path: Path) -> None:
    folder = made(
        tmp_path / "site-packages",
        {
            "mine/kind.py": "import numpy, other\nfrom mine.helper import x\nimport importlib",
            "mine/helper.py": "",
            "other.py": "",
            "numpy/__init__.py": "",
            "alone.py": "import other\nimport importlib",
        },
    )
    assert names(folder, "mine/kind.py", folder) == {"mine/kind.py", "mine/helper.py"}
    assert names(folder, "alone.py", folder) == {"alone.py"}


def test_the_digest_is_that_of_contents_and_places_in_the_folder(tmp_path: Path) -> None:
    files = {"own.py": "import one, two", "one.py": "a = 1\n", "two.py": "b = 2\n"}
    first, second = made(tmp_path / "a", files), made(tmp_path / "b", files)
    assert local_digest(first / "own.py") == local_digest(second / "own.py")
    before = local_digest(first / "own.py")
    (first / "one.py").write_text("a = 1\nb = 2\n", encoding="utf-8")
    (first / "two.py").write_text("", encoding="utf-8")
    assert local_digest(first / "own.py") != before
    (second / "two.py").unlink()
    assert local_digest(second / "own.py") not in (before, local_digest(first / "own.py"))
    assert local_sources(tmp_path / "none.py") == []
    assert local_digest(tmp_path / "none.py") != before
