"""Targets: white space, missing markers, spellings, numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tunewright.data.labels import same_numbers, spelling_notes
from tunewright.data.read import ColumnMap, ReadResult, read_table


def read(folder: Path, labels: list[str]) -> ReadResult:
    path = folder / "t.csv"
    path.write_text("text,label\n" + "".join(f'text {i},"{label}"\n' for i, label in enumerate(labels)))
    return read_table(path, columns=ColumnMap(("text",), "label"))


def test_surrounding_white_space_goes_and_is_told(tmp_path: Path) -> None:
    result = read(tmp_path, ["a", "a ", "\u00a0a", "b c"])
    assert [e.target for e in result.examples] == ["a", "a", "a", "b c"]
    assert "2 targets had white space around them; it was removed." in result.notes


@pytest.mark.parametrize("marker", ["NaN", "nan", "null", "NULL", "#N/A", "<NA>", ""])
def test_missing_markers_are_set_aside_however_many(tmp_path: Path, marker: str) -> None:
    result = read(tmp_path, ["a", "b", marker, marker])
    assert [e.target for e in result.examples] == ["a", "b"]
    assert [s.code for s in result.set_aside] == ["data.empty_target"] * 2


@pytest.mark.parametrize("word", ["none", "NA", "N/A", "-"])
def test_a_doubtful_word_is_a_class_from_one_percent_on(tmp_path: Path, word: str) -> None:
    often = read(tmp_path, [word] * 2 + ["a"] * 198)
    assert Counter(e.target for e in often.examples) == {word: 2, "a": 198}
    assert f"'{word}' was kept as a class, for 2 rows have it as their target." in often.notes
    rarely = read(tmp_path, ["a"] * 100 + [word] + ["a"] * 99)
    assert Counter(e.target for e in rarely.examples) == {"a": 199}
    assert [(s.source.line, s.code) for s in rarely.set_aside] == [(102, "data.empty_target")]
    assert rarely.set_aside[0].raw == f"text 100,{word}"
    assert rarely.rows_in == 200


def test_spellings_are_told_and_not_merged(tmp_path: Path) -> None:
    result = read(tmp_path, ["Refund", "refund", "refund", "re fund", "re  fund", "other"])
    assert len({e.target for e in result.examples}) == 5
    (note,) = [note for note in result.notes if "only in case" in note]
    assert "'refund' (2) / 'Refund' (1)" in note
    assert "'re  fund' (1) / 're fund' (1)" in note


def test_nothing_to_tell_of_plain_labels() -> None:
    assert spelling_notes({"a": 1, "b": 2, "A1": 1}) == []


def test_a_number_with_and_without_point_is_one_label(tmp_path: Path) -> None:
    result = read(tmp_path, ["3", "3.0", "4.0", "3.5", "3.00"])
    assert [e.target for e in result.examples] == ["3", "3", "4.0", "3.5", "3"]
    assert "The target '3.0' (1 rows) was read as '3'." in result.notes


def test_only_numbers_are_merged() -> None:
    assert same_numbers(Counter(["v1", "v1.0", "1.", "1", "-2", "-2.0"])) == {"-2.0": "-2"}


def test_spellings_become_the_commonest_when_a_person_says_so(tmp_path: Path) -> None:
    path = tmp_path / "case.csv"
    path.write_text("text,label\none,Billing\ntwo,billing\nthree,Billing\nfour,other\n", encoding="utf-8")
    columns = ColumnMap(("text",), "label")
    merged = read_table(path, columns=columns, merge_case=True)
    assert [e.target for e in merged.examples] == ["Billing", "Billing", "Billing", "other"]
    assert any("were read as their commonest: 'Billing' (2) / 'billing' (1)." in note for note in merged.notes)
    assert [e.target for e in read_table(path, columns=columns).examples] == ["Billing", "billing", "Billing", "other"]
