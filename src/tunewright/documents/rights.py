"""Who may read which file: ``rights.yaml`` in the folder, patterns with the readers that they let in.

    hr/*: [anna, ben]
    board.md: [anna]

A file that no pattern matches is for everybody. One that several match is shown to readers whom all of them name.
Whatever is wrong with the file is an error, and then nothing is shown. A pattern reaches as far as it can be read to
reach: ``*`` crosses folders, a name without a folder is meant in every folder, a folder's name means all in it, and
capital letters do not matter.
"""

from __future__ import annotations

import fnmatch
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tunewright.errors import InputError

FILE_NAME = "rights.yaml"
_MOST_BYTES = 1_000_000
_HINT = "Write one pattern a line with its readers: 'hr/*: [anna, ben]'. An empty list lets nobody in."


@dataclass(frozen=True, slots=True)
class Rights:
    """Patterns and their readers; without any, everybody may read everything."""

    rules: tuple[tuple[str, frozenset[str]], ...] = ()
    _known: dict[str, frozenset[str] | None] = field(default_factory=dict, compare=False, repr=False)

    def readers(self, file: str) -> frozenset[str] | None:
        """Who may read a file (its path in the folder, with ``/``); None is everybody."""
        if file not in self._known:
            named = [readers for pattern, readers in self.rules if matches(pattern, file)]
            self._known[file] = frozenset.intersection(*named) if named else None
        return self._known[file]

    def may_read(self, reader: str | None, file: str) -> bool:
        """Whether a reader may see a file; without a name one sees what everybody may."""
        readers = self.readers(file)
        return readers is None or (reader is not None and reader in readers)

    def idle(self, files: Sequence[str]) -> list[str]:
        """Patterns that match no file: perhaps misspelt, and then what they should guard is open."""
        return [pattern for pattern, _ in self.rules if not any(matches(pattern, file) for file in files)]


def matches(pattern: str, file: str) -> bool:
    """Whether a pattern means a file; see above."""
    wanted, path = _folded(pattern.removeprefix("./").rstrip("/")), _folded(file)
    names = path.split("/")
    above = ["/".join(names[:count]) for count in range(1, len(names) + 1)]
    candidates = above if "/" in wanted else [*above, *names]
    return any(fnmatch.fnmatchcase(candidate, wanted) for candidate in candidates)


def read_rights(folder: Path) -> Rights:
    """The rights of a folder; without a file everybody may read everything.

    Raises:
        InputError: the file is not exactly as it should be.
    """
    path = folder / FILE_NAME
    if not path.exists() and not path.is_symlink():
        return Rights()
    try:
        data = path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise _error(path, "The file of rights is larger than 1 MB.")
        value = yaml.load(data.decode("utf-8-sig"), Loader=_StrictLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise _error(path, f"The file of rights cannot be read: {_first_line(error)}") from None
    return Rights(tuple(_rule(path, pattern, readers) for pattern, readers in _mapping(path, value).items()))


def refuse_likeness(folder: Path, file: str) -> None:
    """A file that looks like the file of rights and is not taken for it would leave open what it should guard.

    Raises:
        InputError: it has nearly the right name, or stands in a folder below.
    """
    if file != FILE_NAME and file.rpartition("/")[2].casefold() in ("rights.yaml", "rights.yml"):
        message = f"The file of rights must be called {FILE_NAME} and stand at the top of the documents."
        raise _error(folder / file, message, f"Move its lines into {folder / FILE_NAME}, or rename it.")


def _mapping(path: Path, value: object) -> Mapping[object, object]:
    if not isinstance(value, dict) or not value:
        raise _error(path, "The file of rights names no pattern.", f"{_HINT} Remove the file to let everybody in.")
    return value


def _rule(path: Path, pattern: object, readers: object) -> tuple[str, frozenset[str]]:
    if not isinstance(pattern, str) or not pattern.strip("./ "):
        raise _error(path, f"The pattern {pattern!r} is no name of files.")
    if pattern.startswith(("/", "!", "~")) or "\\" in pattern or ".." in pattern.split("/"):
        raise _error(path, f"The pattern {pattern!r} is not one: paths are relative to the folder, with /.")
    if not isinstance(readers, list) or not all(isinstance(name, str) and name.strip() for name in readers):
        raise _error(path, f"The readers of {pattern!r} are no list of names.", f"{_HINT} Quote names of digits.")
    return pattern, frozenset(name.strip() for name in readers)


def _error(path: Path, message: str, hint: str = _HINT) -> InputError:
    return InputError(
        "documents.rights", message, where=str(path), why="Nothing is shown while rights are unclear.", hint=hint
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key may stand once: the last of two would quietly win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice")
        return super().construct_mapping(node, deep)
