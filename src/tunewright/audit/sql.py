"""SQL statements: whether they can be parsed, and which tables they name. SQLite's own parser decides; nothing is run.

A statement is only compiled (EXPLAIN) in an empty database in memory, in which every access is refused. So only its
grammar is judged, and only as far as SQLite shares it with other dialects.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from contextlib import closing

_VERB = re.compile(r"\s*\(*\s*(?:select|with|insert|update|delete|create|values)\b", re.IGNORECASE)
_SECOND = re.compile(r"\A(?:[^;\"]|\"[^\"]*\")*;\s*[A-Za-z]")
_TEXTS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = r"(?:[\"`\[]?[A-Za-z_][\w$]*[\"`\]]?)(?:\.[\"`\[]?[A-Za-z_][\w$]*[\"`\]]?)?"
_TABLE = re.compile(rf"\b(?:from|join|into|update)\s+({_NAME}(?:\s*,\s*{_NAME})*)", re.IGNORECASE)
_COMMON = re.compile(r"(?:\bwith(?:\s+recursive)?|,)\s+([A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?as\s*\(", re.IGNORECASE)
_KEYWORDS = frozenset(
    [
        "select",
        "from",
        "where",
        "group",
        "order",
        "by",
        "having",
        "limit",
        "offset",
        "join",
        "on",
        "using",
        "and",
        "or",
        "not",
        "in",
        "is",
        "null",
        "like",
        "between",
        "exists",
        "asc",
        "desc",
        "distinct",
        "union",
        "all",
        "except",
        "intersect",
        "case",
        "when",
        "then",
        "else",
        "end",
        "as",
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "inner",
        "left",
        "right",
        "outer",
        "full",
        "cross",
        "natural",
        "values",
        "true",
        "false",
        "default",
        "returning",
        "nulls",
        "first",
        "last",
    ]
)
_ALIAS = re.compile(r"\bas\s+[\"`\[]?(\w+)", re.IGNORECASE)
_LAST_NAME = re.compile(r"(?<![\w\"'])([A-Za-z_]\w*)(\.)?\s*\)*\s*;?\s*\Z")
_CONDITION = re.compile(r"\b(?:where|having|on|and|or)\s+(?:not\s+)?([\w.\"`]+)\s*;?\s*\Z", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\b(?:(?!\b(?:where|having|or)\b).)*\Z", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r"\"[^\"]*\"")
_NO_TABLES = frozenset({"select", "values", "lateral", "unnest", "set"})


def is_like_sql(text: str) -> bool:
    """Whether a text begins as a statement that reads or writes rows."""
    return _VERB.match(text) is not None


def syntax_error(statement: str) -> str | None:
    """Why a statement cannot be parsed, in plain words; None where it can, whether or not its tables exist."""
    if not is_like_sql(statement):
        return "it does not begin with a verb of SQL"
    if "\x00" in statement:
        return "it holds a character that ends texts"
    with closing(sqlite3.connect(":memory:")) as database:
        database.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        try:
            database.execute("EXPLAIN " + statement.strip().rstrip(";"))
        except (sqlite3.Error, sqlite3.Warning) as error:
            reason = _reason(str(error))
            if reason is not None:
                return reason
    return "it holds more than one statement" if _SECOND.search(_TEXTS.sub(" ", statement)) else None


def tables_of(statement: str) -> frozenset[str]:
    """Names of the tables that a statement reads or writes, in small letters, without those it defines itself."""
    plain = _TEXTS.sub(" ", statement)
    own = {name.lower() for name in _COMMON.findall(plain)}
    found = set()
    for match in _TABLE.finditer(plain):
        for part in match[1].split(","):
            name = part.strip().split(".")[-1].strip('"`[]').lower()
            found.add(name)
    return frozenset(found - own - _NO_TABLES)


def cut_sign(statement: str, known: Collection[str]) -> str | None:
    """Why a statement seems to end too early, in plain words, or None.

    Args:
        known: names that its input and the other statements hold, in small letters.
    """
    plain = _TEXTS.sub("''", statement)
    last = _LAST_NAME.search(plain)
    if last is not None:
        name = last[1].lower()
        own = {alias.lower() for alias in _ALIAS.findall(plain[: last.start()])}
        if last[2]:
            return "it ends behind the dot of a name"
        if name not in _KEYWORDS and name not in own and (name not in known or len(name) == 1):
            return "its last name stands neither in the input nor in another statement"
    plain = _QUOTED.sub("''", plain)
    condition = _CONDITION.search(plain)
    if condition is not None and not _BETWEEN.search(plain) and condition[1].lower() not in _KEYWORDS:
        return "its last condition compares nothing"
    return None


def _reason(message: str) -> str | None:
    near = re.search(r'near "(.{1,40}?)": syntax error', message, re.DOTALL)
    if near:
        return f"it cannot be parsed near '{near[1]}'"
    if "incomplete input" in message:
        return "it breaks off before its end"
    if "unrecognized token" in message:
        return "it holds a sign that SQL does not know, or a quotation that does not end"
    return None
