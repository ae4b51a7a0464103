"""One request on its way to a reply: its tokens, its own random numbers, where its text ends, what it may write.

No model here. ``local_batches`` feeds many of these side by side; nothing in a row depends on the others.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from tunewright.backends.local_constraints import Constraint
from tunewright.language import generate
from tunewright.language.generate import sample, text_of
from tunewright.language.stream import TextPieces
from tunewright.records.generation import Decoding

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A request as tokens: its ``place`` in the call, and the most tokens that its reply may have."""

    place: int
    prompt: Ids
    decoding: Decoding
    repetition: int
    most: int

    def random(self) -> np.random.Generator:
        """Random numbers that follow from the request alone: seed, repetition and prompt."""
        content = hashlib.sha256(np.asarray(self.prompt, dtype=np.int64).tobytes()).digest()
        seed = self.decoding.seed & 0xFFFFFFFFFFFFFFFF
        return np.random.default_rng([seed, self.repetition, int.from_bytes(content[:8], "little")])


class Row:
    """A reply in the making.

    Attributes:
        finish: how it ended; ``length`` until something else is known.
        fresh: text that became certain with the last token, for those who read along (only where ``follow``).
    """

    def __init__(
        self, job: Job, tokenizer: Any, stop: Sequence[int], constraint: Constraint | None, *, follow: bool = False
    ) -> None:
        self.job = job
        self.ids: list[int] = []
        self.logprob = 0.0
        self.finish: Literal["stop", "length"] = "length"
        self.problem = ""
        self.fresh = ""
        self.started = time.perf_counter()
        self.constraint = constraint
        self._stop = frozenset(stop)
        self._tokenizer = tokenizer
        self._random = job.random() if job.decoding.temperature > 0 else None
        self._pieces = TextPieces(tokenizer) if follow or job.decoding.stop else None
        self._text, self._shown = "", 0
        self._cut: int | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing to write: the grammar allows the empty text alone."""
        if self.constraint is not None and self.constraint.done:
            self.finish = "stop"
            return True
        return False

    def draw(self) -> float:
        """A number in [0, 1)."""
        assert self._random is not None
        return float(self._random.random())

    def take(self, token: int, logprob: float) -> bool:
        """Add a token; False where the reply ends with it."""
        self.ids.append(token)
        self.logprob += logprob
        self.fresh = ""
        ended = token in self._stop
        if not ended and self.constraint is not None:
            self.constraint.take(token)
            self.problem = self.constraint.problem
            ended = self.constraint.done and not self.problem
        full = not ended and (len(self.ids) >= self.job.most or bool(self.problem))
        if self._pieces is not None:
            ended = self._follow(token, ended or full) or ended
        if ended:
            self.finish = "stop"
        return not ended and not full

    @property
    def text(self) -> str:
        """The reply without stop token and stop string."""
        if self._pieces is None:
            return text_of(self._tokenizer, self.ids, tuple(self._stop))
        return self._text if self._cut is None else self._text[: self._cut]

    def _follow(self, token: int, last: bool) -> bool:
        """Write on the text; True where a stop string has come, whatever tokens it came in."""
        assert self._pieces is not None
        before = len(self._text)
        self._text += "" if token in self._stop else self._pieces.add(token)
        if last:
            self._text += self._pieces.flush()
        strings = self.job.decoding.stop
        places = [self._text.find(string, max(0, before - len(string) + 1)) for string in strings]
        found = [place for place in places if place >= 0]
        if found:
            self._cut = min(found)
        certain = len(self._text) if last else len(self._text) - _begun(self._text, strings)
        certain = certain if self._cut is None else self._cut
        self.fresh = self._text[self._shown : certain] if certain > self._shown else ""
        self._shown = max(self._shown, certain)
        return bool(found)


def choose(logits: Tensor, rows: Sequence[Row]) -> list[tuple[int, float]]:
    """A token and its log-probability for each row of logits ``[R, V]``.

    The log-probability is at temperature 1 over the whole vocabulary, before any constraint; 0 where nobody asked.
    """
    allowed = logits
    held = [(place, row.constraint) for place, row in enumerate(rows) if row.constraint is not None]
    if held:
        allowed = logits.clone()
        for place, constraint in held:
            mask = torch.from_numpy(constraint.mask()).to(logits.device)
            if bool(mask.any()):
                allowed[place].masked_fill_(~mask, -torch.inf)
    tokens = allowed.argmax(dim=1)
    for settings, places in _sampled(rows).items():
        draws = torch.tensor([rows[place].draw() for place in places], device=logits.device)
        decoding = generate.Decoding(1, (), temperature=settings[0], top_p=settings[1])
        tokens[places] = sample(allowed[places], draws, decoding)
    chosen = tokens.tolist()
    asked = [place for place, row in enumerate(rows) if row.job.decoding.logprobs]
    known = [0.0] * len(rows)
    if asked:
        scores = logits[asked].log_softmax(dim=1)
        for place, value in zip(asked, scores.gather(1, tokens[asked, None])[:, 0].tolist(), strict=True):
            known[place] = value
    return list(zip(chosen, known, strict=True))


def _sampled(rows: Sequence[Row]) -> dict[tuple[float, float], list[int]]:
    """Places of the rows that are sampled, by temperature and top_p."""
    found: dict[tuple[float, float], list[int]] = {}
    for place, row in enumerate(rows):
        decoding = row.job.decoding
        if decoding.temperature > 0:
            found.setdefault((decoding.temperature, decoding.top_p), []).append(place)
    return found


def _begun(text: str, strings: Sequence[str]) -> int:
    """How many characters at the end of a text may be the beginning of a stop string."""
    longest = 0
    for string in strings:
        for size in range(min(len(string) - 1, len(text)), longest, -1):
            if text.endswith(string[:size]):
                longest = size
                break
    return longest
