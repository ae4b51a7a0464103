"""Queries run on SQLite: equal results, order, no way to write, no way to hang."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from grader_cases import case, graded

from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import build
from tunewright.evaluation.sql_results import Result, is_ordered, same_result
from tunewright.records.answers import Answer, Status

SCHEMA = """
CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);
INSERT INTO singer VALUES (1, 'Joe', 'Netherlands', 52), (2, 'Timbaland', 'United States', 32),
  (3, 'Justin', 'France', 29), (4, 'Rose', 'France', 41), (5, 'John', 'France', 43), (6, 'Tribal', 'France', 25);
CREATE TABLE song (title TEXT, singer INTEGER REFERENCES singer (id), price REAL);
INSERT INTO song VALUES ('You', 1, 0.1), ('Do', 2, 0.2), ('Hey', 2, NULL);
"""
OPTIONS: dict[str, str | int | float | bool] = {"schema": SCHEMA, "seconds": 0.3}


SLOW = "SELECT instr(hex(zeroblob(99000)), hex(zeroblob(49000)) || 'b')"


def score(answer: str, target: str, **options: str | int | float | bool) -> float | None:
    return graded("sql", answer, target, {**OPTIONS, **options}).score


@pytest.mark.parametrize(
    ("answer", "target", "right"),
    [
        (
            "select count(*) from singer where country = 'France';",
            "SELECT count(id) FROM singer WHERE country='France'",
            1,
        ),
        ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer", 1),
        ("SELECT name FROM singer", "SELECT name FROM singer ORDER BY age", 0),
        ("SELECT name FROM singer ORDER BY age ASC", "SELECT name FROM singer ORDER BY age", 1),
        ("SELECT country FROM singer", "SELECT DISTINCT country FROM singer", 0),
        ("SELECT 0.1 + 0.2", "SELECT sum(price) FROM song", 1),
        ("SELECT 3.0", "SELECT count(*) FROM song", 1),
        ("SELECT '3'", "SELECT count(*) FROM song", 0),
        ("SELECT price FROM song WHERE title = 'Hey'", "SELECT NULL", 1),
        ("SELECT '' ", "SELECT NULL", 0),
        ("SELECT name, age FROM singer", "SELECT age, name FROM singer", 0),
        ("```sql\nSELECT max(age) FROM singer\n```", "SELECT age FROM singer ORDER BY age DESC LIMIT 1", 1),
        ("SELECT printf('%.1f%%', 66.6667)", "SELECT '66.7%'", 1),
        (SLOW, "SELECT 0", 1),
        ("WITH f AS (SELECT * FROM singer WHERE country = 'France') SELECT count(*) FROM f", "SELECT 4", 1),
    ],
)
def test_results_decide(answer: str, target: str, right: float) -> None:
    assert score(answer, target) == right


def test_columns_in_another_order() -> None:
    assert score("SELECT name, age FROM singer", "SELECT age, name FROM singer", any_columns=True) == 1
    assert score("SELECT name, id FROM singer", "SELECT age, name FROM singer", any_columns=True) == 0
    one, other = Result(((1, 2), (3, 4))), Result(((2, 1), (4, 3)))
    assert same_result(one, other, ordered=True, any_columns=True)
    assert not same_result(one, Result(((4, 3), (2, 1))), ordered=True, any_columns=True)
    assert same_result(one, Result(((4, 3), (2, 1))), ordered=False, any_columns=True)


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        ("SELECT a FROM t ORDER  BY a", True),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", False),
        ("SELECT row_number() OVER (ORDER BY a) FROM t", False),
        ("SELECT ' ORDER BY ' FROM t -- order by a", False),
        ("SELECT a FROM t /* order by */", False),
        ("SELECT 'it''s (' FROM t order\nby a", True),
    ],
)
def test_which_queries_are_ordered(query: str, ordered: bool) -> None:
    assert is_ordered(query) == ordered


@pytest.mark.parametrize(
    "query",
    [
        "",
        "not SQL",
        "SELECT nothing FROM singer",
        "DROP TABLE singer",
        "DELETE FROM singer",
        "INSERT INTO singer VALUES (9, 'x', 'y', 1)",
        "UPDATE singer SET age = 1 RETURNING age",
        "CREATE TABLE x (a)",
        "PRAGMA table_info(singer)",
        "ATTACH DATABASE ':memory:' AS other",
        "VACUUM INTO 'copy.sqlite'",
        "SELECT 1; SELECT 2",
        "SELECT load_extension('x')",
        "SELECT random()",
        "SELECT length(zeroblob(1000000000))",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT count(*) FROM singer a, singer b WHERE 'a' LIKE '" + "%a" * 2_000 + "'",
        "SELECT 1\x00",
        "SELECT printf('%1000000000d', 1)",
        "WITH a0 AS (SELECT 1 AS c)"
        + "".join(f", a{n} AS (SELECT 1 AS c FROM a{n - 1} x, a{n - 1} y)" for n in range(1, 30))
        + " SELECT count(*) FROM a29",
        "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT hex(zeroblob(90000)) FROM t",
    ],
)
def test_what_does_not_read_scores_0(query: str) -> None:
    grade = graded("sql", query, "SELECT count(*) FROM singer", OPTIONS)
    assert (grade.status, grade.score) == (Status.MODEL_FAIL, 0.0)
    assert grade.detail


@pytest.mark.parametrize(
    "query",
    [
        "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
        "SELECT count(*) FROM " + ", ".join(f"singer s{n}" for n in range(14)),
    ],
)
def test_endless_queries_are_stopped(query: str) -> None:
    start = time.perf_counter()
    grade = graded("sql", query, "SELECT 1", OPTIONS)
    assert time.perf_counter() - start < 2
    assert (grade.score, grade.detail) == (0.0, "stopped after 0.3 s")


def test_too_many_rows() -> None:
    many = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t LIMIT 60000) SELECT x FROM t"
    assert "more than 50,000 rows" in graded("sql", many, "SELECT 1", {**OPTIONS, "seconds": 5.0}).detail


def test_a_target_that_does_not_run_grades_nothing() -> None:
    assert graded("sql", "SELECT 1", "SELECT x FROM nowhere", OPTIONS).status is Status.JUDGE_FAIL
    assert graded("sql", "SELECT 1", "SELECT 1", {"schema": "CREATE nonsense"}).status is Status.JUDGE_FAIL


def test_two_empty_results() -> None:
    grade = graded("sql", "SELECT 1 WHERE 0", "SELECT name FROM singer WHERE age > 99", OPTIONS)
    assert (grade.score, grade.parts) == (1.0, (("both_empty", 1.0),))
    strict = graded("sql", "SELECT 1 WHERE 0", "SELECT 2 WHERE 0", {**OPTIONS, "both_empty": False})
    assert strict.status is Status.JUDGE_FAIL


def test_files_and_columns(tmp_path: Path) -> None:
    for name, rows in (("one", 1), ("two", 2)):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite")) as database:
            database.execute("CREATE TABLE t (a)")
            database.executemany("INSERT INTO t VALUES (?)", [(row,) for row in range(rows)])
            database.commit()
    context = GraderContext(root=tmp_path)
    by_column = build("sql", {"database": "{db}.sqlite"}, context)
    for name, rows in (("one", 1), ("two", 2)):
        target = case("SELECT count(*) FROM t", db=name)
        assert by_column.grade(Answer(f"SELECT {rows}"), target).score == 1
        assert by_column.grade(Answer("SELECT 3"), target).score == 0
        assert by_column.grade(Answer("DROP TABLE t"), target).status is Status.MODEL_FAIL
    assert by_column.grade(Answer("SELECT 1"), case("SELECT 1", db="../one/x")).status is Status.JUDGE_FAIL
    scripts = build("sql", {"schema_column": "rows"}, context)
    assert scripts.grade(Answer("SELECT 7"), case("SELECT a FROM t", rows="CREATE TABLE t AS SELECT 7 AS a")).score == 1
    assert scripts.grade(Answer("SELECT 7"), case("SELECT 7")).status is Status.JUDGE_FAIL
    for place in range(12):
        target = case("SELECT a FROM t", rows=f"CREATE TABLE t AS SELECT {place} AS a")
        assert scripts.grade(Answer(f"SELECT {place}"), target).score == 1
        assert scripts.grade(Answer("DELETE FROM t"), target).score == 0
    single = build("sql", {"database": "one.sqlite"}, context).identity()
    (tmp_path / "one.sqlite").write_bytes((tmp_path / "two.sqlite").read_bytes())
    assert build("sql", {"database": "one.sqlite"}, context).identity() != single
