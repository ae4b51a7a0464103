"""Dataset versions: immutable sets of rows under a hash of rows, parent and the edits that led here.

The rows themselves are in ``row_blobs``. A version is never changed; an erased row leaves a gap that is said. Called
through ``Store.versions`` by reviewing, labelling and ``tunewright versions``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, Row, func, insert, select

from tunewright.errors import InputError
from tunewright.records.example import Example, Source
from tunewright.store import erasures
from tunewright.store.database import Database
from tunewright.store.json_values import to_json
from tunewright.store.row_blobs import RowContent, contents, keep_rows, row_content, row_digest, unpack
from tunewright.store.schema import dataset_versions, version_edits, version_rows
from tunewright.store.secret import Keyring
from tunewright.store.subjects import index_rows

_AT_ONCE = 20_000
_PLACE = re.compile(r"(?P<file>.*?)(?:(?: \[(?P<sheet>[^\]]*)\])?:|(?P<elements>#))(?P<line>\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class VersionEdit:
    """One row of the parent and what it became: ``after`` is None where it was left out.

    ``decision`` is the number of the decision that says who, when and why.
    """

    before: Example
    after: Example | None
    action: str
    decision: int | None = None


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A version as written down. ``hash`` names it, ``rows_hash`` its rows alone, whatever their order.

    ``source`` is the file it was read from or written to; ``about`` holds facts for people.
    """

    number: int
    hash: str
    rows_hash: str
    parent: str | None
    created: str
    n_rows: int
    source: str
    about: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One row of a version: the hash of its content, the row itself and its place."""

    row: str
    example: Example


@dataclass(frozen=True, slots=True)
class EditRecord:
    """An edit as written down, by hashes of contents."""

    before: str
    after: str | None
    action: str
    decision: int | None


class VersionShelf:
    """The dataset versions of a project."""

    def __init__(self, database: Database, keyring: Keyring, timestamp: Callable[[], str]) -> None:
        self._database = database
        self._keyring = keyring
        self._timestamp = timestamp

    def rows_hash(self, examples: Iterable[Example]) -> str:
        """The hash of a set of rows by content, whatever their order (repeated rows count)."""
        return _rows_hash(row_digest(self._keyring, example) for example in examples)

    def digests(self, examples: Iterable[Example]) -> list[str]:
        """The keyed hash of each row's content, in order."""
        return [row_digest(self._keyring, example) for example in examples]

    def names(self, examples: Iterable[Example]) -> list[str]:
        """A lasting name for each row: the hash of its content, and ``#2`` for the second row of equal content."""
        copies: Counter[str] = Counter()
        names = []
        for digest in self.digests(examples):
            copies[digest] += 1
            names.append(copy_name(digest, copies[digest]))
        return names

    def record(
        self,
        examples: Sequence[Example],
        source: str,
        *,
        parent: DatasetVersion | None = None,
        edits: Sequence[VersionEdit] = (),
        about: Mapping[str, JsonValue] | None = None,
    ) -> DatasetVersion:
        """Write down a version, with its rows. The same rows, parent and edits again are the version there is.

        Without a parent, rows that some version has already are that version: reading a file twice makes no second.

        Raises:
            WorkError: ``store.row_erased`` when an erased row is among them.
        """
        rows = [row_content(self._keyring, example) for example in examples]
        changes = [self._edit(edit) for edit in edits]
        rows_hash = _rows_hash(row.row for row in rows)
        origin = parent.hash if parent else None
        identity = _version_hash(rows_hash, origin, changes)
        with self._database.write(durable=True) as connection:
            known = _known(connection, identity, rows_hash if parent is None and not edits else None)
            if known is not None:
                return known
            _refuse_erased(connection, rows, examples)
            number = (connection.execute(select(func.max(dataset_versions.c.number))).scalar() or 0) + 1
            values = {
                "number": number,
                "hash": identity,
                "rows_hash": rows_hash,
                "parent": origin,
                "created": self._timestamp(),
                "n_rows": len(rows),
                "source": source,
                "about": to_json(about or {}),
            }
            connection.execute(insert(dataset_versions).values(values))
            keep_rows(connection, rows)
            _insert_rows(connection, number, rows, examples)
            _insert_edits(connection, number, changes)
            index_rows(connection, self._keyring, [(r.row_key, e) for r, e in zip(rows, examples, strict=True)])
            query = select(dataset_versions).where(dataset_versions.c.number == number)
            return _version(connection.execute(query).one())

    def all(self) -> list[DatasetVersion]:
        """Every version, oldest first."""
        with self._database.read() as connection:
            found = connection.execute(select(dataset_versions).order_by(dataset_versions.c.number)).all()
        return [_version(row) for row in found]

    def find(self, name: str) -> DatasetVersion:
        """The version that a person means: ``3``, ``v3``, the beginning of its hash, or ``latest``.

        Raises:
            InputError: ``versions.unknown`` when there is none such, or several.
        """
        known = self.all()
        if name == "latest" and known:
            return known[-1]
        number = name.removeprefix("v")
        found = [v for v in known if number.isdecimal() and v.number == int(number)]
        if not found and len(name) >= 4:
            found = [v for v in known if v.hash.startswith(name)]
        if len(found) == 1:
            return found[0]
        names = ", ".join(f"v{v.number}" for v in known[-8:])
        hint = f"Versions: {names}." if known else "Versions are written by `tunewright review` and `tunewright label`."
        raise InputError("versions.unknown", f"There is no version {name!r} here.", hint=hint)

    def with_rows(self, rows_hash: str) -> DatasetVersion | None:
        """The latest version that has exactly these rows."""
        with self._database.read() as connection:
            return _known(connection, "", rows_hash)

    def rows(self, version: DatasetVersion) -> list[VersionRow]:
        """The rows of a version in their order, without those that were erased since."""
        columns = version_rows.c
        with self._database.read() as connection:
            places = connection.execute(
                select(columns.row, columns.row_id, columns.source)
                .where(columns.version == version.number)
                .order_by(columns.place)
            ).all()
            stored = contents(connection, [row for row, _, _ in places])
        return [
            VersionRow(row, unpack(stored[row], _source(source), row_id))
            for row, row_id, source in places
            if row in stored
        ]

    def edits(self, version: DatasetVersion) -> list[EditRecord]:
        """The edits that made a version from its parent."""
        columns = version_edits.c
        with self._database.read() as connection:
            found = connection.execute(
                select(columns.before, columns.after, columns.action, columns.decision)
                .where(columns.version == version.number)
                .order_by(columns.place)
            ).all()
        return [EditRecord(*row) for row in found]

    def _edit(self, edit: VersionEdit) -> dict[str, str | int | None]:
        after = edit.after
        return {
            "before": row_digest(self._keyring, edit.before),
            "after": None if after is None else row_digest(self._keyring, after),
            "before_key": self._keyring.row_key(edit.before),
            "after_key": None if after is None else self._keyring.row_key(after),
            "action": edit.action,
            "decision": edit.decision,
        }


def copy_name(digest: str, copy: int) -> str:
    """The name of the n-th row (from 1) of one content."""
    return digest if copy == 1 else f"{digest}#{copy}"


def content_of_name(name: str) -> str:
    """The hash of the content that a row of this name has."""
    return name.partition("#")[0]


def _rows_hash(rows: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()


def _version_hash(rows_hash: str, parent: str | None, edits: Sequence[Mapping[str, str | int | None]]) -> str:
    # The number of a decision is left out: the same change decided again makes the same version.
    changes = [[edit["before"], edit["after"], edit["action"]] for edit in edits]
    return hashlib.sha256(json.dumps([rows_hash, parent, changes]).encode()).hexdigest()


def _known(connection: Connection, identity: str, rows_hash: str | None) -> DatasetVersion | None:
    """The version of this hash, or else the latest with these rows."""
    row = connection.execute(select(dataset_versions).where(dataset_versions.c.hash == identity)).first()
    if row is None and rows_hash is not None:
        order = dataset_versions.c.number.desc()
        query = select(dataset_versions).where(dataset_versions.c.rows_hash == rows_hash).order_by(order).limit(1)
        row = connection.execute(query).first()
    return None if row is None else _version(row)


def _refuse_erased(connection: Connection, rows: Sequence[RowContent], examples: Sequence[Example]) -> None:
    erased = erasures.all_erased(connection)
    erasures.refuse(
        str(example.source)
        for row, example in zip(rows, examples, strict=True)
        if row.row_key in erased.rows or row.input_key in erased.inputs
    )


def _insert_rows(connection: Connection, version: int, rows: Sequence[RowContent], examples: Sequence[Example]) -> None:
    for start in range(0, len(rows), _AT_ONCE):
        values = [
            {
                "version": version,
                "place": place,
                "row": rows[place].row,
                "row_key": rows[place].row_key,
                "row_id": examples[place].row_id,
                "source": str(examples[place].source),
            }
            for place in range(start, min(start + _AT_ONCE, len(rows)))
        ]
        connection.execute(insert(version_rows), values)


def _insert_edits(connection: Connection, version: int, edits: Sequence[Mapping[str, str | int | None]]) -> None:
    if edits:
        values = [{"version": version, "place": place, **edit} for place, edit in enumerate(edits)]
        connection.execute(insert(version_edits), values)


def _version(row: Row[Any]) -> DatasetVersion:
    facts = (row.number, row.hash, row.rows_hash, row.parent, row.created, row.n_rows, row.source)
    return DatasetVersion(*facts, about=json.loads(row.about))


def _source(text: str) -> Source:
    match = _PLACE.fullmatch(text)
    if match is None:
        return Source(text, 0)
    return Source(match["file"], int(match["line"]), match["elements"] or match["sheet"])
