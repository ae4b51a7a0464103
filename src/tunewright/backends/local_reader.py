"""Rows that stand behind one shared prefix: each reads its own tokens, and the prefix is read once for all of them.

The keys and values of the prefix exist once; those of the rows lie in buffers that are written in place. Attention is
computed in two products, one with the prefix for all rows together and one with each row's own tokens, under a common
softmax: the same numbers as on whole rows, without copying the prefix (the idea of Hydragen, Juravsky et al. 2024,
arXiv 2402.05099, section 3). Rows of any length stand side by side: a pad is to the right of a row and nothing looks at
it. ``PlainReader`` does the same a row at a time, for models that pass on more than keys and values. Which rows share
which prefix is decided in ``local_prefix.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.cache_utils import Cache, DynamicCache

from tunewright.backends.local_attention import NAME, SharedAttention, shared_attention
from tunewright.backends.local_cache import OwnLayer

_PIECE = 1024  # the most tokens of a row that are read in one pass
_FIRST_ROOM = 64

AttentionInterface.register(NAME, shared_attention)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Tokens read once: for each layer keys and values ``[heads, P, D]``; both lists are empty for no tokens."""

    ids: tuple[int, ...] = ()
    keys: tuple[Tensor, ...] = ()
    values: tuple[Tensor, ...] = ()

    @property
    def bytes(self) -> int:
        """Memory of keys and values."""
        return sum(part.numel() * part.element_size() for part in (*self.keys, *self.values))


@dataclass(frozen=True, slots=True)
class Tail:
    """Tokens to be looked at behind a row and forgotten again: ``[T]`` ids with their depth, and who sees whom.

    ``parents[t]`` is the place of the token before ``t``, -1 where that is the row's last token.
    """

    ids: tuple[int, ...]
    parents: tuple[int, ...]

    @classmethod
    def chain(cls, ids: Sequence[int]) -> Tail:
        """Tokens one after another."""
        return cls(tuple(ids), tuple(range(-1, len(ids) - 1)))


class Reader(Protocol):
    """Rows in places 0, 1, ...; a row that is dropped leaves its place to the last one."""

    def add(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Read new rows (what follows the prefix, at least a token each) and put them behind the others; logits
        ``[R, V]`` (float32) of what follows the last token of each."""
        ...

    def step(self, tokens: Sequence[int]) -> Tensor:
        """Read one more token in every row; logits ``[rows, V]``."""
        ...

    def drop(self, place: int) -> None:
        """Take a row out; the last row moves to its place."""
        ...

    def look(self, tails: Sequence[Tail], wanted: Sequence[Sequence[int]]) -> Tensor:
        """Logits behind the tokens ``wanted`` of a tail for every row, one row after another, ``[places, V]``; the rows
        stay as they are."""
        ...


class SharedReader:
    """Rows behind one prefix, many in a pass.

    Args:
        model: a causal language model that attends and does nothing else between tokens
            (``local_prefix.sharing_problem``).
        prefix: what all rows begin with.
        room: tokens that a row may have behind the prefix before the buffers grow.
    """

    def __init__(self, model: Any, prefix: Prefix, rows: int, room: int = _FIRST_ROOM) -> None:
        self._model = model
        self._bare = bare_model(model)
        self._prefix = prefix
        self._layers = [OwnLayer(rows, room) for _ in range(layers_of(model))]
        self._lengths: list[int] = []

    def add(self, rows: Sequence[Sequence[int]]) -> Tensor:
        start = len(self._lengths)
        self._lengths += [0] * len(rows)
        places = list(range(start, start + len(rows)))
        logits: list[Tensor | None] = [None] * len(rows)
        longest = max(len(row) for row in rows)
        for begin in range(0, longest, _PIECE):
            going = [place for place in places if len(rows[place - start]) > begin]
            parts = [list(rows[place - start][begin : begin + _PIECE]) for place in going]
            # Rows that go on are neighbours only where they are the longest: pieces are read in runs.
            for first, last in _runs(going):
                chosen = parts[going.index(first) : going.index(last) + 1]
                read = self._read(first, chosen, [[len(part) - 1] for part in chosen])
                for place, row in enumerate(read, start=first):
                    self._lengths[place] += len(chosen[place - first])
                    logits[place - start] = row
        return torch.stack([row for row in logits if row is not None])

    def step(self, tokens: Sequence[int]) -> Tensor:
        read = self._read(0, [[token] for token in tokens], [[0]] * len(tokens))
        self._lengths = [length + 1 for length in self._lengths]
        return read

    @torch.inference_mode()
    def drop(self, place: int) -> None:
        last = len(self._lengths) - 1
        if place != last:
            for layer in self._layers:
                layer.move(last, place, self._lengths[last])
            self._lengths[place] = self._lengths[last]
        self._lengths.pop()

    def look(self, tails: Sequence[Tail], wanted: Sequence[Sequence[int]]) -> Tensor:
        chains = all(tail.parents == tuple(range(-1, len(tail.ids) - 1)) for tail in tails)
        return self._read(0, [list(tail.ids) for tail in tails], wanted, None if chains else tails)

    @torch.inference_mode()
    def _read(
        self,
        start: int,
        rows: Sequence[list[int]],
        wanted: Sequence[Sequence[int]],
        tails: Sequence[Tail] | None = None,
    ) -> Tensor:
        """One pass over the rows from place ``start`` on, padded on the right; logits ``[places, V]`` of all wanted."""
        device = self._bare.get_input_embeddings().weight.device
        width = max(len(row) for row in rows)
        bases = self._lengths[start : start + len(rows)]
        fill = 1 if self._bare.config.get_text_config().pad_token_id == 0 else 0  # of the declared pad it would warn
        ids = torch.tensor([row + [fill] * (width - len(row)) for row in rows], device=device)
        depths = _depths(tails, width, device)
        before = torch.tensor(bases, device=device)
        positions = len(self._prefix.ids) + before[:, None] + depths
        state = SharedAttention(
            self._prefix.keys,
            self._prefix.values,
            before,
            depths,
            len(self._prefix.ids),
            None if tails is None else _ancestors(tails, width, device),
            len(set(bases)) == 1,
        )
        for layer in self._layers:
            layer.aim(start, bases, width)
        limit = context_of(self._bare)
        if limit is not None:  # pads may stand behind the last position that the model has
            positions = positions.clamp_max(limit - 1)
        layers: Any = list(self._layers)
        cache = Cache(layers=layers)
        with _attention(self._bare, state), _head(self._bare, wanted, device) as head:
            output = self._model(input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True)
        return head.chosen(output.logits).float()


class PlainReader:
    """Rows one by one, each with the cache that its model makes for itself; for models that cannot share."""

    def __init__(self, model: Any, prefix: Sequence[int]) -> None:
        self._model = model
        self._prefix = list(prefix)
        self._rows: list[list[int]] = []
        self._caches: list[Any] = []

    def add(self, rows: Sequence[Sequence[int]]) -> Tensor:
        found: list[Tensor] = []
        for row in rows:
            self._rows.append([*self._prefix, *row])
            self._caches.append(None)
            found.append(self._read(len(self._rows) - 1, self._rows[-1]))
        return torch.cat(found)

    def step(self, tokens: Sequence[int]) -> Tensor:
        found = []
        for place, token in enumerate(tokens):
            self._rows[place].append(token)
            found.append(self._read(place, [token]))
        return torch.cat(found)

    def drop(self, place: int) -> None:
        self._rows[place], self._caches[place] = self._rows[-1], self._caches[-1]
        self._rows.pop()
        self._caches.pop()

    @torch.inference_mode()
    def look(self, tails: Sequence[Tail], wanted: Sequence[Sequence[int]]) -> Tensor:
        found: list[Tensor] = []
        for row, tail, places in zip(self._rows, tails, wanted, strict=True):
            seen = []
            for place in places:
                path: list[int] = []
                while place >= 0:
                    path.insert(0, tail.ids[place])
                    place = tail.parents[place]
                ids = torch.tensor([[*row, *path]], device=self._model.device)
                seen.append(self._model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[:, -1].float())
            found += seen
        return torch.cat(found)

    @torch.inference_mode()
    def _read(self, place: int, ids: list[int]) -> Tensor:
        output = self._model(
            input_ids=torch.tensor([ids], device=self._model.device),
            past_key_values=self._caches[place],
            use_cache=True,
            logits_to_keep=1,
        )
        self._caches[place] = output.past_key_values
        logits: Tensor = output.logits[:, -1].float()
        return logits


@torch.inference_mode()
def read_prefix(model: Any, ids: Sequence[int], known: Prefix | None = None) -> Prefix:
    """Read the tokens of a prefix with the model's own attention; ``known`` is a beginning of it that has been read."""
    cache = DynamicCache()
    done = len(known.ids) if known is not None else 0
    if known is not None and done:
        for number, (key, value) in enumerate(zip(known.keys, known.values, strict=True)):
            cache.update(key[None], value[None], number)
    for begin in range(done, len(ids), _PIECE):
        piece = torch.tensor([list(ids[begin : begin + _PIECE])], device=model.device)
        model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
    layers: Any = cache.layers
    return Prefix(tuple(ids), tuple(layer.keys[0] for layer in layers), tuple(layer.values[0] for layer in layers))


def bare_model(model: Any) -> Any:
    """The model of transformers inside PEFT's wrapper; adapters live in its layers and stay on."""
    unwrap = getattr(model, "get_base_model", None)
    return unwrap() if unwrap is not None else model


def layers_of(model: Any) -> int:
    """How many layers a model has."""
    return int(bare_model(model).config.get_text_config().num_hidden_layers)


def context_of(model: Any) -> int | None:
    """Positions of a model, where its configuration tells."""
    stated = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(stated) if stated else None


class _Head:
    """Keeps all but the wanted places away from the vocabulary."""

    def __init__(self, rows: Tensor, places: Tensor) -> None:
        self._rows, self._places, self._done = rows, places, False

    def __call__(self, _module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        self._done = True
        return (inputs[0][self._rows, self._places][None], *inputs[1:])

    def chosen(self, logits: Tensor) -> Tensor:
        return logits[0] if self._done else logits[self._rows, self._places]


@contextmanager
def _head(model: Any, wanted: Sequence[Sequence[int]], device: Any) -> Iterator[_Head]:
    rows = [row for row, places in enumerate(wanted) for _ in places]
    places = [place for part in wanted for place in part]
    head = _Head(torch.tensor(rows, device=device), torch.tensor(places, device=device))
    hook = model.get_output_embeddings().register_forward_pre_hook(head)
    try:
        yield head
    finally:
        hook.remove()


@contextmanager
def _attention(model: Any, state: SharedAttention) -> Iterator[None]:
    """Our attention for one pass; whoever else uses the model finds its own."""
    config = model.config.get_text_config()
    before = config._attn_implementation
    config._attn_implementation = NAME
    try:
        with state.active():
            yield
    finally:
        config._attn_implementation = before


def _depths(tails: Sequence[Tail] | None, width: int, device: Any) -> Tensor:
    """``[R or 1, T]`` how far each token stands behind its row."""
    if tails is None:
        return torch.arange(width, device=device)[None]
    rows = []
    for tail in tails:
        depths: list[int] = []
        for parent in tail.parents:
            depths.append(0 if parent < 0 else depths[parent] + 1)
        rows.append(depths + [0] * (width - len(depths)))
    return torch.tensor(rows, device=device)


def _ancestors(tails: Sequence[Tail], width: int, device: Any) -> Tensor:
    """``[R, T, T]`` whether a token (second place) sees another of its tail (third): itself and what stands before."""
    seen: dict[Tail, Tensor] = {}
    for tail in tails:
        if tail not in seen:
            sees = torch.eye(width, dtype=torch.bool)
            for place, parent in enumerate(tail.parents):
                if parent >= 0:
                    sees[place] |= sees[parent]
            seen[tail] = sees
    return torch.stack([seen[tail] for tail in tails]).to(device)


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
