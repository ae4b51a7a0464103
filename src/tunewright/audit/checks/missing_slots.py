"""Answers that leave out what a structured input gives: values that answers of this set say as a rule.

The rule is learned for each key from the set (the idea of slot coverage is that of Dušek, Howcroft and Rieser 2019,
"Semantic noise matters for neural natural language generation"); keys without such a rule are left alone.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping

from tunewright.audit.checks._by_kind import Words, finding_of
from tunewright.audit.conversation import request_of
from tunewright.audit.findings import CheckResult, Cost, Item, Quality
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.data.normalise import normal_form

NAME = "missing_slots"
TITLE = "Values left out"
QUALITY: Quality = "complete"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "structured_share": 0.9,
    "rule_share": 0.9,
    "rule_least_rows": 30,
    "longest_value_words": 8,
}

WORDS = Words(
    "warning",
    "1 answer leaves out a value that its input gives",
    "{n} answers leave out a value that their input gives",
    "In nearly all rows the answer says this value. Where it is left out the model learns to lose information.",
    "Add the value to the answer. If it is said in other words, keep the row.",
)
_LINE = re.compile(r"\s*[-*•]?\s*([A-Za-z_][\w /()-]{0,40}?)\s*[:=]\s*(\S.*)")
_BRACKETED = re.compile(r"([A-Za-z_][\w ]{0,40}?)\s*\[([^\[\]]*)\]")
MAX_CHARS = 4_000  # longer inputs are texts
_EMPTY = frozenset({"", "none", "null", "n/a", "na", "-", "unknown", "no", "yes", "true", "false"})
_SMALL_WORDS = frozenset(
    ["a", "an", "the", "of", "and", "or", "in", "on", "at", "for", "to", "by", "with", "de", "la", "le"]
)


def run(view: View, limits: Limits) -> CheckResult:
    """Values that are missing where the rule of their key says that they should be there."""
    if view.kind == "classify" or len(view) < limits["rule_least_rows"]:
        return CheckResult()
    slots = {row: slots_of(request_of(example)) for row, example in enumerate(view.examples)}
    slots = {row: found for row, found in slots.items() if found}
    if len(slots) < limits["structured_share"] * len(view):
        return CheckResult()
    said: defaultdict[str, list[int]] = defaultdict(list)
    unsaid: defaultdict[str, list[int]] = defaultdict(list)
    for row, pairs in slots.items():
        target = normal_form(view.examples[row].target)
        words = set(target.split())
        for key, value in pairs:
            if value.lower() in _EMPTY or len(value.split()) > limits["longest_value_words"]:
                continue
            (said if _is_said(value, target, words) else unsaid)[key].append(row)
    items = []
    for key, rows in unsaid.items():
        total = len(said[key]) + len(rows)
        share = len(said[key]) / total
        if total >= limits["rule_least_rows"] and share >= limits["rule_share"]:
            why = f"The value of '{key}' is not in the answer; {percent(share)} of the answers say it."
            items += [Item((row,), why, round(share, 3)) for row in rows]
    return CheckResult((finding_of(NAME, WORDS, items),) if items else ())


def slots_of(text: str) -> list[tuple[str, str]]:
    """(key, value) pairs of a text that is nothing but such pairs, at least two; empty for any other text.

    Known forms: ``key: value`` lines, the same parted by | or ;, ``key[value], key[value]`` and flat JSON objects.
    """
    stripped = text.strip()
    if stripped.startswith("{"):
        return _of_json(stripped)
    if len(stripped) > MAX_CHARS:
        return []
    bracketed = _BRACKETED.findall(stripped) if stripped.endswith("]") else []
    if len(bracketed) >= 2 and not _BRACKETED.sub("", stripped).strip(" ,;\n"):
        return [(key.strip(), value.strip()) for key, value in bracketed]
    for mark in ("\n", "|", ";"):
        parts = [part for part in stripped.split(mark) if part.strip()]
        if len(parts) >= 2 and all(_LINE.fullmatch(part.rstrip()) for part in parts):
            return [(match[1], match[2].strip()) for match in map(_LINE.match, parts) if match]
    return []


def _of_json(text: str) -> list[tuple[str, str]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(value, dict) or len(value) < 2:
        return []
    return [(key, str(inner)) for key, inner in value.items() if isinstance(inner, str | int | float)]


def _is_said(value: str, target: str, words: set[str]) -> bool:
    """Whether the words of a value all stand in the answer, whatever their order; their endings may differ."""
    wanted = [word for word in normal_form(value).split() if word not in _SMALL_WORDS]
    if not wanted:
        return True
    return all(word in words or (len(word) > 3 and word[: max(4, len(word) - 2)] in target) for word in wanted)
