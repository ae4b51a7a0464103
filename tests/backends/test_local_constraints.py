"""Replies held to schemas and expressions: whatever a random model wants to write, they parse and validate."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from backends.local_backends import ask, favour, local, replies
from tiny_decoders import tiny_tokenizer
from tunewright.backends import local_json_bounds
from tunewright.backends.local_constraints import Grammars
from tunewright.backends.local_json_bounds import JsonBounds, Limits, TokenKinds, closed
from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.generation import Decoding

ORDER = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "count": {"type": "integer", "minimum": 1, "maximum": 40},
        "kind": {"enum": ["new", "old", 7, None]},
        "lines": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
        "note": {"anyOf": [{"type": "null"}, {"type": "string", "pattern": "^[a-c]{2,4}$"}]},
        "price": {"type": "number"},
    },
    "required": ["name", "count", "kind", "lines", "note", "price"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"n": {"type": "number"}, "s": {"type": "string"}}, "required": ["n", "s"]}


def test_json_parses_and_validates() -> None:
    requests = [
        *ask("a", max_tokens=300, schema=json.dumps(ORDER)),
        *ask("a", "b", max_tokens=300, schema=json.dumps(ORDER), temperature=2.0, seed=1),
    ]
    for reply in replies(local(), requests):
        assert (reply.status, reply.finish) == (Status.OK, "stop")
        value = json.loads(reply.text or "")
        jsonschema.validate(value, ORDER)
        outside = re.sub(r'"(\\.|[^"\\])*"', "", reply.text or "")
        assert not re.search(r"\s", outside)


def test_expressions_match_and_d_is_a_digit_of_ours() -> None:
    for pattern in (r"\d{4}-\d\d", "(yes|no)( maybe)?", "a/b{2,3}", "[^x]{3}"):
        for reply in replies(local(), ask("a", "b", max_tokens=40, regex=pattern, temperature=1.5)):
            assert re.fullmatch(pattern, reply.text or "", re.ASCII), reply.text
            assert reply.finish == "stop"


def test_what_is_cut_says_so() -> None:
    (reply,) = replies(local(), ask("a", max_tokens=3, regex="x{9}"))
    assert (reply.text, reply.finish, reply.status) == ("xxx", "length", Status.OK)


def test_free_rows_beside_held_ones_are_as_alone() -> None:
    free = ask("one", "two three", max_tokens=9)
    held = ask("one", "two three", max_tokens=30, regex="[ab]{5}", temperature=1.0)
    together = replies(local(), [*free, *held])
    assert [reply.text for reply in together] == [replies(local(), [row])[0].text for row in (*free, *held)]


def test_an_endless_model_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that loves one token would write it for ever; in numbers and strings it must stop."""
    monkeypatch.setattr(local_json_bounds, "STRING_BYTES", 60)
    for letter in "7x":
        backend = local()
        token = backend.model.spec.tokenizer.convert_tokens_to_ids(letter)
        favour(backend, token, 100.0)
        (reply,) = replies(backend, ask("a", max_tokens=200, schema=json.dumps(OPEN)))
        value = json.loads(reply.text or "")
        jsonschema.validate(value, OPEN)
        assert reply.finish == "stop"
        assert letter in str(value)


@pytest.mark.parametrize("schema", ["{", "[1]", '"a"', "false", '{"type": "foo"}', '{"$ref": "http://x/y"}', ""])
def test_a_schema_that_is_none_is_said(schema: str) -> None:
    with pytest.raises(InputError) as caught:
        local().complete([*ask("a"), *ask("b", schema=schema)])
    assert caught.value.code == "constrain.bad_schema"
    assert "request 2" in str(caught.value.where)
    assert caught.value.why


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", "[z-a]"])
def test_an_expression_that_is_none_is_said(pattern: str) -> None:
    with pytest.raises(InputError) as caught:
        local().complete(ask("a", regex=pattern))
    assert caught.value.code == "constrain.bad_regex"


def test_a_tokenizer_of_whole_words_cannot_be_held() -> None:
    with pytest.raises(InputError) as caught:
        Grammars(tiny_tokenizer(), 96, (2,)).check(Decoding(regex="a"))
    assert caught.value.code == "constrain.tokenizer"


def test_bounds_take_tokens_away_only_where_others_are_left() -> None:
    texts = [b"7", b"77", b'"', b"x", b"\\", b",", b"]", b"[", b"}"]
    kinds = TokenKinds.of(texts)
    limits = Limits(string_bytes=3, number_bytes=2, items=2, depth=1)

    def left(written: bytes, allowed: str = "all") -> set[bytes]:
        bounds = JsonBounds(kinds, limits)
        for byte in written:
            bounds.take(texts.index(bytes([byte])))
        mask = kinds.number | True if allowed == "all" else kinds.number
        return {text for text, keep in zip(texts, bounds.narrowed(mask), strict=True) if keep}

    assert left(b'"xx') == set(texts)
    assert left(b'"xxx') == {b'"'}
    assert left(b'"xxx\\') == set(texts)
    assert left(b"77") == set(texts) - {b"7", b"77"}
    assert left(b"77", "numbers") == {b"7", b"77"}
    assert left(b"[7,7") == set(texts) - {b",", b"["}
    assert b"[" not in left(b"[")
    assert b"[" in left(b"[]")


def test_a_schema_says_what_may_be_added_or_nothing_is() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    assert closed({"properties": {"a": inner}, "required": ["a"]}) == {
        "properties": {"a": {**inner, "additionalProperties": False}},
        "required": ["a"],
        "additionalProperties": False,
    }
    for kept in (
        {"properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {"properties": {"a": {}}, "required": ["b"]},
        {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}, "required": ["b"]}]},
        {"properties": {"a": {}}, "anyOf": [{"properties": {"b": {}}, "required": ["b"]}]},
        {"enum": [{"properties": {"a": 1}}]},
    ):
        assert closed(kept) == kept
    one = {"anyOf": [inner, {"type": "null"}]}
    assert closed(one) == {"anyOf": [{**inner, "additionalProperties": False}, {"type": "null"}]}


def test_a_schema_with_larger_sizes_has_its_way() -> None:
    limits = Limits.of({"properties": {"a": {"maxLength": 5000}, "b": {"minItems": 100}}, "x": ["y" * 9]})
    assert limits.string_bytes >= 5000
    assert limits.items == 100
    assert Limits.of({}) == Limits()
