"""Word lists (``words.txt``) from which tasks are composed; one word in eight is kept for held-out instances.

Common English words and invented names only: nothing comes from an evaluation set.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

_WORDS = Path(__file__).with_name("words.txt")


def _read() -> dict[str, list[str]]:
    """Sections ``[name]`` of items parted by commas."""
    found: dict[str, list[str]] = {}
    for block in _WORDS.read_text("utf-8").strip().split("\n\n"):
        name, _, items = block.partition("\n")
        found[name.strip("[]")] = [item.strip() for item in items.replace("\n", " ").split(",")]
    return found


_LISTS = _read()
FIRST_NAMES, LAST_NAMES = _LISTS["first_names"], _LISTS["last_names"]
CITIES, COUNTRIES = _LISTS["cities"], _LISTS["countries"]
COMPANIES, PRODUCTS = _LISTS["companies"], _LISTS["products"]
JOBS, DEPARTMENTS = _LISTS["jobs"], _LISTS["departments"]
MONTHS, WEEKDAYS, NUMBER_WORDS = _LISTS["months"], _LISTS["weekdays"], _LISTS["number_words"]
PRAISE, BLAME, PLAIN = _LISTS["praise"], _LISTS["blame"], _LISTS["plain"]
VERBS, THINGS = _LISTS["verbs"], _LISTS["things"]
CATEGORIES = {name.removeprefix("category: "): some for name, some in _LISTS.items() if name.startswith("category: ")}


def phrases(text: str) -> list[str]:
    """The items of a list written with bars over several lines."""
    return [" ".join(item.split()) for item in text.split("|")]


def is_held_out(word: str) -> bool:
    """True for the one word in eight that training tasks never use as a drawn value."""
    return zlib.crc32(word.lower().encode()) % 8 == 0


def part_of(words: Sequence[str], held_out: bool) -> list[str]:
    """The words for training, or the held-out ones (all words where a list has too few of them)."""
    kept = [word for word in words if is_held_out(word) == held_out]
    return kept if len(kept) >= 3 else list(words)


def plural(noun: str) -> str:
    """The regular plural of an English noun, with the few irregular ones in the lists."""
    irregular = {
        **{"mouse": "mice", "goose": "geese", "foot": "feet", "shelf": "shelves", "wolf": "wolves", "sheep": "sheep"},
        **{"tooth": "teeth", "child": "children", "man": "men", "woman": "women", "leaf": "leaves", "deer": "deer"},
    }
    if noun in irregular:
        return irregular[noun]
    if noun.endswith(("s", "x", "ch", "sh", "ss")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun in ("potato", "tomato", "mango") else "s")
