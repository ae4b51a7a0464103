"""Sets whose answers are JSON: answers that cannot be read, and answers whose keys or types are not the usual ones.

What most rows do is the rule; where there is no rule nothing is said.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tunewright.audit.checks._by_kind import Words, finding_of
from tunewright.audit.findings import CheckResult, Cost, Finding, Fix, Item, Quality, Span
from tunewright.audit.json_leaves import is_like_json, mended, parse, type_name
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent

NAME = "json_targets"
TITLE = "JSON answers"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "json_share": 0.8,  # from this share on the set is one of JSON answers
    "least_rows": 20,
    "rule_share": 0.95,  # a key or type in so many rows is the rule
    "stranger_share": 0.01,  # a key in at most this share is a stranger
    "case_times_rarer": 10,
    "form_least_texts": 10,  # different texts of one form, before the form is a rule
}

UNREADABLE = Words(
    "error",
    "1 answer is no valid JSON",
    "{n} answers are no valid JSON",
    "The program that reads the answers will fail on them, and the model learns to write them so.",
    "Take the suggested edit where there is one, or write the answer again.",
)
MISSING = Words(
    "warning",
    "1 answer lacks a key that the others have",
    "{n} answers lack a key that the others have",
    "The program that reads the answers expects the key, and the model learns that it may be left out.",
    "Add the key, with null or an empty text if there is no value, or write down that it may be missing.",
)
STRANGER = Words(
    "warning",
    "1 answer has a key that hardly any other has",
    "{n} answers have a key that hardly any other has",
    "A rare key is often a misspelled one; its value is lost to the program that reads the answers.",
    "Rename the key, or take it out.",
)
TYPE = Words(
    "warning",
    "1 answer has a value of another type than the others",
    "{n} answers have a value of another type than the others",
    "A number here and a text there: the model learns both, and the program that reads the answers fails "
    "on one of them.",
    "Write the value as in the other rows.",
)
SPELLING = Words(
    "warning",
    "1 answer has a value in another spelling",
    "{n} answers have a value in another spelling",
    "Values that differ only in case or white space are one for people and two for programs.",
    "Write the value as in the other rows.",
)
FORM = Words(
    "warning",
    "1 answer has a value in another form",
    "{n} answers have a value in another form",
    "Dates, numbers and codes that are written in two ways are two things for the program that reads them.",
    "Write the value in the form of the other rows.",
)


@dataclass(slots=True)
class _Key:
    """What the rows hold under one key of the outermost object."""

    rows: set[int] = field(default_factory=set)
    types: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    texts: Counter[str] = field(default_factory=Counter)


def run(view: View, limits: Limits) -> CheckResult:
    """Unreadable answers, and departures from the keys, types and spellings of the set."""
    if view.kind == "classify" or len(view) < limits["least_rows"]:
        return CheckResult()
    like = [row for row, e in enumerate(view.examples) if is_like_json(e.target)]
    if len(like) < limits["json_share"] * len(view):
        return CheckResult()
    values: dict[int, object] = {}
    unreadable: list[Item] = []
    for row, example in enumerate(view.examples):
        if row % 10_000 == 0:
            view.stop_if_asked()
        if not example.target.strip() and example.target_calls:
            continue
        value, reason = parse(example.target)
        if reason is None:
            values[row] = value
        else:
            unreadable.append(_unreadable(row, example.target, reason))
    share = len(values) / len(view)
    numbers = (("json_share", share),)
    if share < limits["json_share"]:
        return CheckResult(numbers=numbers)
    findings = [finding_of(f"{NAME}.unreadable", UNREADABLE, unreadable)] if unreadable else []
    findings += _rules({row: value for row, value in values.items() if isinstance(value, dict)}, limits)
    return CheckResult(tuple(findings), numbers=numbers)


def _unreadable(row: int, text: str, reason: str) -> Item:
    better = mended(text)
    why = f"It is no JSON: {reason}." if is_like_json(text) else "It is no JSON, as the other answers are."
    fix = Fix("edit", better) if better is not None else None
    return Item((row,), why, 0.95, (Span("target", 0, len(text), row),), fix)


def _rules(objects: Mapping[int, dict[str, object]], limits: Limits) -> list[Finding]:
    """Departures from what most objects have."""
    if len(objects) < limits["least_rows"]:
        return []
    keys: defaultdict[str, _Key] = defaultdict(_Key)
    for row, value in objects.items():
        for name, inner in value.items():
            key = keys[name]
            key.rows.add(row)
            key.types[type_name(inner)].append(row)
            if isinstance(inner, str) and len(inner) <= 60:
                key.texts[inner] += 1
    rule = [name for name, key in keys.items() if limits["rule_share"] * len(objects) <= len(key.rows) < len(objects)]
    strangers = [name for name, key in keys.items() if len(key.rows) <= limits["stranger_share"] * len(objects)]
    missing = [
        Item(
            (row,),
            f"The key '{name}' is missing, which {percent(len(keys[name].rows) / len(objects))} of the answers have.",
            0.8,
        )
        for name in rule
        for row in objects
        if row not in keys[name].rows
    ]
    # Where every second row has a key of its own, keys are data and nothing is strange.
    odd = [
        Item((row,), f"Hardly any other answer has the key '{name}'.", 0.7)
        for name in strangers
        for row in sorted(keys[name].rows)
    ]
    if len({item.rows[0] for item in odd}) > 0.05 * len(objects):
        odd = []
    found = [(f"{NAME}.missing_key", MISSING, missing), (f"{NAME}.stranger", STRANGER, odd)]
    found.append((f"{NAME}.type", TYPE, _types(keys, limits)))
    found.append((f"{NAME}.spelling", SPELLING, _spellings(objects, keys, limits)))
    found.append((f"{NAME}.form", FORM, _forms(objects, keys, limits)))
    return [finding_of(kind, words, items) for kind, words, items in found if items]


def _types(keys: Mapping[str, _Key], limits: Limits) -> list[Item]:
    """Values whose type is rare under their key; null beside anything means that there is no value."""
    items = []
    for name, key in keys.items():
        types = {kind: rows for kind, rows in key.types.items() if kind != "null"}
        total = sum(map(len, types.values()))
        usual = max(types, key=lambda kind: len(types[kind]), default="")
        if len(types) < 2 or total < limits["least_rows"] or len(types[usual]) < limits["rule_share"] * total:
            continue
        why = f"Under '{name}' it has a {{0}}, where the others have a {usual}."
        items += [Item((row,), why.format(kind), 0.85) for kind, rows in types.items() if kind != usual for row in rows]
    return items


def _spellings(objects: Mapping[int, dict[str, object]], keys: Mapping[str, _Key], limits: Limits) -> list[Item]:
    """Texts under keys with few values that differ only in case or white space from one that is much more common."""
    better: dict[tuple[str, str], str] = {}
    for name, key in keys.items():
        if sum(key.texts.values()) < 10 * len(key.texts):
            continue  # free text, not a list of values
        families: defaultdict[str, list[str]] = defaultdict(list)
        for text in key.texts:
            families[" ".join(text.casefold().split())].append(text)
        for family in families.values():
            usual = max(family, key=lambda text: (key.texts[text], text))
            rare = [text for text in family if key.texts[text] * limits["case_times_rarer"] <= key.texts[usual]]
            better.update({(name, text): usual for text in rare})
    if not better:
        return []
    return [
        Item((row,), f"Under '{name}' the others write '{better[name, inner]}'.", 0.9)
        for row, value in objects.items()
        for name, inner in value.items()
        if isinstance(inner, str) and (name, inner) in better
    ]


def _forms(objects: Mapping[int, dict[str, object]], keys: Mapping[str, _Key], limits: Limits) -> list[Item]:
    """Texts whose form (where digits and letters stand) is not that of nearly all texts under their key, such as a date
    with slashes among dates with hyphens. Only forms with digits count: words have none.
    """
    rule: dict[str, str] = {}
    for name, key in keys.items():
        rows, texts = Counter[str](), Counter[str]()
        for text, count in key.texts.items():
            rows[_form(text)] += count
            texts[_form(text)] += 1
        usual, count = max(rows.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
        total = sum(rows.values())
        known = total >= limits["least_rows"] and texts[usual] >= limits["form_least_texts"]
        if known and "9" in usual and limits["rule_share"] * total <= count < total:
            rule[name] = usual
    return [
        Item((row,), f"Under '{name}' the others have the form {rule[name]}.", 0.8)
        for row, value in objects.items()
        for name, inner in value.items()
        if name in rule and isinstance(inner, str) and inner and len(inner) <= 60 and _form(inner) != rule[name]
    ]


def _form(text: str) -> str:
    """A text with 9 for each digit and one a for each word."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", text))
