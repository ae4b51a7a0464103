"""The same seed gives the same verdict, whatever the folder, its secret and its past."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, Row, make_project, make_rows, open_state, run_folders, run_project, study_of
from volatile import stable, volatile_patterns, without_volatile

from tunewright.records.verdict import Verdict
from tunewright.workflow.run import RunOptions

SYSTEMS = (MAJORITY, WORDS_ONLY, "keywords", {"answers": "nowhere.csv"})


def _verdict(folder: Path, rows: list[Row], user: Path, monkeypatch: pytest.MonkeyPatch, seed: int = 0) -> Verdict:
    make_project(folder, rows, systems=SYSTEMS, fields={"seed": seed, "error_cost": 4.0})
    monkeypatch.setenv("TUNEWRIGHT_USER_DIR", str(user))
    monkeypatch.chdir(folder)
    return run_project(Path(), RunOptions(final=True))


@pytest.mark.parametrize("n", [90, 1500], ids=["cross-fitted", "locked"])
def test_two_fresh_projects_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    rows = make_rows(n)
    first = _verdict(tmp_path / "one", rows, tmp_path / "user-one", monkeypatch)
    second = _verdict(tmp_path / "another" / "place", rows, tmp_path / "user-two", monkeypatch)
    assert first.run != second.run
    assert first.headline is not None
    assert stable(first) == stable(second)
    with open_state(tmp_path / "one") as one, open_state(tmp_path / "another" / "place") as other:
        keys = [study_of(tmp_path / "one", store)[0].row_keys for store in (one, other)]
    assert not set(keys[0]) & set(keys[1])


def test_files_are_equal_but_for_the_volatile_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows(90)
    documents = []
    for name in ("one", "two"):
        _verdict(tmp_path / name, rows, tmp_path / f"user-{name}", monkeypatch)
        (run,) = run_folders(tmp_path / name)
        documents.append(json.loads((run / "verdict.json").read_text(encoding="utf-8")))
    first, second = (without_volatile(document, volatile_patterns()) for document in documents)
    assert json.dumps(first) == json.dumps(second)


@pytest.mark.nightly
def test_the_place_of_the_table_is_no_part_of_the_settings_hash(tmp_path: Path) -> None:
    rows = make_rows(90)
    hashes = []
    for name in ("one", "two"):
        folder = make_project(tmp_path / name, rows, data={"path": str(tmp_path / name / "tickets.csv")})
        hashes.append(run_project(folder).hashes)
    assert hashes[0] == hashes[1]
    other = make_project(tmp_path / "three", rows, fields={"min_improvement": 0.05})
    assert run_project(other).hashes["settings"] != hashes[0]["settings"]


@pytest.mark.nightly
def test_another_seed_gives_other_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows(90)
    first = _verdict(tmp_path / "one", rows, tmp_path / "user", monkeypatch)
    second = _verdict(tmp_path / "two", rows, tmp_path / "user", monkeypatch, seed=1)
    assert (first.seeds, second.seeds) == ({"seed": 0}, {"seed": 1})
    folds = []
    for name in ("one", "two"):
        with open_state(tmp_path / name) as store:
            folds.append({frozenset(part.scored) for part in study_of(tmp_path / name, store)[0].parts})
    assert not folds[0] & folds[1]
    assert first.test_set.hash == second.test_set.hash


@pytest.mark.nightly
def test_the_rows_asked_again_do_not_hang_on_the_secret(tmp_path: Path) -> None:
    rows, moody = make_rows(250), {"keywords": {"moody": True, "role": "baseline"}}
    rates = []
    for name in ("one", "two"):
        verdict = run_project(make_project(tmp_path / name, rows, systems=(MAJORITY, moody)))
        rates.append(verdict.systems[1].noise_flip_rate)
    assert rates[0] == rates[1]
    assert rates[0] == pytest.approx(1 / 3, abs=0.15)
    assert any("changed" in warning and "when asked again" in warning for warning in verdict.warnings)
