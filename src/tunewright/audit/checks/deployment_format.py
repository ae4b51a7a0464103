"""Training rows against the prompt that will be sent: system prompt, tools, frame of the input, fields nobody reads.

Compared as texts. What the tokenizer and the template make of them is compared where a model is at hand.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from tunewright.audit.checks._by_kind import finding_of
from tunewright.audit.checks._deployment_words import WORDS
from tunewright.audit.conversation import request_of
from tunewright.audit.findings import MAX_ITEMS, CheckResult, Cost, Finding, Fix, Item, NotChecked, Quality, Span
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "deployment_format"
TITLE = "Prompt of deployment"
QUALITY: Quality = "representative"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "frame_share": 0.95,  # so many inputs begin or end alike: then it is a frame
    "frame_least_chars": 12,
    "frame_missing_share": 0.5,
    "field_share": 0.9,
    "least_rows": 20,
    "least_inputs": 20,
}

_HEAD = re.compile(r"^[ \t#*]*([A-Za-z][\w -]{0,30}?)\**[ \t]*:", re.MULTILINE)


def run(view: View, limits: Limits) -> CheckResult:
    """Differences between the rows and what was told of deployment; and differences among the rows themselves."""
    if not len(view):
        return CheckResult()
    findings: list[Finding] = []
    unchecked: list[NotChecked] = []
    told = view.deployment
    systems = [system_of(example) for example in view.examples]
    if told.system is not None:
        findings += _findings(_system_items(view, systems, told.system))
    else:
        findings += _findings(_mixed(systems))
        if any(system is not None for system in systems):
            unchecked.append(_untold("system", "the system prompt of deployment was not told", "system prompt"))
    if told.tools is not None:
        findings += _findings(_tool_items(view, told.tools))
    elif any(example.tools for example in view.examples):
        unchecked.append(_untold("tools", "the tools of deployment were not told", "tools"))
    if len(told.inputs) >= limits["least_inputs"] and len(view) >= limits["least_rows"]:
        findings += _frames(view, limits)
    findings += _findings(_unread(view))
    numbers = (
        ("rows_with_system", sum(system is not None for system in systems) / len(view)),
        ("rows_with_tools", sum(bool(example.tools) for example in view.examples) / len(view)),
        ("rows_of_several_turns", sum(_turns(example) > 1 for example in view.examples) / len(view)),
    )
    return CheckResult(tuple(findings), tuple(unchecked), numbers)


def system_of(example: Example) -> str | None:
    """The text of the first system message, or None."""
    return next((message.content for message in example.messages if message.role == "system"), None)


def _turns(example: Example) -> int:
    return sum(message.role == "user" for message in example.messages)


def _findings(items: Mapping[str, list[Item]]) -> list[Finding]:
    return [finding_of(f"{NAME}.{kind}", WORDS[kind], found) for kind, found in items.items() if found]


def _untold(what: str, because: str, name: str) -> NotChecked:
    return NotChecked(
        f"{NAME}.{what}", because, f"State the {name} that will be sent, and the rows are compared with it."
    )


def _system_items(view: View, systems: Sequence[str | None], wanted: str) -> dict[str, list[Item]]:
    """Rows without the system prompt of deployment, with another, or with one that differs in white space only."""
    items: dict[str, list[Item]] = {"no_system": [], "system_space": [], "other_system": []}
    for row, system in enumerate(systems):
        if system == wanted or (system is None and not wanted):
            continue
        if system is None:
            items["no_system"].append(Item((row,), "It has no system prompt.", 0.9))
            continue
        place = next(n for n, m in enumerate(view.examples[row].messages) if m.role == "system")
        field = f"messages[{place}]"
        span, fix = (Span(field, 0, len(system), row),), Fix("edit", wanted, field)
        if system.split() == wanted.split():
            items["system_space"].append(Item((row,), "The system prompt differs in white space.", 0.7, span, fix))
        else:
            items["other_system"].append(Item((row,), "The system prompt is another text.", 0.9, span, fix))
    return items


def _mixed(systems: Sequence[str | None]) -> dict[str, list[Item]]:
    """Rows without a system prompt among rows with one, and system prompts that are nearly another."""
    without = [row for row, system in enumerate(systems) if system is None]
    items: dict[str, list[Item]] = {"some_without_system": [], "nearly_one_system": []}
    if 0 < len(without) < len(systems):
        fewer_without = len(without) <= len(systems) / 2
        odd = without if fewer_without else [row for row, system in enumerate(systems) if system is not None]
        why = f"It has {'no' if fewer_without else 'a'} system prompt, unlike most rows."
        items["some_without_system"] = [Item((row,), why, 0.6) for row in odd]
    counts = Counter(system for system in systems if system is not None)
    families: defaultdict[str, list[str]] = defaultdict(list)
    for name in counts:
        families[" ".join(name.casefold().split())].append(name)
    usual = {name: max(family, key=lambda t: (counts[t], t)) for family in families.values() for name in family}
    for row, system in enumerate(systems):
        if system is not None and usual[system] != system:
            why = "Its system prompt differs from a commoner one only in white space or case."
            items["nearly_one_system"].append(Item((row,), why, 0.7))
    return items


def _tool_items(view: View, told: Sequence[str]) -> dict[str, list[Item]]:
    """Rows that offer other tools than deployment, or the same with other schemas."""
    wanted = {_tool_name(tool): _parsed(tool) for tool in told}
    items: dict[str, list[Item]] = {"no_tools": [], "other_tools": [], "tool_schema": []}
    known: dict[tuple[str, ...], tuple[str, str] | None] = {}
    for row, example in enumerate(view.examples):
        if example.tools not in known:
            known[example.tools] = _difference({_tool_name(t): _parsed(t) for t in example.tools}, wanted)
        found = known[example.tools]
        if found is not None:
            items[found[0]].append(Item((row,), found[1], 0.8))
    return items


def _difference(here: Mapping[str, object], wanted: Mapping[str, object]) -> tuple[str, str] | None:
    if here == wanted:
        return None
    if not here:
        return "no_tools", "It offers no tools."
    missing, extra = sorted(wanted.keys() - here.keys()), sorted(here.keys() - wanted.keys())
    if missing or extra:
        parts = [f"'{missing[0]}' is missing"] * bool(missing) + [f"'{extra[0]}' is not in deployment"] * bool(extra)
        return "other_tools", f"Of the tools, {' and '.join(parts)}."
    changed = next(name for name in sorted(here) if here[name] != wanted[name])
    return "tool_schema", f"The schema of '{changed}' is another one."


def _parsed(text: str) -> object:
    try:
        tool = json.loads(text)
    except ValueError:
        return text
    return tool.get("function", tool) if isinstance(tool, dict) else tool


def _tool_name(text: str) -> str:
    tool = _parsed(text)
    return str(tool.get("name", "")) if isinstance(tool, dict) else text[:40]


def _frames(view: View, limits: Limits) -> list[Finding]:
    """A frame that most training inputs have and most inputs of deployment lack, or vice versa; else headings."""
    ours, theirs = [request_of(example) for example in view.examples], list(view.deployment.inputs)
    items: list[tuple[str, str]] = []
    for where, cut, has in _SIDES:
        for kind, one, other in (("frame", ours, theirs), ("frame_missing", theirs, ours)):
            frame = _frame([cut(text) for text in one], limits)
            if len(frame) < limits["frame_least_chars"]:
                continue
            lacking = sum(not has(text, cut(frame)) for text in other) / len(other)
            if lacking >= limits["frame_missing_share"]:
                items.append((kind, f"{where} '{cut(frame).strip()[:60]}'"))
    told = [_set_finding(kind, what, len(view)) for kind, what in items]
    return told or list(_fields(ours, theirs, limits))


_SIDES: tuple[tuple[str, Callable[[str], str], Callable[[str, str], bool]], ...] = (
    ("begin with", lambda text: text, str.startswith),
    ("end with", lambda text: text[::-1], str.endswith),
)


def _frame(texts: Sequence[str], limits: Limits) -> str:
    """The longest beginning that a share ``frame_share`` of the texts has: that of the sorted texts but outliers."""
    ordered = sorted(texts)
    if ordered[0] == ordered[-1]:
        return ""
    spare = int((1 - limits["frame_share"]) * len(ordered))
    spans = [(ordered[start], ordered[len(ordered) - 1 - spare + start]) for start in range(spare + 1)]
    return max((_common_start(*pair) for pair in spans), key=len)


def _common_start(one: str, other: str) -> str:
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:same]


def _fields(ours: Sequence[str], theirs: Sequence[str], limits: Limits) -> Iterator[Finding]:
    """Headings such as 'Context:' that most inputs of one side have and most of the other lack."""
    shares: list[dict[str, float]] = []
    for texts in (ours, theirs):
        counts = Counter(head.strip().lower() for text in texts for head in set(_HEAD.findall(text)))
        shares.append({head: count / len(texts) for head, count in counts.items()})
    for kind, here, there in (("frame", shares[0], shares[1]), ("frame_missing", shares[1], shares[0])):
        for head in sorted(here):
            if here[head] >= limits["field_share"] and there.get(head, 0.0) <= 1 - limits["frame_missing_share"]:
                yield _set_finding(kind, f"have the heading '{head}:'", len(ours))


def _set_finding(kind: str, what: str, rows: int) -> Finding:
    words = WORDS[kind]
    return Finding(
        f"{NAME}.{kind}", words.severity, words.many.format(what=what), words.why, words.advice, rows_affected=rows
    )


def _unread(view: View) -> dict[str, list[Item]]:
    """Names on messages of people and assistants, which nearly no chat template renders."""
    rows = [
        row
        for row, example in enumerate(view.examples)
        if any(message.name is not None and message.role != "tool" for message in example.messages)
    ]
    return {"unread_name": [Item((row,), "A message carries a name.", 0.3) for row in rows[: MAX_ITEMS * 5]]}
