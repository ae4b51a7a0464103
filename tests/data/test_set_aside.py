"""The share of rows that may be left out, and the file of those that were."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tunewright.data.read import ColumnMap, check_set_aside_share, read_table, write_set_aside
from tunewright.errors import InputError


def read(folder: Path, bad: int, good: int):  # type: ignore[no-untyped-def]
    path = folder / "t.csv"
    path.write_text("text,label\n" + "x\n" * bad + ",a\n" * (bad // 2) + "words,a\n" * good)
    return read_table(path, columns=ColumnMap(("text",), "label"))


def test_one_percent_is_allowed_and_more_is_not(tmp_path: Path) -> None:
    check_set_aside_share(read(tmp_path, 1, 99))
    with pytest.raises(InputError) as caught:
        check_set_aside_share(read(tmp_path, 1, 98))
    assert caught.value.code == "data.too_many_set_aside"


def test_the_refusal_names_reasons_places_and_the_flag(tmp_path: Path) -> None:
    result = read(tmp_path, 6, 91)
    with pytest.raises(InputError) as caught:
        check_set_aside_share(result)
    error = caught.value
    assert error.message == "9 of 100 rows (9.0%) cannot be used; at most 1.0% may be left out."
    assert error.where == (
        "6 x 1 cells where the header has 2 (t.csv:2, t.csv:3, t.csv:4, t.csv:5, t.csv:6, ...); "
        "3 x the input is empty (t.csv:8, t.csv:9, t.csv:10)"
    )
    assert "--allow-set-aside 0.09" in (error.hint or "")
    check_set_aside_share(result, allow=0.09)


@pytest.mark.parametrize(("bad", "good"), [(1, 6), (3, 1000), (2, 50), (1, 29)])
def test_the_flag_that_is_offered_is_enough(tmp_path: Path, bad: int, good: int) -> None:
    result = read(tmp_path, bad, good)
    try:
        check_set_aside_share(result, allow=0.0)
    except InputError as error:
        offered = float((error.hint or "").rsplit(" ", 1)[1])
        check_set_aside_share(result, allow=offered)
        assert offered < len(result.set_aside) / result.rows_in + 0.002
    else:
        pytest.fail("nothing was refused")


def test_rows_are_written_with_place_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes('text,label\n"a ""b""",\nécole été,a\nb\udcffd,c\n'.encode("utf-8", "surrogateescape"))
    result = read_table(path, columns=ColumnMap(("text",), "label"))
    write_set_aside(tmp_path / "out.csv", result.set_aside)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        written = list(csv.DictReader(stream))
    assert [(r["file"], r["line"], r["code"]) for r in written] == [
        ("t.csv", "2", "data.empty_target"),
        ("t.csv", "4", "data.bad_bytes"),
    ]
    assert written[0]["row"] == 'a "b",'
    assert written[1]["row"] == "b\\udcffd,c"
