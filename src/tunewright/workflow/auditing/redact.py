"""``tunewright redact``: a copy of a file without personal data and secrets, and the way back, encrypted, elsewhere.

Every text of every row is looked at, whatever its column means; no column need be named. The source is only read. The
map is written before the copy takes its place, so that there is never a copy whose map is missing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.audit.checks import personal_data
from tunewright.audit.findings import Span
from tunewright.audit.privacy import ids_learned, presidio, secrets, vault
from tunewright.audit.privacy.hits import TITLES, Hit, without_overlaps
from tunewright.audit.privacy.pseudonyms import Entry, PseudonymMap
from tunewright.audit.privacy.recognise import find_all, find_personal
from tunewright.audit.privacy.redaction import redact, restore
from tunewright.errors import Cancelled, InputError
from tunewright.project.thresholds import FILE_NAME as THRESHOLDS
from tunewright.project.thresholds import load_thresholds
from tunewright.records.example import Example, Message, Source
from tunewright.workflow.reviewing.row_copy import (
    FileRows,
    Text,
    free_name,
    kind_of_copy,
    read_rows,
    require_place,
    texts_in,
    with_texts,
    write_copy,
)
from tunewright.workflow.study import Hooks

REDACTED, RESTORED = "redacted", "restored"
HALF_WRITTEN = ".new"
# The name of a column is a cue for a value, not for a page of prose.
MAX_CHARS_BESIDE_CUE = 200
# A number with a few letters before it, which its stand-in keeps, for they name the kind of record.
_NUMBER = re.compile(r"\W{0,2}[A-Za-z]{0,3}[\W_]{0,2}\d[\d\W_]*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_EVERY = 500
_STEP = "looking at rows"


@dataclass(frozen=True, slots=True)
class Lock:
    """What opens the map: a passphrase or a key file."""

    passphrase: str | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class RedactRequest:
    """What to redact and how.

    ``map`` is the file of the way back, opened by ``lock``; without a lock no way back is kept. ``fields`` are columns
    or fields whose whole value is replaced. ``keep`` are kinds (``url_login``) or values that stay. ``record_numbers``
    looks for order and customer numbers too. ``thresholds`` is the folder of the project's own.
    """

    path: Path
    output: Path | None = None
    map: Path | None = None
    lock: Lock | None = None
    fields: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    record_numbers: bool = False
    force: bool = False
    thresholds: Path = Path()


@dataclass(frozen=True, slots=True)
class KindCount:
    """How often one kind was replaced: different ``values``, ``places`` where it was recognised, ``rows`` with it."""

    kind: str
    title: str
    values: int
    places: int
    rows: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """The copy. ``rows`` are in it, of which ``changed`` differ; ``left_out`` are lines that nobody can read."""

    path: Path
    map: Path | None
    rows: int
    changed: int
    left_out: tuple[int, ...]
    kinds: tuple[KindCount, ...]
    known_before: int
    not_looked_for: tuple[str, ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "path": str(self.path),
            "map": None if self.map is None else str(self.map),
            "rows": self.rows,
            "changed": self.changed,
            "left_out": list(self.left_out),
            "replaced": [
                {"kind": one.kind, "title": one.title, "values": one.values, "places": one.places, "rows": one.rows}
                for one in self.kinds
            ],
            "not_looked_for": list(self.not_looked_for),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Restored:
    """The file with the first values again; ``changed`` rows had a stand-in."""

    path: Path
    rows: int
    changed: int
    left_out: tuple[int, ...]


def redact_file(request: RedactRequest, hooks: Hooks) -> Redacted:
    """Write the redacted copy, and before it the map.

    Raises:
        InputError: the file cannot be read, a place is taken, a field does not exist, the map does not open.
        WorkError: the copy would not read as it should.
        Cancelled: the person asked to stop; nothing is written.
    """
    source = read_rows(request.path)
    output = request.output or free_name(source, REDACTED)
    require_place(source, output, force=request.force)
    kind = kind_of_copy(source, output)
    way_back = _way_back(request, (source.path, output))
    rows = [list(texts_in(row.cells)) for row in source.rows]
    _require_fields(rows, request.fields, source)
    examples = [_example(texts, source, row.line) for texts, row in zip(rows, source.rows, strict=True)]
    hits = _hits(rows, request, hooks)
    key, known = (way_back.key, way_back.entries) if way_back else (vault.new_key(), ())
    changed, new_map = redact(examples, hits, key, known)
    copies = [
        with_texts(row.cells, iter([message.content for message in new.messages]))
        for row, new in zip(source.rows, changed, strict=True)
    ]
    half = output.with_name(output.name + HALF_WRITTEN)
    try:
        write_copy(source, copies, half, kind)
        if request.lock is not None and request.map is not None:
            vault.save(
                request.map,
                _together(new_map, known),
                passphrase=request.lock.passphrase,
                key_file=request.lock.key_file,
            )
        half.replace(output)
    finally:
        half.unlink(missing_ok=True)
    return Redacted(
        output,
        request.map if request.lock else None,
        len(copies),
        sum(new is not old and new != old for new, old in zip(changed, examples, strict=True)),
        source.left_out,
        _counts(examples, hits),
        len(known),
        _not_looked_for(request, source),
        _notes(request, source, output),
    )


def restore_file(path: Path, map_: Path, lock: Lock, output: Path | None, *, force: bool = False) -> Restored:
    """Write a copy in which stand-ins are the first values again; secrets are not put back.

    Raises:
        InputError: as ``redact_file``.
    """
    way_back = vault.load(map_, passphrase=lock.passphrase, key_file=lock.key_file)
    source = read_rows(path)
    output = output or free_name(source, RESTORED)
    require_place(source, output, force=force)
    kind = kind_of_copy(source, output)
    examples = [_example(list(texts_in(row.cells)), source, row.line) for row in source.rows]
    back = restore(examples, way_back)
    copies = [
        with_texts(row.cells, iter([message.content for message in new.messages]))
        for row, new in zip(source.rows, back, strict=True)
    ]
    half = output.with_name(output.name + HALF_WRITTEN)
    try:
        write_copy(source, copies, half, kind)
        half.replace(output)
    finally:
        half.unlink(missing_ok=True)
    changed = sum(new != old for new, old in zip(back, examples, strict=True))
    return Restored(output, len(copies), changed, source.left_out)


def _example(texts: Sequence[Text], source: FileRows, line: int) -> Example:
    """A row as redaction takes it: each of its texts is a message."""
    return Example(tuple(Message("user", one.text) for one in texts), "", Source(source.path.name, line), "")


def _way_back(request: RedactRequest, files: Collection[Path]) -> PseudonymMap | None:
    """The map that is there already: its stand-ins stay what they are."""
    if request.lock is None or request.map is None:
        return None
    if any(request.map.absolute() == file.absolute() for file in files):
        raise InputError("redact.map", "The map needs a file of its own.", where=str(request.map))
    if not request.map.exists():
        if request.lock.key_file is not None and not request.lock.key_file.exists():
            vault.write_key_file(request.lock.key_file)
        return None
    return vault.load(request.map, passphrase=request.lock.passphrase, key_file=request.lock.key_file)


def _together(new: PseudonymMap, known: Sequence[Entry]) -> PseudonymMap:
    """The map with every entry that it had: this file need not hold all that an earlier one held."""
    entries = {(entry.kind, entry.value): entry for entry in (*known, *new.entries)}
    return PseudonymMap(new.key, tuple(entries[name] for name in sorted(entries)), new.collisions)


def _require_fields(rows: Sequence[Sequence[Text]], fields: Sequence[str], source: FileRows) -> None:
    names = {text.name for texts in rows for text in texts}
    unknown = [name for name in fields if name not in names]
    if unknown:
        raise InputError(
            "redact.no_field",
            f"There is no column or field '{unknown[0]}' with a text in it.",
            where=str(source.path),
            hint=f"There are: {', '.join(sorted(names))}.",
        )


def _hits(rows: Sequence[Sequence[Text]], request: RedactRequest, hooks: Hooks) -> dict[int, list[Span]]:
    """What is to be replaced, by row number; the places are numbered as the messages of ``_example``."""
    limits = _limits(request.thresholds)
    formats: tuple[ids_learned.Format, ...] = ()
    if request.record_numbers:
        formats = ids_learned.learn(
            ("\n".join(text.text for text in texts) for texts in rows), int(limits["format_rows"])
        )
    keep = {word.casefold() for word in request.keep}
    found: dict[int, list[Span]] = {}
    for number, texts in enumerate(rows):
        if number % _EVERY == 0:
            if hooks.cancelled():
                raise Cancelled
            hooks.progress("redact", _STEP, number / len(rows))
        spans = [
            Span(f"messages[{place}]", hit.start, hit.end, kind=hit.kind)
            for place, text in enumerate(texts)
            for hit in _in_text(text, limits, formats, text.name in request.fields)
            if hit.kind not in keep and text.text[hit.start : hit.end].casefold() not in keep
        ]
        if spans:
            found[number] = spans
    hooks.progress("redact", "done", 1.0)
    return found


def _limits(folder: Path) -> Mapping[str, float]:
    """The thresholds of the check with the person's own above them."""
    if not (folder / THRESHOLDS).is_file():
        return personal_data.LIMITS
    # Loading every check takes seconds, and is needed only to say which name in the file is wrong.
    from tunewright.audit.registry import all_checks

    own = load_thresholds(folder, {check.NAME: check.LIMITS for check in all_checks()})
    return {**personal_data.LIMITS, **own.get(personal_data.NAME, {})}


def _in_text(
    text: Text, limits: Mapping[str, float], formats: tuple[ids_learned.Format, ...], whole: bool
) -> list[Hit]:
    """What stands in one text, by the text alone and beside the name of its column."""
    if whole and text.text.strip():
        return [_whole(text.text)]
    hits = [*find_personal(text.text, limits["confidence"]), *secrets.find(text.text)]
    if text.cue and 2 < len(text.text) <= MAX_CHARS_BESIDE_CUE:
        before = f"{text.cue}: "
        hits += [
            Hit(hit.start - len(before), hit.end - len(before), hit.kind, hit.confidence)
            for hit in find_personal(before + text.text, limits["confidence"])
            if hit.start >= len(before)
        ]
    hits += ids_learned.find(text.text, formats)
    if limits["name_model"] >= 1:
        hits += presidio.find(text.text)
    return without_overlaps(hits)


def _whole(text: str) -> Hit:
    """The whole value of a field that a person named: of the kind that it is seen to be, else a number or a name."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    seen = next((hit.kind for hit in find_all(text) if (hit.start, hit.end) == (start, end)), None)
    words = _NUMBER.fullmatch(text, start, end) is None and _WORD.search(text) is not None
    return Hit(start, end, seen or ("person" if words else "record_id"), 1.0)


def _counts(examples: Sequence[Example], hits: Mapping[int, Sequence[Span]]) -> tuple[KindCount, ...]:
    values: defaultdict[str, set[str]] = defaultdict(set)
    places: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for number, spans in hits.items():
        rows.update({span.kind for span in spans})
        for span in spans:
            message = examples[number].messages[int(span.field[len("messages[") : -1])]
            values[span.kind].add(message.content[span.start : span.end])
            places[span.kind] += 1
    titles = {**TITLES, **secrets.TITLES}
    return tuple(
        KindCount(kind, titles.get(kind, kind), len(values[kind]), count, rows[kind])
        for kind, count in places.most_common()
    )


def _not_looked_for(request: RedactRequest, source: FileRows) -> tuple[str, ...]:
    """What may still be in the copy, in plain sentences."""
    limits = _limits(request.thresholds)
    said = []
    if limits["name_model"] < 1:
        said.append(
            "Names of persons in prose that no word announces, places and organisations: they need a name model "
            "(docs/privacy.md), or --field for a column that holds nothing else."
        )
    said.append("Professions, illnesses, events: whatever tells who somebody is by its meaning.")
    if not request.record_numbers:
        said.append("Order, customer and like numbers: --record-numbers looks for formats that your rows repeat.")
    if request.keep:
        said.append(f"What --keep names: {', '.join(request.keep)}.")
    if source.broken:
        said.append(f"{len(source.broken)} rows that could not be read; they are not in the copy.")
    return tuple(said)


def _notes(request: RedactRequest, source: FileRows, output: Path) -> tuple[str, ...]:
    # What is said of the mark at the head of the file is about reading: the copy has one too.
    notes = [note for note in source.notes if "byte order mark" not in note]
    if request.map is not None and request.lock is not None and request.map.parent.resolve() == output.parent.resolve():
        notes.append("The map lies beside the copy: whoever gets the folder has both, and needs the key alone.")
    return tuple(notes)
