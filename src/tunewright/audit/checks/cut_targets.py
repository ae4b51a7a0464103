"""Answers that end in the middle: open code blocks and brackets, JSON that does not end, half sentences and words,
lengths that pile up at a limit.

Whether answers of this set end in punctuation at all, and whether they share an ending, is learned from the set.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from tunewright.audit.checks._by_kind import Found, Words, common_kinds, finding_of, findings_of
from tunewright.audit.checks._lengths import BoolArray, ends_open, exact_limits, has_sentences, pile_at_top, stops_open
from tunewright.audit.endings import common_ending
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.audit.wording import excerpt, percent
from tunewright.records.example import Example

NAME = "cut_targets"
TITLE = "Cut answers"
QUALITY: Quality = "complete"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Mapping[str, float] = {
    "meant_share": 0.1,
    "shortest_words": 6,  # shorter answers are often phrases
    "bracket_last_chars": 600,
    "open_share_most": 0.3,  # where more answers than this end without punctuation, its lack says nothing
    "word_rows_most": 200_000,
    "spike_least_rows": 5,
    "top_band": 0.85,
    "top_times": 5,
    "no_end_most": 0.15,  # where more of the answers in sentences stop without an end, that is how they are written
    "no_end_least_rows": 30,
    "ending_share": 0.9,  # an ending of so many answers is one that all should have
    "ending_sure_share": 0.98,
    "comma_words": 2,
}

_STOPS = "The model learns to stop in the middle, at a length that has nothing to do with the question."
_ADVICE = "Get the rest of the answer from where it came, write the end, or leave these rows out."

WORDS = {
    "json_unfinished": Words(
        "error", "1 answer is JSON that does not end", "{n} answers are JSON that does not end", _STOPS, _ADVICE
    ),
    "open_fence": Words(
        "error",
        "1 answer opens a code block and does not close it",
        "{n} answers open a code block and do not close it",
        _STOPS,
        _ADVICE,
    ),
    "hanging": Words(
        "error",
        "1 answer breaks off in the middle of a sentence",
        "{n} answers break off in the middle of a sentence",
        _STOPS,
        _ADVICE,
    ),
    "open_bracket": Words(
        "warning",
        "1 answer ends with a bracket or quotation open",
        "{n} answers end with a bracket or quotation open",
        _STOPS,
        _ADVICE,
    ),
}
MID_WORD = Words(
    "error", "1 answer ends in the middle of a word", "{n} answers end in the middle of a word", _STOPS, _ADVICE
)
NO_END = Words(
    "warning",
    "1 answer stops before its last sentence ends",
    "{n} answers stop before their last sentence ends",
    "Nearly all answers of this set end their last sentence; these do not. " + _STOPS,
    _ADVICE,
)
NO_COMMON_END = Words(
    "warning",
    "1 answer lacks the ending that nearly all others have",
    "{n} answers lack the ending that nearly all others have",
    "Either they were cut before it, or they are written in another way; a program that looks for the ending fails on "
    "what the model learns from them.",
    "Look at their last words. If they were cut, write the end; if they only lack the ending, add it.",
)
AT_LIMIT = Words(
    "error",
    "1 answer is cut at a limit of length",
    "{n} answers are cut at a limit of length",
    "Many answers have exactly one length and end without punctuation: a program cut them there. " + _STOPS,
    "Raise the limit of the program that wrote the answers and write these again, or leave these rows out.",
)
AT_TOP = Words(
    "warning",
    "1 of the longest answers ends without an end",
    "{n} of the longest answers end without an end",
    "Among the longest answers far more end without punctuation than among the others, as when a limit of tokens cut "
    "them. " + _STOPS,
    "Look at their last words. Write these answers again with a higher limit, or leave these rows out.",
)
INPUT_AT_LIMIT = Words(
    "warning",
    "1 input is cut at a limit of length",
    "{n} inputs are cut at a limit of length",
    "Many inputs have exactly one length: a program or a spreadsheet cut them there. "
    "What the answer rests on may be gone.",
    "Export the inputs again without the limit.",
)
# Words after which no sentence ends, in small letters: English, German, French, Spanish.
_HANGING = frozenset(
    [
        "the",
        "an",
        "and",
        "or",
        "because",
        "which",
        "their",
        "its",
        "our",
        "my",
        "your",
        "from",
        "nor",
        "than",
        "whose",
        "whereas",
        "although",
        "unless",
        "der",
        "und",
        "oder",
        "ein",
        "dass",
        "weil",
        "les",
        "et",
        "ou",
        "une",
        "des",
        "el",
        "los",
        "las",
        "y",
        "del",
        "con",
    ]
)
_LAST_WORD = re.compile(r"([^\W\d_]+)\W*\Z")
_WORD = re.compile(r"[^\W\d_]+")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SMILEY = re.compile(r"[:;=8][-']?[(\[{]")


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """The surest sign that the target of one row was cut, if there is one."""
    text = example.target.rstrip()
    if len(text) < 2 or example.target_calls:
        return ()
    kind = _sign(text, limits)
    if kind is None:
        return ()
    return (Sighting(kind, _WHY[kind], _SCORE[kind], (Span("target", max(0, len(text) - 60), len(text)),)),)


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding per sign, and what only the lengths and words of all rows together show."""
    if view.kind == "classify" or not len(view):
        return CheckResult()
    targets = [example.target.rstrip() for example in view.examples]
    is_open = np.array([ends_open(text) for text in targets], dtype=bool)
    open_share = float(is_open.mean())
    soft = common_kinds(found, WORDS, len(view), limits["meant_share"])
    if open_share > limits["open_share_most"]:
        soft |= {"hanging", "open_bracket"}
    findings = list(findings_of(NAME, found, WORDS, soft=soft))
    findings += _by_length(view, targets, is_open, limits, frozenset(found))
    if open_share <= limits["open_share_most"] and len(view) <= limits["word_rows_most"]:
        items = _mid_word(view, targets, is_open, limits, frozenset(found))
        findings += [finding_of(f"{NAME}.mid_word", MID_WORD, items)] if items else []
    told = {item.rows[0] for finding in findings for item in finding.items if "input" not in finding.kind}
    findings += _without_common_ending(view, targets, limits, told)
    told |= {item.rows[0] for item in findings[-1].items} if findings else set()
    without_end = _without_end(targets, limits, told)
    findings += [finding_of(f"{NAME}.no_end", NO_END, without_end)] if without_end else []
    return CheckResult(tuple(findings), numbers=(("ends_without_punctuation", open_share),))


_WHY = {
    "json_unfinished": "The JSON breaks off before its last bracket.",
    "open_fence": "A code block is opened and not closed.",
    "hanging": "It ends with a comma or with a word after which a sentence must go on.",
    "open_bracket": "A bracket or quotation near the end is not closed, and no punctuation ends the answer.",
}
_SCORE = {"json_unfinished": 0.98, "open_fence": 0.9, "hanging": 0.9, "open_bracket": 0.6}


def _sign(text: str, limits: Limits) -> str | None:
    if text[0] in "{[" and _json_breaks_off(text):
        return "json_unfinished"
    if "```" in text and len(re.findall(r"^[ \t]*```", text, re.MULTILINE)) % 2 == 1 and text.count("```") % 2 == 1:
        return "open_fence"
    words = len(text.split())
    if not ends_open(text) or "```" in text or words < limits["comma_words"]:
        return None
    if text[-1] == ",":
        return "hanging"
    if words < limits["shortest_words"]:
        return None
    word = _LAST_WORD.search(text)
    if word is not None and word[1] in _HANGING and word.end() == word.end(1):
        return "hanging"
    return "open_bracket" if _is_unclosed(text, int(limits["bracket_last_chars"])) else None


def _json_breaks_off(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text) or error.msg.startswith("Unterminated string")
    except (ValueError, RecursionError):
        return False
    return False


def _is_unclosed(text: str, last: int) -> bool:
    """Whether a bracket near the end stays open, or a straight quotation mark opens and none closes it."""
    waiting: list[tuple[int, str]] = []
    smileys = {match.end() - 1 for match in _SMILEY.finditer(text)}
    for place, sign in enumerate(text):
        if sign in _CLOSING and place not in smileys:
            waiting.append((place, _CLOSING[sign]))
        elif waiting and sign == waiting[-1][1]:
            waiting.pop()
    if any(len(text) - place <= last for place, _ in waiting):
        return True
    return text.count('"') % 2 == 1 and re.search(r'(?:^|[\s(])"(?=\w)[^"]*\Z', text) is not None


def _by_length(
    view: View, targets: list[str], is_open: BoolArray, limits: Limits, told: frozenset[int]
) -> list[Finding]:
    """Answers and inputs at one exact length, and open ends among the longest answers."""
    findings = []
    least = int(limits["spike_least_rows"])
    cut = exact_limits(targets, is_open, least)
    if cut:
        items = [
            _end_item(row, targets[row], f"It has exactly {len(targets[row]):,} characters, as others do.")
            for row in cut
        ]
        findings.append(finding_of(f"{NAME}.at_limit", AT_LIMIT, items))
    top = [row for row in pile_at_top(targets, is_open, limits) if row not in told and row not in set(cut)]
    if len(top) >= least:
        items = [
            _end_item(row, targets[row], "It is among the longest and ends without punctuation.", 0.6) for row in top
        ]
        findings.append(finding_of(f"{NAME}.at_top", AT_TOP, items))
    inputs = [example.text for example in view.examples]
    cut = exact_limits(inputs, np.array([ends_open(text) for text in inputs], dtype=bool), least)
    if cut:
        items = [
            Item((row,), f"The input has exactly {len(inputs[row]):,} characters, as others do.", 0.8) for row in cut
        ]
        findings.append(finding_of(f"{NAME}.input_at_limit", INPUT_AT_LIMIT, items))
    return findings


def _mid_word(view: View, targets: list[str], is_open: BoolArray, limits: Limits, told: frozenset[int]) -> list[Item]:
    """Open answers whose last word stands nowhere else in the set and begins a word that is common there."""
    rows = [int(row) for row in np.flatnonzero(is_open) if int(row) not in told]
    rows = [row for row in rows if len(targets[row].split()) >= limits["shortest_words"] and targets[row][-1].isalpha()]
    if not rows:
        return []
    counts: Counter[str] = Counter()
    for example, target in zip(view.examples, targets, strict=True):
        counts.update(_WORD.findall(target.lower()))
        counts.update(_WORD.findall(example.text.lower()))
    common = sorted(word for word, count in counts.items() if count >= 5)
    items = []
    for row in rows:
        word = _WORD.findall(targets[row].lower())[-1]
        place = bisect_right(common, word)
        goes_on = place < len(common) and common[place].startswith(word)
        if counts[word] == 1 and goes_on:
            why = "Its last word stands nowhere else and is the beginning of one that is common here."
            items.append(_end_item(row, targets[row], why, 0.85))
    return items


def _without_end(targets: list[str], limits: Limits, told: Collection[int]) -> list[Item]:
    """Answers in sentences whose last one has no end, in sets where that is rare."""
    written = [row for row, text in enumerate(targets) if has_sentences(text)]
    rows = [row for row in written if stops_open(targets[row])]
    if len(written) < limits["no_end_least_rows"] or len(rows) > limits["no_end_most"] * len(written):
        return []
    why = "Its last sentence has no end."
    return [_end_item(row, targets[row], why, 0.75) for row in rows if row not in told]


def _without_common_ending(view: View, targets: list[str], limits: Limits, told: Collection[int]) -> list[Finding]:
    """Answers that do not end as nearly all do; calls of tools have no such ending."""
    texts = ["" if example.target_calls else text for example, text in zip(view.examples, targets, strict=True)]
    ending = common_ending(texts, int(limits["no_end_least_rows"]), limits["ending_share"])
    rows = [] if ending is None else [row for row in ending.without if row not in told]
    if ending is None or not rows:
        return []
    why = f"It lacks the ending “{excerpt(ending.text, 30)}” that {percent(ending.share)} of the answers have."
    items = [_end_item(row, targets[row], why, ending.share) for row in rows]
    words = replace(NO_COMMON_END, severity="error") if ending.share >= limits["ending_sure_share"] else NO_COMMON_END
    return [finding_of(f"{NAME}.no_common_end", words, items, {"share_with_ending": ending.share})]


def _end_item(row: int, text: str, why: str, score: float = 0.9) -> Item:
    return Item((row,), why, score, (Span("target", max(0, len(text) - 60), len(text), row),))
