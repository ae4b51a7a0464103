"""What holds for every grader: missing stays missing, hostile answers do no harm, options are part of what it is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from grader_cases import HOSTILE, SpokenJudge, case
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.errors import InputError
from tunewright.evaluation import graders
from tunewright.evaluation.grader_options import GraderContext, Settings
from tunewright.evaluation.text_grader import MAX_CHARS
from tunewright.records.answers import Answer, Status

JUDGE = SpokenJudge(lambda _request: '{"reason": "r", "marks": {"good": 2}, "better": "tie"}')
CONTEXT = GraderContext(
    embed=lambda texts: np.array([[len(text) + 1.0, text.count("a")] for text in texts]),
    embed_identity="lengths",
    judge=JUDGE,
)
SCHEMA = "CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y');"
# For each grader: options without which it cannot be built, and a target that it can grade by.
USUAL: dict[str, tuple[dict[str, str | int | float | bool], str]] = {
    "bleu": ({}, "the cat sat on the mat"),
    "chrf": ({}, "the cat sat on the mat"),
    "exact": ({}, "the cat"),
    "extraction": ({}, '{"a": 1, "lines": [{"x": "p", "n": 2}, {"x": "q", "n": 3}], "when": "2024-03-15"}'),
    "json_schema": ({"schema": '{"type": "object"}'}, '{"a": 1}'),
    "json_valid": ({}, '{"a": 1}'),
    "judge": ({"criteria": "good: it is good"}, "the cat"),
    "labels": ({}, "red, blue"),
    "normalised": ({}, "The cat, twenty-one."),
    "numeric": ({"find": "last"}, "so it is\n#### 1,234.5"),
    "ordered": ({"order": "low, medium, high"}, "medium"),
    "pairwise": ({}, "the cat"),
    "regex": ({"pattern": r"answer: (\w+)"}, "answer: yes"),
    "rouge": ({}, "the cat sat on the mat"),
    "similarity": ({}, "the cat"),
    "slots": ({}, '{"slots": [{"slot": "city", "value": "Rome"}]}'),
    "span": ({}, '["the cat", "a cat"]'),
    "sql": ({"schema": SCHEMA, "seconds": 0.2}, "SELECT a FROM t"),
}
# These start a process, and have tests of their own.
PROCESSES = {"code", "function"}


def test_every_file_of_the_folder_is_a_grader() -> None:
    assert set(graders.names()) == set(USUAL) | PROCESSES
    for name in graders.names():
        module = graders.module_of(name)
        assert name == module.NAME
        assert module.SUMMARY.endswith(".")
        assert module.VERSION >= 1
        assert len(module.OPTIONS) <= 10
        for option in module.OPTIONS.values():
            assert option.unit
            assert option.reason
            assert not option.choices or option.default in option.choices


def test_the_documentation_has_a_row_for_every_grader() -> None:
    page = (Path(__file__).parents[2] / "docs" / "graders.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip(" `") for line in page.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted([*graders.names(), "label"])


def test_an_unknown_grader_names_the_nearest() -> None:
    with pytest.raises(InputError) as error:
        graders.build("extration", {}, CONTEXT)
    assert error.value.hint == "Did you mean 'extraction'?"


@pytest.mark.parametrize("name", sorted(USUAL))
def test_missing_stays_missing_and_a_failure_of_the_model_scores_0(name: str) -> None:
    options, target = USUAL[name]
    grader = graders.build(name, options, CONTEXT)
    for status in (Status.INFRA_FAIL, Status.JUDGE_FAIL):
        grade = grader.grade(Answer(None, status, detail="gone"), case(target))
        assert (grade.status, grade.score, grade.detail) == (status, None, "gone")
    for answer in (Answer(None, Status.MODEL_FAIL), Answer("the cat", Status.MODEL_FAIL), Answer(None)):
        grade = grader.grade(answer, case(target))
        assert (grade.status, grade.score) == (Status.MODEL_FAIL, 0.0)


def test_hostile_texts_reach_the_graders() -> None:
    short = [text for text in HOSTILE.values() if len(text) <= MAX_CHARS]
    assert len(short) == len(HOSTILE) - 2
    assert max(map(len, short)) > 0.9 * MAX_CHARS


@pytest.mark.parametrize("name", sorted(USUAL))
def test_hostile_answers_do_no_harm(name: str) -> None:
    options, target = USUAL[name]
    grader = graders.build(name, options, CONTEXT)
    for kind, text in HOSTILE.items():
        start = time.process_time()
        grade = grader.grade(Answer(text), case(target))
        assert time.process_time() - start < 3, kind
        assert grade.status in (Status.OK, Status.MODEL_FAIL), (kind, grade.detail)
        assert grade.score is not None
        assert 0 <= grade.score <= 1
        assert not grader.binary or grade.score in (0, 1)
        assert np.isfinite([value for _, value in grade.parts]).all()
        assert len(grade.parts) <= 200
        for stored in (grade.answer or "", grade.detail, *(part for part, _ in grade.parts)):
            stored.encode("utf-8")


@pytest.mark.parametrize("name", sorted(set(USUAL) - {"judge", "pairwise", "json_valid", "json_schema"}))
def test_hostile_targets_do_no_harm(name: str) -> None:
    options, _ = USUAL[name]
    grader = graders.build(name, options, CONTEXT)
    for kind, text in HOSTILE.items():
        if len(text) < 20_000:
            grade = grader.grade(Answer("the cat"), case(text))
            assert grade.score is None or 0 <= grade.score <= 1, kind


@pytest.mark.parametrize("name", sorted(set(USUAL) - {"judge", "pairwise"}))
def test_the_target_as_answer_is_right(name: str) -> None:
    options, target = USUAL[name]
    grade = graders.build(name, options, CONTEXT).grade(Answer(target), case(target))
    assert (grade.status, grade.score) == (Status.OK, 1.0)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(target=st.text(max_size=60))
@pytest.mark.parametrize(
    "name", ["bleu", "chrf", "exact", "labels", "normalised", "regex", "rouge", "similarity", "span"]
)
def test_any_text_is_right_against_itself(name: str, target: str) -> None:
    grader = graders.build(name, USUAL[name][0], CONTEXT)
    assert grader.grade(Answer(target), case(target)).score == 1.0


@settings(max_examples=80, deadline=None)
@given(value=_json, empty=st.sampled_from(["same", "null", "apart"]), ordered=st.sampled_from(["", "a"]))
def test_any_json_is_right_against_itself(value: object, empty: str, ordered: str) -> None:
    target = json.dumps(value)
    for options in ({"empty": empty, "ordered": ordered}, {"empty": empty, "score": "exact", "loose": True}):
        assert graders.build("extraction", options, CONTEXT).grade(Answer(target), case(target)).score == 1.0
    assert graders.build("json_valid", {}, CONTEXT).grade(Answer(target), case(target)).score == 1.0


@settings(max_examples=100, deadline=None)
@given(value=st.integers() | st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_any_number_is_right_against_itself(value: float) -> None:
    grader = graders.build("numeric", {}, CONTEXT)
    assert grader.grade(Answer(str(value)), case(str(value))).score == 1.0
    assert grader.grade(Answer(f" {value} kg. "), case(str(value))).score == 1.0


@pytest.mark.parametrize("name", sorted(USUAL))
def test_identity_changes_with_every_option_and_with_nothing_else(name: str) -> None:
    options, _ = USUAL[name]
    module = graders.module_of(name)
    usual = dict(graders.build(name, options, CONTEXT).identity())
    assert usual == dict(graders.build(name, options, CONTEXT).identity())
    assert usual["grader"] == name
    assert usual["version"] == str(module.VERSION)
    seen = {json.dumps(usual, sort_keys=True)}
    for option, declared in module.OPTIONS.items():
        changed = {**options, option: _another(options.get(option, declared.default), declared.choices)}
        if (name, option) in {("sql", "database"), ("sql", "schema_column"), ("ordered", "order"), ("numeric", "unit")}:
            continue
        seen.add(json.dumps(dict(graders.build(name, changed, CONTEXT).identity()), sort_keys=True))
    left_out = {"sql": 2, "ordered": 1, "numeric": 1}.get(name, 0)
    assert len(seen) == 1 + len(module.OPTIONS) - left_out


def test_identity_names_weights_and_judge() -> None:
    other = GraderContext(embed=CONTEXT.embed, embed_identity="other", judge=SpokenJudge(lambda _: "", "w2"))
    for name in ("similarity", "judge", "pairwise"):
        options, _ = USUAL[name]
        assert graders.build(name, options, CONTEXT).identity() != graders.build(name, options, other).identity()
    assert graders.build("judge", USUAL["judge"][0], CONTEXT).identity()["judge:weights"] == "w1"


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("exact", {"trimm": True}, "no option 'trimm'"),
        ("exact", {"trim": 1}, "wants bool"),
        ("numeric", {"absolute": -1.0}, "not negative"),
        ("numeric", {"absolute": float("nan")}, "not negative"),
        ("numeric", {"find": "middle"}, "one of whole, first, last"),
        ("numeric", {"unit": "kg=x"}, "no number behind 'kg'"),
        ("regex", {"pattern": "("}, "no regular expression"),
        ("json_schema", {}, "no JSON schema"),
        ("json_schema", {"schema": "[1]"}, "no JSON schema"),
        ("judge", {}, "names no criteria"),
        ("judge", {"criteria": "good"}, "no criterion"),
        ("judge", {"criteria": "good: a\ngood: b"}, "two of one name"),
        ("judge", {"criteria": "good: a", "levels": 0}, "from 1 to 100"),
        ("labels", {"separator": ""}, "is empty"),
        ("ordered", {"order": "one"}, "no order"),
        ("ordered", {"order": "a, A"}, "no order"),
        ("sql", {}, "one of them only"),
        ("sql", {"schema": "x", "database": "y"}, "one of them only"),
        ("sql", {"database": "missing.sqlite"}, "does not exist"),
        ("function", {"function": "graders.py"}, "no file and function"),
        ("function", {"function": "missing.py:f"}, "does not exist"),
        ("code", {"memory_mb": 1}, "too small"),
    ],
)
def test_options_that_cannot_be_used_are_refused(name: str, options: Settings, says: str) -> None:
    with pytest.raises(InputError) as error:
        graders.build(name, options, CONTEXT)
    assert says in error.value.message


@pytest.mark.parametrize("name", ["similarity", "judge", "pairwise"])
def test_what_the_project_lacks_is_said(name: str) -> None:
    with pytest.raises(InputError):
        graders.build(name, USUAL[name][0], GraderContext())


def test_options_can_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"type": "array"}')
    context = GraderContext(root=tmp_path)
    grader = graders.build("json_schema", {"schema": "schema.json"}, context)
    before = grader.identity()
    assert [grader.grade(Answer(text), case("")).score for text in ("[]", "{}")] == [1.0, 0.0]
    (tmp_path / "schema.json").write_text('{"type": "object"}')
    assert graders.build("json_schema", {"schema": "schema.json"}, context).identity() != before


def _another(value: str | int | float | bool, choices: tuple[str, ...]) -> str | int | float | bool:
    """Another value of the same kind."""
    if choices:
        return next(choice for choice in choices if choice != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return {"good: it is good": "good (2): it is", '{"type": "object"}': '{"type": "array"}'}.get(value, f"{value}x")
