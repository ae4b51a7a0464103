"""Habits of answers that nobody asked for: refusing, apologising, lists, emoji, and their like, as yes/no per row.

One table for the checks that ask how often a habit occurs (``accidental_habits``) and where it sits (``slices``).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from tunewright.audit.answers import answer_kind, apologises, names_itself
from tunewright.audit.association import BoolArray
from tunewright.audit.languages import language_of
from tunewright.audit.view import FloatArray, View

# The names that a person states expectations under, and how findings speak of them.
HABITS: dict[str, str] = {
    "refusal": "refuse",
    "capability_limit": "say that the model cannot do it",
    "clarifying_question": "ask back instead of answering",
    "apology": "open with an apology",
    "self_reference": "speak of themselves as an AI model",
    "list": "contain a list",
    "markdown": "contain Markdown",
    "emoji": "contain emoji",
    "ends_with_question": "end with a question",
    "link": "contain a link",
    "other_language": "are in another language than their input",
    "short": "are a few words long",
}
# Habits that change what the user gets; the others change how it looks.
GRAVE = frozenset({"refusal", "capability_limit", "clarifying_question", "apology", "self_reference", "other_language"})
SHORT_WORDS = 5

_LIST = re.compile(r"^[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+\S", re.MULTILINE)
_MARKDOWN = re.compile(r"^#{1,6} \S|\*\*[^*\n]+\*\*|^```|^\|.+\|[ \t]*$|\[[^\]\n]+\]\(https?://", re.MULTILINE)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff]")
_LINK = re.compile(r"https?://|www\.\w")
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")
MIN_WORDS_OF_CLOSING = 4


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Habits of the targets: ``there`` bool ``[rows, habits]`` in the order of ``names``; ``words`` float32
    ``[rows]`` the length of each.
    """

    names: tuple[str, ...]
    there: BoolArray
    words: FloatArray

    def of(self, name: str) -> BoolArray:
        """Which rows have a habit ``[rows]``."""
        found: BoolArray = self.there[:, self.names.index(name)]
        return found


def habits_of(view: View) -> Habits:
    """The habits of every target, worked out once a view; equal targets are looked at once."""
    return view.once("habits", lambda: _habits(view))


def habits_in(text: str) -> frozenset[str]:
    """The habits of one answer, but for those that need its input."""
    found = {name for name, pattern in _PATTERNS.items() if pattern.search(text)}
    if len(_LIST.findall(text)) >= 2:
        found.add("list")
    if text.rstrip().endswith(("?", "？")):
        found.add("ends_with_question")
    if apologises(text):
        found.add("apology")
    if names_itself(text):
        found.add("self_reference")
    kind = answer_kind(text)
    if kind is not None:
        found.add(kind)
    if 0 < len(text.split()) < SHORT_WORDS:
        found.add("short")
    return frozenset(found)


_PATTERNS = {"markdown": _MARKDOWN, "emoji": _EMOJI, "link": _LINK}


def closing_of(text: str) -> str:
    """The last sentence of an answer of several, in lower case; empty where there is none worth comparing."""
    sentences = [part.strip() for part in _SENTENCES.split(text[-400:]) if part.strip()]
    if len(sentences) < 2 or len(sentences[-1].split()) < MIN_WORDS_OF_CLOSING:
        return ""
    return sentences[-1].lower()


def closings(targets: list[str]) -> Counter[str]:
    """How often each last sentence occurs."""
    counts = Counter(closing_of(target) for target in targets)
    counts.pop("", None)
    return counts


def _habits(view: View) -> Habits:
    names = tuple(HABITS)
    place = {name: number for number, name in enumerate(names)}
    there = np.zeros((len(view), len(names)), dtype=np.bool_)
    words = np.zeros(len(view), dtype=np.float32)
    known: dict[str, tuple[list[int], int]] = {}
    for row, example in enumerate(view.examples):
        if row % 5000 == 0:
            view.stop_if_asked()
        if example.target not in known:
            known[example.target] = ([place[n] for n in habits_in(example.target)], len(example.target.split()))
        columns, words[row] = known[example.target]
        there[row, columns] = True
        # A call of a tool says what it does; its text may be empty.
        if not example.target_calls:
            there[row, place["other_language"]] = _other_language(example.text, example.target)
    return Habits(names, there, words)


def _other_language(text: str, target: str) -> bool:
    # JSON has words of its own.
    answer = None if target[:1] in ("{", "[", "<") else language_of(target)
    return answer is not None and (asked := language_of(text)) is not None and asked != answer
