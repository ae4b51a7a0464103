"""Who may read which file: ``rights.yaml`` in the folder, patterns with the readers that they let in.

    hr/*: [anna, ben]
    board.md: [anna]
    menu.md: everybody

A file that no pattern matches is for everybody. One that several match is shown to readers whom all of them name;
``everybody`` takes nothing away and gives nothing: it says that a file is open on purpose. Whatever is wrong with the
file, a pattern that matches no file too, is an error, and then nothing is shown. A pattern reaches as far as it can be
read to reach: ``*`` crosses folders, a name without a folder is meant in every folder, a folder's name means all in it,
and capital letters do not matter.
"""

from __future__ import annotations

import difflib
import fnmatch
import unicodedata
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tunewright.errors import InputError

FILE_NAME = "rights.yaml"
EVERYBODY = "everybody"
_MOST_BYTES = 1_000_000
_HINT = "Write one pattern a line with its readers: 'hr/*: [anna, ben]', or 'menu.md: everybody'. [] lets nobody in."


@dataclass(frozen=True, slots=True)
class Rights:
    """Patterns and their readers (None: everybody); without any, everybody may read everything."""

    rules: tuple[tuple[str, frozenset[str] | None], ...] = ()
    _known: dict[str, frozenset[str] | None] = field(default_factory=dict, compare=False, repr=False)

    def readers(self, file: str) -> frozenset[str] | None:
        """Who may read a file (its path in the folder, with ``/``); None is everybody."""
        if file not in self._known:
            named = [readers for pattern, readers in self.rules if readers is not None and matches(pattern, file)]
            self._known[file] = frozenset.intersection(*named) if named else None
        return self._known[file]

    def may_read(self, reader: str | None, file: str) -> bool:
        """Whether a reader may see a file; without a name one sees what everybody may."""
        readers = self.readers(file)
        return readers is None or (reader is not None and reader in readers)

    @property
    def names(self) -> frozenset[str]:
        """Every reader that is named."""
        return frozenset[str]().union(*(readers for _, readers in self.rules if readers is not None))

    def guarded(self, files: Sequence[str]) -> list[str]:
        """Those of the files that are not for everybody."""
        return [file for file in files if self.readers(file) is not None]

    def idle(self, files: Sequence[str]) -> list[str]:
        """Patterns that match no file: perhaps misspelt, and then what they should guard is open."""
        return [pattern for pattern, _ in self.rules if not any(matches(pattern, file) for file in files)]

    def refuse_idle(self, folder: Path, files: Sequence[str]) -> None:
        """A pattern that matches no file would leave open what it should guard.

        Raises:
            InputError: there is one; the nearest file or folder is named.
        """
        for pattern in self.idle(files)[:1]:
            near = _nearest(pattern, files)
            raise _error(
                folder / FILE_NAME,
                f"The pattern {pattern!r} matches no file{f'; the nearest is {near!r}' if near else ''}.",
                "Correct it; or remove the line where the file is gone for good.",
            )

    def refuse_opened(self, folder: Path, files: Sequence[str], before: Collection[str]) -> None:
        """What was guarded before, and is open now without a word in the file of rights, was opened by mistake.

        Raises:
            InputError: there is such a file among those that were guarded ``before``.
        """
        guarded = {_folded(name) for name in before}
        for file in files:
            if _folded(file) in guarded and not any(matches(pattern, file) for pattern, _ in self.rules):
                raise InputError(
                    "documents.rights_opened",
                    f"{file!r} was not for everybody, and now no pattern of {FILE_NAME} matches it.",
                    where=str(folder / FILE_NAME),
                    why="Everybody would see it, so nothing is shown.",
                    hint=f"Name its readers again; or write '{file}: {EVERYBODY}' where that is meant.",
                )


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


def _nearest(pattern: str, files: Sequence[str]) -> str | None:
    """The file or folder whose name is most like a pattern."""
    folded: dict[str, str] = {}
    for file in files:
        names = file.split("/")
        for count in range(len(names), 0, -1):
            above = "/".join(names[:count])
            folded.setdefault(_folded(above), above)
            folded.setdefault(_folded(names[count - 1]), above)
    wanted = _folded(pattern.removeprefix("./").rstrip("/*"))
    near = difflib.get_close_matches(wanted, list(folded), n=1, cutoff=0.0)
    return folded[near[0]] if near else None


def _rule(path: Path, pattern: object, readers: object) -> tuple[str, frozenset[str] | None]:
    if not isinstance(pattern, str) or not pattern.strip("./ "):
        raise _error(path, f"The pattern {pattern!r} is no name of files.")
    if pattern.startswith(("/", "!", "~")) or "\\" in pattern or ".." in pattern.split("/"):
        raise _error(path, f"The pattern {pattern!r} is not one: paths are relative to the folder, with /.")
    if readers == EVERYBODY:
        return pattern, None
    if isinstance(readers, list) and EVERYBODY in readers:
        raise _error(
            path, f"{EVERYBODY!r} is no name of a reader.", f"Without brackets it opens: {pattern}: {EVERYBODY}"
        )
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
