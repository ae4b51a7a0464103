"""Drawn values by field name: people, places, dates, amounts, codes.

``DRAWS`` is a table from field to a function of the material (for its side of the word lists) and a random generator.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from pretraining.tasks import words

if TYPE_CHECKING:
    from pretraining.tasks.material import Material

Draw = Callable[["Material", random.Random], str]


def _of(choices: list[str]) -> Draw:
    return lambda material, rng: material.word(rng, choices)


def _among(*choices: str) -> Draw:
    return lambda _, rng: rng.choice(choices)


def _person(material: Material, rng: random.Random) -> str:
    return material.person(rng)


def _email(material: Material, rng: random.Random) -> str:
    first = material.word(rng, words.FIRST_NAMES).lower()
    last = material.word(rng, words.LAST_NAMES).lower()
    return f"{first}.{last}@example.{rng.choice(('com', 'org', 'net'))}"


def _phone(_: Material, rng: random.Random) -> str:
    return f"{rng.randint(200, 989)}-555-{rng.randint(100, 9999):04d}"


def _date(_: Material, rng: random.Random) -> str:
    return f"{rng.randint(2015, 2029)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _time(_: Material, rng: random.Random) -> str:
    return f"{rng.randint(0, 23):02d}:{rng.choice((0, 10, 15, 20, 30, 45, 50)):02d}"


def _price(_: Material, rng: random.Random) -> str:
    return f"{rng.randint(2, 990)}.{rng.choice((0, 25, 49, 50, 75, 90, 95, 99)):02d}"


def _number(_: Material, rng: random.Random) -> str:
    return str(rng.randint(2, 98))


def _year(_: Material, rng: random.Random) -> str:
    return str(rng.randint(1950, 2029))


def _code(_: Material, rng: random.Random) -> str:
    return f"{rng.choice(('A', 'B', 'K', 'M', 'T', 'X'))}{rng.choice(('', '-'))}{rng.randint(100, 99999)}"


_GROUPS: tuple[tuple[str, Draw], ...] = (
    ("name customer contact employee guest author", _person),
    ("email", _email),
    ("phone", _phone),
    ("city destination origin location", _of(words.CITIES)),
    ("country", _of(words.COUNTRIES)),
    ("company supplier employer", _of(words.COMPANIES)),
    ("product item", _of(words.PRODUCTS)),
    ("job", _of(words.JOBS)),
    ("department", _of(words.DEPARTMENTS)),
    ("weekday day", _among(*words.WEEKDAYS)),
    ("date", _date),
    ("time", _time),
    ("price amount total", _price),
    ("quantity age floor room seats", _number),
    ("year", _year),
    ("order_id ticket_id invoice code", _code),
    ("status", _among("open", "closed", "pending", "shipped", "paid", "cancelled", "waiting")),
    ("priority", _among("low", "normal", "high", "urgent")),
    ("color", _of(words.CATEGORIES["colour"])),
)
DRAWS: dict[str, Draw] = {field: draw for fields, draw in _GROUPS for field in fields.split()}
FIELDS = list(DRAWS)
