"""Texts to token ids for ``render``: in batches, each stretch of text between two template tokens only once.

A fast tokenizer first cuts a text at its added tokens, then works on each stretch by itself. Prompts, rows and the
turns of one conversation are made of the same stretches, so that a batch tokenises each of them once and joins the ids.
That shortcut is taken only where no added token reaches into its neighbours, and only after texts of the first batch
came out the same both ways; the gates compare all prompts with whole texts again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tunewright.language.spec import RenderSpec, control_tokens

Ids = tuple[int, ...]
CHECKED_TEXTS = 4


class Encoder:
    """The tokenizer of a spec, with the ids of texts kept for as long as it lives.

    ``prefix`` is what the tokenizer itself puts before plain text (a BOS token, or nothing). A chat template writes its
    own, so that there nothing is put before. ``control`` are the ids of special tokens. ``by_stretch`` False tokenises
    every text as a whole.
    """

    def __init__(self, spec: RenderSpec, *, by_stretch: bool = True) -> None:
        self._tokenizer = spec.tokenizer
        self._known: dict[str, Ids] = {}
        self._puts_space: bool | None = None
        self._stretches = _Stretches(spec.tokenizer) if by_stretch else None
        self.control = frozenset(control_tokens(spec.tokenizer))
        self.prefix = own_prefix(spec.tokenizer) if spec.template is None else ()

    def prepare(self, texts: Iterable[str]) -> None:
        """Tokenise many texts at once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if not new:
            return
        if self._stretches is not None and len(new) > CHECKED_TEXTS and self._stretches.holds(new):
            made = self._stretches.encode(new)
        else:
            made = encode(self._tokenizer, new)
        self._known.update(zip(new, made, strict=True))

    def forget(self) -> None:
        """Drop the texts of earlier batches, so that memory does not grow with the file."""
        self._known.clear()
        if self._stretches is not None:
            self._stretches.forget()

    def of(self, text: str) -> Ids:
        """The ids of a text that stands at the start."""
        self.prepare([text])
        return self._known[text]

    def after_a_prompt(self, text: str) -> Ids:
        """The ids of a text that goes on after others.

        Some tokenizers put a space before a text's first word; where this one does, the text is tokenised behind an
        anchor, and the anchor taken off again.
        """
        if self._puts_space is None:
            self._puts_space = self.of("\na") != (*self.of("\n"), *self.of("a"))
        if not self._puts_space:
            return self.of(text)
        for anchor in ("\n", "a", "."):
            alone, together = self.of(anchor), self.of(anchor + text)
            if together[: len(alone)] == alone:
                return together[len(alone) :]
        return self.of(text)


class _Stretches:
    """Tokenising by the stretches between added tokens."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, Ids] = {}
        self._held: bool | None = None
        added = getattr(tokenizer, "added_tokens_decoder", {})
        # Tokens of the other kind are looked for within a stretch, by the tokenizer itself.
        self._cuts = {token.content: number for number, token in added.items() if not token.normalized}
        alone = not any(t.lstrip or t.rstrip or t.single_word for t in added.values() if not t.normalized)
        self._possible = bool(self._cuts) and alone and getattr(tokenizer, "is_fast", False)
        longest_first = sorted(self._cuts, key=len, reverse=True)
        self._pattern = re.compile(f"({'|'.join(map(re.escape, longest_first))})")
        self._anchor = next(iter(self._cuts), "")

    def holds(self, texts: Sequence[str]) -> bool:
        """Whether the shortcut may be taken; found out once, by the longest of the first texts."""
        if self._held is None:
            probe = sorted(texts, key=len, reverse=True)[:CHECKED_TEXTS]
            self._held = self._possible and self.encode(probe) == encode(self._tokenizer, probe)
        return self._held

    def forget(self) -> None:
        """Drop what was kept of earlier batches."""
        self._known.clear()

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """The ids of each text, joined from those of its stretches."""
        cut = [self._pattern.split(text) for text in texts]
        # A first stretch is tokenised as it stands; others behind a token, as they are in their text.
        firsts = {parts[0] for parts in cut if parts[0]}
        others = {part for parts in cut for part in parts[2::2] if part}
        wanted = firsts | {self._anchor + part for part in others}
        new = [text for text in sorted(wanted) if text not in self._known]
        if new:
            self._known.update(zip(new, encode(self._tokenizer, new), strict=True))
        return [self._joined(parts) for parts in cut]

    def _joined(self, parts: list[str]) -> Ids:
        ids: list[int] = list(self._known[parts[0]]) if parts[0] else []
        for token, part in zip(parts[1::2], parts[2::2], strict=True):
            ids.append(self._cuts[token])
            if part:
                ids += self._known[self._anchor + part][1:]
        return tuple(ids)


def encode(tokenizer: Any, texts: Sequence[str]) -> list[Ids]:
    """The ids of whole texts, nothing put before or after them."""
    rows = tokenizer(list(texts), add_special_tokens=False, padding=False, truncation=False, verbose=False)
    return [tuple(ids) for ids in rows["input_ids"]]


def own_prefix(tokenizer: Any) -> Ids:
    """The BOS token in a tuple where the tokenizer puts one before plain text, else nothing."""
    bos = getattr(tokenizer, "bos_token_id", None)
    ids = tokenizer("", add_special_tokens=True)["input_ids"] if bos is not None else []
    return (int(bos),) if bos is not None and ids[:1] == [bos] else ()
