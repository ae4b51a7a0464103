"""The subject index: from an identifier of a person to every row that names it, and on to versions and runs.

Identifiers are e-mail addresses and phone numbers found in any text of a row, its group, and columns that name a
customer. They are kept as keyed hashes. Names of people are not: they cannot be told apart without a model, and the
answer says so. Rows are indexed when a dataset version is written down.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select
from sqlalchemy.dialects.sqlite import insert

from tunewright.records.example import Example, Message
from tunewright.store.database import Database
from tunewright.store.schema import (
    dataset_versions,
    registered_rows,
    run_registers,
    subjects,
    version_rows,
)
from tunewright.store.secret import Keyring

_ROLES = ("customer", "client", "user", "account", "person", "subject", "member", "patient", "contact")
CUSTOMER_COLUMNS = frozenset(
    {f"{role}{end}" for role in _ROLES for end in ("", "_id", "id")} | {"email", "e_mail", "mail", "phone", "mobile"}
)
NOT_INDEXED = "Names, addresses and other words for a person are not indexed: ask for the exact row text as well."
# The end of a number without its country code, which people write in several ways.
PHONE_DIGITS = 9
MIN_PHONE_DIGITS = 7
MAX_PHONE_DIGITS = 15

_EMAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"(?<![\w.])\+?\(?\d(?:[\d]|[ ()./-](?=[\d( ])){5,22}\d(?![\w])")
_NOT_DIGITS = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A row that names a subject: its key, its names and places in versions and runs, and as what it was named."""

    row_key: str
    kinds: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubjectPlaces:
    """Everything about one person: rows, (number, hash) of versions, and runs that used the rows.

    ``not_looked_for`` is what the index cannot know, to be said with every answer.
    """

    rows: tuple[SubjectRow, ...]
    versions: tuple[tuple[int, str], ...]
    runs: tuple[str, ...]
    not_looked_for: str = NOT_INDEXED


class SubjectIndex:
    """The subject index of a project."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def where(self, value: str) -> SubjectPlaces:
        """Everything about the person with this e-mail address, phone number, customer id or group."""
        keys = {_key(self._keyring, kind, form) for kind, form in _forms_of_query(value)}
        columns = subjects.c
        with self._database.read() as connection:
            found = connection.execute(
                select(columns.row_key, columns.kind).where(columns.subject.in_(keys)).distinct()
            ).all()
            kinds: defaultdict[str, set[str]] = defaultdict(set)
            for row_key, kind in found:
                kinds[row_key].add(kind)
            # A group may have more rows than one statement takes values.
            theirs = select(columns.row_key).where(columns.subject.in_(keys))
            names = _names(connection, theirs)
            return SubjectPlaces(
                tuple(
                    SubjectRow(key, tuple(sorted(kinds[key])), tuple(sorted(names.get(key, ()))))
                    for key in sorted(kinds)
                ),
                _versions(connection, theirs),
                _runs(connection, theirs),
            )


def index_rows(connection: Connection, keyring: Keyring, rows: Iterable[tuple[str, Example]]) -> None:
    """Index rows, given with their keys; known ones change nothing."""
    values = {
        (_key(keyring, kind, form), row_key, kind) for row_key, example in rows for kind, form in identifiers(example)
    }
    if values:
        named = [{"subject": subject, "row_key": key, "kind": kind} for subject, key, kind in sorted(values)]
        connection.execute(insert(subjects).on_conflict_do_nothing(), named)


def identifiers(example: Example) -> set[tuple[str, str]]:
    """(kind, plain form) of every identifier of a row: ``email``, ``phone``, ``id``."""
    found: set[tuple[str, str]] = set()
    for text in _texts(example):
        if "@" in text:
            found.update(("email", match.casefold()) for match in _EMAIL.findall(text))
        found.update(("phone", digits) for match in _PHONE.findall(text) if (digits := _phone(match)))
    named = [example.group or ""]
    named += [value for name, value in example.tags if _plain_name(name) in CUSTOMER_COLUMNS]
    found.update(("id", value.strip().casefold()) for value in named if value.strip())
    return found


def _texts(example: Example) -> Iterable[str]:
    for message in (*example.messages, Message("assistant", example.target), *example.rejected):
        yield message.content
        yield from (call.arguments for call in message.tool_calls)
    yield from (call.arguments for call in example.target_calls)
    yield from (value for _, value in example.tags)


def _forms_of_query(value: str) -> set[tuple[str, str]]:
    plain = value.strip().casefold()
    forms = {("id", plain), ("email", plain)}
    digits = _phone(plain) if _PHONE.fullmatch(plain) else None
    return forms | ({("phone", digits)} if digits else set())


def _phone(text: str) -> str | None:
    digits = _NOT_DIGITS.sub("", text)
    return digits[-PHONE_DIGITS:] if MIN_PHONE_DIGITS <= len(digits) <= MAX_PHONE_DIGITS else None


def _plain_name(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def _key(keyring: Keyring, kind: str, form: str) -> str:
    return keyring.key_of_text(f"subject {kind}", form)


def _names(connection: Connection, rows: Select[tuple[str]]) -> dict[str, set[str]]:
    """Labels and places of rows, as people know them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for table in (version_rows, registered_rows):
        columns = table.c
        query = select(columns.row_key, columns.row_id, columns.source).where(columns.row_key.in_(rows)).distinct()
        for row_key, row_id, source in connection.execute(query):
            found[row_key].add(f"{row_id} ({source})" if row_id != source else source)
    return found


def _versions(connection: Connection, rows: Select[tuple[str]]) -> tuple[tuple[int, str], ...]:
    versions = dataset_versions.c
    found = connection.execute(
        select(versions.number, versions.hash)
        .join_from(version_rows, dataset_versions, versions.number == version_rows.c.version)
        .where(version_rows.c.row_key.in_(rows))
        .distinct()
        .order_by(versions.number)
    ).all()
    return tuple((number, identity) for number, identity in found)


def _runs(connection: Connection, rows: Select[tuple[str]]) -> tuple[str, ...]:
    found = connection.execute(
        select(run_registers.c.run)
        .join_from(registered_rows, run_registers, run_registers.c.register == registered_rows.c.register)
        .where(registered_rows.c.row_key.in_(rows))
        .distinct()
        .order_by(run_registers.c.run)
    ).scalars()
    return tuple(found)
