"""Crafted answer files must not fool `tunewright verdict`; each case here once did."""

from __future__ import annotations

import csv
from pathlib import Path

from typed import document

HEADER = ("id", "text", "target", "answer", "group")


def write(path: Path, rows: list[tuple[str, str, str, str, str]], leave_out: tuple[str, ...] = ()) -> Path:
    keep = [name for name in HEADER if name not in leave_out]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(keep)
        writer.writerows([[value for name, value in zip(HEADER, row, strict=True) if name in keep] for row in rows])
    return path


def copies(right: set[int], cases: int = 40, times: int = 10) -> list[tuple[str, str, str, str, str]]:
    """The same cases several times under new ids; those in ``right`` are answered rightly."""
    return [
        (
            f"{copy}-{case}",
            f"text of case {case} about {chr(97 + case % 26)}",
            "a",
            "a" if case in right else "b",
            f"{case}",
        )
        for copy in range(times)
        for case in range(cases)
    ]


OLD, NEW = copies({*range(30)}), copies({*range(1, 34)})


def test_the_same_case_ten_times_is_one_piece_of_evidence(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", OLD, ("group",)), write(tmp_path / "new.csv", NEW, ("group",))
    value = document("verdict", old, new)
    assert value["test_set"]["groups"] == 40
    assert value["headline"] != "SHIP_FINE_TUNE"


def test_groups_in_one_file_alone_count(tmp_path: Path) -> None:
    old = write(tmp_path / "old.csv", OLD, ("group", "text"))
    new = write(tmp_path / "new.csv", NEW, ("text",))
    assert document("verdict", old, new)["test_set"]["groups"] == 40


def test_a_mistyped_group_column_is_an_error(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old.csv", OLD), write(tmp_path / "new.csv", NEW)
    error = document("verdict", old, new, "--group", "gruop", code=2)["error"]
    assert "gruop" in error["message"]


def test_files_that_disagree_about_groups_are_an_error(tmp_path: Path) -> None:
    other = [(*row[:4], "x") for row in NEW]
    error = document("verdict", write(tmp_path / "old.csv", OLD), write(tmp_path / "new.csv", other), code=2)["error"]
    assert error["code"] == "verdict.groups_differ"


def single(answers: list[str], targets: list[str]) -> list[tuple[str, str, str, str, str]]:
    return [(str(n), "", target, answer, "") for n, (target, answer) in enumerate(zip(targets, answers, strict=True))]


def test_a_stray_spelling_of_a_target_is_no_label_of_its_own(tmp_path: Path) -> None:
    targets = ["Yes", "No"] * 99 + ["yes", "no"]
    old = write(tmp_path / "old.csv", single([t.lower() for t in targets], targets), ("group", "text"))
    new = write(tmp_path / "new.csv", single(targets, targets), ("group", "text"))
    value = document("verdict", old, new)
    assert (value["baselines"][0]["fixed"], value["baselines"][0]["broken"]) == (0, 0)


def test_answers_that_are_no_target_are_told(tmp_path: Path) -> None:
    targets = ["Yes", "No"] * 100
    old = write(tmp_path / "old.csv", single([f"{t}." for t in targets], targets), ("group", "text"))
    new = write(tmp_path / "new.csv", single(targets, targets), ("group", "text"))
    assert "Check their spelling" in " ".join(document("verdict", old, new)["warnings"])


def test_a_win_that_hangs_on_a_lost_answer_is_not_proven(tmp_path: Path) -> None:
    targets = ["a"] * 50
    old = write(tmp_path / "old.csv", single(["b"] * 6 + ["a"] * 44, targets), ("group", "text"))
    lost = write(tmp_path / "lost.csv", single(["a"] * 6 + [""] + ["a"] * 43, targets), ("group", "text"))
    kept = write(tmp_path / "kept.csv", single(["a"] * 50, targets), ("group", "text"))
    assert document("verdict", old, kept)["headline"] == "SHIP_FINE_TUNE"
    value = document("verdict", old, lost)
    assert (value["baselines"][0]["fixed"], value["baselines"][0]["broken"]) == (6, 0)
    assert value["headline"] == "NOT_PROVEN"
    assert "without an answer" in value["headline_text"]
