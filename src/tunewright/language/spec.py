"""All that decides how a conversation becomes token ids, under one digest: tokenizer, template, arguments, date, stop.

``resolve_spec`` settles it once from a tokenizer and its model's settings; ``RenderSpec`` is what ``render`` takes;
``StoredSpec`` is the same without the tokenizer, as JSON beside an adapter, and is compared when the adapter is loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tunewright.errors import InputError
from tunewright.language.templates import render_text
from tunewright.records.example import Message

AUTO = "auto"
PLAIN = "plain"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """How messages become token ids.

    ``tokenizer`` is a transformers tokenizer. ``template`` None means plain prompt and completion. ``date`` is the ISO
    date that the template is told. ``stop`` are the token ids that end a generation, the tokenizer's own first.
    """

    tokenizer: Any
    template: str | None
    arguments: Mapping[str, object] = field(default_factory=dict)
    date: str = ""
    stop: tuple[int, ...] = ()

    def stored(self) -> StoredSpec:
        """The same without the tokenizer, for which its digest stands."""
        tokens = tuple(str(token) for token in self.tokenizer.convert_ids_to_tokens(list(self.stop)))
        arguments = json.loads(_json(dict(self.arguments)))
        return StoredSpec(tokenizer_digest(self.tokenizer), self.template, arguments, self.date, self.stop, tokens)

    def digest(self) -> str:
        """SHA-256 (hex) over tokenizer, template, arguments, date and stop tokens."""
        return self.stored().digest()


@dataclass(frozen=True, slots=True)
class StoredSpec:
    """A ``RenderSpec`` as it is kept beside an adapter; ``stop_tokens`` are the stop ids in words, for people."""

    tokenizer: str
    template: str | None
    arguments: Mapping[str, object]
    date: str
    stop: tuple[int, ...]
    stop_tokens: tuple[str, ...] = ()

    def digest(self) -> str:
        """SHA-256 (hex); equal to that of the ``RenderSpec`` it was made from."""
        parts = [self.tokenizer, self.template, dict(self.arguments), self.date, list(self.stop)]
        return hashlib.sha256(_json(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def to_json(self) -> str:
        """JSON text with the digest beside the fields."""
        return json.dumps({"format": _FORMAT, "digest": self.digest(), **asdict(self)}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> StoredSpec:
        """The stored spec.

        Raises:
            InputError: ``spec.broken`` when the text is not one, was written by a newer program or was changed.
        """
        try:
            value = json.loads(text)
            if value["format"] != _FORMAT:
                raise InputError(
                    "spec.broken", f"The stored rendering has the format {value['format']}, which is not known here."
                )
            stored = cls(
                value["tokenizer"],
                value["template"],
                dict(value["arguments"]),
                value["date"],
                tuple(int(token) for token in value["stop"]),
                tuple(value["stop_tokens"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError("spec.broken", f"The stored rendering cannot be read: {error}.") from error
        if stored.digest() != value.get("digest"):
            raise InputError(
                "spec.broken",
                "The stored rendering was changed after it was written: its digest does not fit.",
                hint="Take the adapter's folder from where it was trained.",
            )
        return stored

    def with_tokenizer(self, tokenizer: Any) -> RenderSpec:
        """The spec to render with; ``check_same`` tells whether the tokenizer is the one that was stored."""
        return RenderSpec(tokenizer, self.template, self.arguments, self.date, self.stop)


def resolve_spec(
    tokenizer: Any,
    *,
    date: str,
    model_config: Any = None,
    generation_config: Any = None,
    template: str = AUTO,
    arguments: Mapping[str, object] | None = None,
) -> RenderSpec:
    """Settle how a model's conversations are rendered and where its answers stop.

    The stop set is the tokenizer's end token, the special token with which the template closes an assistant turn, and
    ``eos_token_id`` (one or several) of the generation config and the model config.

    Args:
        tokenizer: a transformers tokenizer.
        date: ISO date for templates that tell it; empty only for templates that do not.
        model_config: the model's config, or None.
        generation_config: its generation config, or None.
        template: ``auto`` (the tokenizer's own, plain where it has none), ``plain``, the name of one of the
            tokenizer's templates, or a template's text.
        arguments: variables for the template; values must be JSON.

    Raises:
        InputError: the template is not there, an argument is no JSON, or no stop token is known.
    """
    chosen = _choose_template(tokenizer, template)
    given = dict(arguments or {})
    try:
        _json(given)
    except (TypeError, ValueError) as error:
        raise InputError("spec.arguments", f"An argument of the template is not JSON: {error}.") from error
    bare = RenderSpec(tokenizer, chosen, given, date)
    stop = list(_ids_of(getattr(tokenizer, "eos_token_id", None)))
    stop += _closing_token(bare)
    for config in (generation_config, model_config):
        stop += _ids_of(getattr(config, "eos_token_id", None))
    if not stop:
        raise InputError(
            "spec.no_stop_token",
            "No token is known at which an answer ends.",
            why="A model that never learns to stop runs on until the limit.",
            hint="Set eos_token in the tokenizer, or eos_token_id in generation_config.json.",
        )
    return RenderSpec(tokenizer, chosen, given, date, tuple(dict.fromkeys(stop)))


def check_same(stored: StoredSpec, now: RenderSpec) -> None:
    """Refuse to use an adapter with another rendering than it was trained with.

    Raises:
        InputError: ``spec.changed``, naming each part that differs and both its values.
    """
    other = now.stored()
    parts = [
        ("tokenizer", stored.tokenizer, other.tokenizer),
        ("template", stored.template, other.template),
        ("arguments", _json(dict(stored.arguments)), _json(dict(other.arguments))),
        ("date", stored.date, other.date),
        ("stop tokens", _stop_words(stored), _stop_words(other)),
    ]
    changed = [(name, before, after) for name, before, after in parts if before != after]
    if not changed:
        return
    told = "; ".join(f"{name} (trained with {_short(a)}, now {_short(b)})" for name, a, b in changed)
    raise InputError(
        "spec.changed",
        f"The adapter was trained with another rendering: {told}.",
        why="A model that is served other tokens than it learned from answers worse, without a word.",
        hint="Load the tokenizer and template stored with the adapter, or train again with these.",
    )


def tokenizer_digest(tokenizer: Any) -> str:
    """SHA-256 (hex) of what makes a tokenizer's ids: its ``tokenizer.json`` without padding and truncation, which calls
    change, and its named special tokens."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    content: object
    if backend is not None:
        content = {**json.loads(backend.to_str()), "padding": None, "truncation": None}
    else:
        content = [type(tokenizer).__name__, sorted(tokenizer.get_vocab().items())]
    text = _json([content, special_tokens(tokenizer)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def decoded(ids: Sequence[int], tokenizer: Any) -> str:
    """The text of tokens as it is: special tokens written out, no space tidied away."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))


def special_tokens(tokenizer: Any) -> dict[str, str]:
    """The named special tokens that a template may write, such as ``bos_token``."""
    return {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}


def control_tokens(tokenizer: Any) -> dict[int, str]:
    """Ids and texts of all special tokens: the named ones, and those that only ``tokenizer.json`` calls special."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    found = {int(number): str(token.content) for number, token in added.items() if token.special}
    return found | dict(zip(tokenizer.all_special_ids, map(str, tokenizer.all_special_tokens), strict=True))


def _choose_template(tokenizer: Any, template: str) -> str | None:
    own = getattr(tokenizer, "chat_template", None)
    if template == PLAIN:
        return None
    if isinstance(own, Mapping) and (template in own or template == AUTO):
        name = "default" if template == AUTO else template
        if name not in own:
            raise _no_template(f"The tokenizer has several templates and no default: {', '.join(sorted(own))}.")
        return str(own[name])
    if template == AUTO:
        return None if own is None else str(own)
    if "{" not in template:
        raise _no_template(f"The tokenizer has no template called '{template}'.")
    return template


def _no_template(message: str) -> InputError:
    return InputError("spec.no_template", message, hint="Name one of them, or use plain.")


def _closing_token(spec: RenderSpec) -> list[int]:
    """The first special token that the template writes after the text of an assistant turn; none where there is none.

    Two renderings that differ in the answer alone agree from the end back to the answer: what they share is the close.
    """
    if spec.template is None:
        return []
    user = Message("user", "a")
    for before in ((user,), (Message("system", "a"), user)):
        try:
            one, two = (
                render_text(
                    spec.template,
                    (*before, Message("assistant", answer)),
                    add_generation_prompt=False,
                    arguments=spec.arguments,
                    special_tokens=special_tokens(spec.tokenizer),
                    date=spec.date,
                )
                for answer in ("x", "yy")
            )
        except InputError as error:
            if error.code != "template.refused":
                raise
            continue
        shared = 0
        while shared < min(len(one), len(two)) and one[-1 - shared] == two[-1 - shared]:
            shared += 1
        close = one[len(one) - shared :]
        special = control_tokens(spec.tokenizer)
        ids = spec.tokenizer(close, add_special_tokens=False)["input_ids"]
        return [int(token) for token in ids if token in special][:1]
    return []


def _ids_of(value: int | Iterable[int] | None) -> tuple[int, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, int) else tuple(int(token) for token in value)


def _stop_words(stored: StoredSpec) -> str:
    return ", ".join(f"{token} {word}" for token, word in zip(stored.stop, stored.stop_tokens, strict=False))


def _short(text: str | None) -> str:
    if text is None:
        return "none"
    if len(text) <= 60:
        return f"'{text}'"
    return f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}, {len(text)} characters"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
