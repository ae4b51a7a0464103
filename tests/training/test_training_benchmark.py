"""The benchmark of training runs, compares like with like, and counts honestly."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tunewright.training.tree import common_tokens

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from training_report import Figures, ratios, verdict_text
from training_twin import first_fit
from training_workloads import WORKLOADS, make_rows

import training

pytestmark = pytest.mark.nightly


@pytest.mark.slow
def test_a_quick_run_checks_losses_and_writes_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "figures.json"
    contenders = ["twin", "twin-packed", "ours", "ours-plain", "ours-head-only"]
    status = training.main(["--quick", "--workload", "classification", "--contenders", *contenders, "--out", str(out)])
    assert status == 0
    job = json.loads(out.read_text("utf-8"))["jobs"][0]
    assert job["check"]["agree"]
    assert {len(losses) for losses in job["check"]["losses"].values()} == {5}
    assert [figure["name"] for figure in job["contenders"]] == contenders
    assert len({figure["tokens"] for figure in job["contenders"]}) == 1
    assert "They agree" in capsys.readouterr().out


@pytest.mark.slow
def test_a_quick_run_against_trl(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("trl")
    peers = ["trl-default", "trl-unpacked", "trl-packed"]
    assert training.main(["--quick", "--workload", "chat", "--contenders", *peers, "ours"]) == 0
    assert "Best peer: trl-" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "shared"), [("classification", 401), ("chat", 1), ("documents", 1)])
def test_rows_are_what_the_workload_says(name: str, shared: int) -> None:
    rows = make_rows(name, 8192, 2, 8, 1.0, seed=0)
    alike = [common_tokens(rows[0].ids, row.ids) for row in rows[1:]]
    assert len(rows) == 16
    assert all(row.ids[0] == 1 and (row.ids[1:] != 1).all() for row in rows)
    assert shared <= min(alike) <= max(alike) <= shared + 2
    trained = sum(row.trained for row in rows) / sum(row.tokens for row in rows)
    low, high = {"classification": (0.005, 0.012), "chat": (0.4, 0.6), "documents": (0.1, 0.2)}[name]
    assert low < trained < high
    assert WORKLOADS[name].rows_per_step % WORKLOADS[name].peer_rows == 0


def test_first_fit_packs_every_row_once_and_never_too_much() -> None:
    lengths = {number: 1 + (number * 37) % 90 for number in range(60)}
    bins = first_fit(lengths, 100)
    assert sorted(row for members in bins for row in members) == sorted(lengths)
    assert max(sum(lengths[row] for row in members) for members in bins) <= 100
    assert len(bins) <= 1.25 * sum(lengths.values()) / 100 + 1


def figures(name: str, seconds: tuple[float, ...], peak: int) -> Figures:
    return Figures(name, "", 100, seconds, tuple(2 * part for part in seconds), 10, peak, 1.0, 1.0, ())


def test_the_verdict_takes_the_faster_peer_and_says_what_is_missed() -> None:
    slow, fast = figures("trl-unpacked", (9.0, 12.0), 100), figures("trl-packed", (6.0, 8.0), 200)
    ours = figures("ours", (2.0, 2.0), 90)
    assert ratios(fast, ours) == ([3.0, 4.0], [3.0, 4.0])
    text = verdict_text("classification", "cpu", [slow, fast, ours])
    assert "Best peer: trl-packed. Ours is faster by 3.50 (3.00 to 4.00) (wall)" in text
    assert "3.50 (3.00 to 4.00) (processor); aim 6.0: **not reached**." in text
    assert "Peak memory 0.45 of the peer's (above the loaded model 0.42); aim at most 0.7: reached." in text
    assert "reached" not in verdict_text("documents", "cuda", [slow, fast, ours])
