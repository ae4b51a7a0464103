"""Rows for the tests of labels: sentences of invented words whose class is plain, with labels that tests may spoil."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunewright.audit.view import Kind, View
from tunewright.records.example import Example, Message, Source

CLASSES = ("billing", "delivery", "account", "returns", "warranty", "careers")


def sentence(kind: int, random: np.random.Generator) -> str:
    """Ten words: mostly of the class, some of all."""
    own = [f"w{kind}x{n}" for n in random.integers(12, size=6)]
    common = [f"common{n}" for n in random.integers(30, size=5)]
    words = own + common
    random.shuffle(words)
    return " ".join(words)


def examples_of(
    texts: Sequence[str],
    targets: Sequence[str],
    tags: Sequence[tuple[tuple[str, str], ...]] | None = None,
    times: Sequence[str | None] | None = None,
) -> tuple[Example, ...]:
    return tuple(
        Example(
            (Message("user", text),),
            target,
            Source("t.csv", number),
            f"t.csv:{number}",
            tags=tags[number] if tags else (),
            time=times[number] if times else None,
        )
        for number, (text, target) in enumerate(zip(texts, targets, strict=True))
    )


def clean(rows: int, seed: int = 0, classes: int = 4) -> tuple[list[str], list[str]]:
    """Texts and right labels."""
    random = np.random.default_rng(seed)
    kinds = [n % classes for n in range(rows)]
    return [sentence(kind, random) for kind in kinds], [CLASSES[kind] for kind in kinds]


def view_of(texts: Sequence[str], targets: Sequence[str], kind: Kind = "classify") -> View:
    return View(examples_of(texts, targets), kind)
