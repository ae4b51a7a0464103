"""Targets of a classification table as they come from files: white space, missing markers, spellings of one label.

Called by ``read`` and by the questions before it. Two labels that could be two classes are merged only when a person
says so: what may be a slip is told, not mended.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tunewright.data.cells import cell_text
from tunewright.data.rows import Refusal

# Written by programs where a value is missing; no person names a class so.
MISSING_MARKERS = frozenset({"nan", "null", "<na>", "#n/a", "#na", "nat", "#value!", "#ref!", "#name?", "#null!"})
LONGEST_MARKER = max(map(len, MISSING_MARKERS))
# Words that may mean "missing" and may be a class. They are a class when they make up this share of the rows.
DOUBTFUL_WORDS = frozenset({"none", "na", "n/a", "n.a.", "nil", "-", "--", "?", "(blank)", "(none)", "undefined"})
MIN_SHARE_OF_DOUBTFUL_CLASS = 0.01
SHOWN_VARIANTS = 5

NO_TARGET = Refusal("data.empty_target", "the target is empty")


@dataclass(slots=True)
class LabelReader:
    """Turns target cells into labels, one object per distinct label, and remembers what a person should know.

    ``doubtful`` are labels seen that may stand for a missing value.
    """

    trimmed: int = 0
    doubtful: set[str] = field(default_factory=set)
    _known: dict[str, str | Refusal] = field(default_factory=dict)

    def read(self, cell: object) -> str | Refusal:
        """The label of a cell without surrounding white space, or why there is none."""
        if isinstance(cell, str):
            raw = cell
        elif isinstance(cell, list | dict):
            return Refusal("data.target_not_text", "the target is a list or an object, not a text")
        else:
            raw = cell_text(cell)
        found = self._known.get(raw)
        if found is None:
            found = self._known[raw] = _label(raw, self._known)
            if isinstance(found, str) and found.lower() in DOUBTFUL_WORDS:
                self.doubtful.add(found)
        if isinstance(found, str) and len(found) != len(raw):
            self.trimmed += 1
        return found

    def notes(self, counts: Mapping[str, int], *, merged: bool) -> list[str]:
        """What to tell about the labels found, given the rows of each and whether spellings of one are merged."""
        notes = []
        if self.trimmed:
            notes.append(f"{self.trimmed} targets had white space around them; it was removed.")
        return notes + (merge_notes(counts) if merged else spelling_notes(counts))


def is_missing(text: str) -> bool:
    """Whether a text is what programs write for a missing value."""
    return len(text) <= LONGEST_MARKER and text.lower() in MISSING_MARKERS


def _label(raw: str, known: Mapping[str, str | Refusal]) -> str | Refusal:
    label = raw.strip()
    if not label:
        return NO_TARGET
    if is_missing(label):
        return Refusal("data.empty_target", f"the target is '{label}', which stands for a missing value")
    found = known.get(label, label)
    return found if isinstance(found, str) else label


def spellings(counts: Mapping[str, int]) -> list[list[str]]:
    """Labels that differ only in case, white space or form of their characters, the commonest of each first."""
    families: defaultdict[str, list[str]] = defaultdict(list)
    for label in counts:
        families[" ".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
    variants = [sorted(family, key=lambda label: (-counts[label], label)) for family in families.values()]
    return sorted(family for family in variants if len(family) > 1)


def spelling_notes(counts: Mapping[str, int]) -> list[str]:
    """What to tell about spellings of one label that stay separate classes."""
    variants = spellings(counts)
    if not variants:
        return []
    return [
        f"Labels that differ only in case or white space are kept apart: {_shown(variants, counts)}. "
        "Make them one spelling if they are one class, or set data.merge_case: true."
    ]


def merge_notes(counts: Mapping[str, int]) -> list[str]:
    """What to tell about spellings of one label that were made one class."""
    variants = spellings(counts)
    shown = _shown(variants, counts)
    return [f"Labels that differ only in case or white space were read as their commonest: {shown}."] * bool(variants)


def _shown(variants: list[list[str]], counts: Mapping[str, int]) -> str:
    shown = "; ".join(" / ".join(f"'{label}' ({counts[label]})" for label in f) for f in variants[:SHOWN_VARIANTS])
    return shown + (f" and {len(variants) - SHOWN_VARIANTS} more" if len(variants) > SHOWN_VARIANTS else "")


def same_spelling(counts: Mapping[str, int]) -> dict[str, str]:
    """{'billing': 'Billing'} for labels that are a rarer spelling of another."""
    return {label: family[0] for family in spellings(counts) for label in family[1:]}


def same_numbers(counts: Counter[str]) -> dict[str, str]:
    """{'3.0': '3'} for labels that are the same whole number as another label, as when a table was saved twice."""
    merged = {}
    for label in counts:
        whole, point, rest = label.partition(".")
        if point and rest and not rest.strip("0") and whole.lstrip("-").isdigit() and whole in counts:
            merged[label] = whole
    return merged
