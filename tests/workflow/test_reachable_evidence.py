"""Shares of the reachable gain: where they are counted from and to, when none is stated, and in real runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, run_project, write_answers

from tunewright.data.eval_logs import ScoreColumns
from tunewright.project.settings import ProjectSettings
from tunewright.workflow.evidence.reachable import Scored, reachable
from tunewright.workflow.recorded.scores_verdict import ScoresOptions, formats_of, verdict_of_scores


def scores(right: int, n: int = 200) -> np.ndarray:
    return (np.arange(n) < right).astype(float)


def test_shares_count_from_today_to_the_best() -> None:
    systems = [
        Scored("simple", 0, scores(60)),
        Scored("today", 10, scores(100)),
        Scored("middle", 20, scores(130)),
        Scored("best", 60, scores(160)),
    ]
    found = reachable(systems, "today", None, seed=0)
    assert (found.start, found.best) == ("today", "best")
    assert {name: share for name, (share, _) in found.shares.items()} == pytest.approx(
        {"simple": -40 / 60, "today": 0, "middle": 0.5, "best": 1}, abs=1e-4
    )
    low, high = found.shares["middle"][1]
    assert 0.3 < low < 0.5 < high < 0.7
    assert found.shares["best"] == (1.0, None)
    without = reachable(systems, None, None, seed=0)
    assert without.start == "simple"
    assert without.shares["today"][0] == pytest.approx(0.4)


def test_equal_scores_make_the_simpler_one_the_best() -> None:
    found = reachable(
        [Scored("a", 0, scores(50)), Scored("b", 9, scores(150)), Scored("c", 5, scores(150))], "a", None, seed=0
    )
    assert found.best == "c"


def test_of_two_systems_the_old_has_0_and_the_best_100() -> None:
    two = [Scored("a", 0, scores(50)), Scored("b", 1, scores(150))]
    assert reachable(two, "a", None, seed=0).shares == {"a": (0.0, (0.0, 0.0)), "b": (1.0, None)}
    unscored = Scored("c", 2, np.full(200, np.nan))
    assert set(reachable([*two, unscored], "a", None, seed=0).shares) == {"a", "b"}
    assert reachable([two[0], unscored], "a", None, seed=0).start is None


def test_where_todays_system_is_the_best_the_start_is_the_simplest() -> None:
    systems = [Scored("simple", 0, scores(60)), Scored("b", 1, scores(90)), Scored("today", 2, scores(120))]
    found = reachable(systems, "today", None, seed=0)
    assert (found.start, found.best) == ("simple", "today")
    assert {name: share for name, (share, _) in found.shares.items()} == pytest.approx(
        {"simple": 0.0, "b": 0.5, "today": 1.0}
    )


def test_no_share_without_a_shown_gain() -> None:
    close = [Scored("a", 0, scores(100)), Scored("b", 1, scores(102)), Scored("c", 2, scores(103))]
    found = reachable(close, "a", None, seed=0)
    assert (found.start, found.best, found.shares) == ("a", "c", {})
    best_already = [Scored("a", 0, scores(120)), Scored("b", 1, scores(60)), Scored("c", 2, scores(80))]
    assert reachable(best_already, "a", None, seed=0).shares == {}


def test_groups_count_as_one_piece_of_evidence() -> None:
    systems = [Scored("a", 0, scores(100)), Scored("b", 1, scores(115)), Scored("c", 2, scores(130))]
    groups = np.arange(200) // 25
    assert reachable(systems, "a", None, seed=0).shares != {}
    assert reachable(systems, "a", groups, seed=0).shares == {}


def test_ten_equal_systems_seldom_show_a_gain() -> None:
    """The best of ten is picked by its own scores: a share of nothing is stated at most 2.5 times in 100."""
    stated = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        hard = random.beta(2, 1, 200)
        systems = [Scored(str(k), k, (random.random(200) < hard).astype(float)) for k in range(10)]
        stated += bool(reachable(systems, "0", None, seed=seed).shares)
    assert stated / 400 <= 0.03


@pytest.mark.parametrize("others", [3, 12])
def test_equally_good_systems_are_seldom_said_to_bring_less_than_the_best(others: int) -> None:
    """The best is picked by these very scores; the true share of every other one is 1 (nominally 2.5 % are below)."""
    stated = below = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        today = Scored("today", 0, (random.random(200) < 0.5).astype(float))
        alike = [Scored(f"s{k}", k + 1, (random.random(200) < 0.7).astype(float)) for k in range(others)]
        found = reachable([today, *alike], "today", None, seed=seed)
        ends = [own[1] for name, (_, own) in found.shares.items() if name != "today" and own is not None]
        stated += len(ends)
        below += sum(high < 1 for high in ends)
    assert stated > 100
    assert below / stated <= 0.03


def test_missing_answers_leave_their_cases_out() -> None:
    lost = scores(130)
    lost[100:110] = np.nan
    found = reachable(
        [Scored("a", 0, scores(100)), Scored("b", 1, lost), Scored("c", 2, scores(160))], "a", None, seed=0
    )
    assert found.shares["b"][0] == pytest.approx(20 / 50)


def test_a_run_says_how_much_each_system_brings(tmp_path: Path) -> None:
    rows = make_rows(180, noise=0.05)
    systems = (MAJORITY, WORDS_ONLY, {"answers": "today.csv"})
    folder = make_project(tmp_path, rows, systems=systems, fields={"incumbent": {"answers": "today.csv"}})
    write_answers(folder / "today.csv", rows, right=0.6)
    verdict = run_project(folder)
    shares = {system.name: system.reachable for system in verdict.systems}
    incumbent = verdict.incumbent
    assert incumbent is not None
    assert verdict.reachable_from == incumbent
    assert (shares["words"], shares[incumbent]) == (1.0, 0.0)
    assert shares[MAJORITY] is not None
    assert shares[MAJORITY] < 0


def test_two_equal_files_and_a_third(tmp_path: Path) -> None:
    files = []
    for name, right in (("old", 50), ("new", 80), ("third", 95)):
        path = tmp_path / f"{name}.jsonl"
        lines = [json.dumps({"id": str(k), "score": float(k < right), "target": "x"}) for k in range(120)]
        path.write_text("\n".join(lines), encoding="utf-8")
        files.append(path)
    old, new, third = files
    columns = ScoreColumns(score="score")
    formats = formats_of(old, new, columns)
    assert formats is not None
    options = ScoresOptions(columns=columns, also=(third,))
    found = verdict_of_scores(old, new, formats, ProjectSettings(), options).details.candidates
    assert [one.reachable for one in found] == [pytest.approx(30 / 45, abs=1e-4), 1.0]
    alone = verdict_of_scores(old, new, formats, ProjectSettings(), ScoresOptions(columns=columns))
    assert [system.reachable for system in alone.systems] == [0.0, 1.0]
    worse = verdict_of_scores(third, old, formats, ProjectSettings(), ScoresOptions(columns=columns))
    assert [system.reachable for system in worse.systems] == [None, None]
