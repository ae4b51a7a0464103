"""``tunewright guard`` as a whole: a tuned language model, a tuned classifier, a project with neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from desks import MAJORITY, make_project, make_rows, settings_of
from guard_cases import a_guard, by_name, report

from tiny_decoders import write_chat_decoder
from tunewright.errors import InputError
from tunewright.evaluation.suite import items
from tunewright.project.file import FILE_NAME
from tunewright.records.guard import Guard, GuardReport
from tunewright.workflow.guard import ability, canaries, job_rows, planted
from tunewright.workflow.guard.job import GuardOptions, guard
from tunewright.workflow.guard.words import headline, report_lines
from tunewright.workflow.study import Hooks

TUNED = {"keywords": {"name": "tuned", "luck": 7}}


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writing project around a tiny random language model."""
    folder = tmp_path_factory.mktemp("writing")
    write_chat_decoder(folder / "tiny", max_position_embeddings=512)
    rows = [{"text": f"order {n} of {n % 7} {word}s", "target": json.dumps({"item": word, "count": n % 7 or None})}
            for n, word in enumerate(["lamp", "desk", "pump", "fan"] * 12)]  # fmt: skip
    (folder / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    settings = {
        "task": "Read an order", "kind": "extract", "folds": 2,
        "data": {"path": "rows.jsonl", "input": "text", "target": "target"},
        "systems": ["majority", {"finetune": {"use": "./tiny", "epochs": 1}}],
    }  # fmt: skip
    (folder / FILE_NAME).write_text(yaml.safe_dump(settings))
    return folder


@pytest.fixture
def few_items(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = tuple(one for one in items() if int(one.id[-3:]) <= 2)
    monkeypatch.setattr(ability, "items", lambda: chosen)
    monkeypatch.setattr(canaries, "alternatives_for", lambda _count: 64)
    monkeypatch.setattr(job_rows, "TIMED_CALLS", 4)
    monkeypatch.setattr(planted, "MOST_CASES", 6)


def test_a_tuned_language_model_is_measured_on_everything(writing: Path, few_items: None) -> None:
    said: list[str] = []
    options = GuardOptions(canaries=2)
    found, path = guard(settings_of(writing), writing, options, Hooks(say=said.append))
    results = by_name(found.guards)
    assert set(results) == {
        "general ability", "harmful requests", "over-refusal", "planted instructions", "format", "inventions",
        "calibration", "planted instructions in the job", "membership", "prefix completion", "latency", "canaries",
    }  # fmt: skip
    checked = {name for name, one in results.items() if one.result != "not-checked"}
    assert checked >= {"general ability", "format", "latency", "membership", "canaries", "harmful requests"}
    assert results["general ability"].result != "holds"
    assert results["format"].result == "broken"
    assert GuardReport.model_validate_json(path.read_text()) == found
    assert "order 1 of" not in path.read_text()
    assert any("items of the suite" in line for line in said)
    again, _ = guard(settings_of(writing), writing, options, Hooks())
    assert again.guards == found.guards, "latency too: what was measured is found again"
    assert found.fit_key == again.fit_key
    lines = report_lines(found)
    assert lines[0].startswith("Do not ship finetune:./tiny: broken are")
    assert "General ability by skill (before, after):" in lines


def test_a_classifier_is_told_what_does_not_apply(tmp_path: Path, tiny_encoder: Path) -> None:
    systems = ["majority", {"finetune": {"use": str(tiny_encoder), "epochs": 1, "name": "tuned"}}]
    folder = make_project(tmp_path, make_rows(120, noise=0.0), systems=systems, fields={"folds": 2})
    found, _ = guard(settings_of(folder), folder, GuardOptions(), Hooks())
    results = by_name(found.guards)
    for name in ("general ability", "harmful requests", "over-refusal", "planted instructions"):
        assert results[name].result == "not-checked"
        assert "a classifier cannot write" in results[name].text
    assert results["format"].result == "holds"
    assert results["prefix completion"].text == "Not checked: only labels were learned, no text."
    for name in ("calibration", "latency", "membership", "planted instructions in the job"):
        assert results[name].result != "not-checked", results[name].text
        assert results[name].interval is not None
    assert found.base is not None
    assert "untuned, with a linear head" in found.base


def test_the_first_line_says_whether_it_may_ship() -> None:
    empty = report("k")
    assert headline(replace_guards(empty, a_guard("broken"))).startswith("Do not ship tuned: broken are general")
    assert headline(replace_guards(empty, a_guard("unproven"))).startswith("Nothing that would stop tuned was found")
    assert headline(replace_guards(empty, a_guard("holds"))).startswith("Whatever could be checked for tuned holds.")
    assert headline(replace_guards(empty, a_guard("not-checked"))).startswith("Nothing could be checked")


def replace_guards(empty: GuardReport, *guards: Guard) -> GuardReport:
    return empty.model_copy(update={"guards": list(guards)})


def test_a_project_without_a_fine_tune_has_nothing_to_guard(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(30))
    with pytest.raises(InputError, match="changes a model's weights"):
        guard(settings_of(folder), folder, GuardOptions(), Hooks())
    with pytest.raises(InputError, match="no one fine-tune"):
        guard(settings_of(make_project(tmp_path / "b", make_rows(30), systems=[MAJORITY, TUNED])), tmp_path / "b",
              GuardOptions(system="other"), Hooks())  # fmt: skip
