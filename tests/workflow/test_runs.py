"""Documents under ``runs/``: the newest first, whose command names which table, and the words that mean a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.errors import InputError
from tunewright.workflow.runs import about_table, documents, find_run, resolve, run_names


def leave(root: Path, *names: str) -> None:
    for name in names:
        (root / "runs" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "runs" / name).write_text("{}", encoding="utf-8")


def test_documents_of_one_kind_come_newest_first(tmp_path: Path) -> None:
    assert list(documents(tmp_path, "audit-", "audit.json")) == []
    audits = [f"audit-2026-01-0{day}-000000-0000/audit.json" for day in (2, 1, 3)]
    leave(tmp_path, *audits, "audit-2026-01-09-000000-0000/report.html", "guard-2026-01-08-000000-0000/audit.json")
    found = list(documents(tmp_path, "audit-", "audit.json"))
    assert found == [tmp_path / "runs" / audits[place] for place in (2, 0, 1)]


@pytest.mark.parametrize(
    ("command", "about"),
    [
        ("tunewright diagnose old.csv", True),
        ("tunewright run data/old.csv --input text", True),
        ("tunewright run 'my data/old.csv'", True),
        ("tunewright run old.csv#Sheet2", True),
        ("tunewright run hold.csv", False),
        ("tunewright run old.csv.gz", False),
        ("tunewright run old.csv/table.csv", False),
        ("tunewright run 'very old.csv'", False),
        ("tunewright run it's-old.csv old.csv", True),
        ("", False),
    ],
)
def test_a_command_is_about_a_table_that_it_names_in_full(command: str, about: bool) -> None:
    assert about_table(command, Path("somewhere/old.csv")) is about


def test_a_run_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    names = ["2026-01-01-000000-0000", "2026-01-02-000000-0000"]
    leave(tmp_path, *(f"{name}/verdict.json" for name in names), "2026-01-03-000000-0000/log.txt")
    assert run_names(tmp_path) == names
    runs = tmp_path / "runs"
    for word, name in ((None, names[1]), ("last", names[1]), ("last-1", names[0]), (names[0], names[0])):
        assert find_run(tmp_path, word) == runs / name
    assert find_run(tmp_path, "2026-01-01") == find_run(tmp_path, str(runs / names[0])) == runs / names[0]
    for word, code in (("2026", "run.ambiguous"), ("last-2", "run.unknown"), ("", "run.unknown")):
        with pytest.raises(InputError) as caught:
            resolve(tmp_path, word)
        assert caught.value.code == code
        with pytest.raises(InputError):
            find_run(tmp_path, word)


def test_without_a_verdict_or_in_another_project_no_run_is_found(tmp_path: Path) -> None:
    other = tmp_path / "other"
    leave(other, "2026-01-01-000000-0000/verdict.json")
    leave(tmp_path, "2026-01-02-000000-0000/verdict.json")
    with pytest.raises(InputError, match="another project") as caught:
        find_run(tmp_path, str(other / "runs" / "2026-01-01-000000-0000"))
    assert f"--project {other}" in str(caught.value.hint)
    for word in (None, "last"):
        with pytest.raises(InputError) as nothing:
            find_run(tmp_path / "empty", word)
        assert nothing.value.code == "run.none"
