"""Answers that hold what the input does not give, in sets whose answers are taken from the input as a rule.

Numbers, names, quotations, addresses, JSON values and whole answers each have their own rule, learned from the set;
without the rule nothing is said. Also numbers of sources that the input does not have.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tunewright.audit.arithmetic import NUMBER, numbers_in
from tunewright.audit.checks._by_kind import Words, finding_of
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, Quality, Span
from tunewright.audit.json_leaves import is_like_json, leaves, parse
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.data.normalise import light_form, normal_form
from tunewright.records.example import Example

NAME = "unsupported_targets"
TITLE = "Answers the input cannot give"
QUALITY: Quality = "complete"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "rule_share": 0.9,  # from this share on, taking it from the input is the rule
    "rule_share_pieces": 0.95,  # for numbers, names and addresses, which have more ways of their own
    "rule_least_rows": 50,
    "longest_whole_chars": 200,
    "distinct_share": 0.2,  # fewer distinct targets are labels
}

_WHY = (
    "In nearly all rows of this set the answer takes this from the input. Where it does not, nobody could give the "
    "answer, and the model learns to invent."
)
_ADVICE = "Put what is missing into the input, or mend the answer. Keep the row if it is there in other words."


def _told(one: str, many: str) -> Words:
    return Words("warning", one, many, _WHY, _ADVICE)


WORDS: Mapping[str, Words] = {
    "whole": _told("1 answer does not stand in its input", "{n} answers do not stand in their input"),
    "value": _told(
        "1 answer has a value that its input does not give", "{n} answers have a value that their input does not give"
    ),
    "number": _told(
        "1 answer has a number that its input does not give", "{n} answers have a number that their input does not give"
    ),
    "quotation": _told(
        "1 answer quotes what its input does not say", "{n} answers quote what their input does not say"
    ),
    "address": _told(
        "1 answer has a link or address that its input does not give",
        "{n} answers have a link or address that their input does not give",
    ),
    "name": _told(
        "1 answer has a name that its input does not give", "{n} answers have a name that their input does not give"
    ),
}
SOURCE = Words(
    "error",
    "1 answer cites a source that its input does not have",
    "{n} answers cite a source that their input does not have",
    "The number of the source is higher than the sources given. The model learns to invent sources.",
    "Mend the number, or add the source to the input.",
)
_QUOTATION = re.compile(r"[\"“«]([^\"“”«»\n]{15,300})[\"”»]")
_ADDRESS = re.compile(r"https?://[^\s)>\]\"']+|[\w.+-]+@[\w-]+\.[\w.]+")
_NAME = re.compile(r"(?<=[a-z,;] )[A-ZÀ-Þ][\w’'-]+(?: [A-ZÀ-Þ][\w’'-]+)*")
_CITED = re.compile(r"\[(\d{1,2})\](?!\()")
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety hundred"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_NUMBER_WORDS: Mapping[str, int] = {
    **{word: number for number, word in enumerate(_UNITS.split())},
    **{word: 10 * number for number, word in enumerate(_TENS.split(), 3)},
    **{word: number for number, word in enumerate(_ORDINALS.split(), 1)},
    **{"once": 1, "twice": 2, "dozen": 12, "thousand": 1_000, "million": 1_000_000},
}
Piece = tuple[str, str, str]  # (kind, path in JSON or empty, text)


def run(view: View, limits: Limits) -> CheckResult:
    """Pieces of answers that are not in the input, by kind and rule."""
    if view.kind == "classify" or len(view) < limits["rule_least_rows"]:
        return CheckResult()
    there: defaultdict[tuple[str, str], int] = defaultdict(int)
    absent: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    distinct = len({example.target for example in view.examples}) >= limits["distinct_share"] * len(view)
    cited: list[Item] = []
    most = (1 - limits["rule_share"]) * len(view)
    for row, example in enumerate(view.examples):
        if row % 5_000 == 0:
            view.stop_if_asked()
            view.progress(NAME, row / len(view))
        given = _Given("\n".join(message.content for message in example.messages))
        missing: dict[tuple[str, str], str] = {}
        seen: set[tuple[str, str]] = set()
        for kind, path, text in _pieces(example, limits, distinct):
            seen.add((kind, path))
            if not given.has(kind, text):
                missing.setdefault((kind, path), text)
        for key in seen - missing.keys():
            there[key] += 1
        for key, text in missing.items():
            if len(absent[key]) <= most:  # with more than this there is no rule
                absent[key].append((row, text))
        cited += _sources(row, example, given)
    findings = [finding_of(f"{NAME}.source", SOURCE, cited)] if cited else []
    return CheckResult((*findings, *_by_rule(view, there, absent, limits)))


@dataclass(eq=False)
class _Given:
    """What the input of a row gives; forms of its text are made when they are asked for."""

    text: str

    @cached_property
    def light(self) -> str:
        return light_form(self.text)

    @cached_property
    def normal(self) -> str:
        return f" {normal_form(self.text)} "

    @cached_property
    def numbers(self) -> frozenset[object]:
        words = {_NUMBER_WORDS[word] for word in self.normal.split() if word in _NUMBER_WORDS}
        return frozenset([*numbers_in(self.text), *words])

    def has(self, kind: str, text: str) -> bool:
        """Whether a piece of an answer is here, in the form that matters for its kind."""
        if kind == "number":
            return all(number in self.numbers for number in numbers_in(text))
        low = light_form(text)
        if low in self.light:
            return True
        if kind == "address":
            return False
        plain = normal_form(text)
        return bool(plain) and (f" {plain} " in self.normal or (kind == "name" and self._has_words(plain)))

    def _has_words(self, plain: str) -> bool:
        return all(f" {word}" in self.normal for word in plain.split())


def _pieces(example: Example, limits: Limits, distinct: bool) -> Iterator[Piece]:
    """What an answer may have taken from its input."""
    target = example.target.strip()
    if not target:
        return
    if is_like_json(target):
        value, reason = parse(target)
        if reason is None:
            for path, leaf in leaves(value):
                if isinstance(leaf, str) and leaf.strip():
                    yield "value", path, leaf
                elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
                    yield "number", path, f"{leaf:g}"
            return
    if distinct and len(target) <= limits["longest_whole_chars"]:
        yield "whole", "", target
    yield from _pieces_of_text(target)


def _pieces_of_text(target: str) -> Iterator[Piece]:
    for match in NUMBER.finditer(target):
        if len(match.group()) >= 2:
            yield "number", "", match.group()
    for match in _QUOTATION.finditer(target):
        if len(match[1].split()) >= 3:
            yield "quotation", "", match[1].strip(" .,;")
    for match in _ADDRESS.finditer(target):
        yield "address", "", match.group().rstrip(".,;:")
    for match in _NAME.finditer(target):
        yield "name", "", match.group()


def _by_rule(
    view: View,
    there: Mapping[tuple[str, str], int],
    absent: Mapping[tuple[str, str], list[tuple[int, str]]],
    limits: Limits,
) -> list[Finding]:
    items: defaultdict[str, list[Item]] = defaultdict(list)
    for (kind, path), rows in sorted(absent.items()):
        total = there.get((kind, path), 0) + len(rows)
        share = 1 - len(rows) / total
        needed = limits["rule_share"] if kind in ("whole", "value", "quotation") else limits["rule_share_pieces"]
        if total >= limits["rule_least_rows"] and share >= needed:
            items[kind] += [_item(view, row, kind, path, text, share) for row, text in rows]
    whole = {item.rows[0] for item in items["whole"]}
    # What is told of the whole answer need not be told of its parts.
    return [
        finding_of(f"{NAME}.{kind}", words, left)
        for kind, words in WORDS.items()
        if (left := [item for item in items[kind] if kind == "whole" or item.rows[0] not in whole])
    ]


def _item(view: View, row: int, kind: str, path: str, text: str, share: float) -> Item:
    start = view.examples[row].target.find(text)
    span = (Span("target", start, start + len(text), row),) if start >= 0 else ()
    what = {
        "whole": "The answer",
        "value": f"The value of '{path}'",
        "number": f"A number{f' under {path!r}' if path else ''}",
    }
    subject = what.get(kind, f"A {kind}" if kind != "address" else "An address")
    return Item(
        (row,), f"{subject} is not in the input, as it is in {percent(share)} of the rows.", round(share, 3), span
    )


def _sources(row: int, example: Example, given: _Given) -> list[Item]:
    """Cited numbers above the highest of the sources, where the input numbers its sources from 1 without a gap."""
    matches = list(_CITED.finditer(example.target))
    if not matches:
        return []
    sources = {int(number) for number in re.findall(r"(?:^|\s)\[(\d{1,2})\]", given.text)}
    if len(sources) < 2 or sources != set(range(1, len(sources) + 1)):
        return []
    wrong = [match for match in matches if int(match[1]) > len(sources) or int(match[1]) == 0]
    spans = tuple(Span("target", *match.span(), row) for match in wrong[:5])
    why = f"The input has {len(sources)} sources, and the answer cites another."
    return [Item((row,), why, 0.95, spans)] if wrong else []
