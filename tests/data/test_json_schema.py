"""The small validator against the full one (package jsonschema), on many schemas and values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tunewright.data.json_schema import known_schema, misfits

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.sampled_from([1.0, 2.5])
    | st.sampled_from(["", "a", "abc", "km"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
_types = st.sampled_from(["object", "array", "string", "boolean", "null", "number", "integer"])
_leaf = st.fixed_dictionaries(
    {},
    optional={
        "type": _types | st.lists(_types, min_size=1, max_size=2, unique=True),
        "enum": st.lists(_values, min_size=1, max_size=3),
        "minimum": st.integers(-2, 5),
        "exclusiveMaximum": st.integers(0, 9),
        "minLength": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "uniqueItems": st.booleans(),
        "pattern": st.sampled_from(["^a", "m$"]),
    },
)
_schemas = st.recursive(
    _leaf,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": _types,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(_values, _schemas)
def test_it_agrees_with_jsonschema(value: object, schema: dict[str, object]) -> None:
    assert (next(misfits(value, schema), None) is None) == Draft202012Validator(schema).is_valid(value)


def test_it_says_where_and_what() -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "array", "items": {"$ref": "#/$defs/day"}},
            "unit": {"enum": ["C", "F"]},
        },
        "required": ["city"],
        "additionalProperties": False,
        "$defs": {"day": {"type": "integer", "minimum": 1}},
    }
    assert list(misfits({"city": "Oslo", "days": [1, 2]}, schema)) == []
    assert list(misfits({"days": [1, "2", 0], "unit": "K", "x": 1}, schema)) == [
        "'city' is required and missing",
        "'days[1]' should be integer and is string",
        "'days[2]' is smaller than 1",
        '\'unit\' is none of the values allowed ("C", "F")',
        "'x' is not declared",
    ]


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert list(misfits(1, {"$ref": "#"})) == []


@pytest.mark.parametrize(
    "schema",
    [
        [],
        {"properties": []},
        {"properties": {"a": "string"}},
        {"properties": {"a": {"type": "str"}}},
        {"properties": {"a": {"type": "string"}}, "required": "a"},
        {"properties": {}, "required": ["a"], "additionalProperties": False},
    ],
)
def test_broken_schemas_are_named(schema: object) -> None:
    assert known_schema(schema) is not None


def test_usual_schemas_are_known() -> None:
    assert (
        known_schema({"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}) is None
    )


def test_a_pattern_that_never_ends_calls_nothing_wrong() -> None:
    assert list(misfits("a" * 3_000 + "!", {"pattern": "^(?:(?:a|aa)+)+$"})) == []
    assert list(misfits("b", {"pattern": "^a$"})) == ["the whole of it has not the form that is asked for"]


def test_long_lists_are_looked_through_once() -> None:
    values = [[number, {"a": number}] for number in range(20_000)]
    assert list(misfits(values, {"uniqueItems": True})) == []
    assert list(misfits([*values, [7.0, {"a": 7}]], {"uniqueItems": True})) == [
        "the whole of it has the same entry twice"
    ]
    assert list(misfits([1, True, "1", 0, False], {"uniqueItems": True})) == []
