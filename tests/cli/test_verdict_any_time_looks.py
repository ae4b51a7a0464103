"""``tunewright verdict --any-time``: which looks at cases that were looked at before cost something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from desks import write_table
from typed import document

Rows = dict[str, int]


def table(path: Path, scores: Rows) -> Path:
    return write_table(path, [{"id": name, "score": str(score)} for name, score in scores.items()])


def look(folder: Path, old: Rows, new: Rows, *, any_time: bool = True) -> Any:
    folder.mkdir(exist_ok=True)
    files = [table(folder / f"{name}.csv", rows) for name, rows in (("old", old), ("new", new))]
    return document("verdict", *files, *["--any-time"] * any_time)


def proof(value: Any) -> float:
    found: float = value["details"]["any_time"]["proof"]
    return found


def system(seed: int, cases: int = 300) -> Rows:
    """A system that is right on 7 of 10 cases, by chance."""
    right = np.random.default_rng(seed).random(cases) < 0.7
    return {f"c{n}": int(ok) for n, ok in enumerate(right)}


def first(rows: Rows, cases: int) -> Rows:
    return dict(list(rows.items())[:cases])


def test_another_candidate_with_an_added_row_is_another_look(tmp_path: Path) -> None:
    old = system(0)
    found = [proof(look(tmp_path, first(old, 200 + k), first(system(k + 1), 200 + k))) for k in range(5)]
    assert found == [40, 240, 480, 800, 1200]
    # The first one again, with more cases, has the level that it had; so has the third.
    assert proof(look(tmp_path, first(old, 260), first(system(1), 260))) == 40
    assert proof(look(tmp_path, first(old, 270), first(system(3), 270))) == 480


def test_candidates_that_agree_on_the_first_cases_are_told_apart_later(tmp_path: Path) -> None:
    old, one, other = system(0), system(1), system(2)
    other |= first(one, 30)
    assert proof(look(tmp_path, first(old, 30), first(one, 30))) == 40
    assert proof(look(tmp_path, first(old, 200), first(one, 200))) == 40
    assert proof(look(tmp_path, first(old, 200), first(other, 200))) == 240
    assert proof(look(tmp_path, first(old, 210), first(other, 210))) == 240
    assert proof(look(tmp_path, old, one)) == 40


def test_growing_stays_free_and_so_does_the_very_same_again(tmp_path: Path) -> None:
    old, new = system(0), system(1)
    for cases in (50, 51, 120, 120, 300):
        value = look(tmp_path, first(old, cases), first(new, cases))
        assert proof(value) == 40
        assert not any("look" in line for line in value["warnings"])


def test_cases_taken_away_count_as_looks_and_are_said(tmp_path: Path) -> None:
    old, new = system(0), system(1)
    assert proof(look(tmp_path, first(old, 200), first(new, 200))) == 40
    broken = [name for name in first(new, 200) if old[name] and not new[name]]
    kept = [{n: s for n, s in first(rows, 200).items() if n not in broken[:10]} for rows in (old, new)]
    value = look(tmp_path, *kept)
    assert proof(value) == 240
    (line,) = [line for line in value["warnings"] if "missing" in line]
    assert line.startswith("10 cases of an earlier look are missing")
    # One more case does not make up for them; all of them together do.
    more = [rows | {"c200": full["c200"]} for rows, full in zip(kept, (old, new), strict=True)]
    assert proof(look(tmp_path, *more)) == 480
    assert proof(look(tmp_path, first(old, 201), first(new, 201))) == 40


def test_without_the_cases_it_lost_nothing_ships(tmp_path: Path) -> None:
    old, new = system(0), system(1)
    look(tmp_path, first(old, 200), first(new, 200))
    kept = [{n: s for n, s in first(rows, 200).items() if new[n] >= old[n]} for rows in (old, new)]
    cleaned = look(tmp_path, *kept)
    assert cleaned["details"]["any_time"]["e_value"] > proof(cleaned)
    assert cleaned["headline"] == "NOT_PROVEN"
    assert "who takes cases away can win with anything" in cleaned["headline_text"]


def test_an_answer_taken_away_is_another_candidate(tmp_path: Path) -> None:
    old, new = system(0), system(1)
    look(tmp_path, first(old, 200), first(new, 200))
    worst = next(name for name in new if old[name] and not new[name])
    changed: dict[str, Any] = first(new, 201) | {worst: ""}
    assert proof(look(tmp_path, first(old, 201), changed)) == 240


def test_a_look_without_the_flag_is_a_look_as_well(tmp_path: Path) -> None:
    old = system(0)
    look(tmp_path, first(old, 200), first(system(1), 200), any_time=False)
    assert proof(look(tmp_path, first(old, 201), first(system(2), 201))) == 240
    assert proof(look(tmp_path, first(old, 201), first(system(1), 201))) == 40


def test_another_table_with_the_same_ids_is_no_look_at_this_one(tmp_path: Path) -> None:
    look(tmp_path, first(system(0), 200), first(system(1), 200))
    assert proof(look(tmp_path, first(system(10), 150), first(system(11), 150))) == 40


def test_renamed_cases_are_known_by_their_order(tmp_path: Path) -> None:
    old, new = system(0, 200), system(1, 200)
    look(tmp_path, old, new)
    other = system(2, 201)
    renamed = [{f"row {n}": score for n, score in enumerate(rows.values())} for rows in (system(0, 201), other)]
    value = look(tmp_path, *renamed)
    assert proof(value) == 240
