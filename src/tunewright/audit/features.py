"""Cheap features of a row, which should not give the target away: looks of the input, and where the row comes from.

Content words are the task, so they are no features here; marks that are no words are. Called by ``shortcuts``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.audit.languages import NAMES, language_of
from tunewright.audit.provenance import Column, coded, provenance
from tunewright.audit.view import IntArray, View
from tunewright.statistics.shares import cross_table

MAX_VALUES = 200
N_LENGTHS = 8
MIN_ROWS_OF_MARK = 20
MAX_MARKS = 40
# Columns of these names tell how rows were made, even where they go with the target one to one.
_MADE_BY = re.compile(
    r"annot|author|user|label(?:l)?er|worker|reviewer|source|origin|batch|vendor|team|channel|file|date|time|month",
    re.I,
)
# Bracketed or signed marks: [EXT], RE:, #12, <br>, >>, ***
_MARK = re.compile(
    r"\[[A-Za-z][\w -]{0,20}\]|<[A-Za-z/][\w /]{0,20}>|\b(?:RE|FW|FWD|AW|WG|TR)\s?:|#\w+|[^\w\s.,?!'\"’“”$€£%&()/-]{2,}"
)
_LABEL_WORDS = {
    "length": ("short", "long", "length", "brief"),
    "ending": ("question", "statement", "exclam", "command", "request"),
    "letters": ("caps", "shout", "upper", "lower", "case"),
    "digits": ("number", "numeric", "digit", "amount", "date", "phone"),
    "language": (*NAMES, *(name.lower() for name in NAMES.values()), "language"),
}
Family = Literal["looks", "origin"]


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A cheap feature: ``codes`` int64 ``[rows]`` are places in ``values``."""

    name: str
    family: Family
    values: tuple[str, ...]
    codes: IntArray


def cheap_features(view: View) -> tuple[tuple[Feature, ...], tuple[str, ...]]:
    """The features, and the names of those left out because they are the task.

    Left out are looks that the labels' own names speak of (language, where labels are ``german`` and ``french``), and
    columns that each label fixes (a second name of the target, such as its domain), unless the column's name says that
    it tells how the row was made.
    """
    names = [name.lower().replace("_", " ") for name in view.labels[0]]
    hidden = second_names(view)
    found, left_out = [], []
    for feature in (*_looks(view), *_marks(view)):
        if _is_spoken_of(names, _LABEL_WORDS.get(feature.name, ())):
            left_out.append(feature.name)
        else:
            found.append(feature)
    for column in provenance(view):
        if column.name == "group" or len(column.values) > MAX_VALUES:
            continue
        if column.name in hidden:
            left_out.append(column.name)
        else:
            found.append(Feature(column.name, "origin", column.values, column.codes))
    return tuple(found), tuple(left_out)


def _is_spoken_of(names: list[str], words: tuple[str, ...]) -> bool:
    """Whether a good part of the labels' names holds one of the words."""
    pattern = re.compile(rf"\b(?:{'|'.join(words)})" + r"(?:s|ed|ing|ation)?\b") if words else None
    return pattern is not None and 3 * sum(bool(pattern.search(name)) for name in names) >= len(names)


def second_names(view: View) -> tuple[str, ...]:
    """Columns that are a second name of the target; see ``cheap_features``."""
    names, labels = view.labels
    columns = [column for column in provenance(view) if not _MADE_BY.search(column.name)]
    return tuple(column.name for column in columns if _is_fixed_by(column, labels, len(names)))


def _is_fixed_by(column: Column, labels: IntArray, n_labels: int) -> bool:
    """Whether nearly every label has one value of the column."""
    table = cross_table(labels, column.codes, n_labels, len(column.values))
    return float(table.max(axis=1).sum()) >= 0.99 * float(table.sum())


def _looks(view: View) -> list[Feature]:
    texts = [example.text for example in view.examples]
    lengths = np.array([len(text) for text in texts])
    edges = np.unique(np.quantile(lengths, np.arange(1, N_LENGTHS) / N_LENGTHS)) if len(lengths) else np.zeros(0)
    bucket = np.searchsorted(edges, lengths).astype(np.int64)
    found = [
        Feature("length", "looks", tuple(f"part {i + 1} of {len(edges) + 1}" for i in range(len(edges) + 1)), bucket)
    ]
    spoken = view.once("input_languages", lambda: [language_of(text) for text in texts])
    columns = {
        "ending": [_ending(text) for text in texts],
        "letters": [_letters(text) for text in texts],
        "digits": ["with digits" if any(map(str.isdigit, text)) else "without digits" for text in texts],
        "language": [each or "undecided" for each in spoken],
    }
    for name, values in columns.items():
        column = coded(name, values)
        if column is not None:
            found.append(Feature(name, "looks", column.values, column.codes))
    return found


def _ending(text: str) -> str:
    last = text.rstrip()[-1:]
    return f"ends with {last}" if last in ("?", ".", "!") else "ends without a stop"


def _letters(text: str) -> str:
    letters = [c for c in text if c.isalpha()]
    if not letters or text.islower():
        return "all small"
    if text.isupper():
        return "all capitals"
    return "begins with a capital" if letters[0].isupper() else "mixed"


def _marks(view: View) -> list[Feature]:
    """Marks that many rows have, each as present or not."""
    having = [frozenset(_MARK.findall(example.text)) for example in view.examples]
    counts = Counter(mark for marks in having for mark in marks)
    often = sorted((m for m, n in counts.items() if n >= MIN_ROWS_OF_MARK), key=lambda m: (-counts[m], m))[:MAX_MARKS]
    return [
        Feature(
            f"the mark “{mark}”", "looks", ("without", "with"), np.array([mark in m for m in having], dtype=np.int64)
        )
        for mark in often
        if counts[mark] <= len(having) - MIN_ROWS_OF_MARK
    ]
