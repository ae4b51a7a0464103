"""One answer, token by token as it is made: for a person who reads along. ``generate`` answers many prompts at once.

Both choose alike: greedy, sampled, stopped and cut where ``generate`` would be, for a single prompt. What the model has
read can be kept from one answer to the next, so that a conversation is not read again from its beginning. Called by
``workflow/chat.py``.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tunewright.language.generate import Decoding, check_prompts, context_tokens, sample
from tunewright.language.spec import decoded

_BROKEN = "\N{REPLACEMENT CHARACTER}"


class Piece(NamedTuple):
    """A token, and the text that can be shown since it is there: whole characters, often one word, sometimes none."""

    token: int
    text: str


@dataclass(slots=True)
class StreamCache:
    """The tokens that a model has read, with its keys and values of them; for one model, one answer at a time.

    It is used by a prompt that begins with exactly these tokens and goes on; before any other it is emptied.
    """

    ids: list[int] = field(default_factory=list)
    state: Any = None

    def forget(self) -> None:
        """Start over."""
        self.ids, self.state = [], None

    def unread(self, prompt: Sequence[int]) -> list[int]:
        """What of a prompt has not been read yet; never nothing."""
        known = len(self.ids)
        if len(prompt) <= known or list(prompt[:known]) != self.ids:
            self.forget()
        return list(prompt[len(self.ids) :])

    def read(self, model: Any, ids: list[int]) -> Tensor:
        """Read further tokens ``[T]``; logits ``[1, V]`` of what follows the last, in float32.

        Interrupted half-way, some layers would have seen more than others: then all is forgotten.
        """
        known, state = self.ids, self.state
        self.forget()
        wide = torch.tensor([ids], dtype=torch.long, device=model.device)
        output = model(input_ids=wide, past_key_values=state, use_cache=True, logits_to_keep=1)
        known.extend(ids)
        self.ids, self.state = known, output.past_key_values
        logits: Tensor = output.logits[:, -1].float()
        return logits


class TextPieces:
    """Tokens in, text out, in whole characters: the pieces of ``preview.decode_pieces``, one token at a time."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._before: list[int] = []
        self._open: list[int] = []

    def add(self, token: int) -> str:
        """The text that this token completes; empty while a character is open."""
        self._open.append(token)
        text = self._text()
        if text.endswith(_BROKEN):
            return ""
        return self._close(text)

    def flush(self) -> str:
        """What was held back, at the end of the answer; an unfinished character is written as U+FFFD."""
        return self._close(self._text()) if self._open else ""

    def _text(self) -> str:
        """Some tokenizers drop the space before a first word: tokens are decoded behind the piece before them."""
        if self._tokenizer is None:
            return ""
        known = decoded(self._before, self._tokenizer)
        return decoded([*self._before, *self._open], self._tokenizer)[len(known) :]

    def _close(self, text: str) -> str:
        self._before, self._open = self._open, []
        return text


def stream(
    model: Any, tokenizer: Any, prompt_ids: Sequence[int], decoding: Decoding, cache: StreamCache | None = None
) -> Generator[Piece, None, None]:
    """An answer as it is made; its tokens and its text are those that ``generate`` gives for this prompt alone.

    The answer may be left at any token. With the last token comes all text that was held back; a stop token has no
    text of its own.

    Args:
        model: a causal language model of transformers or PEFT.
        tokenizer: turns ids to text; None leaves all text empty.
        prompt_ids: at least one.
        decoding: how to choose and when to end.
        cache: what the model has read for earlier answers; holds the prompt and all tokens but the last afterwards.

    Raises:
        InputError: the prompt is empty, or leaves no position for an answer.
    """
    limit = context_tokens(model)
    check_prompts([prompt_ids], limit)
    room = decoding.max_new_tokens if limit is None else min(decoding.max_new_tokens, limit - len(prompt_ids))
    kept = StreamCache() if cache is None else cache
    random = np.random.default_rng([decoding.seed, 0])
    pieces = TextPieces(tokenizer)
    following = kept.unread(prompt_ids)
    training = model.training
    model.eval()
    try:
        for made in range(1, room + 1):
            # Not around the loop: between two tokens the mode would hold for the caller's own computations.
            with torch.inference_mode():
                token = _choose(kept.read(model, following), decoding, random)
            stops = token in decoding.stop
            text = "" if stops else pieces.add(token)
            if stops or made == room:
                text += pieces.flush()
            yield Piece(token, text)
            if stops:
                return
            following = [token]
    finally:
        model.train(training)


def _choose(logits: Tensor, decoding: Decoding, random: np.random.Generator) -> int:
    """The next token from logits ``[1, V]``."""
    if decoding.temperature == 0:
        return int(logits.argmax(dim=1))
    return int(sample(logits, torch.tensor([float(random.random())], device=logits.device), decoding))
