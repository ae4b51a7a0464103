"""Stand-ins for personal values: the same value gets the same one everywhere, and its shape stays.

An e-mail address becomes one at example.org, a card keeps its check digit, a name its number of words. All follows from
a secret key, so another version of the data made with the same key has the same stand-ins. Numbers are permuted, which
rules collisions out; where stand-ins are drawn (names, addresses) a collision is seen, counted and drawn again.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from tunewright.audit.privacy import national_ids, secrets
from tunewright.audit.privacy.cards_iban import is_card, is_iban
from tunewright.audit.privacy.common_words import COMMON_WORDS
from tunewright.audit.privacy.hits import digits_of, word_list, word_set
from tunewright.audit.privacy.permutation import keyed_number, permute, permute_characters

_TOKEN = "abcdefghijkmnpqrstuvwxyz23456789"
_ONSETS = word_list("b d f g h j k l m n p r s t v w z br dr kr st tr")
_VOWELS = word_list("a e i o u")
_CODAS = ["", "", "", "n", "l", "r", "s", "m"]
_KEPT_WORDS = word_set(
    "mr mrs ms mx dr prof sir herr frau miss mme jr sr van von der den de del della di da do dos du la le bin "
    "ibn al el ter "
    "zu zur street st str avenue ave road rd lane ln drive boulevard blvd court square place way apt apartment "
    "suite unit "
    "box po p.o. postfach rue calle via platz weg straße strasse and und y e nan"
)
_MONTHS = word_list("January February March April May June July August September October November December")
_FIRST_DAY, _DAYS = datetime.date(1900, 1, 1).toordinal(), 49_672
_MOST_DRAWS = 1000
# What a person marks as a name by its column may be a page of prose, whose words are no names.
_MOST_WORDS_OF_A_NAME = 6
_SHAPED = frozenset(known.kind for known in national_ids.IDS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One value and its stand-in."""

    kind: str
    value: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class PseudonymMap:
    """What leads back: the key and every replaced value. It is as secret as the data; see ``vault``.

    ``collisions`` counts the stand-ins that had to be drawn again because another value had them already. Then the
    next version must be made with this map at hand, for the order of values decides who keeps the first draw.
    """

    key: bytes = field(repr=False)
    entries: tuple[Entry, ...] = field(repr=False)
    collisions: int = 0


class Pseudonyms:
    """Gives stand-ins and remembers them.

    Args:
        key: the secret, 16 bytes or more.
        known: entries of an earlier version, which stay as they were.
        avoid: words and values of the data in small letters, which no drawn stand-in may equal.
    """

    def __init__(self, key: bytes, known: Iterable[Entry] = (), avoid: Collection[str] = frozenset()) -> None:
        if len(key) < 16:
            raise ValueError("the key needs 16 bytes or more")
        self._key = key
        self._avoid = avoid
        self._entries: dict[tuple[str, str], Entry] = {}
        self._words: dict[str, str] = {}
        self._owner: dict[str, tuple[str, str]] = {}
        self.collisions = 0
        for entry in known:
            self._entries[entry.kind, entry.value] = entry
            self._owner.setdefault(entry.pseudonym.casefold(), (entry.kind, identity(entry.kind, entry.value)))
            self._learn_words(entry)

    def of(self, kind: str, value: str) -> str:
        """The stand-in of a value. Where a shape has none left, such as a code of two digits, the shape is given up."""
        seen = self._entries.get((kind, value))
        if seen is None:
            pseudonym = self._words_of(value) if kind in _BY_WORD else self._whole(kind, value)
            seen = self._entries[kind, value] = Entry(kind, value, pseudonym)
        return seen.pseudonym

    def map(self) -> PseudonymMap:
        """All entries so far, sorted; secrets are left out, for they are never put back."""
        kept = (e for e in self._entries.values() if e.kind not in secrets.TITLES)
        return PseudonymMap(self._key, tuple(sorted(kept, key=lambda e: (e.kind, e.value))), self.collisions)

    def _whole(self, kind: str, value: str) -> str:
        owner = (kind, identity(kind, value))
        make = _MAKERS.get(kind, _checked if kind in _SHAPED else _secret if kind in secrets.TITLES else _shaped)
        return self._free(owner, value, lambda draw: make(self._key, kind, value, draw))

    def _words_of(self, value: str) -> str:
        """Word by word, so that "Anna" and "Anna Berg" stay the same person; numbers inside are permuted."""
        return re.sub(r"[^\W\d_]{2,}|[0-9]+", lambda match: self._word(match[0]), value)

    def _word(self, word: str) -> str:
        small = word.casefold()
        if word.isdigit():
            return permute_characters(word, self._key, "number")
        if small in _KEPT_WORDS:
            return word
        if small not in self._words:
            self._words[small] = self._free(("word", small), word, lambda draw: _drawn_word(self._key, small, draw))
        drawn = self._words[small]
        return _in_case_of(word, drawn)

    def _learn_words(self, entry: Entry) -> None:
        words = re.findall(r"[^\W\d_]{2,}", entry.value)
        drawn = re.findall(r"[^\W\d_]{2,}", entry.pseudonym)
        if entry.kind in _BY_WORD and len(words) == len(drawn):
            for word, stand_in in zip(words, drawn, strict=True):
                if word.casefold() not in _KEPT_WORDS:
                    self._words[word.casefold()] = stand_in.casefold()
                    self._owner.setdefault(stand_in.casefold(), ("word", word.casefold()))

    def _free(self, owner: tuple[str, str], value: str, make: Callable[[int], str]) -> str:
        for draw in itertools.count():
            candidate = make(draw) if draw < _MOST_DRAWS else f"{owner[0]}-{_token(self._key, *owner, draw)}"
            small = candidate.casefold()
            free = self._owner.get(small, owner) == owner and small not in self._avoid
            if free and small != value.casefold():
                self._owner[small] = owner
                return candidate
            self.collisions += 1
        raise AssertionError("counting does not end")


def _in_case_of(word: str, drawn: str) -> str:
    """The stand-in in capitals, small or with a capital as the word is; in any other mixture letter by letter."""
    if word.isupper() or word.islower():
        return drawn.upper() if word.isupper() else drawn
    if word[1:].islower():
        return drawn.capitalize()
    return "".join(c.upper() if word[min(at, len(word) - 1)].isupper() else c for at, c in enumerate(drawn))


def parts_of_name(value: str) -> list[str]:
    """The words of a name of several words by which a person may be called: no titles, particles or initials."""
    words = re.findall(r"[^\W\d_]{3,}", value)
    return [w for w in words if w[0].isupper() and w.casefold() not in _KEPT_WORDS] if len(words) > 1 else []


def name_words(value: str) -> set[str]:
    """The words of a name, in small letters, that stand for the person however they are written: no everyday words."""
    words = {word.casefold() for word in re.findall(r"[^\W\d_]{3,}", value)}
    return words - _KEPT_WORDS - COMMON_WORDS if len(value.split()) <= _MOST_WORDS_OF_A_NAME else set()


def identity(kind: str, value: str) -> str:
    """What makes two spellings the same value: digits of numbers, small letters of addresses and names."""
    if kind in ("phone", "card"):
        return digits_of(value)
    if kind == "iban" or kind in _SHAPED:
        return re.sub(r"[\W_]", "", value).upper()
    return " ".join(value.casefold().split())


def _token(key: bytes, kind: str, value: str, draw: int, length: int = 12) -> str:
    number = keyed_number(key, kind, identity(kind, value), str(draw))
    return "".join(_TOKEN[(number >> (5 * place)) & 31] for place in range(length))


def _email(key: bytes, kind: str, value: str, draw: int) -> str:
    return f"user-{_token(key, kind, value, draw)}@example.org"


def _url(key: bytes, kind: str, value: str, draw: int) -> str:
    return f"https://example.org/{_token(key, kind, value, draw)}"


def _handle(key: bytes, kind: str, value: str, draw: int) -> str:
    return f"@user_{_token(key, kind, value, draw, 10)}"


def _secret(key: bytes, kind: str, value: str, draw: int) -> str:
    return f"[{kind}-{_token(key, kind, value, draw, 8)}]"


def _ip(key: bytes, kind: str, value: str, draw: int) -> str:
    """An address of the ranges for private use (RFC 1918) or documentation (RFC 3849)."""
    number = keyed_number(key, kind, identity(kind, value), str(draw))
    if ip_address(value).version == 4:
        return f"10.{number & 255}.{number >> 8 & 255}.{1 + (number >> 16) % 254}"
    return str(IPv6Address((0x20010DB8 << 96) | (number & ((1 << 96) - 1))))


def _mac(key: bytes, kind: str, value: str, draw: int) -> str:
    """A locally administered address: the first byte is 02 (IEEE 802)."""
    number = keyed_number(key, kind, identity(kind, value), str(draw))
    text = value[2].join(["02", *(f"{number >> (8 * place) & 255:02x}" for place in range(5))])
    return text if value == value.lower() else text.upper()


def _phone(key: bytes, kind: str, value: str, draw: int) -> str:
    """Country code or trunk zero stay, with all signs; an extension too is other digits."""
    keep = 2 if value.startswith(("+", "(+")) else 4 if value.startswith("00") else 1 if "0" in value[:2] else 0
    return permute_characters(value, key, f"{kind}/{draw}", keep, letters=False)


def _card(key: bytes, kind: str, value: str, draw: int) -> str:
    return permute_characters(value, key, f"{kind}/{draw}", 4, allowed=lambda text: is_card(digits_of(text)))


def _iban(key: bytes, kind: str, value: str, draw: int) -> str:
    def right(text: str) -> bool:
        return is_iban(re.sub(r"[\W_]", "", text))

    return permute_characters(value, key, f"{kind}/{draw}", letters=False, allowed=right)


def _checked(key: bytes, kind: str, value: str, draw: int) -> str:
    return permute_characters(value, key, f"{kind}/{draw}", allowed=lambda text: national_ids.passes(kind, text))


def _shaped(key: bytes, kind: str, value: str, draw: int) -> str:
    """Letters before the first digit stay: they name the kind of record, not the person."""
    head = re.match(r"[^0-9]*", value)
    keep = sum(c.isascii() and c.isalpha() for c in head[0]) if head else 0
    return permute_characters(value, key, f"{kind}/{draw}", keep)


def _date(key: bytes, kind: str, value: str, draw: int) -> str:
    """Another day of 1900 to 2035 in the same writing; month names come out English."""
    numbers = [int(n) for n in re.findall(r"\d+", value)]
    order = _order(value, numbers)
    try:
        year, month, day = (numbers[order.index(part)] if part in order else _month(value) for part in "ymd")
        century = 1900 if year < 100 else 0
        place = datetime.date(year + century, month, day).toordinal() - _FIRST_DAY
    except ValueError:
        return permute_characters(value, key, f"{kind}/{draw}")
    if not 0 <= place < _DAYS:
        return permute_characters(value, key, f"{kind}/{draw}")
    other = datetime.date.fromordinal(_FIRST_DAY + permute(place, _DAYS, key, f"{kind}/{draw}"))
    parts = {"y": other.year % 100 if year < 100 else other.year, "m": other.month, "d": other.day}
    written = iter(order)

    def number(match: re.Match[str]) -> str:
        part = next(written)
        wide = match[0].startswith("0") or (part == "y" and year < 100)
        return f"{parts[part]:02d}" if wide else str(parts[part])

    text = re.sub(r"[^\W\d_]{3,}\.?", lambda m: _MONTHS[other.month - 1] if _month(m[0]) else m[0], value)
    return re.sub(r"\d+", number, text)


def _order(value: str, numbers: list[int]) -> str:
    if len(numbers) == 2:
        return "dy"
    if len(numbers) != 3 or numbers[0] > 31:
        return "ymd"
    return "dmy" if numbers[0] > 12 or ("/" not in value and numbers[1] <= 12) else "mdy"


def _month(text: str) -> int:
    """The month named in a text by the first three letters of its English or a like name; 0 for none."""
    for match in re.finditer(
        r"[^\W\d_]{3,}", text.casefold().replace("ä", "a").replace("okt", "oct").replace("dez", "dec")
    ):
        for number, name in enumerate(_MONTHS, 1):
            if match[0].startswith(
                ("mai", "mar")[number == 3] if number in (3, 5) and match[0][:3] != "may" else name[:3].lower()
            ):
                return number
    return 0


def _drawn_word(key: bytes, small: str, draw: int) -> str:
    number = keyed_number(key, "word", small, str(draw))
    word = ""
    for _ in range(2 + (number & 1)):
        number, onset = divmod(number >> 1, len(_ONSETS))
        number, vowel = divmod(number, len(_VOWELS))
        word += _ONSETS[onset] + _VOWELS[vowel]
    return word + _CODAS[number % len(_CODAS)]


_BY_WORD = frozenset({"person", "postal_address", "place", "organisation"})
_MAKERS: dict[str, Callable[[bytes, str, str, int], str]] = {
    "email": _email,
    "url": _url,
    "url_login": _url,
    "handle": _handle,
    "ip": _ip,
    "mac": _mac,
    "phone": _phone,
    "card": _card,
    "iban": _iban,
    "date_of_birth": _date,
}
