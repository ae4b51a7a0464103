"""What a reply may be, token by token: a JSON schema or a regular expression, through llguidance.

llguidance says which tokens the grammar allows next. A small model can still walk on for ever inside it, so that JSON
is written without white space, and a string, a number and a list that have grown beyond all reason must end, wherever
the grammar lets them. The masks depend on the tokens written and on nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright.backends.local_json_bounds import JsonBounds, Limits, TokenKinds, closed
from tunewright.errors import InputError
from tunewright.records.generation import Decoding

Mask = NDArray[np.bool_]

_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}


@dataclass(slots=True)
class Constraint:
    """Where one reply stands in its grammar; ``done`` says that nothing can follow."""

    _matcher: Any
    _size: int
    _bounds: JsonBounds | None
    done: bool = False

    def mask(self) -> Mask:
        """``[V]`` the tokens that may come next; stop tokens are among them where the reply may end."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.unpackbits(bits, bitorder="little")[: self._size].astype(np.bool_)
        if len(allowed) < self._size:
            allowed = np.pad(allowed, (0, self._size - len(allowed)))
        return allowed if self._bounds is None else self._bounds.narrowed(allowed)

    def take(self, token: int) -> None:
        """A token was written that the mask allowed."""
        self._matcher.consume_token(token)
        if self._bounds is not None:
            self._bounds.take(token)
        self.done = bool(self._matcher.is_stopped())

    @property
    def problem(self) -> str:
        """Why the grammar went no further, where it is too complex; empty otherwise."""
        return str(self._matcher.get_error()) if self._matcher.is_error() else ""


@dataclass(slots=True)
class Grammars:
    """Grammars for one tokenizer; ``size`` is the number of logits ``V``, ``stop`` the token ids that end a reply."""

    tokenizer: Any
    size: int
    stop: Sequence[int]
    _compiled: dict[tuple[str, str], tuple[str, Limits | None]] = field(default_factory=dict)
    _known: Any = None
    _kinds: TokenKinds | None = None

    def check(self, decoding: Decoding) -> None:
        """Whether replies can be held to what is asked.

        Raises:
            InputError: the schema is none, the expression is none, or this tokenizer cannot be held to a grammar.
        """
        if decoding.schema is not None or decoding.regex is not None:
            self._grammar(decoding)

    def start(self, decoding: Decoding) -> Constraint | None:
        """The constraint of a new reply; None where anything may be written."""
        if decoding.schema is None and decoding.regex is None:
            return None
        grammar, limits = self._grammar(decoding)
        bounds = None if limits is None else JsonBounds(self._token_kinds(), limits)
        matcher = _library().LLMatcher(self._tokens(), grammar, log_level=0)
        return Constraint(matcher, self.size, bounds, bool(matcher.is_stopped()))

    def _grammar(self, decoding: Decoding) -> tuple[str, Limits | None]:
        key = ("schema", decoding.schema) if decoding.schema is not None else ("regex", str(decoding.regex))
        if key not in self._compiled:
            self._compiled[key] = self._first_that_works(key[0], key[1])
        return self._compiled[key]

    def _first_that_works(self, kind: str, text: str) -> tuple[str, Limits | None]:
        error = ""
        for made in _schemas(text) if kind == "schema" else [(_regex(text), None)]:
            matcher = _library().LLMatcher(self._tokens(), made[0], log_level=0)
            if not matcher.is_error():
                return made
            error = str(matcher.get_error())
        raise _refused(kind, text, error)

    def _tokens(self) -> Any:
        if self._known is None:
            backend = getattr(self.tokenizer, "backend_tokenizer", None)
            content = {**json.loads(backend.to_str()), "padding": None, "truncation": None} if backend else {}
            try:
                self._known = _library().LLTokenizer(json.dumps(content), n_vocab=self.size, eos_token=list(self.stop))
            except (ValueError, RuntimeError) as error:
                raise InputError(
                    "constrain.tokenizer",
                    "The replies of this model cannot be held to a schema or an expression.",
                    why=f"Its tokenizer is of a kind that llguidance cannot read: {_first_line(error)}",
                    hint="Use a model with a byte-level or byte-fallback tokenizer, or ask without a constraint.",
                ) from error
        return self._known

    def _token_kinds(self) -> TokenKinds:
        if self._kinds is None:
            tokens = self._tokens()
            self._kinds = TokenKinds.of([tokens.decode_bytes([token]) for token in range(self.size)])
        return self._kinds


@lru_cache(maxsize=1)
def _library() -> Any:
    try:
        import llguidance
    except ImportError as error:
        raise InputError(
            "constrain.missing",
            "Replies can be held to a schema or an expression only with the package llguidance.",
            hint='Install the extra "models": pip install "tunewright[models]".',
        ) from error
    return llguidance


def _schemas(text: str) -> list[tuple[str, Limits | None]]:
    """Grammars for a schema, the one without invented properties first; the limits are those of the schema."""
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise _refused("schema", text, f"it is no JSON: {error}") from error
    if schema is True:
        schema = {}
    if not isinstance(schema, dict):
        raise _refused("schema", text, "a schema is an object")
    limits = Limits.of(schema)
    try:
        make = _library().LLMatcher.grammar_from_json_schema
        return [(str(make(one, overrides=_COMPACT)), limits) for one in (closed(schema), schema)]
    except (ValueError, TypeError) as error:
        raise _refused("schema", text, error) from error


def _regex(text: str) -> str:
    """A grammar of the expression; ``\\d`` means 0 to 9 and not the digits of all scripts."""
    library = _library()
    try:
        return str(library.LLMatcher.grammar_from_lark(f"start: /{library.regex_to_lark(text, use_ascii='d')}/"))
    except (ValueError, TypeError) as error:
        raise _refused("regex", text, error) from error


def _refused(kind: str, text: str, reason: object) -> InputError:
    what = "JSON schema" if kind == "schema" else "regular expression"
    return InputError(
        f"constrain.bad_{kind}",
        f"This {what} cannot be used to constrain a reply.",
        where=text if len(text) <= 120 else f"{text[:117]}...",
        why=_first_line(reason),
        hint="Correct it, or simplify it." if kind == "schema" else "Correct it; look-around is not supported.",
    )


def _first_line(reason: object) -> str:
    lines = [line.strip() for line in str(reason).splitlines() if line.strip()]
    return lines[0] if lines else type(reason).__name__
