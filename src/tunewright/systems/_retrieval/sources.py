"""What a system that answers from documents looks things up in: the folder as it is now, for whoever asks.

Shared by its two forms, with a language model and without. The embedder is imported where it is needed; without the
extra ``models`` words alone rank.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tunewright.documents.folder import folder_digest
from tunewright.documents.library import Found, Guarded, Library
from tunewright.documents.measures import mean_reciprocal_rank, recall_at_k
from tunewright.documents.split import Passage
from tunewright.documents.vectors import Vectors
from tunewright.documents.words import words
from tunewright.errors import InputError, WorkError
from tunewright.language.extra import missing_models
from tunewright.records.example import Example, Inputs

STATE_FILE = "retrieval.json"
# How far a known passage is looked for.
DEEPEST = 20
# Between several known passages of one case.
SEPARATOR = " | "
_LEAST_KNOWN_WORDS = 3
_SHOWN_ASIDE = 3


@dataclass(slots=True)
class Sources:
    """A library, and the column that says who asks (empty: everybody sees what everybody may)."""

    library: Library
    reader: str = ""
    _found: dict[tuple[str, str | None, int], list[Found]] = field(default_factory=dict)

    def look(self) -> None:
        """Take the folder as it is now.

        Raises:
            InputError: it is gone, or its rights are unclear.
        """
        if self.library.refresh():
            self._found.clear()

    def keep_guarded(self, files: Sequence[str]) -> None:
        """What was not for everybody at the fit may be open now only where the file of rights says so.

        Raises:
            InputError: it is open, or as ``look``.
        """
        known = () if isinstance(self.library.guarded, bool) else self.library.guarded
        self.library.guarded = tuple(sorted({*known, *files}))
        self.look()

    def reader_of(self, inputs: Inputs) -> str | None:
        """Who asks; None where nobody is named."""
        name = dict(inputs.tags).get(self.reader, "").strip() if self.reader else ""
        return name or None

    def find(self, inputs: Inputs, count: int) -> list[Found]:
        """The best passages that the reader of a case may see."""
        key = (inputs.text, self.reader_of(inputs), count)
        if key not in self._found:
            self._found[key] = self.library.view(key[1]).search(key[0], count)
        return self._found[key]


def open_vectors(documents: Path, kept: Path | None = None) -> Vectors | None:
    """The embedder with what it kept of these documents; None where its extra or its files cannot be had."""
    if missing_models() is not None:
        return None
    from tunewright.language.encoder import shared_encoder
    from tunewright.language.files import MINILM, locate

    try:
        files = locate(MINILM)
    except WorkError:
        return None
    of_folder = hashlib.sha256(str(documents.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return Vectors(shared_encoder(files, None).embed, f"{files.digest[:16]}-{of_folder}", kept)


def open_sources(folder: Path, reader: str, guarded: Guarded = (), kept: Path | None = None) -> Sources:
    """The documents, read; their vectors are kept in ``kept``.

    ``guarded`` are the files that were not for everybody at the fit, as ``Library`` has them.

    Raises:
        InputError: the folder is missing or empty, or its rights are unclear or less than they were.
    """
    sources = Sources(Library(folder, open_vectors(folder, kept), guarded), reader)
    sources.look()
    if not sources.library.passages:
        aside = sources.library.set_aside
        raise InputError(
            "retrieval.no_documents",
            "The folder holds no document that can be read.",
            where=str(folder),
            why="; ".join(f"{one.file}: {one.reason}" for one in aside[:_SHOWN_ASIDE]) or "it is empty",
        )
    return sources


def read_guarded(saved: object) -> Guarded:
    """The files that were not for everybody, as a fit saved them; older fits tell only whether there were some."""
    return tuple(map(str, saved)) if isinstance(saved, list) else bool(saved)


def trace_of(found: Sequence[Found]) -> str:
    """The sources of an answer as JSON."""
    sources = [
        {
            "file": one.passage.file,
            "heading": one.passage.context,
            "place": one.passage.place,
            "score": round(one.score, 4),
        }
        for one in found
    ]
    return json.dumps({"sources": sources}, ensure_ascii=False)


def documents_digest(folder: Path) -> str:
    """The digest of the documents as they are now; what is wrong with the folder is told by whoever opens it."""
    try:
        return folder_digest(folder)
    except (InputError, OSError):
        return "unreadable"


def notes_on(sources: Sources, rows: Sequence[Example], known: str, count: int) -> list[str]:
    """What a person should know of the documents: how many, what is set aside, and how well the search finds."""
    library = sources.library
    notes = [f"{len(library.files)} documents in {len(library.passages)} passages"]
    aside = library.set_aside
    if aside:
        listed = "; ".join(f"{one.file}: {one.reason}" for one in aside[:_SHOWN_ASIDE])
        more = f"; and {len(aside) - _SHOWN_ASIDE} more" if len(aside) > _SHOWN_ASIDE else ""
        notes.append(f"set aside: {listed}{more}")
    if library.vectors is None:
        notes.append('ranked by words alone; pip install "tunewright[models]" adds vectors')
    notes += _reader_notes(sources, rows)
    return notes + (_recall_notes(sources, rows, known, count) if known else [])


def _reader_notes(sources: Sources, rows: Sequence[Example]) -> list[str]:
    """Where the file of rights lets fewer in than a person may think."""
    rights = sources.library.rights
    if not sources.library.guarded:
        return []
    shown = "only what is for everybody is shown"
    if not sources.reader:
        return [f"the file of rights guards documents, and no column (option reader) says who asks: {shown}"]
    readers = {name for row in rows if (name := sources.reader_of(row.inputs)) is not None}
    if rows and not readers:
        return [f"no row has a value in the column {sources.reader!r}, which says who asks: {shown}"]
    strange = sorted(readers - rights.names)
    if not strange:
        return []
    more = f" and {len(strange) - _SHOWN_ASIDE} more" if len(strange) > _SHOWN_ASIDE else ""
    return [
        f"readers that the file of rights does not name: {', '.join(strange[:_SHOWN_ASIDE])}{more}; to them {shown}"
    ]


def _recall_notes(sources: Sources, rows: Sequence[Example], known: str, count: int) -> list[str]:
    found, right, strange = [], [], 0
    for row in rows:
        wanted = [one for one in (row.tag(known) or "").split(SEPARATOR) if one.strip()]
        view = sources.library.view(sources.reader_of(row.inputs))
        there = {one for one in wanted if any(is_known(one, passage) for passage in view.passages)}
        strange += sum(not any(is_known(one, passage) for passage in sources.library.passages) for one in wanted)
        if there:
            hits = sources.find(row.inputs, DEEPEST)
            found.append([name for hit in hits for name in _names(hit.passage, there)])
            right.append(there)
    notes = [f"{strange} values of the column {known!r} name no passage of the documents"] if strange else []
    if right:
        shares = ", ".join(f"recall@{k} {recall_at_k(found, right, k):.2f}" for k in sorted({1, count, 10}))
        rank = mean_reciprocal_rank(found, right)
        notes.append(f"known passages of {len(right)} validation rows: {shares}, mean reciprocal rank {rank:.2f}")
    return notes


def _names(passage: Passage, known: set[str]) -> list[str]:
    """The known passages that this one is; by its place where it is none, so that ranks stay what they are."""
    return [one for one in sorted(known) if is_known(one, passage)] or [f"{passage.file}\0{passage.place}"]


def is_known(known: str, passage: Passage) -> bool:
    """Whether a passage is what is named: a ``file``, ``file#heading``, or words that all stand in it (three and more).

    Capital letters do not matter.
    """
    file, _, heading = known.strip().partition("#")
    if passage.file.casefold() == file.strip().removeprefix("./").casefold():
        return not heading.strip() or heading.strip().casefold() in (part.casefold() for part in passage.heading)
    said = set(words(passage.full))
    # A row of a csv file may be named as it stands there, its cells parted by commas alone.
    wordings = (set(words(known)), set(words(known.replace(",", " "))))
    return any(len(named) >= _LEAST_KNOWN_WORDS and named <= said for named in wordings)
