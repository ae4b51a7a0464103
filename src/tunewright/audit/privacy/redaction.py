"""A copy of the examples in which personal data and secrets have stand-ins, and the way back.

What was found in one place of a row is replaced everywhere in that row: in messages, the target, the arguments of tool
calls, the rejected answer, tags, group and name of the row, and so is each part of a full name ("Anna" of "Anna Berg"),
in small letters and in capitals too unless it is an everyday word. Full names are replaced in the other rows too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tunewright.audit.fields import last_user, text_of, texts
from tunewright.audit.findings import Span
from tunewright.audit.privacy import secrets
from tunewright.audit.privacy.hits import Hit, without_overlaps
from tunewright.audit.privacy.pseudonyms import Entry, PseudonymMap, Pseudonyms, name_words, parts_of_name
from tunewright.audit.privacy.recognise import find_personal
from tunewright.audit.privacy.replacing import KnownStrings, Place, as_json, in_json, strings_in, written
from tunewright.records.example import Example, Message, ToolCall

_WORD = re.compile(r"\w+")
# A name of one word is replaced in its own row only: elsewhere it may be a word, or somebody else.
_FEWEST_WORDS_ELSEWHERE = 2
Change = Callable[[str, str], str]


def find_in(example: Example) -> tuple[Span, ...]:
    """Everything that the recognisers report in a row, as spans for ``redact``."""
    spans = []
    for field, text in texts(example):
        for hit in without_overlaps([*find_personal(text), *secrets.find(text)]):
            spans.append(Span(field, hit.start, hit.end, kind=hit.kind))
    return tuple(spans)


def redact(
    examples: Sequence[Example],
    hits: Mapping[int, Sequence[Span]],
    key: bytes,
    known: Iterable[Entry] = (),
) -> tuple[tuple[Example, ...], PseudonymMap]:
    """The examples with stand-ins at the hits, and the map that leads back.

    Args:
        examples: the rows.
        hits: by row number; ``Span.kind`` says what stands there.
        key: the secret that stand-ins follow from; the same key gives the same ones in another version.
        known: entries of the map of an earlier version.

    Raises:
        KeyError: a span names a field that its row has not.
    """
    values = {row: _with_parts(examples[row], _values(examples[row], spans)) for row, spans in hits.items()}
    words = {value.casefold() for found in values.values() for _, value in found}
    words |= _words_in(examples)
    pseudonyms = Pseudonyms(key, known, words)
    for kind, value in sorted({pair for found in values.values() for pair in found}):
        pseudonyms.of(kind, value)
    names = {
        value: pseudonyms.of(kind, value)
        for found in values.values()
        for kind, value in found
        if kind == "person" and len(value.split()) >= _FEWEST_WORDS_ELSEWHERE
    }
    everywhere = KnownStrings(names)
    changed = []
    for row, example in enumerate(examples):
        own = KnownStrings({value: pseudonyms.of(kind, value) for kind, value in sorted(values.get(row, ()))})
        spans = _by_field(example, hits.get(row, ()))
        changed.append(_walk(example, _redaction(spans, (own, everywhere), pseudonyms)))
    return tuple(changed), pseudonyms.map()


def restore(examples: Sequence[Example], way_back: PseudonymMap) -> tuple[Example, ...]:
    """The examples with the first values again; secrets are not put back.

    Of two spellings with one stand-in (``A@b.org``, ``a@b.org``) the first in the order of the alphabet comes back, and
    JSON may have a letter itself where it had its escape; both say the same.
    """
    values: dict[str, str] = {}
    for entry in way_back.entries:
        values.setdefault(entry.pseudonym, entry.value)
    known = KnownStrings(values)
    return tuple(_walk(example, lambda _field, text: _replaced(text, (), (known,))) for example in examples)


def _words_in(examples: Sequence[Example]) -> set[str]:
    words: set[str] = set()

    def gather(_field: str, text: str) -> str:
        words.update(word.casefold() for word in _WORD.findall(text))
        return text

    for example in examples:
        _walk(example, gather)
    return words


def _values(example: Example, spans: Sequence[Span]) -> set[tuple[str, str]]:
    found = set()
    for span in spans:
        text = text_of(example, span.field)
        value = text[span.start : span.end]
        if as_json(text) is not None and "\\" in value:
            value = _unescaped(value)
        if value.strip():
            found.add((span.kind, value))
    return found


def _with_parts(example: Example, found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The values with the words of names: who is "Anna Berg" in one place is "Anna" or "BERG" in the next."""
    names = [value for kind, value in found if kind == "person"]
    parts = {part for value in names for part in parts_of_name(value)}
    if small := {word for value in names for word in name_words(value)}:
        parts |= {word for word in _spellings(example) if word.casefold() in small}
    return found | {("person", part) for part in parts}


def _spellings(example: Example) -> set[str]:
    """The words of a row as they are written, in JSON those of its strings."""
    words: set[str] = set()

    def gather(_field: str, text: str) -> str:
        for string in strings_in(text):
            words.update(_WORD.findall(string))
        return text

    _walk(example, gather)
    return words


def _unescaped(value: str) -> str:
    try:
        return str(json.loads(f'"{value}"'))
    except ValueError:
        return value


def _by_field(example: Example, spans: Sequence[Span]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for span in spans:
        field = f"messages[{last_user(example)}]" if span.field == "input" else span.field
        found.setdefault(field, []).append(span)
    return found


def _redaction(spans: Mapping[str, Sequence[Span]], known: tuple[KnownStrings, ...], pseudonyms: Pseudonyms) -> Change:
    def change(field: str, text: str) -> str:
        places: list[Place] = []
        here = spans.get(field)
        if here is None and not field.startswith(("messages[", "rejected[", "target")):
            here = [Span(field, h.start, h.end, kind=h.kind) for h in find_personal(text)]
        elif here is None and ".calls[" in field:
            here = [Span(field, h.start, h.end, kind=h.kind) for h in (*find_personal(text), *secrets.find(text))]
        for hit in without_overlaps(Hit(s.start, s.end, s.kind, 1.0) for s in here or ()):
            value = text[hit.start : hit.end]
            if value.strip():
                places.append((hit.start, hit.end, pseudonyms.of(hit.kind, value)))
        return _replaced(text, places, known)

    return change


def _replaced(text: str, places: Sequence[Place], known: tuple[KnownStrings, ...]) -> str:
    """The text with these places and then all known strings replaced; what is replaced already is not touched again."""
    parsed = as_json(text)
    if parsed is not None:
        value, style = parsed
        for strings in (KnownStrings({text[start:end]: stand_in for start, end, stand_in in places}), *known):
            value = in_json(value, strings)
        return json.dumps(value, **style)
    taken = list(places)
    for strings in known:
        found = strings.find(text)
        taken += [p for p in found if all(p[1] <= start or p[0] >= end for start, end, _ in taken)]
    return written(text, sorted(taken))


def _walk(example: Example, change: Change) -> Example:
    """The example with every text of it changed; nothing else of a row can hold what a person wrote."""
    return replace(
        example,
        messages=_messages("messages", example.messages, change),
        target=change("target", example.target),
        target_calls=tuple(_call(f"target_calls[{n}]", call, change) for n, call in enumerate(example.target_calls)),
        rejected=_messages("rejected", example.rejected, change),
        tags=tuple((name, change(f"tags.{name}", value)) for name, value in example.tags),
        group=None if example.group is None else change("group", example.group),
        row_id=change("row_id", example.row_id),
    )


def _messages(name: str, messages: tuple[Message, ...], change: Change) -> tuple[Message, ...]:
    return tuple(
        replace(
            message,
            content=change(f"{name}[{number}]", message.content),
            tool_calls=tuple(
                _call(f"{name}[{number}].calls[{n}]", c, change) for n, c in enumerate(message.tool_calls)
            ),
        )
        for number, message in enumerate(messages)
    )


def _call(field: str, call: ToolCall, change: Change) -> ToolCall:
    return replace(call, arguments=change(field, call.arguments))
