"""``tunewright cases``: numbers alone, a verdict, a project; what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from desks import write_table
from typed import document
from typer.testing import CliRunner

from log_files import inspect_log, inspect_sample
from tunewright.cli.cases_needed import command
from tunewright.decision.plan import smallest_provable_gain
from tunewright.records.verdict import Paired, Verdict
from tunewright.statistics.power import connor_cases, gate_power
from tunewright.statistics.proportions import clopper_pearson_interval

app = typer.Typer()
app.command()(command)


def _asked(*words: object, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def _said(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(("gain", "connor"), [(0.05, 626), (0.03, 1742), (0.10, 155)])
def test_a_little_more_than_the_formula_because_the_test_is_exact(gain: float, connor: int) -> None:
    value = _asked("--gain", gain)
    assert connor_cases(gain, 0.2) == connor
    assert connor <= value["needed"] <= 1.12 * connor
    assert gate_power(value["needed"], 0.2, gain) >= 0.8
    assert value["n"] is value["more"] is value["smallest_gain"] is None


def test_what_cases_at_hand_can_show() -> None:
    value = _asked("--n", 300, "--gain", 0.02, "--usd-per-case", 2)
    assert value["smallest_gain"] == pytest.approx(smallest_provable_gain(300, 0.2), abs=0.0025)
    assert value["power_now"] == pytest.approx(gate_power(300, 0.2, 0.02), abs=1e-4)
    assert value["more"] == value["needed"] - 300
    assert value["usd"] == 2 * value["more"]
    enough = _asked("--n", 10_000, "--gain", 0.02)
    assert (enough["more"], enough["power_now"] > 0.9) == (0, True)
    assert _asked("--n", 3)["smallest_gain"] == 1.0


def test_fewer_differences_groups_and_power_change_the_number() -> None:
    usual = _asked()["needed"]
    assert _asked("--discordance", 0.1)["needed"] < 0.6 * usual
    assert _asked("--design-effect", 2)["needed"] == pytest.approx(2 * usual, abs=2)
    assert _asked("--power", 0.9)["needed"] > 1.25 * usual
    assert _asked()["by_discordance"]["0.20"] == usual


def test_published_sizes_of_other_claims() -> None:
    # One-sided 0.05 in the publication; 0.025 here: (1.95996 + 0.84162)^2 x 0.2 / margin^2.
    assert _asked("--gain", 0.05)["not_worse_needed"] == 628
    assert _asked("--rate", 0.01)["faultless_needed"] == 299
    assert _asked("--sd", 1 / 3, "--gain", 0.03)["needed"] == 969  # Miller 2024


def test_a_verdict_tells_how_often_the_systems_differ(tmp_path: Path) -> None:
    files = []
    for name, wrong in (("old", range(60)), ("new", range(45, 70))):
        rows = [{"id": str(n), "target": "a", "answer": "b" if n in wrong else "a"} for n in range(200)]
        files.append(write_table(tmp_path / f"{name}.csv", [*rows, {"id": "b", "target": "b", "answer": "b"}]))
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(document("verdict", *files)), encoding="utf-8")
    value = _asked(path)
    assert value["n"] == 201
    # 45 fixed and 10 broken of 201 are 27 %; the upper 80 % bound is above that.
    assert 0.28 < value["discordance"] < 0.33
    assert "55 of 201" in value["basis"]
    assert _asked(path, "--discordance", 0.05)["discordance"] == 0.05


def test_a_verdict_gives_its_own_gain_and_a_typed_one_goes_before(tmp_path: Path) -> None:
    files = []
    for name, wrong in (("old", range(60)), ("new", range(45, 70))):
        rows = [{"id": str(n), "target": "ab"[n % 2], "answer": "c" if n in wrong else "ab"[n % 2]} for n in range(200)]
        files.append(write_table(tmp_path / f"{name}.csv", rows))
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(document("verdict", *files, "--min-improvement", 0.03)), encoding="utf-8")
    value = _asked(path)
    assert value["gain"] == 0.03
    assert "new and old differed on 55 of 200 cases" in value["basis"]
    assert "80 % bound" in value["basis"]
    assert "as the verdict has it" in _said(path)
    typed_in = _asked(path, "--gain", 0.05)
    assert (typed_in["gain"], typed_in["gain_basis"]) == (0.05, "")


def test_without_a_fine_tune_the_best_system_is_held_against_todays(tmp_path: Path) -> None:
    """A project's last run: no candidate, so nothing binds, and yet it measured how often systems differ."""
    today = Paired(
        system="worse", n=150, groups=None, fixed=3, broken=20, delta=-17 / 150, interval=(-0.2, -0.05),
        test="exact-mcnemar", p_exact=1.0, p_mid=1.0, interval_method="tango", proven_better=False, not_worse=False,
        saves_usd_per_month=None,
    )  # fmt: skip
    best = today.model_copy(update={"system": "best", "fixed": 12, "broken": 3, "delta": 0.06})
    rows = [{"id": str(n), "target": "a", "answer": "a"} for n in range(150)]
    recorded = document("verdict", *(write_table(tmp_path / f"{name}.csv", rows) for name in ("one", "two")))
    verdict = Verdict.model_validate(recorded).model_copy(
        update={
            "candidate": None,
            "binding": None,
            "baselines": [],
            "incumbent": "now",
            "incumbent_comparisons": [today, best],
            "min_improvement": 0.03,
        }
    )
    run = tmp_path / "runs" / "2026-01-01"
    run.mkdir(parents=True)
    (run / "verdict.json").write_text(verdict.model_dump_json(), encoding="utf-8")
    (tmp_path / "rows.csv").write_text("text,label\na,b\n", encoding="utf-8")
    (tmp_path / "tunewright.yaml").write_text(
        "task: Sort the cases of the desk into two kinds\ndata: {path: rows.csv, input: text, target: label}\n"
    )
    value = _asked(tmp_path)
    high = float(clopper_pearson_interval(15, 150, 0.2)[1])
    assert value["discordance"] == pytest.approx(high)
    assert 0.1 < high < 0.14
    assert "best and now differed on 15 of 150 cases" in value["basis"]
    assert value["gain"] == 0.03
    with (tmp_path / "tunewright.yaml").open("a") as stream:
        stream.write("min_improvement: 0.04\n")
    stated = _asked(tmp_path)
    assert stated["gain"] == 0.04
    assert "as the project states it" in stated["gain_basis"]


def test_repetitions_shrink_only_the_noise(tmp_path: Path) -> None:
    def log(name: str, shift: int) -> Path:
        samples = [
            inspect_sample(n, "C" if (n * epoch + shift * n // 7) % 3 else "I", epoch)
            for n in range(90)
            for epoch in (1, 2, 3)
        ]
        return inspect_log(tmp_path / f"{name}.json", samples, name)

    path = tmp_path / "verdict.json"
    verdict = document("verdict", log("old", 0), log("new", 1))
    path.write_text(json.dumps(verdict), encoding="utf-8")
    details = verdict["details"]
    within = sum(one["within"] for one in details["repetitions"])
    once, often = _asked(path, "--repetitions", 1), _asked(path, "--repetitions", 8)
    assert once["variance"] == pytest.approx(details["gain_between"] + within)
    assert often["variance"] == pytest.approx(details["gain_between"] + within / 8)
    assert often["needed"] < once["needed"]
    assert _asked("--repetitions", 2, code=2)["error"]["code"] == "call.no_repetitions"
    assert _asked(path)["n"] == 90


def test_a_project_without_a_run_is_asked_for_its_rows(tmp_path: Path) -> None:
    rows = [{"text": f"case number {n} of the desk {n * 7919}", "label": "ab"[n % 2]} for n in range(120)]
    write_table(tmp_path / "rows.csv", rows)
    (tmp_path / "tunewright.yaml").write_text(
        "task: Sort the cases of the desk into two kinds\ndata: {path: rows.csv, input: text, target: label}\n"
    )
    value = _asked(tmp_path)
    assert value["n"] == 120
    # Every row is scored out of fold, for which the test is stricter.
    assert value["needed"] > _asked()["needed"]
    assert not (tmp_path / "runs").exists()


def test_what_a_person_reads_and_what_is_refused() -> None:
    text = _said("--gain", 0.02, "--n", 300, "--rate", 0.01)
    for words in ("2 points", "300 cases", "3,800 more cases", "299 cases"):
        assert words in text
    for words, flag in ((("--gain", 0), "--gain"), (("--gain", 2), "--gain"), (("--power", 1), "--power")):
        error = _asked(*words, code=2)["error"]
        assert error["code"] == "call.value"
        assert flag in error["message"]
