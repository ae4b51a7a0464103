"""Keyed permutations of small sets: every value has one stand-in, no two values share one, and no table is needed.

A Feistel network over numbers, walked until the result lies in the set: J. Black and P. Rogaway, "Ciphers with
arbitrary finite domains" (CT-RSA 2002), methods 2 and 3. The same key gives the same stand-in in every data set.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import string
from collections.abc import Callable

# Rounds as in NIST SP 800-38G (FF1).
_ROUNDS = 10
_ALPHABETS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
# A set in which fewer than one value in a million is allowed would walk for ever.
_LONGEST_WALK = 1_000_000


def keyed_number(key: bytes, *parts: str) -> int:
    """256 bits of HMAC-SHA256 over the parts, which cannot run into each other."""
    message = b"".join(len(raw).to_bytes(8, "big") + raw for raw in (p.encode("utf-8", "surrogatepass") for p in parts))
    return int.from_bytes(hmac.new(key, message, hashlib.sha256).digest(), "big")


def permute(value: int, size: int, key: bytes, tweak: str) -> int:
    """The place of ``value`` in a keyed permutation of ``range(size)``; every tweak is a permutation of its own."""
    half = math.isqrt(size - 1) + 1
    place = value
    while True:
        left, right = divmod(place, half)
        for number in range(_ROUNDS):
            left, right = right, (left + keyed_number(key, tweak, str(number), str(right))) % half
        place = left * half + right
        if place < size:
            return place


def permute_characters(
    text: str, key: bytes, tweak: str, keep: int = 0, letters: bool = True, allowed: Callable[[str], bool] | None = None
) -> str:
    """The text with other digits and ASCII letters in the same places; what else it holds stays.

    The first ``keep`` digits and letters stay too, and all letters where ``letters`` is False. A first digit is 0 in
    the result where it is in the text, and only there. If ``allowed`` holds for the text it holds for the result.
    """
    places = [n for n, c in enumerate(text) if any(c in a for a in (_ALPHABETS if letters else _ALPHABETS[:1]))][keep:]
    alphabets = [next(a for a in _ALPHABETS if text[n] in a) for n in places]
    size = math.prod(len(a) for a in alphabets)
    first = next((n for n in places if text[n].isdigit()), None)
    judged = allowed if allowed is not None and allowed(text) else None
    number = 0
    for place, alphabet in zip(places, alphabets, strict=True):
        number = number * len(alphabet) + alphabet.index(text[place])
    tweak = f"{tweak}/{len(places)}/{''.join(a[0] for a in alphabets)}"
    for _ in range(_LONGEST_WALK if size > 1 else 0):
        number = permute(number, size, key, tweak)
        result = _written(text, places, alphabets, number)
        zero = first is not None and (result[first] == "0") != (text[first] == "0")
        if not zero and (judged is None or judged(result)):
            return result
    return text


def _written(text: str, places: list[int], alphabets: list[str], number: int) -> str:
    characters = list(text)
    for place, alphabet in zip(reversed(places), reversed(alphabets), strict=True):
        number, digit = divmod(number, len(alphabet))
        characters[place] = alphabet[digit]
    return "".join(characters)
