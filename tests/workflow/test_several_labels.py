"""Jobs with several labels per case, and with ordered labels, through a whole run; and tables that look like one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from desks import EVERYDAY, WORDS, make_project, make_rows, open_state, run_folders, run_project, settings_of, study_of

from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME
from tunewright.records.answers import Answer
from tunewright.records.verdict import SystemResult, Verdict
from tunewright.workflow.load import Loaded, load

WORDS_OF = {"billing": WORDS["billing"], "repair, urgent": WORDS["repair"], "delivery": WORDS["delivery"]}
NAMES = tuple(WORDS_OF)
FAST: Mapping[str, object] = {"tfidf": {"name": "words", "character_ngrams": False}}


def several_rows(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Texts with two words of each of their labels; a tenth has none."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(count):
        names = [name for name in NAMES if rng.random() < 0.45] if number % 10 else []
        words = [word for name in names for word in rng.choice(WORDS_OF[name], 2, replace=False)]
        words += [*rng.choice(EVERYDAY.split(), 7, replace=False), f"own{number}x{rng.integers(10**9)}"]
        rows.append({"text": " ".join(str(word) for word in rng.permutation(words)), "labels": names})
    return rows


def write_project(folder: Path, rows: Sequence[Mapping[str, object]], target: str, **fields: object) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "cases.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = {"path": "cases.jsonl", "input": "text", "target": target}
    settings = {"task": "Name every desk", "data": data, "systems": ["majority", FAST], **fields}
    (folder / FILE_NAME).write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return folder


def loaded(folder: Path) -> Loaded:
    with open_state(folder) as store:
        return load(settings_of(folder), folder, store)


def result(verdict: Verdict, name: str) -> SystemResult:
    return next(system for system in verdict.systems if system.name == name)


def test_a_run_with_several_labels_is_judged_by_sets(tmp_path: Path) -> None:
    folder = write_project(tmp_path, several_rows(160), "labels", grader="labels", incumbent="majority")
    verdict = run_project(folder)
    assert verdict.data.labels == sorted(NAMES)
    assert verdict.data.contradictions == 0
    assert any(note.endswith("of 160 rows have no label.") for note in verdict.data.notes)
    words = result(verdict, "words")
    assert words.score is not None
    assert words.score > 0.8
    assert words.score > (result(verdict, "majority").score or 0) + 0.3
    assert {field.label for field in words.fields} == set(NAMES)
    assert words.classes == []
    assert words.macro_f1 == words.measures["macro_f1"]
    assert words.measures["micro_f1"] > 0.8
    assert verdict.confusion == []
    (compared,) = verdict.incumbent_comparisons
    assert compared.test == "sign-flip"
    assert (compared.fixed, compared.broken) == (None, None)
    assert verdict.wholesale_failures == []


def test_labels_and_splits_of_such_a_study(tmp_path: Path) -> None:
    folder = write_project(tmp_path, several_rows(120), "labels", grader="labels")
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    assert study.labels == tuple(sorted(NAMES))
    assert not study.grading.grader.binary
    urgent = next(example for example in study.examples if example.target == '["repair, urgent"]')
    assert study.grading.grader.grade(Answer('["repair, urgent"]'), urgent).score == 1.0
    assert sorted(len(part.scored) for part in study.parts) == [24] * 5


def test_every_way_of_writing_lists_gives_the_same_targets(tmp_path: Path) -> None:
    written: list[object] = [
        ["joy", "anger"],
        "['anger', 'joy']",
        "Joy, anger",
        " anger ,joy,",
        '["joy","anger","joy"]',
    ]
    rows = [{"text": f"text {number} {'word' * number}", "labels": target} for number, target in enumerate(written)]
    rows += [{"text": f"more {number}", "labels": [3, 7]} for number in range(3)]
    rows += [{"text": "nothing here", "labels": []}, {"text": "nor there", "labels": "none"}]
    found = loaded(write_project(tmp_path, rows, "labels", grader="labels"))
    targets = [example.target for example in found.examples]
    assert targets == ['["anger", "joy"]'] * 5 + ['["3", "7"]'] * 3 + ["[]"] * 2
    assert "Labels that differ only in case or white space were read as their commonest: 'Joy' / 'joy'." in found.notes
    assert "2 of 10 rows have no label." in found.notes


def test_what_is_no_list_of_labels_is_set_aside(tmp_path: Path) -> None:
    bad: list[object] = [{"joy": 1}, [["joy"]], "['anger' 'joy']", [None], "[joy"]
    rows = [{"text": f"text {number}", "labels": target} for number, target in enumerate([*bad, ["joy"]])]
    data = {"path": "cases.jsonl", "input": "text", "target": "labels", "allow_set_aside": 1.0}
    found = loaded(write_project(tmp_path, rows, "labels", grader="labels", data=data))
    assert [example.target for example in found.examples] == ['["joy"]']
    assert [(row.source.line, row.code) for row in found.set_aside] == [
        (line, "data.target_not_labels") for line in range(1, 6)
    ]


def test_another_separator_is_an_option_and_is_suggested(tmp_path: Path) -> None:
    sets = ["joy", "anger", "joy;anger", "fear;joy", "fear", "anger;fear"]
    rows = [{"text": f"text {number}", "labels": sets[number % 6]} for number in range(60)]
    found = loaded(write_project(tmp_path, rows, "labels", grader="labels"))
    assert any('grader: {labels: {separator: ";"}}' in note for note in found.notes)
    found = loaded(write_project(tmp_path, rows, "labels", grader={"labels": {"separator": ";"}}))
    assert {example.target for example in found.examples} == {
        '["joy"]',
        '["anger"]',
        '["anger", "joy"]',
        '["fear", "joy"]',
        '["fear"]',
        '["anger", "fear"]',
    }
    assert found.notes == ()


def test_lists_without_the_grader_are_refused_at_once(tmp_path: Path) -> None:
    folder = write_project(tmp_path, several_rows(60), "labels")
    with pytest.raises(InputError) as caught:
        run_project(folder)
    assert caught.value.code == "project.several_labels"
    assert "several labels per case" in caught.value.message
    assert "grader: labels" in (caught.value.hint or "")
    assert run_folders(folder) == []
    rows = [{**row, "labels": json.dumps(row["labels"])} for row in several_rows(60)]
    with pytest.raises(InputError, match="several labels per case"):
        loaded(write_project(tmp_path, rows, "labels"))


def test_a_list_here_and_there_is_a_row_set_aside_as_before(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"text {number}", "labels": "ab"[number % 2]} for number in range(60)]
    rows[7]["labels"] = ["a", "b"]
    with pytest.raises(InputError) as caught:
        loaded(write_project(tmp_path, rows, "labels"))
    assert caught.value.code == "data.too_many_set_aside"


def test_signs_between_labels_are_told_and_names_with_commas_are_not(tmp_path: Path) -> None:
    combined = ["joy", "anger", "joy, anger", "fear, joy", "fear", "anger, fear", "joy"]
    rows = [{"text": f"text {number}", "labels": combined[number % 7]} for number in range(70)]
    (note,) = loaded(write_project(tmp_path, rows, "labels")).notes
    assert note.startswith("The targets look like several labels per case, with ',' between them: write grader: labels")
    places = ["Paris, France", "Lyon, France", "Bonn, Germany", "Ulm, Germany", "Rome, Italy"]
    rows = [{"text": f"text {number}", "labels": places[number % 5]} for number in range(70)]
    assert loaded(write_project(tmp_path, rows, "labels")).notes == ()
    desks = make_project(tmp_path, make_rows(60))
    assert loaded(desks).notes == ()


def test_no_label_at_all_is_an_error(tmp_path: Path) -> None:
    rows = [{"text": f"text {number}", "labels": []} for number in range(50)]
    with pytest.raises(InputError, match="No case has a label"):
        loaded(write_project(tmp_path, rows, "labels", grader="labels"))


# Ordered labels


def ordered_rows(count: int) -> list[dict[str, object]]:
    """Severity from 1 to 5: so many words of alarm among ten, and one of them left out at random."""
    rng = np.random.default_rng(4)
    alarm = ("broken", "leaking", "smoke", "danger", "fire")
    rows: list[dict[str, object]] = []
    for number in range(count):
        severity = number % 5 + 1
        words = [*rng.choice(EVERYDAY.split(), 8, replace=False), f"own{number}x{rng.integers(10**9)}"]
        words.append(alarm[max(0, severity - 1 - int(rng.random() < 0.4))])
        rows.append({"text": " ".join(str(word) for word in rng.permutation(words)), "severity": str(severity)})
    return rows


def test_ordered_labels_are_tuned_and_judged_by_distance(tmp_path: Path) -> None:
    folder = write_project(tmp_path, ordered_rows(150), "severity", grader="ordered", incumbent="majority")
    verdict = run_project(folder)
    words, majority = result(verdict, "words"), result(verdict, "majority")
    assert verdict.data.labels == ["1", "2", "3", "4", "5"]
    error = words.measures["mean_absolute_error"]
    assert words.score is not None
    assert words.score == pytest.approx(1 - error / 4, abs=1e-6)
    assert words.measures["quadratic_kappa"] > 0.4 > abs(majority.measures["quadratic_kappa"])
    right = sum(field.n * (field.recall or 0) for field in words.classes) / 150
    assert words.score > right + 0.1, "the score is not the share of right answers"
    (compared,) = verdict.incumbent_comparisons
    assert compared.test == "sign-flip"
    assert compared.fixed is None
    assert len(verdict.confusion) == 1
    assert words.validation_score is not None
    assert words.validation_score > right + 0.1, "strengths are chosen by distance too"
