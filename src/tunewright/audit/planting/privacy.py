"""Personal data and secrets, and what only looks like them: numbers whose check digit is wrong, words about passwords.

Every value is made up here; telephone numbers are from ranges that are kept for fiction.
"""

from __future__ import annotations

import base64
import string
from collections.abc import Callable

import numpy as np

from tunewright.audit.planting._defect import Defect, Planted, always, changing, choose
from tunewright.audit.planting._texts import answering, is_prose, saying
from tunewright.audit.view import View
from tunewright.records.example import Example

_FIRST = ("anna", "jonas", "priya", "marek", "lucia", "tom", "ingrid", "omar")
_LAST = ("keller", "novak", "brightwell", "santos", "haugen", "farouk", "whitcombe", "lindqvist")
_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
Maker = Callable[[np.random.Generator], str]


def _digits(rng: np.random.Generator, n: int) -> str:
    return "".join(str(d) for d in rng.integers(0, 10, n).tolist())


def _letters(rng: np.random.Generator, n: int, of: str = _LETTERS) -> str:
    return "".join(of[i] for i in rng.integers(0, len(of), n).tolist())


def _one(rng: np.random.Generator, things: tuple[str, ...]) -> str:
    return things[int(rng.integers(len(things)))]


def card_number(rng: np.random.Generator, *, valid: bool) -> str:
    """A card number of 16 digits in groups of four; its last digit is that of Luhn (ISO/IEC 7812-1) or another."""
    body = "4" + _digits(rng, 14)
    doubled = [int(d) * (2 - place % 2) for place, d in enumerate(body)]
    check = -sum(value - 9 if value > 9 else value for value in doubled) % 10
    digits = body + str(check if valid else (check + int(rng.integers(1, 10))) % 10)
    return " ".join(digits[i : i + 4] for i in range(0, 16, 4))


def account_number(rng: np.random.Generator, *, valid: bool) -> str:
    """A German IBAN; its check digits are those of ISO 13616 (98 minus the rest modulo 97) or others."""
    body = _digits(rng, 18)
    check = 98 - int(body + "131400") % 97
    check = check if valid else 2 + (check - 2 + int(rng.integers(1, 96))) % 97
    return f"DE{check:02d}{body}"


def _email(rng: np.random.Generator) -> str:
    return f"{_one(rng, _FIRST)}.{_one(rng, _LAST)}{_digits(rng, 2)}@brookfield-mail.net"


def _phone(rng: np.random.Generator) -> str:
    ways = (f"+44 20 7946 0{_digits(rng, 3)}", f"(212) 555-01{_digits(rng, 2)}", f"+49 30 23125 {_digits(rng, 3)}")
    return _one(rng, ways)


def _social(rng: np.random.Generator) -> str:
    return f"{rng.integers(100, 600)}-{rng.integers(10, 99)}-{rng.integers(1000, 9999)}"


_PERSONAL: tuple[Maker, ...] = (
    lambda rng: f"You can write to me at {_email(rng)}.",
    lambda rng: f"Please call me on {_phone(rng)}.",
    lambda rng: f"The number of my card is {card_number(rng, valid=True)}.",
    lambda rng: f"My account is {account_number(rng, valid=True)}.",
    lambda rng: f"My social security number is {_social(rng)}.",
    lambda rng: f"I was born on {rng.integers(1, 28)} March 19{rng.integers(50, 99)}.",
    lambda rng: f"I live at {rng.integers(1, 200)} Elm Street, Springfield, IL 62{_digits(rng, 3)}.",
)
_NOT_PERSONAL: tuple[Maker, ...] = (
    lambda rng: f"It says that card {card_number(rng, valid=False)} does not exist.",
    lambda rng: f"The form refused {account_number(rng, valid=False)} as an account.",
    lambda rng: f"I have version 10.{rng.integers(1, 30)}.{rng.integers(1, 9)}.{rng.integers(100, 999)} installed.",
    lambda rng: f"The parcel weighed {rng.integers(100, 999)}.{_digits(rng, 2)} kg and cost {rng.integers(10, 99)}.90.",
    lambda rng: f"That was on 2024-0{rng.integers(1, 9)}-1{rng.integers(0, 9)} at 1{rng.integers(0, 9)}:45.",
)


def _signed_token(rng: np.random.Generator) -> str:
    parts = ('{"alg":"HS256","typ":"JWT"}', '{"sub":"' + _digits(rng, 10) + '"}')
    heads = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*heads, _letters(rng, 43)])


_SECRET: tuple[Maker, ...] = (
    lambda rng: "I use " + "sk-" + "ant-api03-" + _letters(rng, 90) + " there.",
    lambda rng: "The script has " + "sk-" + "proj-" + _letters(rng, 48) + " in it.",
    lambda rng: "It starts with " + "AKIA" + _letters(rng, 16, string.ascii_uppercase + "234567") + " in the log.",
    lambda rng: "I pushed with " + "ghp_" + _letters(rng, 36) + " before.",
    lambda rng: "The job used " + "glpat-" + _letters(rng, 20) + " so far.",
    lambda rng: "The bot runs with " + f"xoxb-{_digits(rng, 12)}-{_digits(rng, 12)}-" + _letters(rng, 24) + " now.",
    lambda rng: "We pay through " + "sk_" + "live_" + _letters(rng, 24) + " since May.",
    lambda rng: "The map loads with " + "AIza" + _letters(rng, 35) + " only.",
    lambda rng: "The model loads with " + "hf_" + _letters(rng, 34, string.ascii_letters) + " only.",
    lambda rng: "I publish with " + "npm_" + _letters(rng, 36) + " from here.",
    lambda rng: "Mails leave with " + "SG." + _letters(rng, 22) + "." + _letters(rng, 43) + " there.",
    lambda rng: "The header was " + _signed_token(rng) + " yesterday.",
    lambda rng: "-----BEGIN RSA " + "PRIVATE KEY-----\n" + _letters(rng, 64) + "\n-----END RSA " + "PRIVATE KEY-----",
    lambda rng: f"It connects to postgres://{_one(rng, _FIRST)}:{_letters(rng, 14)}@db.internal:5432/main there.",
    lambda rng: f"My password is {_letters(rng, 6)}7!{_letters(rng, 4)} at the moment.",
)
_NO_SECRET: tuple[Maker, ...] = (
    lambda _: "I forgot my password again and the link does not work.",
    lambda _: "It says that the token is invalid and the key is missing.",
    lambda rng: f"The request was {_letters(rng, 8, _HEX)}-4f1c-11ee-be56-{_letters(rng, 12, _HEX)}.",
    lambda rng: f"It broke with commit {_letters(rng, 40, _HEX)}.",
    lambda _: "I call getUserAccessTokenFromRequest in the method.",
    lambda _: "Set API_KEY=your_api_key_here before you start.",
    lambda _: "The secret is to keep calm, and the pass is in the drawer.",
    lambda _: "We use sk-learn and the pin on the board is red.",
)


def _planting(name: str, bad: tuple[Maker, ...], good: tuple[Maker, ...]) -> Callable[..., Planted]:
    """Every kind in turn, at the end of inputs and, where answers are prose, of every second answer."""

    def plant(view: View, rng: np.random.Generator, n: int) -> Planted:
        places = choose(rng, view, 2 * n)
        mixed = [places[i] for i in rng.permutation(len(places)).tolist()]
        half = len(mixed) // 2
        change = {place: _said(view, place, bad[i % len(bad)](rng), i) for i, place in enumerate(mixed[:half])}
        quiet = {place: _said(view, place, good[i % len(good)](rng), i) for i, place in enumerate(mixed[half:])}
        return changing(view, name, change, quiet)

    return plant


def _said(view: View, place: int, sentence: str, number: int) -> Callable[[Example], Example]:
    example = view.examples[place]
    in_answer = number % 2 == 1 and view.kind != "classify" and is_prose(example.target)
    return answering(sentence) if in_answer else saying(sentence)


DEFECTS = (
    Defect(
        "personal_data",
        "Personal data",
        (
            "personal_data.sensitive_in",
            "personal_data.in_",
            "personal_data.shared_contacts",
        ),
        always,
        _planting("personal", _PERSONAL, _NOT_PERSONAL),
    ),
    Defect(
        "secrets",
        "Keys and passwords",
        ("secrets.found", "secrets.likely"),
        always,
        _planting("secret", _SECRET, _NO_SECRET),
    ),
)
