"""Texts as lists of stems for BM25: lower case, without the commonest English words, endings cut after Porter 1980.

Words of other languages pass as they are, but for endings that look English.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+(?:['’][^\W_]+)*")
_STOP_WORDS = """
a an the and or but if of in on at by for with from to into onto as is are was were be been being am do does did
doing have has had having it its this that these those there here he she they them their his her i me my we us our
you your which what who whom whose when where why how can could may might shall should will would must not no nor so
than then too very just also any some such s t m re ve ll d
"""
_STOPS = frozenset(_STOP_WORDS.split())
_VOWEL = re.compile(r"[aeiou]|(?<=[^aeiou])y")


def stems(text: str) -> list[str]:
    """The stems of a text in order, stop words left out; thousands separators go (``1,200`` is ``1200``)."""
    return [stem(word) for word in words(text) if word not in _STOPS]


def words(text: str) -> list[str]:
    """Words in lower case and numbers, in order."""
    found = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return [_plain(word) for word in found]


def _plain(word: str) -> str:
    if word[0].isdigit():
        return re.sub(r",(?=\d{3}\b)", "", word)
    return re.sub(r"['’](s|t|re|ve|ll|d|m)?$", "", word).replace("’", "'")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of a lower-case word after Porter (An algorithm for suffix stripping, Program 14(3), 1980)."""
    if len(word) < 3 or not word.isascii() or not word.isalpha():
        return word
    word = _plural(word)
    word = _past(word)
    if word.endswith("y") and _VOWEL.search(word[:-1]):
        word = word[:-1] + "i"
    for endings in (_STEP_2, _STEP_3):
        word = _replaced(word, endings)
    word = _long_ending(word)
    if word.endswith("e") and (_measure(word[:-1]) > 1 or (_measure(word[:-1]) == 1 and not _cvc(word[:-1]))):
        word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


_STEP_2 = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("abli", "able"),
    ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
    ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"),
    ("iviti", "ive"), ("biliti", "ble"),
)  # fmt: skip
_STEP_3 = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
)  # fmt: skip
_STEP_4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ion", "ism", "ate", "iti", "ous", "ive", "ize",
    "al", "er", "ic", "ou",
)  # fmt: skip


def _plural(word: str) -> str:
    if word.endswith("sses") or word.endswith("ies"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        base = word.removesuffix(ending)
        if base != word and _VOWEL.search(base):
            if base.endswith(("at", "bl", "iz")):
                return base + "e"
            if len(base) > 1 and base[-1] == base[-2] and base[-1] not in "aeioulsz":
                return base[:-1]
            return base + "e" if _measure(base) == 1 and _cvc(base) else base
    return word


def _replaced(word: str, endings: tuple[tuple[str, str], ...]) -> str:
    for ending, new in endings:
        if word.endswith(ending):
            base = word.removesuffix(ending)
            return base + new if _measure(base) > 0 else word
    return word


def _long_ending(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            base = word.removesuffix(ending)
            fits = _measure(base) > 1 and (ending != "ion" or base.endswith(("s", "t")))
            return base if fits else word
    return word


def _measure(base: str) -> int:
    """How often a vowel run is followed by a consonant run."""
    shape = _shape(base)
    return len(re.findall("v+c+", shape))


def _cvc(base: str) -> bool:
    return len(base) > 2 and _shape(base)[-3:] == "cvc" and base[-1] not in "wxy"


def _shape(base: str) -> str:
    shape = ""
    for place, letter in enumerate(base):
        vowel = letter in "aeiou" or (letter == "y" and place > 0 and shape[-1] == "c")
        shape += "v" if vowel else "c"
    return shape
