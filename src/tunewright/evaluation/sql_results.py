"""Running one SELECT on SQLite without risk, and comparing two results. Called by the grader ``sql``.

Reading alone is allowed (an authorizer), time and the size of values are bounded, chance and files are out of reach.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections import Counter
from collections.abc import Hashable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

MAX_ROWS = 50_000
# Of one value: functions of SQLite work on whole values without being asked for the time.
MAX_VALUE_BYTES = 200_000
MAX_RESULT_BYTES = 20_000_000
# Copies of common table expressions (WITH) within one another: SQLite unfolds them before it can be stopped.
MAX_COPIES = 2_000
_STEPS_BETWEEN_LOOKS = 2_000
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_FORBIDDEN = frozenset({"load_extension", "random", "randomblob", "readfile", "writefile", "edit", "fts3_tokenizer"})
# One LIKE or GLOB runs without being asked for the time, and a long pattern of wildcards never ends.
_MAX_PATTERN_BYTES = 200
_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]{0,100}\]|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL
)
_PLAIN_QUOTES = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMMON = re.compile(
    r"\b(\w{1,99})[\"`\]]?\s{0,99}(?:\([^()]{0,500}\))?\s{0,99}\bas\s{0,99}(?:(?:not\s{1,9})?materialized\s{0,99})?\(",
    re.IGNORECASE,
)
_WIDE_FORMAT = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4})")
_ORDER_BY = re.compile(r"\border\s+by\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of a query, or why there are none."""

    rows: tuple[tuple[Hashable, ...], ...] = ()
    failure: str | None = None


def in_memory(script: str, seconds: float) -> sqlite3.Connection:
    """A database in memory from a text of CREATE and INSERT statements, then closed to writing.

    Raises:
        sqlite3.Error: the script cannot be run, or not in time.
    """
    database = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        _limit(database)
        database.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK
        )
        _until(database, time.monotonic() + seconds)
        database.executescript(script)
    except BaseException:
        database.close()
        raise
    return database


def on_disk(path: Path) -> sqlite3.Connection:
    """A database file, opened for reading only.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    _limit(database)
    return database


def run(database: sqlite3.Connection, query: str, seconds: float) -> Result:
    """The rows of one query that reads; every failure of it is in the result."""
    if "\x00" in query:
        return Result(failure="it holds a character that ends texts")
    if _copies(query) > MAX_COPIES:
        return Result(failure="its common table expressions hold one another too often")
    for name in ("printf", "format"):
        database.create_function(name, -1, _narrow_printf)
    database.set_authorizer(_may)
    _until(database, time.monotonic() + seconds)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        with closing(database.execute(query)) as cursor:
            if cursor.description is None:
                return Result(failure="it is no query")
            rows, size = [], 0
            for row in cursor:
                rows.append(row)
                size += sum(len(value) for value in row if isinstance(value, str | bytes))
                if len(rows) > MAX_ROWS or size > MAX_RESULT_BYTES:
                    return Result(failure=f"it gives more than {MAX_ROWS:,} rows or {MAX_RESULT_BYTES // 10**6} MB")
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
        late = "interrupted" in str(error)
        return Result(failure=f"stopped after {seconds:g} s" if late else f"it does not run: {error}")
    finally:
        database.set_progress_handler(None, 0)
    return Result(tuple(tuple(_cell(value) for value in row) for row in rows))


def same_result(answer: Result, target: Result, *, ordered: bool, any_columns: bool) -> bool:
    """Whether two results are equal: as lists where ``ordered``, else as multisets of rows.

    ``any_columns`` also takes columns in another order: they are paired by their values. Among columns that hold the
    same values in other rows the first is taken, so that in such a case equal results may be told apart, never the
    reverse.
    """
    if answer.failure is not None or target.failure is not None or len(answer.rows) != len(target.rows):
        return False
    given, wanted = answer.rows, target.rows
    if wanted and any_columns and len(given[0]) == len(wanted[0]):
        given = _arranged(given, wanted)
    return given == wanted if ordered else Counter(given) == Counter(wanted)


def is_ordered(query: str) -> bool:
    """Whether a query says in which order its rows come: ORDER BY outside of brackets."""
    depth, plain = 0, []
    for character in _QUOTED.sub(" x ", query):
        depth += (character == "(") - (character == ")")
        plain.append(character if depth <= 0 else " ")
    return _ORDER_BY.search("".join(plain)) is not None


def _may(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action not in _ALLOWED:
        return sqlite3.SQLITE_DENY
    forbidden = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FORBIDDEN
    return sqlite3.SQLITE_DENY if forbidden else sqlite3.SQLITE_OK


def _copies(query: str) -> int:
    """How many copies of its common table expressions a query unfolds to: each holds those that it names."""
    plain = _PLAIN_QUOTES.sub(" ", query)
    sizes: dict[str, int] = {}
    matches = list(_COMMON.finditer(plain))
    for place, match in enumerate(matches):
        end = matches[place + 1].start() if place + 1 < len(matches) else len(plain)
        own = match[1].lower()
        named = [word for word in re.findall(r"\w+", plain[match.end() : end].lower()) if word != own]
        sizes[own] = 1 + sum(sizes.get(word, 0) for word in named)
    return sum(sizes.values())


def _narrow_printf(*values: str | bytes | int | float | None) -> str | None:
    """SQLite's own ``printf``, but for widths of four digits and more, which would fill the memory."""
    if values and isinstance(values[0], str) and _WIDE_FORMAT.search(values[0]):
        raise ValueError("the width is too large")
    with closing(sqlite3.connect(":memory:")) as other:
        row = other.execute(f"SELECT printf({', '.join('?' * len(values))})", values).fetchone()
    return None if row[0] is None else str(row[0])


def _limit(database: sqlite3.Connection) -> None:
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    database.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _MAX_PATTERN_BYTES)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


def _until(database: sqlite3.Connection, deadline: float) -> None:
    database.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS)


def _cell(value: object) -> Hashable:
    """A value such that sums in another order are equal: floats to nine digits."""
    if isinstance(value, float):
        rounded = float(f"{value:.9g}")
        return int(rounded) if rounded.is_integer() else rounded
    return value if isinstance(value, Hashable) else str(value)


def _arranged(
    given: Sequence[tuple[Hashable, ...]], wanted: Sequence[tuple[Hashable, ...]]
) -> tuple[tuple[Hashable, ...], ...]:
    """The rows given with their columns in the order of those wanted, where the columns' values allow it."""
    columns = [Counter(column) for column in zip(*given, strict=True)]
    order: list[int] = []
    for column in zip(*wanted, strict=True):
        values = Counter(column)
        same = [place for place, other in enumerate(columns) if place not in order and other == values]
        if not same:
            return tuple(given)
        order.append(same[0])
    return tuple(tuple(row[place] for place in order) for row in given)
