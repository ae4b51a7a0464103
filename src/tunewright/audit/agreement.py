"""Whether two answers say the same or contradict each other, without a language model.

Only what can be told from the texts: values of JSON and of tool calls, marked final answers, yes against no, numbers in
otherwise equal sentences. Two good answers in different words are neither the same nor a contradiction.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from rapidfuzz import fuzz

from tunewright.data.normalise import light_form, marks, normal_form
from tunewright.records.example import Example, ToolCall

# Answers are the same above this share of equal characters, when all numbers, negations, names and symbols agree.
MIN_SAME = 0.9
# Sentences are the same but for their numbers above this share.
MIN_SAME_BUT_NUMBERS = 0.85
# JSON strings of more words are prose: two wordings are not two values.
MAX_VALUE_WORDS = 5
COMPARED_CHARS = 4_000

_NAME = re.compile(r"(?<![.!?:\"'*•-] )(?<![\n\"'“(*-])(?<!^)\b[A-Z][\w&'-]*")
_QUOTED = re.compile(r"\"([^\"\n]{1,80})\"|(?<!\w)'([^'\n]{1,80})'(?!\w)|“([^”\n]{1,80})”")
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?")
_FINAL = re.compile(
    r"####\s*(.+?)\s*$|\\boxed\{([^{}]+)\}|\b(?:final )?answer is:?\s*([^\s.]+(?:\.\d+)?)", re.IGNORECASE
)
# What changes the meaning of a formula or a query.
_SYMBOL = re.compile(r"[<>=+*/%$€£(){}\[\]|&^~]")
_DATA_STARTS = ("{", "[", "<", "```")
_SQL_STARTS = frozenset(("select", "with", "insert", "update", "delete", "create"))
_YES = frozenset(("yes", "yeah", "yep", "ja", "oui", "sí", "si", "sim"))
_NO = frozenset(("no", "nope", "nein", "non", "não", "nao", "nee"))


def is_data(text: str) -> bool:
    """Whether an answer is data rather than prose: JSON, markup, code in a fence, SQL. Such answers begin and repeat
    alike by their nature."""
    start = text.lstrip()[:12]
    return start.startswith(_DATA_STARTS) or (start.split() or [""])[0].lower() in _SQL_STARTS


def names(text: str) -> tuple[str, ...]:
    """Capitalised words that do not begin a sentence, in lower case and in order; none where most words are."""
    found = [name.lower() for name in _NAME.findall(text) if name != "I" and not name.startswith("I'")]
    return tuple(found) if len(found) < 0.6 * len(text.split()) else ()


def same_slots(left: str, right: str) -> bool:
    """Whether numbers, negations, quoted texts and names agree, in order. A name counts where the other text has no
    such word, in whatever case."""
    a, b = normal_form(left), normal_form(right)
    if marks(a) != marks(b):
        return False
    if [normal_form(q) for q in _quoted(left)] != [normal_form(q) for q in _quoted(right)]:
        return False
    all_names = {word for name in (*names(left), *names(right)) for word in normal_form(name).split()}
    return [w for w in a.split() if w in all_names] == [w for w in b.split() if w in all_names]


def similarity(left: str, right: str) -> float:
    """Share of equal characters in [0, 1], whatever the order of the words."""
    a, b = light_form(left[:COMPARED_CHARS]), light_form(right[:COMPARED_CHARS])
    return float(max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b))) / 100


def same_answer(left: Example, right: Example) -> bool:
    """Whether two answers say the same, in nearly the same words."""
    if _calls(left.target_calls) != _calls(right.target_calls) or len(left.rejected) != len(right.rejected):
        return False
    others = zip(left.rejected, right.rejected, strict=True)
    return _same_text(left.target, right.target) and all(_same_text(a.content, b.content) for a, b in others)


def conflict(left: Example, right: Example) -> str:
    """Why two answers to one question cannot both be right, as half a sentence; empty where that cannot be told."""
    if left.target_calls or right.target_calls:
        return _conflict_of_calls(left.target_calls, right.target_calls)
    a, b = _json(left.target), _json(right.target)
    if a is not None and b is not None:
        return _conflict_of_json(a, b)
    if a is not None or b is not None:
        return "one answer is JSON, the other is not"
    return _conflict_of_texts(left.target, right.target)


def explained(left: Example, right: Example) -> bool:
    """Whether a word in which the inputs differ also stands in an answer: then the answers differ with the inputs."""
    a, b = set(normal_form(left.text).split()), set(normal_form(right.text).split())
    answers = {word for example in (left, right) for word in normal_form(_whole_answer(example)).split()}
    return bool((a ^ b) & answers)


def _same_text(left: str, right: str) -> bool:
    if left == right:
        return True
    a, b = _json(left), _json(right)
    if a is not None or b is not None:
        return a == b
    if Counter(_SYMBOL.findall(left)) != Counter(_SYMBOL.findall(right)):
        return False
    if is_data(left) or is_data(right):
        # One word of a query makes another query.
        return Counter(normal_form(left).split()) == Counter(normal_form(right).split())
    return same_slots(left, right) and similarity(left, right) >= MIN_SAME


def _conflict_of_calls(left: tuple[ToolCall, ...], right: tuple[ToolCall, ...]) -> str:
    if not left or not right:
        return "one answer calls a tool, the other does not"
    if Counter(call.name for call in left) != Counter(call.name for call in right):
        return "the answers call different tools"
    pairs = zip(sorted(_calls(left)), sorted(_calls(right)), strict=True)
    if any(_conflict_of_json(_json(a) or {}, _json(b) or {}) for (_, a), (_, b) in pairs):
        return "the answers call one tool with different values"
    return ""


def _conflict_of_json(left: object, right: object) -> str:
    """Values that one side has and the other has not; the order of lists does not count, nor does prose."""
    a, b = Counter(_leaves(left, "")), Counter(_leaves(right, ""))
    differing = max((a - b).total(), (b - a).total())
    if not differing:
        return ""
    return f"the answers differ in {differing} of {max(a.total(), b.total())} JSON values"


def _leaves(value: object, place: str) -> Iterator[tuple[str, str]]:
    """(place, value in normal form) of everything in a JSON value that holds nothing else."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}")
    elif isinstance(value, list) and value:
        for part in value:
            yield from _leaves(part, f"{place}[]")
    else:
        text = value if isinstance(value, str) else json.dumps(value)
        yield place, "prose" if text.count(" ") >= MAX_VALUE_WORDS else normal_form(text)


def _conflict_of_texts(left: str, right: str) -> str:
    finals = _final(left), _final(right)
    if all(finals):
        return "the answers end in different results" if finals[0] != finals[1] else ""
    first = [(normal_form(text[:40]).split() or [""])[0] for text in (left, right)]
    if (first[0] in _YES and first[1] in _NO) or (first[0] in _NO and first[1] in _YES):
        return "one answer says yes, the other no"
    numbers = [Counter(_plain(n) for n in _NUMBER.findall(text)) for text in (left, right)]
    if all(numbers) and numbers[0] != numbers[1]:
        masked = [_NUMBER.sub("0", text) for text in (left, right)]
        if similarity(*masked) >= MIN_SAME_BUT_NUMBERS:
            return "the answers give different numbers in otherwise like words"
    return ""


def _final(text: str) -> str:
    found = _FINAL.findall(text.strip())
    return _plain(normal_form(next(filter(None, found[-1])))) if found else ""


def _plain(number: str) -> str:
    number = number.replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _json(text: str) -> object | None:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _quoted(text: str) -> list[str]:
    return [next(filter(None, groups), "") for groups in _QUOTED.findall(text)]


def _calls(calls: tuple[ToolCall, ...]) -> list[tuple[str, str]]:
    return [(call.name, call.arguments) for call in calls]


def _whole_answer(example: Example) -> str:
    return " ".join([example.target, *(call.arguments for call in example.target_calls)])
