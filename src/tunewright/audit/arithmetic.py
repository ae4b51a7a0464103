"""Sums that stand in a text, worked out again: ``16 - 3 - 4 = 9``, ``$5 x 12 = $60``, marks such as ``<<48/2=24>>``.

Only what is surely a sum counts: equations with letters, clock times and numbers with words such as million behind them
are left alone. A rounded result is right. Called by the check of arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Literal

Percent = Literal["hundredth", "ignored", "of_the_rest"]
_PERCENTS: tuple[Percent, ...] = ("hundredth", "ignored", "of_the_rest")
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+")
_TOKEN = re.compile(rf"\s*(?:({NUMBER.pattern})(\s*%)?|([-+*/()]))")
_RUN = re.compile(r"[\d.,$€£%()+\-−–*/×÷x·\s=]+")
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "$": " ", "€": " ", "£": " "})
_TIMES = re.compile(r"(?<=[\d)% ])x(?=\s*[\d(.$])")
# What a fraction is divided by, as in 25 / 1/3: the fraction is meant, whatever the order of operations says.
_BY_FRACTION = re.compile(r"/\s*(\d+)\s*/\s*(\d+)(?![\d.])")
_MARK = re.compile(r"<<([^<>=]{1,80})=([^<>=]{1,30})>>")
# Behind a result these words change the number or go on with the sum.
_CHANGES = re.compile(
    r"\s*(?:thousand|million|billion|trillion|hundred|dozen|lakh|crore|k\b|m\b|bn\b|[a-z]\b|[\^:_\\{°!√π²³½¼¾]"
    r"|(?:[a-zA-Z]+\s+){1,2}[-+*/×÷]\s*\d)",
    re.IGNORECASE,
)
_CENTS = re.compile(r"\s*(?:cents?\b|¢)")
_ZERO_LED = re.compile(r"0\d")
MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Sum:
    """One equality in a text: characters ``[start, end)``, whether it holds, and what its left side comes to."""

    start: int
    end: int
    holds: bool
    left: Fraction
    marked: bool = False


def sums(text: str) -> Iterator[Sum]:
    """Every equality of the text that can be worked out, marks first, then those in prose."""
    if "=" not in text:
        return
    for match in _MARK.finditer(text):
        found = _equality(match[1], match[2])
        if found is not None:
            yield Sum(match.start(), match.end(), found[0], found[1], True)
    plain, places = _without_marks(text)
    for match in _RUN.finditer(plain):
        if "=" in match.group() and any(c.isdigit() for c in match.group()):
            for start, end, holds, left in _in_run(plain, match.start(), match.group()):
                yield Sum(places[start], places[end - 1] + 1, holds, left)


def numbers_in(text: str) -> list[Fraction]:
    """All numbers of a text, without their signs."""
    return [_value(match.group()) for match in NUMBER.finditer(text) if _digits(match.group()) <= MAX_DIGITS]


def _without_marks(text: str) -> tuple[str, list[int]]:
    """The text without its marks, and where each character stood."""
    places: list[int] = []
    done = 0
    for match in _MARK.finditer(text):
        places += range(done, match.start())
        done = match.end()
    places += range(done, len(text))
    return "".join(text[place] for place in places), places


def _in_run(text: str, offset: int, run: str) -> Iterator[tuple[int, int, bool, Fraction]]:
    """(start, end, holds, left value) of the equalities in a run of digits and signs."""
    for part in re.finditer(r"(?:(?![.,](?:\s|$)|\n).)+", run, re.DOTALL):
        start = offset + part.start()
        if part.start() and not _is_whole(run[: part.start()], part.group()):
            continue
        sides = part.group().split("=")
        ends = [start + sum(len(side) + 1 for side in sides[: number + 1]) - 1 for number in range(len(sides))]
        for number, (left, right) in enumerate(pairwise(sides)):
            begin = ends[number] - len(left)
            if number == 0 and not _starts_clean(text, begin, left):
                continue
            if number == len(sides) - 2 and _CHANGES.match(text, ends[number + 1] - _trailing(right)):
                continue
            cents = _CENTS.match(text, ends[number + 1] - _trailing(right)) is not None
            found = _equality(_without_bullet(left) if number == 0 else left, right, cents)
            if found is not None:
                shift = len(left) - len(left.lstrip())
                yield begin + shift, ends[number + 1] - _trailing(right), found[0], found[1]


def _is_whole(before: str, part: str) -> bool:
    """Whether what stands before a full stop or comma is another sum; it is not in 14, 400 / 80."""
    last = before.rstrip(" \t\n.,")[-1:]
    split_number = before.rstrip(" ")[-1:] == "," and last.isdigit() and re.match(r"\s*\d{3}(?!\d)", part) is not None
    return last not in tuple("+-*/x×÷−–(=") and not split_number


def _trailing(side: str) -> int:
    return len(side) - len(side.rstrip())


def _starts_clean(text: str, begin: int, left: str) -> bool:
    """Whether nothing before the first side belongs to the sum: no letter glued to it, no operand before its sign."""
    before = text[max(0, begin - 12) : begin]
    if re.search(r"\d\s+and\s*$", before):
        return False  # a mixed number: 1 and 1/4
    if left[:1].strip() and before and (before[-1].isalnum() or before[-1] in ":^_\\²³√}]'\"<>"):
        return False
    last = before.rstrip(" \t")[-1:]
    opens = left.lstrip()[:1]
    return not (opens in tuple("+*/x×÷-−–.") and (last.isalnum() or last in tuple(")]}%\"'")))


def _without_bullet(left: str) -> str:
    return re.sub(r"^\s*[-−–*·]\s+", "", left)


def _equality(left: str, right: str, cents: bool = False) -> tuple[bool, Fraction] | None:
    """Whether two sides are equal up to rounding of the right one, and what the left one is; None if that is unknown.

    A sum counts as right if any way of reading it is: percent signs, division by a fraction, dollars that become cents.
    """
    one, other = _TIMES.sub("*", left.translate(_SIGNS)), _TIMES.sub("*", right.translate(_SIGNS))
    if not re.search(r"\d\s*%?\s*\)*\s*[-+*/]\s*\(*\s*[\d.]", one):
        return None
    value, result = _evaluated(one, "hundredth"), _evaluated(other, "hundredth")
    if value is None or result is None:
        return None
    digits = _decimals(other)
    coarse = _decimals(one) > digits
    holds = _close(value, result, digits, coarse) or (cents and _close(value * 100, result, digits, coarse))
    return holds or _read_otherwise(one, other, digits, coarse), value


def _read_otherwise(one: str, other: str, digits: int, coarse: bool) -> bool:
    """Whether the sides are equal under another reading of percent signs or of division by a fraction."""
    grouped = _BY_FRACTION.sub(r"/(\1/\2)", one)
    readings = _PERCENTS if "%" in one + other else _PERCENTS[:1]
    values = [_evaluated(side, percent) for side in dict.fromkeys((one, grouped)) for percent in readings]
    results = [_evaluated(other, percent) for percent in readings]
    return any(
        _close(value, result, digits, coarse)
        for value in values
        for result in results
        if value is not None and result is not None
    )


def _close(value: Fraction, result: Fraction, digits: int, coarse: bool) -> bool:
    """Whether ``result``, written with so many decimals, is ``value`` or ``value`` rounded up or down."""
    step = Fraction(1, 10**digits)
    gap = abs(value - result)
    if gap == 0:
        return True
    if (value / step).denominator == 1:
        return coarse and gap <= abs(value) / 2000
    return gap < step or (coarse and gap <= abs(value) / 2000)


def _decimals(side: str) -> int:
    found = [len(match.group().partition(".")[2]) for match in NUMBER.finditer(side)]
    return max(found, default=0)


def _digits(number: str) -> int:
    return sum(map(str.isdigit, number))


@lru_cache(maxsize=4096)
def _value(number: str) -> Fraction:
    return Fraction(number.replace(",", "")) if not number.startswith(".") else Fraction("0" + number)


def _evaluated(side: str, percent: Percent) -> Fraction | None:
    """The value of an expression of numbers, + - * / and brackets; None where it is anything else."""
    tokens: list[str] = []
    place = 0
    stripped = side.strip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None or _digits(match[1] or "") > MAX_DIGITS or _ZERO_LED.match(match[1] or "") or len(tokens) > 80:
            return None
        tokens += [match[1] or match[3], *(["%"] if match[2] else [])]
        place = match.end()
    parser = _Parser(tokens, percent)
    try:
        value = parser.total()
    except (ValueError, ZeroDivisionError, IndexError, RecursionError):
        return None
    return value if parser.place == len(tokens) else None


class _Parser:
    """Recursive descent over the tokens of one side."""

    def __init__(self, tokens: list[str], percent: Percent) -> None:
        self.tokens = tokens
        self.percent = percent
        self.place = 0

    def total(self) -> Fraction:
        value = self.product()
        while self._next() in ("+", "-"):
            sign = self._take()
            before = self.place
            other = self.product()
            if self.percent == "of_the_rest" and self.tokens[before:][1:2] == ["%"] and self.place == before + 2:
                other *= value
            value = value + other if sign == "+" else value - other
        return value

    def product(self) -> Fraction:
        value = self.factor()
        while self._next() in ("*", "/"):
            sign = self._take()
            other = self.factor()
            value = value * other if sign == "*" else value / other
        return value

    def factor(self) -> Fraction:
        token = self._take()
        if token == "-":
            return -self.factor()
        if token == "(":
            value = self.total()
            if self._take() != ")":
                raise ValueError(token)
        elif token[0].isdigit() or token[0] == ".":
            value = _value(token)
        else:
            raise ValueError(token)
        if self._next() == "%":
            self._take()
            return value if self.percent == "ignored" else value / 100
        return value

    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]
