"""Generation with a local decoder: prompts in, answers out, with the log-probability of each chosen token.

Rows are batched without padding: a batch starts as wide as its shortest prompt, and longer prompts are fed token by
token while the shorter ones already answer. All rows of a batch therefore stand at one position, and neither masks nor
shifted positions can go wrong. What a row gets does not depend on its batch beyond float noise, and its random numbers
depend on the seed and its place in the call alone. Called by evaluation and by the replay in ``training/export.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from tunewright.errors import Cancelled, InputError

Finish = Literal["stop", "length"]

_BATCH_TOKENS = 8192
_LENGTH_SPREAD = 16


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to choose tokens. ``temperature`` 0 is greedy; of equal logits the smallest id wins.

    Generation ends at a token of ``stop``, after ``max_new_tokens``, or where the model has no more positions.
    ``top_k`` 0 keeps all tokens; ``top_p`` keeps the smallest set of tokens whose probabilities sum to it (Holtzman et
    al. 2020, arXiv 1904.09751, section 3.1).
    """

    max_new_tokens: int
    stop: tuple[int, ...]
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise InputError("generate.max_new_tokens", f"max_new_tokens must be 1 or more, not {self.max_new_tokens}.")
        if not (self.temperature >= 0 and 0 < self.top_p <= 1 and self.top_k >= 0):
            raise InputError(
                "generate.sampling",
                "temperature must be 0 or more, top_p above 0 and at most 1, top_k 0 or more.",
                where=f"temperature {self.temperature}, top_p {self.top_p}, top_k {self.top_k}",
            )


@dataclass(frozen=True, slots=True)
class Generated:
    """One answer of ``n`` tokens.

    ``ids`` holds the stop token where there is one, ``text`` does not. ``logprobs[i]`` is the natural logarithm of the
    probability of ``ids[i]`` at temperature 1 over the whole vocabulary; ``margins[i]`` is the best logit minus the
    second best, which says how near another choice was.
    """

    ids: tuple[int, ...]
    text: str
    finish: Finish
    logprobs: tuple[float, ...]
    margins: tuple[float, ...]


def generate(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    decoding: Decoding,
    *,
    batch_tokens: int = _BATCH_TOKENS,
    progress: Callable[[float], None] = lambda _share: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Generated]:
    """Answers to prompts, in order.

    Args:
        model: a causal language model of transformers or PEFT, in evaluation mode.
        tokenizer: turns ids to text; None leaves ``text`` empty.
        prompts: token ids, at least one each.
        decoding: how to choose and when to end.
        batch_tokens: the most tokens (prompts and answers) that the cache holds at once; at least one row goes in.

    Raises:
        InputError: a prompt is empty, or leaves no position for an answer.
        Cancelled: asked to stop, between two tokens.
    """
    limit = context_tokens(model)
    check_prompts(prompts, limit)
    answers: list[Generated | None] = [None] * len(prompts)
    done = 0
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for batch in _batches(prompts, decoding.max_new_tokens, batch_tokens):
                run = _Run(model, [list(prompts[row]) for row in batch], batch, decoding, limit)
                while run.rows:
                    if cancelled():
                        raise Cancelled
                    run.advance()
                for row, answer in zip(batch, run.answers, strict=True):
                    answers[row] = answer.finished(tokenizer, decoding.stop)
                done += len(batch)
                progress(done / len(prompts))
    finally:
        model.train(training)
    return [answer for answer in answers if answer is not None]


def context_tokens(model: Any) -> int | None:
    """The most tokens that the model has positions for, or None where its configuration does not say."""
    config = model.config
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    stated = getattr(text, "max_position_embeddings", None)
    return int(stated) if stated else None


def text_of(tokenizer: Any, ids: Sequence[int], stop: Sequence[int]) -> str:
    """The text of an answer without its stop token. Special tokens stay: some models write tool calls with them."""
    kept = list(ids[:-1] if ids and ids[-1] in stop else ids)
    text = tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return str(text)


def check_prompts(prompts: Sequence[Sequence[int]], limit: int | None) -> None:
    for number, prompt in enumerate(prompts, start=1):
        if not prompt:
            raise InputError("generate.empty_prompt", "A prompt has no tokens.", where=f"prompt {number}")
        if limit is not None and len(prompt) >= limit:
            raise InputError(
                "generate.prompt_too_long",
                f"A prompt of {len(prompt)} tokens leaves no room for an answer.",
                where=f"prompt {number}",
                why=f"The model reads at most {limit} tokens, its answer included.",
                hint="Shorten the prompt, or use a model with a longer context.",
            )


def _batches(prompts: Sequence[Sequence[int]], new_tokens: int, batch_tokens: int) -> Iterator[list[int]]:
    """Rows of like length: within a batch no prompt is more than a few tokens longer than another."""
    batch: list[int] = []
    for row in sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), row)):
        wide = len(prompts[row]) + new_tokens
        spread = len(prompts[row]) - len(prompts[batch[0]]) if batch else 0
        if batch and ((len(batch) + 1) * wide > batch_tokens or spread > _LENGTH_SPREAD):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class _Answer:
    """What one row has got so far, and its own random numbers."""

    def __init__(self, seed: int, place: int) -> None:
        self.ids: list[int] = []
        self.logprobs: list[float] = []
        self.margins: list[float] = []
        self.finish: Finish = "length"
        self._random = np.random.default_rng([seed, place])

    def draw(self) -> float:
        return float(self._random.random())

    def finished(self, tokenizer: Any, stop: Sequence[int]) -> Generated:
        text = "" if tokenizer is None else text_of(tokenizer, self.ids, stop)
        return Generated(tuple(self.ids), text, self.finish, tuple(self.logprobs), tuple(self.margins))


class _Run:
    """One batch, advanced a token at a time; ``rows`` are the rows (of ``prompts``) that still go on."""

    def __init__(
        self, model: Any, prompts: list[list[int]], places: Sequence[int], decoding: Decoding, limit: int | None
    ) -> None:
        self.answers = [_Answer(decoding.seed, place) for place in places]
        self.rows = list(range(len(prompts)))
        self._model = model
        self._prompts = prompts
        self._decoding = decoding
        self._limit = limit
        self._cache: Any = None
        self._position = min(len(prompt) for prompt in prompts)
        self._next = [prompt[: self._position] for prompt in prompts]

    def advance(self) -> None:
        """Read what comes next in each row, and choose a token in the rows whose prompt has been read."""
        ids = torch.tensor(self._next, dtype=torch.long, device=self._model.device)
        output = self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        self._cache = output.past_key_values
        chosen = self._choose(output.logits[:, -1].float())
        going: list[int] = []
        following: list[list[int]] = []
        for place, row in enumerate(self.rows):
            if self._position < len(self._prompts[row]):
                following.append([self._prompts[row][self._position]])
                going.append(place)
            elif self._take(row, *chosen[place]):
                following.append([chosen[place][0]])
                going.append(place)
        self._position += 1
        if len(going) < len(self.rows) and going:
            self._cache.batch_select_indices(torch.tensor(going, device=self._model.device))
        self.rows, self._next = [self.rows[place] for place in going], following

    def _take(self, row: int, token: int, logprob: float, margin: float) -> bool:
        """Add a token to an answer; False when the answer ends with it."""
        answer = self.answers[row]
        answer.ids.append(token)
        answer.logprobs.append(logprob)
        answer.margins.append(margin)
        if token in self._decoding.stop:
            answer.finish = "stop"
            return False
        full = self._limit is not None and self._position + 1 >= self._limit
        return len(answer.ids) < self._decoding.max_new_tokens and not full

    def _choose(self, logits: Tensor) -> list[tuple[int, float, float]]:
        """Token, log-probability and margin for each row of logits ``[B, V]``."""
        best = logits.topk(2, dim=1).values
        if self._decoding.temperature == 0:
            tokens = logits.argmax(dim=1)
        else:
            draws = [
                self.answers[row].draw() if self._position >= len(self._prompts[row]) else 0.0 for row in self.rows
            ]
            tokens = sample(logits, torch.tensor(draws, device=logits.device), self._decoding)
        logprobs = logits.log_softmax(dim=1).gather(1, tokens.unsqueeze(1)).squeeze(1)
        margins = best[:, 0] - best[:, 1]
        return list(zip(tokens.tolist(), logprobs.tolist(), margins.tolist(), strict=True))


def sample(logits: Tensor, draws: Tensor, decoding: Decoding) -> Tensor:
    """Tokens ``[B]`` from logits ``[B, V]`` and uniform numbers ``[B]``, by inverting the cumulative distribution.

    Temperature first, then ``top_k``, then ``top_p``, as transformers orders them.
    """
    ordered, tokens = (logits / decoding.temperature).sort(dim=1, descending=True, stable=True)
    if decoding.top_k:
        ordered[:, decoding.top_k :] = -math.inf
    chances = ordered.double().softmax(dim=1)
    before = chances.cumsum(dim=1) - chances
    chances = chances.masked_fill(before >= decoding.top_p, 0.0)
    totals = chances.cumsum(dim=1)
    wanted = draws.double().unsqueeze(1) * totals[:, -1:]
    places = torch.searchsorted(totals, wanted, right=True).clamp_max(int(logits.shape[1]) - 1)
    places = torch.minimum(places, (chances > 0).sum(dim=1, keepdim=True) - 1)
    return tokens.gather(1, places).squeeze(1)
