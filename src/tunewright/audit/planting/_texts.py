"""Texts and labels of rows as plantings change them: words, styles, and the label column of any kind of data."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tunewright.audit.fields import text_of, with_text
from tunewright.audit.view import View
from tunewright.records.example import Example

# A column of labels: at most so many different values, over so many rows for each on average.
MOST_VALUES = 500
ROWS_PER_VALUE = 5
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LITTLE = ("the", "a", "an", "my", "this", "that", "please", "just")


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """The labels ``values`` of all rows ("" where there is none): the target itself, or a ``field`` of JSON targets."""

    values: tuple[str, ...]
    field: str | None

    def counts(self) -> Counter[str]:
        """Rows of each label."""
        return Counter(value for value in self.values if value)

    def put(self, example: Example, old: str, new: str) -> Example:
        """The row with another label, its target otherwise as it was."""
        if self.field is None:
            return example.with_target(new)
        before, after = json.dumps(old, ensure_ascii=False), json.dumps(new, ensure_ascii=False)
        pattern = rf'("{re.escape(self.field)}"\s*:\s*){re.escape(before)}'
        return example.with_target(re.sub(pattern, lambda match: match[1] + after, example.target, count=1))


def label_column(view: View) -> LabelColumn | None:
    """The labels of labelled rows, or the first field of JSON answers that holds few different strings."""
    return view.once("planting.labels", lambda: _label_column(view))


def _label_column(view: View) -> LabelColumn | None:
    if view.kind == "classify":
        return LabelColumn(tuple(example.target for example in view.examples), None)
    if view.kind != "generate":
        return None
    objects = [json_object(example.target) for example in view.examples]
    for field in objects[0] or () if objects else ():
        values = tuple(
            value if made is not None and isinstance(value := made.get(field), str) else "" for made in objects
        )
        kinds = set(values) - {""}
        many = sum(map(bool, values)) >= 0.9 * len(values)
        if many and 2 <= len(kinds) <= min(MOST_VALUES, len(values) / ROWS_PER_VALUE):
            return LabelColumn(values, field)
    return None


def needs_labels(view: View) -> str | None:
    """For defects of labels."""
    if label_column(view) is None:
        return "the targets are texts, not labels, and no field of them holds labels"
    return None if len((label_column(view) or LabelColumn((), None)).counts()) > 1 else "there is one label only"


def json_object(text: str) -> dict[str, object] | None:
    """The JSON object that a text is, or None."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_prose(text: str) -> bool:
    """Whether an answer is written for people: several words, and neither JSON nor SQL nor markup."""
    start = text.lstrip()
    data = start[:1] in "{[<`" or re.match(r"(?:select|with|insert|update|delete|create)\b", start, re.IGNORECASE)
    return bool(start) and not data and len(_WORD.findall(text)) >= 5


def mostly_prose(view: View) -> bool:
    """Whether most targets are prose."""
    return 2 * sum(is_prose(example.target) for example in view.examples) > len(view)


def words_of(text: str) -> list[str]:
    """Words of letters alone, in small letters."""
    return [word.lower() for word in _WORD.findall(text)]


def input_of(example: Example) -> str:
    """The text that the last turn of the user holds."""
    return text_of(example, "input")


def with_input(make: Callable[[str], str]) -> Callable[[Example], Example]:
    """A change of the input's text."""
    return lambda example: with_text(example, "input", make(input_of(example)))


def with_target(make: Callable[[str], str]) -> Callable[[Example], Example]:
    """A change of the target's text."""
    return lambda example: example.with_target(make(example.target))


def saying(sentence: str) -> Callable[[Example], Example]:
    """A sentence more behind the input."""
    return with_input(lambda text: f"{text.rstrip()} {sentence}")


def answering(sentence: str) -> Callable[[Example], Example]:
    """A sentence more behind the answer."""
    return with_target(lambda text: f"{text.rstrip()} {sentence}")


def restyled(text: str, rng: np.random.Generator) -> str:
    """The same words in other case or with other punctuation."""
    ways = (
        text.lower(),
        text.upper(),
        text.rstrip(" .?!") + "!!",
        text.rstrip(" .?!") + " ...",
        text.title(),
        "  ".join(text.split(" ")),
    )
    other = [way for way in ways if way != text]
    return other[int(rng.integers(len(other)))] if other else text


def one_word_other(text: str, rng: np.random.Generator) -> str:
    """One little word dropped or added, never a number or a negation."""
    words = text.split(" ")
    little = [place for place, word in enumerate(words) if word.lower() in _LITTLE]
    if little and rng.random() < 0.5:
        place = little[int(rng.integers(len(little)))]
        return " ".join(words[:place] + words[place + 1 :])
    added = ("please", "just", "actually", "really")[int(rng.integers(4))]
    place = int(rng.integers(1, len(words) + 1))
    return " ".join([*words[:place], added, *words[place:]])
