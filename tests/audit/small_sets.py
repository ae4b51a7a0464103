"""Small sets of examples for the tests of checks: questions to a bank, with labels or answers."""

from __future__ import annotations

import random
from dataclasses import replace

from tunewright.audit.view import Deployment, Kind, View
from tunewright.records.example import Example, Message, Source

_TOPICS = {
    "card": ["card", "arrive", "delivery", "post", "envelope", "track", "lost", "replacement", "plastic", "chip"],
    "pin": ["pin", "code", "forgot", "change", "secret", "digits", "atm", "blocked", "reset", "tries"],
    "transfer": ["transfer", "send", "money", "abroad", "swift", "iban", "fee", "pending", "recipient", "delay"],
    "app": ["app", "crash", "update", "login", "screen", "phone", "android", "error", "version", "slow"],
    "loan": ["loan", "interest", "rate", "months", "credit", "borrow", "repay", "early", "mortgage", "offer"],
    "cash": ["cash", "withdraw", "machine", "notes", "limit", "holiday", "euros", "counter", "coins", "deposit"],
    "top_up": ["top", "balance", "voucher", "recharge", "automatic", "prepaid", "wallet", "add", "apple", "google"],
    "close": ["close", "account", "leave", "cancel", "end", "goodbye", "contract", "stop", "remove", "data"],
}
_FRAMES = (
    "how do i get my {} {} {}",
    "the {} {} and {} is wrong",
    "please help with {} {} {} today",
    "why was my {} {} {}?",
)
LABELS = tuple(_TOPICS)


def example(text: str, target: str, number: int = 0, **more: object) -> Example:
    """One example of a single question."""
    made = Example((Message("user", text),), target, Source("rows.csv", number + 2), f"rows.csv:{number + 2}")
    return replace(made, **more)


def questions(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """(question, label) pairs, every label equally often, each of words of its own and of shared ones."""
    chance = random.Random(seed)
    found = []
    for number in range(n):
        label = LABELS[number % len(LABELS)]
        words = chance.sample(_TOPICS[label], 3)
        found.append((chance.choice(_FRAMES).format(*words), label))
    return found


def labelled(n: int = 400, seed: int = 0) -> list[Example]:
    """Labelled examples."""
    return [example(text, label, number) for number, (text, label) in enumerate(questions(n, seed))]


def answered(n: int = 400, seed: int = 0) -> list[Example]:
    """The same questions with ordinary answers, no two alike."""
    return [
        example(text, f"For {label} number {number}, open the settings and follow the steps there.", number)
        for number, (text, label) in enumerate(questions(n, seed))
    ]


def view_of(examples: list[Example], kind: Kind, deployment: Deployment | None = None) -> View:
    """A view without vectors."""
    return View(tuple(examples), kind, deployment=deployment or Deployment())


def with_input(row: Example, text: str) -> Example:
    """The row with another question."""
    return replace(row, messages=(Message("user", text),))
