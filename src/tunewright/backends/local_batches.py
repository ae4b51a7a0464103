"""Many rows written side by side behind one prefix: a row that ends makes room for the next one at once.

Prompts are read in stacks of like length, then all rows go on a token at a time. How many fit follows from the memory
that keys and values take. What a row gets does not depend on the others beyond float noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from tunewright.backends.local_reader import Reader, bare_model
from tunewright.backends.local_rows import Row, choose
from tunewright.errors import Cancelled

MOST_ROWS = 64
_STACK_TOKENS = 2048  # padded tokens of one pass
_STACK_SCORES = 4_000_000  # pairs of tokens of one pass, for each head
_CHEAP_PADS = 64  # a further pass costs more
_CACHE_BYTES = {"cpu": 1 << 30, "cuda": 8 << 30}
_REFILL_BELOW = 0.75


def rows_at_once(model: Any, tokens: int) -> int:
    """How many rows of this many own tokens are held at once, at least 1."""
    config = bare_model(model).config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    weight = bare_model(model).get_input_embeddings().weight
    per_token = 2 * int(config.num_hidden_layers) * int(heads) * int(size) * weight.element_size()
    budget = _CACHE_BYTES.get(weight.device.type, 1 << 30)
    return max(1, min(MOST_ROWS, int(budget // max(1, per_token * tokens))))


def write(
    reader: Reader, rows: Sequence[Row], prefix: int, at_once: int, cancelled: Callable[[], bool]
) -> Iterator[Row]:
    """Write all rows to their end; each is yielded when it is there. ``follow_one`` is for one that is read along.

    Args:
        reader: without rows, behind the prefix.
        rows: their prompts all begin with the prefix; ``prefix`` is its number of tokens.
        at_once: the most rows at a time.

    Raises:
        Cancelled: asked to stop, between two passes.
    """
    waiting = sorted(rows, key=lambda row: -len(row.job.prompt))  # taken from the end: short ones first
    active: list[Row] = []
    while waiting or active:
        if waiting and len(active) <= at_once * _REFILL_BELOW:
            for stack in _stacks(waiting, at_once - len(active), prefix):
                if cancelled():
                    raise Cancelled
                logits = reader.add([row.job.prompt[prefix:] for row in stack])
                start = len(active)
                active += stack
                yield from _advance(reader, logits, active, start)
        if cancelled():
            raise Cancelled
        if active:
            yield from _advance(reader, reader.step([row.ids[-1] for row in active]), active, 0)


def follow_one(reader: Reader, row: Row, prefix: int, cancelled: Callable[[], bool]) -> Iterator[str]:
    """Write one row that was made with ``follow``; its text in pieces as they become certain.

    Raises:
        Cancelled: asked to stop, between two tokens.
    """
    if row.over:
        return
    logits = reader.add([row.job.prompt[prefix:]])
    while True:
        if cancelled():
            raise Cancelled
        ((token, logprob),) = choose(logits, [row])
        going = row.take(token, logprob)
        if row.fresh:
            yield row.fresh
        if not going:
            return
        logits = reader.step([token])


def stacks(lengths: Sequence[int], prefix: int) -> Iterator[slice]:
    """Neighbouring rows that are read in one pass, given their own lengths (rising): not too many, and of like length,
    because pads cost what tokens cost."""
    start = real = 0
    for place, length in enumerate(lengths):
        padded = (place - start + 1) * length
        pads = padded - real - length
        too_much = padded > _STACK_TOKENS or padded * (prefix + length) > _STACK_SCORES or pads > _most_pads(padded)
        if place > start and too_much:
            yield slice(start, place)
            start, real = place, 0
        real += length
    if start < len(lengths):
        yield slice(start, len(lengths))


def _most_pads(padded: int) -> int:
    return max(_CHEAP_PADS, padded // 16)


def _stacks(waiting: list[Row], room: int, prefix: int) -> Iterator[list[Row]]:
    chosen = [waiting.pop() for _ in range(min(room, len(waiting)))]
    for row in chosen:
        row.started = time.perf_counter()
    for part in stacks([len(row.job.prompt) - prefix for row in chosen], prefix):
        yield chosen[part]


def _advance(reader: Reader, logits: Tensor, active: list[Row], start: int) -> Iterator[Row]:
    """Choose a token for the rows from place ``start`` on, and take out those that end with it."""
    with torch.inference_mode():
        chosen = choose(logits, active[start:])
    ended = [
        place
        for place, (row, pick) in enumerate(zip(active[start:], chosen, strict=True), start)
        if not row.take(*pick)
    ]
    for place in reversed(ended):
        row = active[place]
        reader.drop(place)
        active[place] = active[-1]
        active.pop()
        yield row
