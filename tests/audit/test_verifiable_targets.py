"""Dates, JSON and SQL in answers."""

from __future__ import annotations

import json

import pytest
from shape_rows import found_by, result_of, row, rows_in, view_of

from tunewright.audit.checks import impossible_dates, json_targets, sql_targets
from tunewright.audit.json_leaves import leaves, mended, parse
from tunewright.audit.sql import cut_sign, syntax_error, tables_of
from tunewright.records.example import Example


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "on 31/04/2023",
        "04/31/2023",
        "February 30",
        "April 31st, 2023",
        "30 February",
        "the 31st of June 2024",
    ],
)
def test_dates_that_do_not_exist(text: str) -> None:
    assert rows_in(found_by(impossible_dates, [row("When?", f"It was {text}.")])["no_such_day"]) == [0]


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29",
        "31/05/2023",
        "February 29",
        "30 April",
        "call 0031-04-2023",
        "version 2023.02.30.1",
        "31 May",
        "45 April",
    ],
)
def test_dates_that_exist_and_what_is_none(text: str) -> None:
    assert found_by(impossible_dates, [row("When?", f"It was {text}.")]) == {}


def test_a_date_of_the_input_may_be_named() -> None:
    rows = [row("Is February 30 a date?", "No, February 30 is not a date.")]
    assert found_by(impossible_dates, rows) == {}


def objects(count: int = 60) -> list[Example]:
    return [row(f"Text {n}", json.dumps({"city": "Oslo" if n % 2 else "Rome", "days": n})) for n in range(count)]


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("unreadable", "{'city': 'Oslo', 'days': 3}"),
        ("unreadable", '{"city": "Oslo", "days": 3,}'),
        ("unreadable", '{"city": "Oslo", "city": "Rome"}'),
        ("unreadable", "The city is Oslo."),
        ("missing_key", '{"city": "Oslo"}'),
        ("type", '{"city": "Oslo", "days": "3"}'),
        ("spelling", '{"city": "oslo", "days": 3}'),
    ],
)
def test_departures_from_the_rule_of_the_set(kind: str, target: str) -> None:
    found = found_by(json_targets, [*objects(), row("Text", target)])
    assert list(found) == [kind]
    assert rows_in(found[kind]) == [60]


def test_a_key_that_no_other_row_has_is_a_stranger() -> None:
    found = found_by(json_targets, [*objects(200), row("Text", '{"city": "Oslo", "days": 3, "contry": "x"}')])
    assert rows_in(found["stranger"]) == [200]


def test_forms_of_dates_and_codes() -> None:
    rows = [row(f"T{n}", json.dumps({"on": f"2024-01-{n % 28 + 1:02}", "who": f"Ann {'x' * n}"})) for n in range(60)]
    found = found_by(json_targets, [*rows, row("T", '{"on": "3/1/2024", "who": "R2 D2"}')])
    assert {kind: rows_in(finding) for kind, finding in found.items()} == {"form": [60]}


def test_optional_keys_nulls_and_other_sets_say_nothing() -> None:
    optional = [row(f"Text {n}", json.dumps({"a": n, **({"b": n} if n % 3 else {"c": None})})) for n in range(60)]
    assert found_by(json_targets, optional) == {}
    nulls = [row(f"Text {n}", json.dumps({"a": n if n % 9 else None})) for n in range(60)]
    assert found_by(json_targets, nulls) == {}
    assert found_by(json_targets, [row(f"T{n}", f"Sentence {n}.") for n in range(60)]) == {}
    assert found_by(json_targets, [*objects(), row("Text", "{")], "classify") == {}


def test_python_literals_and_commas_are_mended() -> None:
    assert mended("{'a': None, 'b': [1, 2,]}") == '{"a": null, "b": [1, 2]}'
    assert mended('{"a": 1,}') == '{"a": 1}'
    assert mended("{oops") is None
    assert parse('```json\n{"a": 1}\n```') == ({"a": 1}, None)
    assert parse('{"a": NaN}')[1] == "NaN is no JSON number"
    assert list(leaves({"a": [{"b": 1}, {"b": "x"}], "c": None})) == [("a[].b", 1), ("a[].b", "x"), ("c", None)]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("SELECT a FROM t WHERE", "breaks off"),
        ("SELECT a FORM t", "near 't'"),
        ("SELECT a FROM t WHERE b = 'x", "quotation"),
        ("SELECT a, FROM t", "near 'FROM'"),
        ("DROP TABLE t", "verb"),
        ("SELECT 1; SELECT 2", "more than one"),
    ],
)
def test_statements_that_do_not_parse(statement: str, why: str) -> None:
    assert why in (syntax_error(statement) or "")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM head WHERE age > 56",
        "SELECT T1.a FROM x AS T1 JOIN y AS T2 ON T1.id = T2.id GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 DESC LIMIT 3",
        "WITH s AS (SELECT a FROM t) SELECT * FROM s UNION SELECT b FROM u",
        "INSERT INTO t (a) VALUES (1)",
        "SELECT made_up(a) FROM t",
    ],
)
def test_statements_that_parse_whether_or_not_their_tables_exist(statement: str) -> None:
    assert syntax_error(statement) is None


def test_tables_are_named_without_those_of_the_statement_itself() -> None:
    text = "WITH s AS (SELECT a FROM t) SELECT * FROM s JOIN \"Main\".[Users] AS u ON 1 WHERE x = 'from nowhere'"
    assert tables_of(text) == {"t", "users"}


def queries(count: int = 60) -> list[Example]:
    return [
        row(f"tables: head, city\nHow many {n}?", f"SELECT count(*) FROM head WHERE age > {n}") for n in range(count)
    ]


def test_planted_statements_are_found_and_labels_left_alone() -> None:
    bad = [row("tables: head\nAge?", "SELECT age FROM head WHERE"), row("tables: head\nAge?", "SELECT age FROM heads")]
    found = found_by(sql_targets, [*queries(), *bad])
    assert rows_in(found["unparsed"]) == [60]
    assert rows_in(found["unknown_table"]) == [61]
    assert found_by(sql_targets, [*queries(), *bad], "classify") == {}


def test_another_dialect_is_said_and_not_judged() -> None:
    rows = [row("tables: head", f"SELECT age::int FROM head WHERE a ~ '{n}'") for n in range(30)]
    result = result_of(sql_targets, view_of(rows))
    assert [note.kind for note in result.not_checked] == ["sql_targets.unparsed"]
    assert result.findings == ()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM rooms WHERE pri",
        "SELECT T1.name FROM rooms AS T1 WHERE T1.",
        "SELECT name FROM rooms WHERE price",
        "SELECT name FROM rooms WHERE price > 3 AND name",
        "SELECT name FROM rooms AS T1 JOIN rooms AS T2 ON T1.name",
        "SELECT count(*) FROM rooms GRO",
    ],
)
def test_statements_that_seem_cut(statement: str) -> None:
    assert cut_sign(statement, {"name", "rooms", "price"}) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM rooms",
        "SELECT name FROM rooms WHERE price > 3",
        "SELECT name FROM rooms WHERE name = 'salt and pepper'",
        'SELECT name FROM rooms WHERE name = "on Road"',
        "SELECT name FROM rooms WHERE price BETWEEN (SELECT min(price) FROM rooms) AND 2500",
        "SELECT name AS label FROM rooms ORDER BY label DESC",
        "SELECT name FROM rooms WHERE price IS NOT NULL;",
        "SELECT count(*) AS n FROM rooms GROUP BY name ORDER BY n",
        "SELECT name FROM rooms WHERE price IN (SELECT price FROM rooms)",
    ],
)
def test_whole_statements_do_not(statement: str) -> None:
    assert cut_sign(statement, {"name", "rooms", "price"}) is None


def test_statements_that_parse_and_end_too_early_are_found() -> None:
    bad = [row("Which rooms? rooms(name, price)", "SELECT name, price"), row("rooms(name)", "SELECT name FROM roo WHE")]
    good = [row(f"Rooms of {n}? rooms(name, price)", f"SELECT name FROM rooms WHERE price = {n}") for n in range(60)]
    found = found_by(sql_targets, [*good, *bad])
    assert rows_in(found["cut"]) == [60, 61]
    assert found_by(sql_targets, good) == {}


def test_sentences_that_begin_like_sql_are_no_sql() -> None:
    assert result_of(sql_targets, view_of([row("a", f"With care, {n} times") for n in range(30)])).findings == ()
