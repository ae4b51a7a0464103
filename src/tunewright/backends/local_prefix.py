"""Which prompts share which beginning, and beginnings that have been read already.

``plan`` cuts prompts into groups so that common instructions, examples and documents are read once. ``PrefixStore``
keeps what was read for later calls and tells how many tokens of it were a gift. ``sharing_problem`` says why a model
cannot share, found out by trying. Called by ``local.py``.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

from tunewright.backends.local_reader import Prefix, SharedReader, bare_model, read_prefix
from tunewright.language.tree_support import supports_trees

Ids = tuple[int, ...]

WORTH_TOKENS = 256  # saved by a group of its own; less does not pay for another batch
_LEAST_SAVED = 64  # by the prefix of all; less does not pay for a pass of its own
_LEAST_TOKENS = 16  # a shorter prefix is not worth remembering
_KEPT_BYTES = 1 << 30
_KEPT_PREFIXES = 16
_RECENT_PROMPTS = 32
_PROBE_TOKENS = 12
_CLOSE_FP32, _CLOSE_HALF = 1e-3, 8e-2


@dataclass(frozen=True, slots=True)
class Group:
    """Prompts (by number) that begin with the same ``prefix`` tokens; at least one token of each is left."""

    rows: tuple[int, ...]
    prefix: int


def plan(prompts: Sequence[Ids], worth: int = WORTH_TOKENS) -> list[Group]:
    """Groups of prompts by common beginning; every prompt is in one.

    A part of a group leaves it for a longer prefix of its own where that saves ``worth`` tokens.
    """
    order = sorted(range(len(prompts)), key=lambda row: prompts[row])
    shared = [common(prompts[one], prompts[two]) for one, two in pairwise(order)]
    groups: list[Group] = []
    if order:
        left = _cut(order, shared, prompts, 0, worth, groups)
        if left:
            level = min(min(_between(left, prompts)), *(len(prompts[row]) - 1 for row in left))
            groups.append(Group(tuple(left), level if (len(left) - 1) * level >= _LEAST_SAVED else 0))
    return groups


def common(one: Sequence[int], two: Sequence[int]) -> int:
    """How many tokens two prompts have in common at their beginning."""
    size = min(len(one), len(two))
    if one[:size] == two[:size]:
        return size
    low, high = 0, size  # one[:low] agrees, one[:high] does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if one[low:middle] == two[low:middle] else (low, middle)
    return low


class PrefixStore:
    """Prefixes of one model that have been read, the ones used last; bounded in memory."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: OrderedDict[Ids, Prefix] = OrderedDict()
        self._recent: deque[Ids] = deque(maxlen=_RECENT_PROMPTS)

    def familiar(self, prompt: Ids) -> int:
        """How many tokens at the beginning of a lone prompt were seen in earlier ones, and are worth keeping; 0 where
        that are too few."""
        found = max((common(prompt, other) for other in (*self._recent, *self._kept)), default=0)
        found = min(found, len(prompt) - 1)
        return found if found >= _LEAST_TOKENS else 0

    def remember(self, prompt: Ids) -> None:
        """A prompt that was answered."""
        self._recent.append(prompt)

    def get(self, ids: Ids) -> tuple[Prefix, int]:
        """The prefix, and how many of its tokens had to be read now."""
        if not ids:
            return Prefix(), 0
        if ids in self._kept:
            self._kept.move_to_end(ids)
            return self._kept[ids], 0
        start, size = None, 0
        for known in self._kept.values():
            shared = min(common(ids, known.ids), len(ids) - 1)
            if shared > size:
                start, size = known, shared
        begun = None if start is None else _begin(start, size)
        prefix = read_prefix(self._model, ids, begun)
        self._kept[ids] = prefix
        while len(self._kept) > 1 and (len(self._kept) > _KEPT_PREFIXES or self._bytes() > _KEPT_BYTES):
            self._kept.popitem(last=False)
        return prefix, len(ids) - size

    def _bytes(self) -> int:
        return sum(prefix.bytes for prefix in self._kept.values())

    def release(self) -> None:
        """Drop everything, the model too."""
        self._model = None
        self._kept.clear()
        self._recent.clear()


def sharing_problem(model: Any) -> str | None:
    """Why rows of this model cannot stand behind a shared prefix; None if they can.

    Asked of its configuration, then tried: two rows of unequal length behind a prefix against the model's own forward.
    """
    for adapter in getattr(model, "peft_config", {}).values():
        if getattr(adapter, "is_prompt_learning", False):
            return f"its {adapter.peft_type} adapter acts on whole rows, not on tokens"
    bare = bare_model(model)
    reason = supports_trees(bare.config)
    if reason is not None:
        return reason
    if bare.get_output_embeddings() is None:
        return "its output layer cannot be found"
    try:
        return _differs(model, bare)
    except (RuntimeError, TypeError, AttributeError, IndexError, ValueError, KeyError) as error:
        return f"its attention cannot be replaced: {str(error).splitlines()[0] if str(error) else type(error).__name__}"


@torch.inference_mode()
def _differs(model: Any, bare: Any) -> str | None:
    table = bare.get_input_embeddings().weight
    ids = [(7 * place + 3) % min(int(table.shape[0]), 64) for place in range(_PROBE_TOKENS)]
    cut, shorter = _PROBE_TOKENS // 2, _PROBE_TOKENS - 2
    plain = model(input_ids=torch.tensor([ids], device=table.device), use_cache=False).logits[0].float()
    reader = SharedReader(model, read_prefix(model, ids[:cut]), 2)
    first = reader.add([ids[cut:-1], ids[cut : shorter - 1]])
    second = reader.step([ids[-1], ids[shorter - 1]])
    found = torch.cat([first, second])
    wanted = plain[[_PROBE_TOKENS - 2, shorter - 2, _PROBE_TOKENS - 1, shorter - 1]]
    largest = float((found - wanted).abs().max())
    allowed = _CLOSE_FP32 if table.dtype == torch.float32 else _CLOSE_HALF
    if not largest <= allowed * max(1.0, float(wanted.abs().max())):
        return f"behind a shared prefix its logits differ by {largest:.3g}"
    return None


def _begin(prefix: Prefix, size: int) -> Prefix:
    """The first tokens of a prefix."""
    keys = tuple(key[:, :size] for key in prefix.keys)
    return Prefix(prefix.ids[:size], keys, tuple(value[:, :size] for value in prefix.values))


def _between(rows: Sequence[int], prompts: Sequence[Ids]) -> list[int]:
    """What neighbours have in common; all of it for one alone."""
    if len(rows) == 1:
        return [0]
    return [common(prompts[one], prompts[two]) for one, two in pairwise(rows)]


def _cut(
    rows: list[int], shared: Sequence[int], prompts: Sequence[Ids], level: int, worth: int, groups: list[Group]
) -> list[int]:
    """Move worthwhile parts of neighbouring rows to ``groups``; the rows that stay at ``level``."""
    lowest = min(shared, default=0)
    if len(rows) < 2:
        return rows
    left: list[int] = []
    start = 0
    for place in range(len(rows)):
        if place < len(shared) and shared[place] > lowest:
            continue
        part, inside = rows[start : place + 1], shared[start:place]
        left += _cut(part, inside, prompts, lowest, worth, groups) if len(part) > 1 and inside else part
        start = place + 1
    prefix = min(lowest, *(len(prompts[row]) - 1 for row in left)) if left else 0
    if len(left) > 1 and (len(left) - 1) * (prefix - level) >= worth:
        groups.append(Group(tuple(left), prefix))
        return []
    return left
