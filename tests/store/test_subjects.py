"""Everything about one person is one query."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from store_helpers import example, registered

from tunewright.store import Store
from tunewright.store.subjects import identifiers, index_rows

MAIL = example("write to Ann.Lee@Example.org please", "x", "M", 2)
PHONE = replace(example("my number is +44 7700 900123, call me", "x", "P", 3), tags=(("Customer ID", "C-77"),))
GROUP = replace(example("nothing here", "ask ann.lee@example.org", "G", 4), group="C-77")
OTHER = example("order 12 of 3 items for 20.50", "x", "O", 5)


def _names(store: Store, value: str) -> list[str]:
    return sorted(name.split(" ")[0] for row in store.subjects.where(value).rows for name in row.names)


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ("ann.lee@example.org", ["G", "M"]),
        ("ANN.LEE@EXAMPLE.ORG", ["G", "M"]),
        ("07700 900123", ["P"]),
        ("+44 (7700) 900-123", ["P"]),
        ("c-77", ["G", "P"]),
        ("lee@example.org", []),
        ("12", []),
    ],
)
def test_rows_are_found_by_any_identifier(store: Store, value: str, rows: list[str]) -> None:
    store.versions.record([MAIL, PHONE, GROUP, OTHER], "a.csv")
    assert _names(store, value) == rows


def test_versions_and_runs_are_named(store: Store) -> None:
    base = store.versions.record([MAIL, OTHER], "a.csv")
    store.versions.record([OTHER], "b.csv", parent=base)
    store.register_rows("run-1", [registered(store, MAIL)])
    store.register_rows("run-2", [registered(store, OTHER)])
    found = store.subjects.where("ann.lee@example.org")
    assert [number for number, _ in found.versions] == [1]
    assert found.runs == ("run-1",)
    assert [row.kinds for row in found.rows] == [("email",)]
    assert "Names" in found.not_looked_for


def test_a_group_may_have_more_rows_than_a_statement_takes_values(store: Store) -> None:
    row = replace(example("a"), group="g")
    rows = [(f"{number:032x}", row) for number in range(2)]
    with store._database.write() as connection:
        index_rows(connection, store.keyring, rows)
        connection.exec_driver_sql(
            "WITH RECURSIVE n(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) "
            "INSERT INTO subjects SELECT subject, printf('%032x', x), kind FROM n, "
            "(SELECT DISTINCT subject, kind FROM subjects)"
        )
    assert len(store.subjects.where("G").rows) == 300_001


def test_identifiers_are_stored_as_keyed_hashes_and_go_with_the_row(store: Store, project: Path) -> None:
    store.versions.record([MAIL, GROUP], "a.csv")
    with store._database.read() as connection:
        stored = connection.exec_driver_sql("SELECT * FROM subjects").fetchall()
    assert len(stored) == 3
    assert not any("ann" in str(cell).lower() for row in stored for cell in row)
    store.purge(MAIL, project / "runs")
    assert _names(store, "ann.lee@example.org") == ["G"]


@pytest.mark.parametrize("text", ["version 1.2.3 of 2024", "12345", "a1234567890b", "costs 1,234,567.89 in all"])
def test_ordinary_numbers_are_no_phones(text: str) -> None:
    assert identifiers(example(text)) == set()


@pytest.mark.parametrize("text", ["+49 30 901820 12", "call 0049-30-90182012 now", "(030) 901 820 12"])
def test_phones_are_known_by_their_last_nine_digits(text: str) -> None:
    assert identifiers(example(text)) == {("phone", "090182012")}
