"""Texts to token ids for an encoder, with two things a person should know: rows cut, rows in an unknown script.

Called by ``encoder.py`` and by the training of encoders. No model is loaded here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_MOSTLY = 0.5
_UNKNOWN_IN_FOREIGN = 0.1
_LETTERS_PER_PIECE = 1.6
_LETTERS_PER_PIECE_DENSE = 0.9
_DENSE_SCRIPTS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"})


class Tokenizer(Protocol):
    """What is used of a transformers tokenizer."""

    unk_token_id: int | None

    def __call__(self, text: list[str], **options: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of texts in order, special tokens included; ``cut`` and ``foreign`` count rows."""

    ids: tuple[tuple[int, ...], ...]
    cut: int
    foreign: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per row, ``[N]``."""
        return np.array([len(row) for row in self.ids], dtype=np.int64)

    def notes(self, max_tokens: int, what: str = "texts") -> list[str]:
        """Plain sentences about rows cut and rows in an unknown script; empty when there are none."""
        total = len(self.ids)
        lines = []
        if self.cut:
            lines.append(f"{self.cut} of {total} {what} are longer than {max_tokens} tokens and were cut at the end")
        if self.foreign:
            lines.append(f"{self.foreign} of {total} {what} are in a script this encoder does not know")
        return lines


def tokenise(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> Tokens:
    """Token ids of each text, at most ``max_tokens`` of them; long texts lose their end."""
    if not texts:
        return Tokens((), 0, 0)
    plain = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]  # a lone surrogate stops a tokenizer
    whole: list[list[int]] = tokenizer(plain, verbose=False)["input_ids"]
    foreign = sum(_is_foreign(text, ids, tokenizer.unk_token_id) for text, ids in zip(plain, whole, strict=True))
    long = [position for position, ids in enumerate(whole) if len(ids) > max_tokens]
    if long:
        short = tokenizer([plain[i] for i in long], truncation=True, max_length=max_tokens)["input_ids"]
        for position, ids in zip(long, short, strict=True):
            whole[position] = ids
    return Tokens(tuple(tuple(ids) for ids in whole), len(long), foreign)


def _is_foreign(text: str, ids: Sequence[int], unknown_id: int | None) -> bool:
    """True where the tokenizer knows no pieces of the text, or only its single letters.

    A word piece vocabulary made for English falls to ``[UNK]`` for some scripts and to single letters for others; in
    Han, kana and Hangul a letter may be a word, so only pieces smaller than a letter tell there.
    """
    pieces = max(1, len(ids) - 2)
    unknown = sum(piece == unknown_id for piece in ids) / pieces
    if unknown > _MOSTLY:
        return True
    letters = [letter for letter in text if letter.isalpha()]
    scripts = [unicodedata.name(letter, "").split(" ")[0] for letter in letters if not letter.isascii()]
    foreign = [script for script in scripts if script != "LATIN"]
    if len(foreign) <= _MOSTLY * len(letters):
        return False
    dense = sum(script in _DENSE_SCRIPTS for script in foreign) > _MOSTLY * len(foreign)
    expected = _LETTERS_PER_PIECE_DENSE if dense else _LETTERS_PER_PIECE
    return unknown > _UNKNOWN_IN_FOREIGN or len(letters) < expected * pieces
