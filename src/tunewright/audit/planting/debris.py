"""What machines leave in texts: letters read in a wrong encoding, tokens of chat templates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tunewright.audit.planting._defect import Defect, Planted, always, changing, choose
from tunewright.audit.planting._texts import saying, with_input, with_target
from tunewright.audit.view import View
from tunewright.records.example import Example

_FINE = ("It\u2019s the caf\u00e9 \u2013 \u201cMen\u00e9ndez\u201d.", "That was 30 \u20ac \u2013 na\u00efve of me.")
_TOKENS = ("<|im_end|>", "</s>", "<|eot_id|>", "[/INST]", "<end_of_turn>", "<|im_start|>assistant")
_NO_TOKENS = (
    "The list is [INSTALLED] now.",
    "It holds if x < y | z > 1.",
    "Press <Enter> to go on.",
    "See [1] and [2].",
)


def _misread(view: View, rng: np.random.Generator, n: int) -> Planted:
    """UTF-8 read as Windows-1252; the same marks read rightly must stay quiet."""
    mixed = _shuffled(view, rng, 2 * n)
    half = len(mixed) // 2
    change = {place: _in_either(view, number, _garbled) for number, place in enumerate(mixed[:half])}
    quiet = {place: saying(_FINE[i % len(_FINE)]) for i, place in enumerate(mixed[half:])}
    return changing(view, "mojibake", change, quiet)


def _garbled(text: str) -> str:
    curly = text.replace("'", "\u2019")
    if curly.isascii():
        curly = f"{curly.rstrip()} \u2013 it\u2019s urgent"
    return "".join(_misread_sign(sign) for sign in curly)


def _misread_sign(sign: str) -> str:
    try:
        return sign.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        return sign


def _tokens(view: View, rng: np.random.Generator, n: int) -> Planted:
    mixed = _shuffled(view, rng, 2 * n)
    half = len(mixed) // 2
    change = {
        place: _in_either(view, number, _ending(_TOKENS[number % len(_TOKENS)]))
        for number, place in enumerate(mixed[:half])
    }
    quiet = {place: saying(_NO_TOKENS[i % len(_NO_TOKENS)]) for i, place in enumerate(mixed[half:])}
    return changing(view, "token", change, quiet)


def _ending(token: str) -> Callable[[str], str]:
    return lambda text: f"{text}{token}"


def _in_either(view: View, number: int, make: Callable[[str], str]) -> Callable[[Example], Example]:
    """The answer of every second row, where answers are texts; the input of all others."""
    return with_target(make) if number % 2 and view.kind != "classify" else with_input(make)


def _shuffled(view: View, rng: np.random.Generator, n: int) -> list[int]:
    places = choose(rng, view, n, lambda example: not example.target_calls)
    return [places[i] for i in rng.permutation(len(places)).tolist()]


DEFECTS = (
    Defect("mojibake", "Letters read in a wrong encoding", ("text_debris.mojibake",), always, _misread),
    Defect("template_tokens", "Tokens of chat templates", ("text_debris.template_tokens",), always, _tokens),
)
