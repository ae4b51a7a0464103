"""Three kinds of rows that people fine-tune on, made of random token ids: speed does not hang on what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunewright.training.rows import TokenRow

_FIRST_ID = 4


@dataclass(frozen=True, slots=True)
class Workload:
    """Rows and how they are trained.

    Attributes:
        about: one line for people.
        make: a row from (random source, vocabulary, scale of lengths).
        rows_per_step: rows of one update.
        peer_rows: rows of one padded batch of an unpacked peer, so that its padded tokens are near ``max_tokens``.
        max_tokens: padded tokens of one forward pass (ours), or of one packed sequence (peers).
    """

    about: str
    make: Callable[[np.random.Generator, int, float], list[TokenRow]]
    rows_per_step: int
    peer_rows: int
    max_tokens: int = 2048


def classification(random: np.random.Generator, vocabulary: int, scale: float) -> list[TokenRow]:
    """A pass of 64 rows: 400 shared tokens of instruction, about 65 of the row's own, of which a label of 3 to 5."""
    shared = _tokens(random, vocabulary, 400 * scale)
    labels = [_tokens(random, vocabulary, 2 + number % 3) for number in range(12)]
    stop = np.array([2], dtype=np.int32)
    rows = []
    for _ in range(64):
        own = _tokens(random, vocabulary, max(8, random.normal(61, 20)) * scale)
        answer = np.concatenate([labels[random.integers(12)], stop])
        rows.append(_row([shared, own, answer], [0.0, 0.0, 1.0]))
    return rows


def chat(random: np.random.Generator, vocabulary: int, scale: float) -> list[TokenRow]:
    """A pass of 64 rows: dialogues of lognormal length, 40 to 600 tokens, nothing in common, about half trained."""
    rows = []
    for _ in range(64):
        length = float(np.clip(random.lognormal(np.log(150), 0.7), 40, 600)) * scale
        turns = int(random.integers(1, 4))
        cuts = random.dirichlet(np.full(2 * turns, 4.0)) * length
        rows.append(_row([_tokens(random, vocabulary, max(2, size)) for size in cuts], [0.0, 1.0] * turns))
    return rows


def documents(random: np.random.Generator, vocabulary: int, scale: float) -> list[TokenRow]:
    """A pass of 16 rows: a long text of about 1,300 tokens and 200 trained ones about it, no two alike."""
    rows = []
    for _ in range(16):
        text = _tokens(random, vocabulary, max(600, random.normal(1300, 150)) * scale)
        rows.append(_row([text, _tokens(random, vocabulary, 200 * scale)], [0.0, 1.0]))
    return rows


WORKLOADS = {
    "classification": Workload("long shared instruction, short answer", classification, 16, 4),
    "chat": Workload("ragged dialogues, half of the tokens trained", chat, 16, 8),
    "documents": Workload("long documents, 200 trained tokens", documents, 4, 1),
}


def make_rows(name: str, vocabulary: int, steps: int, rows_per_step: int, scale: float, seed: int) -> list[TokenRow]:
    """So many steps' worth of rows of a workload; ``scale`` shortens all lengths, for trials."""
    random = np.random.default_rng([seed, list(WORKLOADS).index(name)])
    rows: list[TokenRow] = []
    while len(rows) < steps * rows_per_step:
        rows += WORKLOADS[name].make(random, vocabulary, scale)
        if name == "classification" and len(rows) < steps * rows_per_step:
            raise ValueError("a pass over the classification rows holds 64 of them")
    return rows[: steps * rows_per_step]


def _tokens(random: np.random.Generator, vocabulary: int, count: float) -> NDArray[np.int32]:
    return random.integers(_FIRST_ID, vocabulary, max(1, round(count))).astype(np.int32)


def _row(parts: list[NDArray[np.int32]], weights: list[float]) -> TokenRow:
    start = np.array([1], dtype=np.int32)
    ids = np.concatenate([start, *parts])
    marks = [np.full(len(part), weight, dtype=np.float32) for part, weight in zip(parts, weights, strict=True)]
    return TokenRow(ids, np.concatenate([np.zeros(1, dtype=np.float32), *marks]))
