"""Facts from answers, an audit and a run of a folder, which of them holds, and what is said of broken files."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))
import sample_odd_verdicts
import sample_verdicts

from tunewright.errors import InputError
from tunewright.records.verdict import Verdict
from tunewright.reporting.document import write_verdict
from tunewright.workflow.advising.advise import Consulted, consult, evidence_of, place_of
from tunewright.workflow.advising.advise_answers import checked, facts_of_answers, read_answers, write_answers
from tunewright.workflow.advising.advise_facts import facts_of_run
from tunewright.workflow.advising.advise_limits import own_limits

PROJECT = "task: Route each ticket to a desk\ndata: {path: t.csv, input: text, target: desk}\nvolume_per_day: 50\n"


def audit_of(rows: int = 600, file: str = "t.csv", created: str = "2030-01-01T00:00:00+00:00") -> dict[str, Any]:
    """The parts of ``audit.json`` that advice reads."""

    def finding(kind: str, severity: str, affected: int, numbers: dict[str, float]) -> dict[str, Any]:
        return {
            "kind": kind,
            "check": kind.partition(".")[0],
            "severity": severity,
            "affected": affected,
            "numbers": numbers,
        }

    return {
        "created": created,
        "dataset": {"file": file, "rows": rows, "kind": "classify"},
        "checks": [
            {"name": "label_need", "numbers": {"different_training_rows": rows - 20}},
            {"name": "class_balance", "numbers": {"classes": 12, "rarest_share": 0.04}},
            {"name": "contradictions", "numbers": {"contradicting_rows": 0.0}},
            {"name": "personal_data", "numbers": {}},
        ],
        "findings": [
            finding("label_errors.slips", "warning", 41, {"clear": 0.07}),
            finding("personal_data.in_inputs", "warning", 60, {}),
        ],
    }


def leave_audit(root: Path, document: dict[str, Any], name: str = "audit-1") -> None:
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    (folder / "audit.json").write_text(json.dumps(document), encoding="utf-8")


def leave_run(root: Path, verdict: Verdict, name: str = "r-1") -> None:
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    write_verdict(verdict, folder / "verdict.json")


def asked(root: Path, answers: dict[str, str] | None = None) -> Consulted:
    place = place_of(root)
    return consult(place, evidence_of(place), answers or {}, "advice.yaml")


def value(consulted: Consulted, name: str) -> object:
    return consulted.advice.facts.value(name)


def test_an_audit_answers_in_the_place_of_words(tmp_path: Path) -> None:
    (tmp_path / "tunewright.yaml").write_text(PROJECT)
    leave_audit(tmp_path, audit_of())
    found = asked(tmp_path, {"examples": "5000"})
    assert (value(found, "labelled"), value(found, "train_rows")) == (600, 580)
    assert (value(found, "categories"), value(found, "least_class_rows")) == (12, 24)
    assert value(found, "suspect_labels") == 0.07
    assert found.advice.facts.known["labelled"].overrules is not None
    assert found.sources == ("advice.yaml", "tunewright.yaml", "runs/audit-1/audit.json")
    data = found.advice.of("data")
    assert data is not None
    assert data.rule.id == "private_rows"
    assert "Redact 60 rows" in data.text
    assert data.command == f"tunewright approve personal_data.in_inputs --by NAME --reason TEXT --project {tmp_path}"
    assert found.advice.facts.known["private_rows"].where.endswith("audit.json: personal_data.in_inputs")
    assert found.notes == ()


def test_the_latest_audit_of_the_projects_own_table_counts(tmp_path: Path) -> None:
    (tmp_path / "tunewright.yaml").write_text(PROJECT)
    leave_audit(tmp_path, audit_of(100), "audit-1")
    leave_audit(tmp_path, audit_of(200, created="2030-02-01T00:00:00+00:00"), "audit-2")
    leave_audit(tmp_path, audit_of(300, file="other.csv", created="2030-03-01T00:00:00+00:00"), "audit-3")
    assert value(asked(tmp_path), "labelled") == 200


def test_a_table_that_changed_after_its_audit_is_told(tmp_path: Path) -> None:
    (tmp_path / "tunewright.yaml").write_text(PROJECT)
    (tmp_path / "t.csv").write_text("text,desk\n")
    leave_audit(tmp_path, audit_of(created="2020-01-01T00:00:00+00:00"))
    assert "t.csv has changed" in asked(tmp_path).notes[0]


@pytest.mark.parametrize(
    ("make", "stance", "rule"),
    [
        (sample_verdicts.ship, "do", "ship"),
        (sample_verdicts.keep_simpler, "no", "keep_simpler"),
        (sample_verdicts.not_proven, "hold", "not_proven"),
        (sample_verdicts.cannot_judge, "hold", "cannot_judge"),
    ],
)
def test_a_run_decides(tmp_path: Path, make: Any, stance: str, rule: str) -> None:
    leave_run(tmp_path, make())
    found = asked(tmp_path).advice
    tuning = found.of("fine_tune")
    assert tuning is not None
    assert tuning.stance == stance
    assert rule in (tuning.rule.id, *(other.id for other in tuning.also))
    said = (found.headline, [entry.text for entry in found.entries])
    assert "unknown number" not in str(said)


def test_no_answer_of_a_person_contradicts_a_shipped_fine_tune(tmp_path: Path) -> None:
    leave_run(tmp_path, sample_verdicts.ship())
    words = {
        "tried": "nothing",
        "facts": "daily",
        "work": "lookup",
        "examples": "10",
        "keeper": "nobody",
        "budget": "0",
    }
    words |= {"target": "no", "stable": "weekly", "failure": "facts"}
    assert asked(tmp_path, words).advice.headline.startswith("Use the fine-tune.")


@pytest.mark.parametrize(
    "make", [sample_verdicts.explore, sample_odd_verdicts.no_candidate, sample_odd_verdicts.two_files]
)
def test_runs_without_a_judged_fine_tune_give_facts_and_no_ruling(make: Any) -> None:
    verdict = make()
    facts = {fact.name: fact.value for fact in facts_of_run(verdict, "r")}
    assert facts["judged"] is (verdict.headline in ("SHIP_FINE_TUNE", "KEEP_SIMPLER", "NOT_PROVEN"))
    assert facts["test_cases"] == verdict.test_set.n
    if verdict.test_set.regime == "answers":
        assert "train_rows" not in facts


def test_a_document_that_cannot_be_read_is_told_and_not_used(tmp_path: Path) -> None:
    leave_audit(tmp_path, {"created": "x", "dataset": {"rows": 3}})
    (tmp_path / "runs" / "audit-2").mkdir()
    (tmp_path / "runs" / "audit-2" / "audit.json").write_text("{broken")
    (tmp_path / "runs" / "r-1").mkdir()
    (tmp_path / "runs" / "r-1" / "verdict.json").write_text("{}")
    notes = asked(tmp_path).notes
    assert len(notes) == 2
    assert "audit again" in notes[0]
    assert "was not read" in notes[1]


def test_a_run_of_other_data_is_not_taken_for_this_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("text,desk\n")
    leave_run(tmp_path, sample_verdicts.ship())
    place = place_of(Path("mine.csv"))
    evidence = evidence_of(place)
    assert evidence.facts == ()
    assert "other data" in evidence.notes[0]


def test_answers_are_kept_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "advice.yaml"
    answers = {"job": "Sort: each 'ticket' – now", "facts": "no", "examples": "600", "share_facts": "55 %"}
    write_answers(path, answers)
    assert read_answers(path) == answers
    assert read_answers(tmp_path / "none.yaml") == {}
    path.write_text("facts: no\ntried: [prompt, rules]\nexamples: 600\nbudget:\n")
    read = read_answers(path)
    assert read == {"facts": "no", "tried": "prompt, rules", "examples": "600"}
    assert {f.name: f.value for f in facts_of_answers(read, "x")}["needs_facts"] is False


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("voume: 3\n", "advise.unknown_key"),
        ("shipped: yes\n", "advise.unknown_key"),
        ("volume: many\n", "advise.answer"),
        ("- a\n", "advise.shape"),
        ("a: [\n", "advise.unreadable"),
    ],
)
def test_a_file_of_answers_that_cannot_be_used_is_refused(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "advice.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_answers(path)
    assert caught.value.code == code
    assert str(path) in str(caught.value.where)


def test_an_empty_answer_is_no_answer() -> None:
    assert checked({"volume": " "}, "--answer") == {}


def test_own_limits_of_a_folder_and_their_mistakes(tmp_path: Path) -> None:
    assert own_limits(tmp_path) == {}
    (tmp_path / "thresholds.yaml").write_text("advice: {fewest_rows: 80}\nnear_duplicates: {}\n")
    assert own_limits(tmp_path) == {"fewest_rows": 80.0}
    for text, hint in (("advice: {fewest_row: 80}\n", "fewest_rows"), ("advise: {}\n", "'advice'")):
        (tmp_path / "thresholds.yaml").write_text(text)
        with pytest.raises(InputError, match="no threshold") as caught:
            own_limits(tmp_path)
        assert hint in str(caught.value.hint)


def test_the_section_of_advice_does_not_disturb_those_who_read_limits_of_checks(tmp_path: Path) -> None:
    from tunewright.project.thresholds import load_thresholds

    (tmp_path / "thresholds.yaml").write_text("advice: {fewest_rows: 80}\nsome_check: {most: 2}\n")
    assert load_thresholds(tmp_path, {"some_check": {"most": 1.0}}) == {"some_check": {"most": 2.0}}


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for what in ("nowhere", "nowhere/tunewright.yaml", "none.csv"):
        with pytest.raises(InputError, match="no such file"):
            place_of(tmp_path / what)


def test_what_the_last_run_compared_is_not_proposed_again(tmp_path: Path) -> None:
    (tmp_path / "tunewright.yaml").write_text(PROJECT)
    leave_audit(tmp_path, audit_of())
    before = asked(tmp_path)
    assert before.advice.of("classical") is not None
    place = place_of(tmp_path)
    evidence = replace(evidence_of(place), compared=frozenset({"majority", "tfidf"}))
    assert consult(place, evidence, {}, "advice.yaml").advice.of("classical") is None
    other = replace(evidence, compared=frozenset({"majority", "rules"}))
    assert consult(place, other, {}, "advice.yaml").advice.of("classical") is not None


def test_a_run_older_than_the_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "tunewright.yaml").write_text(PROJECT)
    (tmp_path / "t.csv").write_text("text,desk\na,b\n")
    leave_run(tmp_path, sample_verdicts.ship())
    assert any("t.csv has changed since runs/r-1/verdict.json: run it again" in note for note in asked(tmp_path).notes)


def test_what_was_made_of_a_table_with_a_longer_name_is_not_taken_for_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.csv").write_text("text,desk\na,b\n")
    leave_run(tmp_path, sample_verdicts.ship().model_copy(update={"command": "tunewright run hold.csv"}))
    where = tmp_path / "runs" / "diagnose-1" / "diagnose.json"
    where.parent.mkdir()
    for name, found in (("hold.csv", False), ("old.csv", True)):
        where.write_text(json.dumps({"version": 99, "command": f"tunewright diagnose {name}"}))
        notes = evidence_of(place_of(Path("old.csv"))).notes
        assert any("diagnose again" in note for note in notes) is found
        assert any("is of other data" in note for note in notes)
