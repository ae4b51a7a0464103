"""A folder of documents as it is now: what changed is read again, what is gone is gone, and each reader has a view.

The way into this package. ``refresh`` looks at the folder; ``view`` gives what one reader may see, ranked without
knowledge of the rest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tunewright.documents.blocks import UnreadableError
from tunewright.documents.folder import SetAside, Stamp, digest_of, list_files, parse
from tunewright.documents.ranking import Bm25, FloatArray, fuse, index_words, order
from tunewright.documents.rights import FILE_NAME, Rights, read_rights
from tunewright.documents.split import Passage, split
from tunewright.documents.vectors import Vectors
from tunewright.documents.words import stems
from tunewright.errors import InputError

_MOST_VIEWS = 16
Guarded = tuple[str, ...] | bool


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with its score in a ranking: a share of the best that is possible, 0 to 1."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look at the folder found since the one before."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class _File:
    stamp: Stamp
    digest: str
    passages: tuple[Passage, ...]
    aside: tuple[SetAside, ...] = ()


class View:
    """The passages that a reader may see, and searches among them.

    ``passages`` are in the order of files and places.
    """

    def __init__(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:
        self.passages = tuple(passages)
        self._vectors = vectors

    @cached_property
    def words(self) -> Bm25:
        """BM25 over passages with their headings."""
        return Bm25([index_words(passage) for passage in self.passages])

    @cached_property
    def matrix(self) -> FloatArray | None:
        """Unit vectors ``[N, D]`` of the passages, None without an embedder."""
        return None if self._vectors is None else self._vectors.of([passage.full for passage in self.passages])

    def search(self, question: str, count: int, by: str = "both") -> list[Found]:
        """The best passages, best first; none that shares nothing with the question.

        Args:
            count: how many at most.
            by: ``words``, ``vectors`` or ``both``; without an embedder words alone.
        """
        if not self.passages or count < 1:
            return []
        rankings: list[list[int]] = []
        if by != "vectors" or self.matrix is None:
            scores = self.words.scores(stems(question))
            rankings.append([place for place in order(scores) if scores[place] > 0])
        if by != "words" and self.matrix is not None and self._vectors is not None:
            rankings.append(order(self.matrix @ self._vectors.query([question])[0]))
        fused = fuse(rankings, len(self.passages))
        return [Found(self.passages[place], float(fused[place])) for place in order(fused)[:count] if fused[place] > 0]


@dataclass(slots=True)
class Library:
    """A folder of documents.

    Args:
        folder: where they are.
        vectors: the embedder with its memory; None ranks by words alone.
        guarded: the files that were not for everybody before: none of them may be open now unless the file of rights
            names it; True where only that there were some is known. Files that are seen guarded are added.
    """

    folder: Path
    vectors: Vectors | None = None
    guarded: Guarded = ()
    rights: Rights = field(default_factory=Rights)
    _files: dict[str, _File] = field(default_factory=dict)
    _aside: tuple[SetAside, ...] = ()
    _views: OrderedDict[frozenset[str], View] = field(default_factory=OrderedDict)
    _clear: bool = False

    def refresh(self) -> Changes:
        """Look at the folder again. Until it returns without an error, every view is empty.

        Raises:
            InputError: no such folder, or its rights cannot be read, are gone, or open what was guarded.
        """
        self._clear = False
        self.rights = self._rights_now()
        stamps, aside = list_files(self.folder)
        self._check_rights([*stamps, *(one.file for one in aside)])
        before, self._aside = self._files, tuple(aside)
        self._files = {}
        added, changed = [], []
        for name, stamp in stamps.items():
            known = before.get(name)
            file = known if known is not None and known.stamp == stamp else self._read(name, stamp, known)
            if file is None:
                continue
            self._files[name] = file
            if known is None:
                added.append(name)
            elif known.digest != file.digest:
                changed.append(name)
        changes = Changes(tuple(added), tuple(changed), tuple(name for name in before if name not in self._files))
        if changes:
            self._views.clear()
            if self.vectors is not None:
                self.vectors.keep_only(passage.full for passage in self.passages)
        self._clear = True
        return changes

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Every passage, whoever may see it."""
        return tuple(passage for file in self._files.values() for passage in file.passages)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are read."""
        return tuple(name for name, file in self._files.items() if file.passages)

    @property
    def set_aside(self) -> tuple[SetAside, ...]:
        """What is not read, and why."""
        return (*self._aside, *(one for file in self._files.values() for one in file.aside))

    def view(self, reader: str | None) -> View:
        """What a reader may see (None: what everybody may), as ``refresh`` last found it."""
        if not self._clear:
            return View((), None)
        names = frozenset(name for name in self._files if self.rights.may_read(reader, name))
        if names not in self._views:
            passages = [p for name, file in self._files.items() if name in names for p in file.passages]
            self._views[names] = View(passages, self.vectors)
            while len(self._views) > _MOST_VIEWS:
                self._views.popitem(last=False)
        self._views.move_to_end(names)
        return self._views[names]

    def _rights_now(self) -> Rights:
        if not self.folder.is_dir():
            return Rights()
        found = read_rights(self.folder)
        if self.guarded and not found.rules:
            raise InputError(
                "documents.rights_gone",
                f"The documents had a file {FILE_NAME}, and it is gone.",
                where=str(self.folder),
                why="Without it everybody would see everything, so nothing is shown.",
                hint=f"Put {FILE_NAME} back, or fit the system again to show everything to everybody.",
            )
        return found

    def _check_rights(self, files: Sequence[str]) -> None:
        """Every pattern guards something, and nothing that was guarded is open."""
        before = () if isinstance(self.guarded, bool) else self.guarded
        self.rights.refuse_idle(self.folder, files)
        self.rights.refuse_opened(self.folder, files, before)
        self.guarded = tuple(sorted({*before, *self.rights.guarded(files)}))

    def _read(self, name: str, stamp: Stamp, known: _File | None) -> _File | None:
        """The file as it is now; None when it vanished between two looks."""
        try:
            data = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return _File(stamp, "", (), (SetAside(name, f"cannot be read: {error.strerror}"),))
        digest = digest_of(data)
        if known is not None and known.digest == digest:
            return _File(stamp, digest, known.passages, known.aside)
        try:
            parsed = parse(name, data)
        except UnreadableError as error:
            return _File(stamp, digest, (), (SetAside(name, str(error)),))
        skipped = tuple(SetAside(name, reason) for reason in parsed.skipped)
        return _File(stamp, digest, tuple(split(name, parsed)), skipped)
