"""``costs.yaml`` and ``costs.csv``: what is read, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.errors import InputError
from tunewright.prices.own_costs import OwnCosts, read_own_costs


def test_nothing_stated(tmp_path: Path) -> None:
    assert read_own_costs(tmp_path) == OwnCosts()


def test_all_that_can_be_stated(tmp_path: Path) -> None:
    (tmp_path / "costs.yaml").write_text(
        "work: {usd_per_hour: 50, label_hours_per_1000: [8, 12], retrainings_per_year: 4}\n"
        "months: 24\nstorage_gb: 2\n"
        'errors:\n- {right: pain, given: "*", usd: 500}\n- {right: "*", given: "", usd: 5}\n'
    )
    found = read_own_costs(tmp_path)
    assert found.work == {"usd_per_hour": 50.0, "retrainings_per_year": 4.0}
    assert found.label_hours_per_1000 == (8.0, 12.0)
    assert (found.months, found.storage_gb) == (24.0, 2.0)
    assert found.errors == {("pain", "*"): 500.0, ("*", ""): 5.0}


def test_a_table_of_error_costs(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text("right,given,usd\npain,*,500\nbilling,pain,1.5\n*,,5\n")
    assert read_own_costs(tmp_path).errors == {("pain", "*"): 500.0, ("billing", "pain"): 1.5, ("*", ""): 5.0}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("costs.yaml", "[1, 2]", "costs.shape"),
        ("costs.yaml", "wage: 3", "costs.unknown_key"),
        ("costs.yaml", "work: {usd_per_hor: 3}", "costs.unknown_key"),
        ("costs.yaml", "work: {usd_per_hour: much}", "costs.value"),
        ("costs.yaml", "work: {usd_per_hour: -1}", "costs.value"),
        ("costs.yaml", "work: {usd_per_hour: .nan}", "costs.value"),
        ("costs.yaml", "work: {label_hours_per_1000: [20, 10]}", "costs.value"),
        ("costs.yaml", "months: 0", "costs.value"),
        ("costs.yaml", "errors: [{right: a, given: b}]", "costs.value"),
        ("costs.yaml", "errors: [{right: a, given: b, usd: 1}, {right: a, given: b, usd: 2}]", "costs.pair_twice"),
        ("costs.yaml", "errors: {a: 1}", "costs.shape"),
        ("costs.yaml", "a: [", "costs.unreadable"),
        ("costs.csv", "right,wrong,usd\na,b,1\n", "costs.columns"),
        ("costs.csv", "right,given,usd\n,b,1\n", "costs.right"),
    ],
)
def test_refusals(tmp_path: Path, name: str, text: str, code: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_own_costs(tmp_path)
    assert caught.value.code == code
    assert name in str(caught.value.where)


def test_two_tables_of_errors_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "costs.yaml").write_text("errors: [{right: a, given: b, usd: 1}]")
    (tmp_path / "costs.csv").write_text("right,given,usd\na,b,2\n")
    with pytest.raises(InputError, match="two files"):
        read_own_costs(tmp_path)
