"""``sql``: the answer's query gives the same rows as the target's on a database (execution accuracy, Yu et al. 2018,
Spider).

Rows are compared as multisets, or as lists where the target says ORDER BY. The database is a SQLite file, or a text of
CREATE and INSERT statements; both can differ from case to case, by a column of the table. Queries run in this process,
reading alone, for a bounded time. A query that does not run scores 0; a target that does not run cannot be graded by.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from tunewright.evaluation import json_answers, sql_results
from tunewright.evaluation.grader_options import (
    GraderContext,
    Option,
    Settings,
    bad_option,
    digest,
    make_identity,
    read,
    text_or_file,
)
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.json_answers import without_fence
from tunewright.evaluation.sql_results import in_memory, is_ordered, on_disk, run, same_result
from tunewright.evaluation.text_grader import TextGrader, scored, unjudged, unusable
from tunewright.records.example import Example

NAME = "sql"
SUMMARY = "The answer's query gives the same rows as the target's."
VERSION = 1
MAX_OPEN = 8
OPTIONS: Mapping[str, Option] = {
    "database": Option("", "file", "a SQLite file; {column} stands for the value of a column, as in {db_id}.sqlite"),
    "schema": Option("", "file, or SQL", "CREATE and INSERT statements, where there is no database file"),
    "schema_column": Option("", "column", "the column that holds such statements, where they differ from case to case"),
    "seconds": Option(5.0, "seconds per query", "a query that takes longer on a test database is no answer"),
    "any_columns": Option(False, "yes or no", "the program that reads the rows counts columns by place"),
    "both_empty": Option(True, "yes or no", "two empty results are equal; no scores them as not gradable"),
}


class SqlGrader(TextGrader):
    """Scores 1 or 0."""

    def __init__(self, settings: Settings, context: GraderContext) -> None:
        self._root = context.root
        self._open: dict[str, sqlite3.Connection] = {}
        self._settings = settings
        self._script = text_or_file(str(settings["schema"]), context.root)
        files = [__file__, sql_results.__file__, json_answers.__file__]
        identity = make_identity(
            NAME, VERSION, settings, files, data=self._data_digest(), sqlite=sqlite3.sqlite_version
        )
        super().__init__(identity, binary=True)
        self._seconds = float(settings["seconds"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """1 where both results are equal."""
        query, wanted = _query(text), _query(target)
        try:
            database = self._database(example)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OSError) as error:
            return unjudged(f"the database cannot be opened: {error}", query)
        expected = run(database, wanted, self._seconds)
        if expected.failure is not None:
            return unjudged(f"the target's query: {expected.failure}", query)
        found = run(database, query, self._seconds)
        if found.failure is not None:
            return unusable(found.failure, answer=query)
        if not expected.rows and not found.rows:
            if not self._settings["both_empty"]:
                return unjudged("both results are empty, which proves nothing", query)
            return scored(1.0, query, (("both_empty", 1.0),), "both results are empty")
        ordered, any_columns = is_ordered(wanted), bool(self._settings["any_columns"])
        right = same_result(found, expected, ordered=ordered, any_columns=any_columns)
        return scored(float(right), query)

    def _database(self, example: Example) -> sqlite3.Connection:
        """The database of a case. The last few stay open: queries only read, so that each finds what it would alone."""
        column = str(self._settings["schema_column"])
        script = example.tag(column) if column else self._script
        if script is None:
            raise ValueError(f"the case has no column {column!r}")
        path = str(self._settings["database"])
        for name, value in example.tags:
            path = path.replace(f"{{{name}}}", Path(value).name)
        key = path or digest(script)
        if key not in self._open:
            self._open[key] = on_disk(self._root / path) if path else in_memory(script, self._seconds)
            if len(self._open) > MAX_OPEN:
                self._open.pop(next(iter(self._open))).close()
        return self._open[key]

    def _data_digest(self) -> str:
        """Of the statements or of the file; databases that differ from case to case are named by their path alone."""
        path = self._root / str(self._settings["database"])
        if self._script:
            return digest(self._script)
        return _file_digest(path) if self._settings["database"] and path.is_file() else ""


def build(options: Settings, context: GraderContext) -> SqlGrader:
    """The grader.

    Raises:
        InputError: not exactly one of database, schema and schema_column is given, or the database file is not there.
    """
    settings = read(options, OPTIONS, NAME)
    given = [name for name in ("database", "schema", "schema_column") if settings[name]]
    if len(given) != 1:
        raise bad_option(NAME, "database", "or 'schema' or 'schema_column' is needed, and one of them only")
    path = str(settings["database"])
    if path and "{" not in path and not (context.root / path).is_file():
        raise bad_option(NAME, "database", f"names a file that does not exist: {context.root / path}")
    return SqlGrader(settings, context)


def _query(text: str) -> str:
    return without_fence(text).strip().rstrip(";").strip()


def _file_digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
