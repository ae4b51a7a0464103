"""What a run writes follows the documented schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, run_folders, run_project, write_answers

from tunewright.records.verdict import Verdict
from tunewright.workflow.run import RunOptions

SCHEMA = Path(__file__).parents[2] / "docs" / "verdict.schema.json"
EVERYTHING = (MAJORITY, WORDS_ONLY, "keywords", {"rules": "nowhere.py:route"}, {"answers": "today.csv"})


@pytest.mark.parametrize(
    ("n", "final"), [(90, False), (1500, False), (1500, True)], ids=["crossed", "closed", "opened"]
)
def test_a_real_verdict_follows_the_schema(tmp_path: Path, n: int, final: bool) -> None:
    rows = make_rows(n)
    fields = {"incumbent": MAJORITY, "target": {"at_least": 0.95}, "error_cost": 4.0}
    folder = make_project(tmp_path, rows, systems=EVERYTHING, fields=fields)
    write_answers(folder / "today.csv", rows, right=0.7)
    verdict = run_project(folder, RunOptions(final=final))
    (run,) = run_folders(folder)
    document = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)] == []
    assert Verdict.model_validate(document) == verdict
    assert {system["kind"] for system in document["systems"]} == {"majority", "tfidf", "keywords", "rules", "answers"}
    assert document["stage"] == ("explore" if n == 1500 and not final else "final")
    # The schema is closed: a field that it does not name is an error.
    assert not jsonschema.Draft202012Validator(schema).is_valid({**document, "surprise": 1})


def test_the_fields_that_are_promised_are_filled(tmp_path: Path) -> None:
    folder = make_project(
        tmp_path, make_rows(150, noise=0.05), systems=(MAJORITY, WORDS_ONLY, "keywords"), fields={"incumbent": MAJORITY}
    )
    verdict = run_project(folder)
    assert verdict.headline is not None
    assert verdict.candidate == "keywords"
    assert verdict.quality is not None
    assert {paired.system for paired in verdict.baselines} == {MAJORITY, "words"}
    for paired in verdict.baselines:
        assert paired.fixed is not None
        assert paired.p_mid is not None
        assert paired.interval[0] <= paired.delta <= paired.interval[1]
    for system in verdict.systems:
        assert system.interval is not None
        assert system.score is not None
        assert system.interval[0] <= system.score <= system.interval[1]
        assert system.latency is not None
        assert system.latency.p50_ms <= system.latency.p95_ms
        assert system.cost.basis
    assert [gate.passed for gate in verdict.gates] == [True] * len(verdict.gates) != []
    assert len(verdict.test_set.hash) == 64
    assert len(verdict.test_set.uses) == 1
    assert verdict.smallest_provable_gain is not None
    assert set(verdict.hashes) >= {"data", "program", "settings"}
    assert verdict.cases_between is not None
    texts = {row.id: row.text for row in make_rows(150, noise=0.05)}
    assert verdict.fixed_cases != []
    assert all(case.text == texts[case.row] for case in (*verdict.fixed_cases, *verdict.broken_cases))
    assert "no large prompted model was tried" in verdict.not_tried


def test_the_log_and_the_manifest_hold_no_text_of_a_row(tmp_path: Path) -> None:
    rows = make_rows(90)
    folder = make_project(tmp_path, rows, fields={"incumbent": MAJORITY})
    run_project(folder)
    (run,) = run_folders(folder)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["run"] == run.name
    assert all(sum(sizes) == 90 for sizes in manifest["parts"].values())
    assert set(manifest["packages"]) >= {"numpy", "scikit-learn"}
    for name in ("manifest.json", "log.txt"):
        text = (run / name).read_text(encoding="utf-8")
        assert not any(row.text in text for row in rows)
