"""From typed functions to JSON schemas and from JSON back to Python values, without a process."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.data.json_schema import known_schema, misfits
from tunewright.sandbox import signatures
from tunewright.sandbox.signatures import Unusable, as_json, bound, described, schema_of, value_of


class Desk(enum.Enum):
    BILLING = "billing"
    REPAIR = "repair"


@dataclasses.dataclass
class Line:
    item: str
    count: int = 1


class Address(TypedDict):
    street: str
    floor: NotRequired[int]


def find(
    customer: str,
    desk: Desk,
    lines: list[Line],
    share: float = 0.5,
    kind: Literal["new", "old"] = "new",
    address: Optional[Address] = None,  # noqa: UP045
    tags: dict[str, int] | None = None,
    dry_run: bool = True,
) -> dict[str, Any]:
    """The contract of a customer.

    Looked up by name.

    Args:
        customer: the name as it stands
            in the list.
        share (float): of the whole.

    Returns:
        the contract.

    Raises:
        KeyError: never.
    """
    return {}


def test_a_function_is_told_as_a_tool() -> None:
    told = described("find", find)
    text = "The contract of a customer. Looked up by name. Returns: the contract."
    assert (told["description"], told["writes"], told["dry_run"]) == (text, True, True)
    properties = told["parameters"]["properties"]
    assert list(properties) == ["customer", "desk", "lines", "share", "kind", "address", "tags"]
    assert told["parameters"]["required"] == ["customer", "desk", "lines"]
    assert properties["customer"] == {"type": "string", "description": "the name as it stands in the list."}
    assert properties["share"] == {"type": "number", "description": "of the whole.", "default": 0.5}
    assert properties["desk"] == {"type": "string", "enum": ["billing", "repair"]}
    assert properties["lines"]["items"]["required"] == ["item"]
    assert properties["kind"] == {"type": "string", "enum": ["new", "old"], "default": "new"}
    assert properties["address"]["anyOf"][0]["required"] == ["street"]
    assert properties["tags"]["anyOf"][0] == {"type": "object", "additionalProperties": {"type": "integer"}}
    jsonschema.Draft202012Validator.check_schema(told["parameters"])
    assert known_schema(told["parameters"]) is None


def test_the_arguments_of_a_call_become_what_the_types_say() -> None:
    asked = {"customer": "A", "desk": "repair", "lines": [{"item": "seal"}], "share": 1, "address": {"street": "x"}}
    made = bound(find, asked)
    assert (made["desk"], made["lines"], made["share"]) == (Desk.REPAIR, [Line("seal", 1)], 1.0)
    assert isinstance(made["share"], float)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"desk": "sales"}, "none of"),
        ({"lines": [{"count": 2}]}, r"lines\[0\].item is missing"),
        ({"lines": [{"item": "a", "colour": "b"}]}, "not declared"),
        ({"customer": 3}, "customer should be string"),
        ({"share": True}, "share should be number"),
        ({"tags": {"a": "b"}}, "fits none"),
        ({"who": "x"}, "no argument 'who'"),
    ],
)
def test_arguments_that_do_not_fit_are_told(change: dict[str, Any], words: str) -> None:
    asked = {"customer": "A", "desk": "repair", "lines": [], **change}
    assert list(misfits(asked, described("find", find)["parameters"]))
    with pytest.raises(Unusable, match=words):
        bound(find, asked)


def no_docstring(a: str) -> str:
    return a


def untyped(a) -> str:  # type: ignore[no-untyped-def]
    """Text."""
    return str(a)


def of_any(a: Any) -> str:
    """Text."""
    return str(a)


def of_bytes(a: bytes) -> str:
    """Text."""
    return str(a)


def starred(*a: str) -> str:
    """Text."""
    return str(a)


async def later(a: str) -> str:
    """Text."""
    return a


def int_keys(a: dict[int, str]) -> str:
    """Text."""
    return str(a)


def odd_dry_run(dry_run: str) -> str:
    """Text."""
    return dry_run


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_docstring, "no docstring"),
        (untyped, "'a' has no type"),
        (of_any, "no form in JSON"),
        (of_bytes, "no form in JSON"),
        (starred, "no name"),
        (later, "plain function"),
        (int_keys, r"dict\[str"),
        (odd_dry_run, "must be a bool"),
    ],
)
def test_what_can_be_no_tool_is_refused_with_the_reason(function: Callable[..., object], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        described(function.__name__, function)


def test_a_file_gives_its_own_public_functions_and_names_what_is_wrong() -> None:
    module = types.ModuleType("people")
    code = (
        "from json import dumps\n"
        "def good(a: str) -> str:\n    'Good.'\n"
        "def bad(a):\n    'Bad.'\n"
        "def _helper(a):\n    pass\n"
        "def refund(a: str) -> str:\n    'Pay back.'\n"
        "refund.writes = True\n"
    )
    exec(code, module.__dict__)
    functions, wrong = signatures.tools_of(module)
    assert list(functions) == ["good", "bad", "refund"]
    assert wrong == ["bad: the argument 'a' has no type; write a: str, for example"]
    assert [described(name, functions[name])["writes"] for name in ("good", "refund")] == [False, True]


def test_lines_on_arguments_in_the_form_of_sphinx() -> None:
    def one(a: str, b: Annotated[int, "how many"] = 1) -> None:
        """Do it.

        :param a: the name
        """

    properties = described("one", one)["parameters"]["properties"]
    assert properties["a"]["description"] == "the name"
    assert properties["b"]["description"] == "how many"


def test_results_become_json_whatever_they_are() -> None:
    value = {"a": Desk.BILLING, 1: (1.5, math.nan), "c": {"y", "x"}, "d": Line("b"), "e": object}
    made = json.loads(as_json(value))
    assert made["a"] == "billing"
    assert made["1"] == [1.5, "nan"]
    assert made["c"] == ["x", "y"]
    assert made["d"] == {"item": "b", "count": 1}
    assert "cut" in json.loads(as_json("a" * 300_000))
    loop: list[object] = []
    loop.append(loop)
    assert as_json(loop).startswith("[[")


# Properties: what the schema allows, the types take; what it forbids, they refuse.

_KINDS = st.recursive(
    st.sampled_from([str, int, float, bool, Desk, Line, Address, Literal["a", 2, True]]),
    lambda inner: st.one_of(
        inner.map(lambda one: list[one]),  # type: ignore[valid-type]
        inner.map(lambda one: dict[str, one]),  # type: ignore[valid-type]
        inner.map(lambda one: Optional[one]),  # noqa: UP045
        inner.map(lambda one: tuple[one, str]),  # type: ignore[valid-type]
    ),
    max_leaves=4,
)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 2.0]), st.sampled_from(["a", "billing", ""])
)
_KEYS = st.sampled_from(["item", "count", "street", "floor", "z"])
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(_KINDS, _VALUES)
def test_schema_and_types_agree_on_every_value(kind: Any, value: Any) -> None:
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    fits = next(misfits(value, schema), None) is None
    assert fits == jsonschema.Draft202012Validator(schema).is_valid(value)
    try:
        value_of(value, kind)
        taken = True
    except Unusable:
        taken = False
    assert taken == fits


@settings(max_examples=100, deadline=None)
@given(_VALUES)
def test_json_comes_back_from_a_tool_as_it_was(value: Any) -> None:
    assert json.loads(as_json(value)) == value
