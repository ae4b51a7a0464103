"""The normal form of a text, under which copies are equal; and the marks that near copies must share.

Two texts with the same normal form say the same, for a reader and for most models. Called by fingerprints only.
"""

from __future__ import annotations

import re
import unicodedata

# Punctuation that changes what a word means (c#, 50%, a&b, @home) stays.
_KEPT_PUNCTUATION = frozenset("#%&@")
# A sign between or before digits is part of the number (1.5, 10:30, -3), with what follows it.
_INSIDE_NUMBER = frozenset(".,:/-")
_NEITHER_WORD_NOR_SPACE = re.compile(r"[^\w\s]|_")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u02bc`\u00b4"))


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NEGATIONS = _set_of(
    "not no never none nothing nobody nowhere neither nor cannot cant wont without "
    "nicht kein keine keinen keinem keiner nie niemals nichts ohne "
    "ne pas jamais rien sans non nunca sin nada nao niet geen nooit"
)
# don't, isn't and their like, after apostrophes are gone.
_CONTRACTED_NOT = re.compile(r"(?:do|does|did|is|are|was|were|has|have|had|would|could|should|must|need|might|ai)nt")
_NUMBER_WORDS = _set_of(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half twice "
    "first second third fourth fifth"
)


def normal_form(text: str) -> str:
    """NFKC, lower case, single spaces, no punctuation; digits, signs of numbers, symbols and negations stay.

    A text of punctuation alone keeps it, for ``?`` and ``!!!`` are different inputs.
    """
    light = light_form(text)
    return " ".join(_without_punctuation(light.translate(_APOSTROPHES)).split()) or light


def light_form(text: str) -> str:
    """NFKC, lower case and single spaces, with punctuation: what character n-grams are taken from."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
    return " ".join(text.lower().split())


def marks(normal: str) -> tuple[str, ...]:
    """Numbers and negations of a normal form, in order; near copies must agree in them.

    ``error 12`` is no copy of ``error 13``, nor ``it works`` of ``it works not``.
    """
    found = []
    for word in normal.split():
        if word in _NUMBER_WORDS or (not word.isalpha() and any(c.isdigit() for c in word)):
            found.append(word)
        elif word in _NEGATIONS or (word.endswith("nt") and _CONTRACTED_NOT.fullmatch(word)):
            found.append("not")
    return tuple(found)


def _without_punctuation(text: str) -> str:
    return _NEITHER_WORD_NOR_SPACE.sub(_space_or_sign, text)


def _space_or_sign(match: re.Match[str]) -> str:
    sign = match.group()
    if not unicodedata.category(sign).startswith("P") or sign in _KEPT_PUNCTUATION:
        return sign
    return sign if _belongs_to_number(match.string, match.start()) else " "


def _belongs_to_number(text: str, place: int) -> bool:
    if text[place] not in _INSIDE_NUMBER or not text[place + 1 : place + 2].isdigit():
        return False
    before = text[place - 1] if place else " "
    return before.isdigit() or (text[place] in "-." and before.isspace())
