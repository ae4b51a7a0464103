"""JSON graders: fields in any order, what is missing, dates, numbers, the table per field, slots, schemas."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace

import pytest
from grader_cases import DEEP, graded, score
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.evaluation import counts as counting
from tunewright.evaluation.counts import Counts, from_parts, macro_f1, table
from tunewright.evaluation.dates import read_date
from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import build, measures
from tunewright.evaluation.json_answers import MAX_DEPTH, parse_json, without_fence
from tunewright.evaluation.json_fields import FieldRules, _right, compare_fields, missed_fields
from tunewright.records.answers import Status

RULES = FieldRules()
ORDER = {
    "customer": "Ada",
    "date": "2024-03-15",
    "lines": [{"item": "tea", "qty": 2, "price": 3.5}, {"item": "jam", "qty": 1, "price": 4.0}],
    "note": None,
}


def compared(target: object, answer: object, rules: FieldRules = RULES) -> tuple[int, int, int]:
    found = compare_fields(target, answer, rules)
    return found.tp.total(), found.fp.total(), found.fn.total()


def test_a_half_right_order() -> None:
    answer = {
        "date": "15 March 2024",
        "lines": [{"item": "jam", "qty": 1, "price": 4}, {"item": "tea", "qty": 3, "price": 3.5}, {"item": "ham"}],
        "note": "urgent",
    }
    grade = graded("extraction", json.dumps(answer), json.dumps(ORDER))
    # Right: date, jam 1 4, tea 3.5. Wrong: qty 3, ham, urgent. Missed: customer, qty 2.
    assert grade.score == pytest.approx(2 * 6 / (2 * 6 + 3 + 2))
    assert dict(grade.parts) == {
        "fn:customer": 1,
        "tp:date": 1,
        "tp:lines[].item": 2,
        "fp:lines[].item": 1,
        "tp:lines[].price": 2,
        "tp:lines[].qty": 1,
        "fp:lines[].qty": 1,
        "fn:lines[].qty": 1,
        "fp:note": 1,
    }
    assert grade.answer is not None
    assert json.loads(grade.answer) == answer
    assert score("extraction", json.dumps(answer), json.dumps(ORDER), score="exact") == 0


@pytest.mark.parametrize(
    ("target", "answer", "same", "null", "apart"),
    [
        ({"a": 1}, {"a": 1, "b": None}, 0, 0, 1),
        ({"a": 1, "b": None}, {"a": 1}, 0, 0, 1),
        ({"a": 1, "b": ""}, {"a": 1, "b": None}, 0, 1, 2),
        ({"a": 1, "b": []}, {"a": 1, "b": None}, 0, 1, 2),
        ({"a": 1, "b": []}, {"a": 1, "b": []}, 0, 0, 0),
        ({"a": 1, "b": {}}, {"a": 1}, 0, 1, 1),
        ({"a": 1, "b": []}, {"a": 1, "b": [2]}, 1, 1, 1),
        ({"a": 1, "b": 0}, {"a": 1}, 1, 1, 1),
        ({"a": 1, "b": False}, {"a": 1, "b": None}, 1, 1, 2),
    ],
)
def test_missing_null_and_empty(target: object, answer: object, same: int, null: int, apart: int) -> None:
    for empty, errors in (("same", same), ("null", null), ("apart", apart)):
        _, wrong, missed = compared(target, answer, FieldRules(empty=empty))
        assert wrong + missed == errors, empty


@pytest.mark.parametrize(
    ("target", "answer", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.001, False),
        ("a  b", "a b ", True),
        ("Ada", "ada", False),
        ("2024-03-15", "15.03.2024", True),
        ("2024-03-15", "2024-03-16", False),
        ("2024-03-15T00:00:00Z", "March 15th, 2024", True),
        ("03/04/2024", "2024-04-03", False),
        ("x", ["x"], False),
        ({"a": "x"}, "x", False),
        ([], {}, True),
    ],
)
def test_when_values_are_equal(target: object, answer: object, equal: bool) -> None:
    found = compare_fields({"f": target}, {"f": answer}, RULES)
    assert found.exact == equal
    assert compare_fields({"f": answer}, {"f": target}, RULES).exact == equal


def test_rules_that_can_be_loosened() -> None:
    assert compared({"a": 10}, {"a": 10.4}, FieldRules(absolute=0.5)) == (1, 0, 0)
    assert compared({"a": 100}, {"a": 101}, FieldRules(relative=0.01)) == (1, 0, 0)
    assert compared({"a": 12}, {"a": "12"}, FieldRules(loose=True)) == (1, 0, 0)
    assert compared({"a": True}, {"a": "True"}, FieldRules(loose=True)) == (1, 0, 0)
    assert compared({"a": 1}, {"a": "one"}, FieldRules(loose=True)) == (0, 1, 1)
    assert compared({"a": "ADA"}, {"a": "Ada"}, FieldRules(text="case")) == (1, 0, 0)
    assert compared({"a": "The U.S."}, {"a": "us"}, FieldRules(text="normal")) == (1, 0, 0)
    assert compared({"a": "a  b"}, {"a": "a b"}, FieldRules(text="exact")) == (0, 1, 1)
    assert compared({"d": "03/04/2024"}, {"d": "2024-04-03"}, FieldRules(date_order="dmy")) == (1, 0, 0)
    dates = {"when": "2024-03-15", "code": "2024-03-15"}
    other = {"when": "15.03.2024", "code": "15.03.2024"}
    assert compared(dates, other, FieldRules(dates=frozenset({"when"}))) == (1, 1, 1)
    assert compared(dates, other, FieldRules(dates=frozenset())) == (0, 2, 2)


def test_lists_whose_order_counts() -> None:
    target, answer = {"steps": ["a", "b", "c"], "tags": ["x", "y"]}, {"steps": ["b", "a"], "tags": ["y", "x"]}
    assert compared(target, answer) == (4, 0, 1)
    assert compared(target, answer, replace(RULES, ordered=frozenset({"steps"}))) == (2, 2, 3)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-03-15", "2024-03-15"),
        ("2024/3/15", "2024-03-15"),
        ("15.3.2024", "2024-03-15"),
        ("15/03/24", "2024-03-15"),
        ("3/15/2024", "2024-03-15"),
        ("04/04/2024", "2024-04-04"),
        ("Friday, 15 March 2024", "2024-03-15"),
        ("15th of March, 2024", "2024-03-15"),
        ("15-Mar-2024", "2024-03-15"),
        ("Sept. 3, 2024", "2024-09-03"),
        ("03/04/2024", None),
        ("2024", None),
        ("20240315", None),
        ("2024-02-30", None),
        ("31/12/70", "1970-12-31"),
        ("99/99/9999", None),
        ("15 Marble 2024", None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_dates(text: str, day: str | None) -> None:
    found = read_date(text)
    assert (None if found is None else found.date().isoformat()) == day


_leaf = st.sampled_from([1, 2, "x", "y"])
_items = st.lists(st.dictionaries(st.sampled_from("abc"), _leaf, min_size=1, max_size=3), max_size=4)


def best_by_trying_all(target: list[dict[str, object]], answer: list[dict[str, object]]) -> int:
    """The slow twin of the matching: right values under the best of all pairings."""
    longer, shorter = sorted([target, answer], key=len, reverse=True)
    return max(
        sum(one.get(key) == value for one, other in zip(shorter, order, strict=False) for key, value in other.items())
        for order in itertools.permutations(longer, len(shorter))
    )


@settings(max_examples=150, deadline=None)
@given(_items, _items)
def test_the_matching_of_lists_is_the_best(target: list[dict[str, object]], answer: list[dict[str, object]]) -> None:
    right, wrong, missed = compared(target, answer)
    assert right == best_by_trying_all(target, answer)
    assert right + missed == sum(map(len, target))
    assert right + wrong == sum(map(len, answer))


_nested = st.recursive(
    _leaf | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(_nested, _nested, st.sampled_from(["same", "null", "apart"]), st.sampled_from(["", "a", "a[]"]))
def test_every_value_is_counted_once(target: object, answer: object, empty: str, ordered: str) -> None:
    rules = FieldRules(empty=empty, ordered=frozenset({ordered}))
    right, wrong, missed = compared(target, answer, rules)
    assert right == _right(target, answer, "", rules)
    assert compared(answer, target, rules) == (right, missed, wrong)
    if empty == "same":
        assert right + missed == missed_fields(target, rules).fn.total()
        assert right + wrong == missed_fields(answer, rules).fn.total()


@settings(max_examples=50, deadline=None)
@given(_items, st.randoms())
def test_the_order_of_lists_does_not_count(target: list[dict[str, object]], random: object) -> None:
    shuffled = list(target)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compare_fields({"l": target}, {"l": shuffled}, RULES).exact


def test_long_lists_are_compared_in_time() -> None:
    target = [{"id": place, "name": f"n{place}"} for place in range(800)]
    answer = [{"id": place, "name": f"n{place if place % 7 else 'x'}"} for place in reversed(range(800))]
    start = time.process_time()
    right, wrong, missed = compared({"l": target}, {"l": answer})
    assert time.process_time() - start < 3
    assert right + missed == 1600
    assert right + wrong == 1600
    assert right >= 2 * (800 - 115)
    nested: object = 1
    for _ in range(MAX_DEPTH - 1):
        nested = [nested]
    start = time.process_time()
    assert compared(nested, nested) == (1, 0, 0)
    assert time.process_time() - start < 1


def test_the_table_per_field_comes_from_parts_and_from_answers_alike() -> None:
    targets = [json.dumps({"a": 1, "b": "x"}), json.dumps({"a": 2}), json.dumps({"a": 3, "b": "y"})]
    texts = [json.dumps({"a": 1, "b": "z"}), json.dumps({"a": 2, "b": "w"}), "no JSON"]
    grades = [graded("extraction", text, target) for text, target in zip(texts, targets, strict=True)]
    assert [grade.status for grade in grades] == [Status.OK, Status.OK, Status.MODEL_FAIL]
    total = from_parts([grade.parts for grade in grades])
    rows = {row.name: row for row in table(total)}
    assert (rows["a"].n, rows["a"].precision, rows["a"].recall) == (3, 1.0, pytest.approx(2 / 3))
    assert (rows["b"].n, rows["b"].precision, rows["b"].recall, rows["b"].f1) == (2, 0.0, 0.0, 0.0)
    found = {
        m.NAME: m.measure([g.answer for g in grades], targets) for m in measures("extraction", {}, GraderContext())
    }
    assert found == {"micro_f1": total.f1(), "macro_f1": macro_f1(total)}
    assert found["micro_f1"] == pytest.approx(2 * 2 / (2 * 2 + 2 + 3))
    assert found["macro_f1"] == pytest.approx((0.8 + 0) / 2)


def test_invented_fields_do_not_flood_the_parts() -> None:
    counts = Counts()
    counts.fp.update(f"f{place}" for place in range(500))
    parts = dict(counts.parts())
    assert len(parts) == counting.MAX_NAMES + 1
    assert parts["fp:(other)"] == 450
    assert sum(parts.values()) == 500


def test_targets_and_answers_that_are_no_json() -> None:
    assert graded("extraction", "{}", "no JSON").status is Status.JUDGE_FAIL
    assert graded("extraction", DEEP, "{}").status is Status.MODEL_FAIL
    assert graded("extraction", "[]", '{"a": 1}').score == 0
    assert graded("extraction", "{}", '{"a": null}').score == 1
    fenced = '```json\n{"a": 1}\n```'
    assert score("extraction", fenced, '{"a": 1}') == 1
    assert graded("extraction", fenced, '{"a": 1}', {"fences": False}).status is Status.MODEL_FAIL


def test_fences() -> None:
    assert without_fence(" ```sql\nSELECT 1\n``` ") == "SELECT 1"
    assert without_fence("```\n{}```") == "{}"
    for text in ("```", "``````", "```json {}```", "```a\nb\n```\nc\n```\nd\n```", "x ```\n{}\n```"):
        assert without_fence(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ("NaN", "NaN is no JSON"),
        ("1e999", "too large"),
        ("9" * 500, "too large"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deeper"),
        (DEEP, "too deeply"),
        ("{'a': 1}", "no JSON"),
    ],
)
def test_what_is_no_json(text: str, says: str) -> None:
    value, problem = parse_json(text, fences=False)
    assert value is None
    assert problem is not None
    assert says in problem


def test_json_valid_and_json_schema() -> None:
    assert score("json_valid", ' {"a": 1}\n', "") == 1
    assert score("json_valid", "[1]", "", kind="object") == 0
    assert score("json_valid", "```json\n[1]\n```", "") == 0
    assert score("json_valid", "```json\n[1]\n```", "", fences=True) == 1
    schema = json.dumps({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}})
    assert score("json_schema", '{"a": 1}', "", schema=schema) == 1
    grade = graded("json_schema", '{"a": "x"}', "", {"schema": schema})
    assert (grade.score, grade.detail) == (0, "'a' should be integer and is string")


# snips_slots, train_small, first row.
SNIPS = {
    "intent": "AddToPlaylist",
    "slots": [
        {"slot": "entity_name", "value": "Stani, stani Ibar vodo"},
        {"slot": "playlist_owner", "value": "my"},
        {"slot": "playlist", "value": "música libre"},
    ],
}


def test_slots() -> None:
    answer = {"intent": "PlayMusic", "slots": [SNIPS["slots"][1], {"slot": "playlist", "value": "música"}]}
    grade = graded("slots", json.dumps(answer), json.dumps(SNIPS))
    assert grade.score == pytest.approx(2 * 1 / (2 + 1 + 2))
    assert dict(grade.parts) == {"tp:playlist_owner": 1, "fp:playlist": 1, "fn:playlist": 1, "fn:entity_name": 1}
    right = {**answer, "slots": list(reversed(SNIPS["slots"]))}
    assert score("slots", json.dumps(right), json.dumps(SNIPS), score="exact") == 1
    assert score("slots", json.dumps(right), json.dumps(SNIPS), score="exact", frame="intent") == 0
    assert score("slots", json.dumps(SNIPS), json.dumps(SNIPS), score="exact", frame="intent") == 1


def test_slots_in_other_shapes() -> None:
    assert score("slots", '{"city": ["Rome", "Oslo"], "n": 2}', '{"n": "2", "city": ["Oslo", "Rome"]}', list="") == 1
    assert score("slots", '{"city": "Rome"}', '{"city": ["Rome", "Rome"]}', list="") == pytest.approx(2 / 3)
    options = {"list": "entities", "name": "type", "value": "text"}
    target = '{"entities": [{"type": "LOC", "text": "Rome"}]}'
    assert graded("slots", target, target, options).score == 1
    for text in ('{"slots": []}', '{"entities": [1]}', '{"entities": [{"type": 1, "text": "x"}]}', '{"entities": 3}'):
        assert graded("slots", text, target, options).status is Status.MODEL_FAIL
    assert graded("slots", target, "[]", options).status is Status.JUDGE_FAIL
    assert graded("slots", '{"slots": []}', '{"slots": []}').score == 1


def test_measures_of_slots() -> None:
    targets = [json.dumps(SNIPS), json.dumps({"slots": []})]
    answers = [json.dumps({"slots": SNIPS["slots"][:1]}), json.dumps({"slots": [{"slot": "city", "value": "x"}]})]
    micro, macro = measures("slots", {}, GraderContext())
    assert micro.measure(answers, targets) == pytest.approx(2 / (2 + 1 + 2))
    assert macro.measure(answers, targets) == pytest.approx(1 / 4)
    assert micro.measure([None, "x"], targets) == 0
    assert build("slots", {"score": "exact"}, GraderContext()).binary
