"""``tunewright verdict OLD NEW``: two files of answers, in any format, with any names of columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from desks import write_table
from typed import document, typed

Line = dict[str, str]


def _lines(n: int, wrong: Sequence[int]) -> list[Line]:
    """Answers to ``n`` cases, two classes in turn, wrong where said."""
    targets = ["yes" if number % 2 else "no" for number in range(n)]
    other = {"yes": "no", "no": "yes"}
    return [
        {"id": f"c{number}", "target": target, "answer": other[target] if number in wrong else target}
        for number, target in enumerate(targets)
    ]


OLD, NEW = _lines(200, range(60)), _lines(200, range(50, 70))


def _write(path: Path, lines: Sequence[Line]) -> Path:
    if path.suffix == ".csv":
        return write_table(path, lines)
    if path.suffix == ".xlsx":
        pl.DataFrame(list(lines)).write_excel(path)
    else:
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl"])
def test_a_better_file_ships_whatever_the_format(tmp_path: Path, ending: str) -> None:
    old, new = _write(tmp_path / f"old.{ending}", OLD), _write(tmp_path / f"new.{ending}", NEW)
    value = document("verdict", old, new, "--gate")
    assert (value["headline"], value["use"]["system"]) == ("SHIP_FINE_TUNE", "new")
    (paired,) = value["baselines"]
    # 50 of the 60 old errors are mended and 10 new ones made.
    assert (paired["fixed"], paired["broken"], paired["n"]) == (50, 10, 200)
    assert paired["delta"] == pytest.approx(0.2)
    assert value["test_set"]["regime"] == "answers"


def test_the_other_way_round_is_not_shipped(tmp_path: Path) -> None:
    old, new = _write(tmp_path / "old.csv", NEW), _write(tmp_path / "new.csv", OLD)
    assert document("verdict", old, new, "--gate", code=3)["headline"] == "KEEP_SIMPLER"
    assert "old" in typed("verdict", old, new, "--gate", code=3).stdout


def test_formats_may_differ_and_order_does_not_matter(tmp_path: Path) -> None:
    old, new = _write(tmp_path / "old.jsonl", OLD), _write(tmp_path / "new.csv", NEW[::-1])
    assert document("verdict", old, new)["baselines"][0]["fixed"] == 50


def test_other_names_of_columns(tmp_path: Path) -> None:
    named = [
        [{"case": line["id"], "truth": line["target"], "said": line["answer"]} for line in lines]
        for lines in (OLD, NEW)
    ]
    old, new = (_write(tmp_path / f"{name}.csv", lines) for name, lines in zip(("old", "new"), named, strict=True))
    names = ("--id", "case", "--target", "truth", "--answer", "said")
    assert document("verdict", old, new, *names)["headline"] == "SHIP_FINE_TUNE"
    error = document("verdict", old, new, "--id", "case", "--target", "truth", code=2)["error"]
    assert error["code"] == "answers.no_column"
    assert "case, truth, said" in error["where"]


def test_groups_are_counted_as_groups(tmp_path: Path) -> None:
    grouped = [[{**line, "group": f"g{n // 20}"} for n, line in enumerate(lines)] for lines in (OLD, NEW)]
    old, new = (_write(tmp_path / f"{name}.csv", lines) for name, lines in zip(("old", "new"), grouped, strict=True))
    value = document("verdict", old, new)
    assert value["test_set"]["groups"] == 10
    (paired,) = value["baselines"]
    assert (paired["test"], paired["groups"]) == ("sign-flip", 10)
    # All gains lie in three groups of ten: with whole groups flipped, at best p = 1/8.
    assert paired["p_exact"] >= 0.125
    assert value["headline"] != "SHIP_FINE_TUNE"


def test_targets_that_differ_are_refused_with_both_places(tmp_path: Path) -> None:
    changed = [dict(line) for line in NEW]
    changed[3]["target"] = "no"
    old, new = _write(tmp_path / "old.csv", OLD), _write(tmp_path / "new.csv", changed)
    error = document("verdict", old, new, code=2)["error"]
    assert error["code"] == "verdict.targets_differ"
    assert "'c3'" in error["message"]
    assert f"{old}:5 and {new}:5" in error["where"]
    assert error["why"] is not None


def test_ids_that_repeat_or_are_blank_are_refused(tmp_path: Path) -> None:
    old = _write(tmp_path / "old.csv", OLD)
    twice = _write(tmp_path / "twice.csv", [*NEW, NEW[4]])
    error = document("verdict", old, twice, code=2)["error"]
    assert (error["code"], "'c4'" in error["message"]) == ("answers.same_id", True)
    assert f"{twice}:202 and line 6" in error["where"]
    blank = _write(tmp_path / "blank.csv", [{**NEW[0], "id": ""}, *NEW[1:]])
    assert document("verdict", old, blank, code=2)["error"]["code"] == "answers.no_id"


def test_no_id_in_common_is_refused(tmp_path: Path) -> None:
    old = _write(tmp_path / "old.csv", OLD)
    new = _write(tmp_path / "new.csv", [{**line, "id": f"x{line['id']}"} for line in NEW])
    error = document("verdict", old, new, code=2)["error"]
    assert error["code"] == "verdict.no_common_rows"
    assert "--id" in error["hint"]


def test_cases_that_one_file_lacks_cannot_be_judged(tmp_path: Path) -> None:
    old, new = _write(tmp_path / "old.csv", OLD), _write(tmp_path / "new.csv", NEW[:190])
    value = document("verdict", old, new, "--gate", code=3)
    assert value["headline"] == "CANNOT_JUDGE"
    gates = {gate["name"]: gate for gate in value["gates"]}
    assert not gates["same-cases"]["passed"]
    assert gates["same-cases"]["rows"] == [f"c{number}" for number in range(190, 200)]


def test_one_lost_case_of_two_hundred_is_forgiven(tmp_path: Path) -> None:
    old, new = _write(tmp_path / "old.csv", OLD), _write(tmp_path / "new.csv", NEW[:199])
    value = document("verdict", old, new)
    assert value["headline"] == "SHIP_FINE_TUNE"
    assert value["baselines"][0]["n"] == 199


def test_blank_answers_are_lost_or_wrong_as_the_person_says(tmp_path: Path) -> None:
    blank = [{**line, "answer": "" if number >= 180 else line["answer"]} for number, line in enumerate(NEW)]
    old, new = _write(tmp_path / "old.csv", OLD), _write(tmp_path / "new.csv", blank)
    lost = document("verdict", old, new)
    assert lost["headline"] == "CANNOT_JUDGE"
    assert {system["name"]: system["missing"] for system in lost["systems"]} == {"old": 0, "new": 20}
    wrong = document("verdict", old, new, "--blank-is-wrong")
    assert {system["name"]: system["no_usable_answer"] for system in wrong["systems"]} == {"old": 0, "new": 20}
    assert wrong["baselines"][0]["broken"] == 30


def test_margin_target_and_report(tmp_path: Path) -> None:
    old, new = _write(tmp_path / "old.csv", OLD), _write(tmp_path / "new.csv", NEW)
    report = tmp_path / "report.html"
    value = document("verdict", old, new, "--min-improvement", 0.3, "--at-least", 0.95, "--report", report)
    assert value["headline"] != "SHIP_FINE_TUNE"
    assert value["min_improvement"] == 0.3
    assert value["target"]["result"] == "missed"
    assert report.read_text(encoding="utf-8").startswith("<!")


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    old, new = _write(tmp_path / "a" / "answers.csv", OLD), _write(tmp_path / "b" / "answers.csv", NEW)
    value = document("verdict", old, new)
    assert (value["incumbent"], value["candidate"]) == (str(old), str(new))


def test_the_same_files_again_are_no_second_use(tmp_path: Path) -> None:
    old, new = _write(tmp_path / "old.csv", OLD), _write(tmp_path / "new.csv", NEW)
    document("verdict", old, new)
    assert len(document("verdict", old, new)["test_set"]["uses"]) == 1
    better = _write(tmp_path / "new.csv", _lines(200, range(5)))
    assert len(document("verdict", old, better)["test_set"]["uses"]) == 2
