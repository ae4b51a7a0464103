"""Cuts a batch that would not fit in memory into pieces that do; their gradients add up to the same.

Handed to the loop by ``sft``. The guard knows the model's formula and learns from the peaks it sees; a family whose
sizes are not known here is trained without it, said aloud.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from torch import nn

from tunewright.errors import InputError, WorkError
from tunewright.training.activation_memory import Adapters
from tunewright.training.batches import Batch
from tunewright.training.forward import text_config
from tunewright.training.layout import Trees
from tunewright.training.machine_memory import available_bytes
from tunewright.training.memory_guard import BatchSize, MemoryGuard, PeakMeter, batch_bytes
from tunewright.training.memory_model import MemorySetup, Method
from tunewright.training.methods import Prepared
from tunewright.training.model_shapes import ModelShape, shape_from_config
from tunewright.training.precision import Precision
from tunewright.training.rows import TokenRow
from tunewright.training.tree import merge, read_tokens


class Fitting:
    """Pieces of batches for the loop; called once for each batch.

    Args:
        rows: all rows of the run.
        trees: how planned batches become trees; pieces are written in.
        guard: says whether a batch fits.
        cuda: whether the model is on a GPU.
    """

    def __init__(
        self, rows: Sequence[TokenRow], trees: MutableMapping[Batch, Trees], guard: MemoryGuard, *, cuda: bool
    ) -> None:
        self._rows = rows
        self._trees = trees
        self._guard = guard
        self._meter = PeakMeter(cuda=cuda)
        self.cuts = 0

    def __call__(self, batch: Batch) -> Iterator[Batch]:
        """The batch, or pieces of it one after another, each computed before the next is asked for.

        Raises:
            WorkError: a single row does not fit.
        """
        trees = self._trees.get(batch) or tuple((row,) for row in batch)
        size = BatchSize(len(trees), max(self._tokens(tree) for tree in trees))
        if self._must_cut(batch, size):
            self.cuts += 1
            for part in _halves(trees):
                rows = tuple(row for tree in part for row in tree)
                self._trees[rows] = part
                yield from self(rows)
            return
        self._meter.start()
        yield batch
        self._guard.after(size, self._meter.stop())

    def _must_cut(self, batch: Batch, size: BatchSize) -> bool:
        try:
            return self._guard.before(size) == "split"
        except WorkError:
            if len(batch) == 1:
                raise
            return True  # a tree of several rows can be cut where one row cannot

    def _tokens(self, tree: tuple[int, ...]) -> int:
        if len(tree) == 1:
            return max(1, read_tokens(self._rows[tree[0]]))
        return merge([self._rows[row] for row in tree]).tokens


def _halves(trees: Trees) -> tuple[Trees, Trees]:
    """The trees in two halves; a single tree's rows in two, each a tree again."""
    if len(trees) > 1:
        middle = len(trees) // 2
        return trees[:middle], trees[middle:]
    (rows,) = trees
    middle = len(rows) // 2
    return (rows[:middle],), (rows[middle:],)


def shape_of(model: nn.Module) -> ModelShape | None:
    """Sizes of a model, or None for a family that is not known."""
    try:
        return shape_from_config(text_config(model).to_dict())
    except InputError:
        return None


def memory_setup(prepared: Prepared, precision: Precision, *, batch_tokens: int, checkpointing: bool) -> MemorySetup:
    """The run as the memory formula sees it; relatives of LoRA count as LoRA of their rank."""
    names: dict[str, Method] = {"full": "full", "qlora": "qlora"}
    weights: Any = next(prepared.model.parameters())
    return MemorySetup(
        method=names.get(prepared.settings.method, "lora"),
        batch_tokens=batch_tokens,
        adapters=Adapters(prepared.settings.rank or 16),
        states="fp32",
        base_bytes=weights.element_size(),
        autocast=precision.format == "bf16",
        checkpointing=checkpointing,
        device=precision.device,
    )


def make_fitting(
    prepared: Prepared,
    rows: Sequence[TokenRow],
    trees: MutableMapping[Batch, Trees],
    precision: Precision,
    *,
    checkpointing: bool,
) -> Fitting | None:
    """The guard for this run, or None for a family whose sizes are not known."""
    shape = shape_of(prepared.model)
    if shape is None:
        return None
    cuda = precision.device == "cuda"
    setup = memory_setup(prepared, precision, batch_tokens=1, checkpointing=checkpointing)
    guard = MemoryGuard(batch_bytes(shape, setup), lambda: available_bytes(cuda=cuda), checkpointing=checkpointing)
    return Fitting(rows, trees, guard, cuda=cuda)


def needs_checkpointing(prepared: Prepared, rows: Sequence[TokenRow], precision: Precision) -> bool:
    """Whether the longest row alone would not fit in what is free now, unless activations are computed twice."""
    shape = shape_of(prepared.model)
    if shape is None:
        return False
    setup = memory_setup(prepared, precision, batch_tokens=1, checkpointing=False)
    guard = MemoryGuard(batch_bytes(shape, setup))
    longest = BatchSize(1, max(row.tokens for row in rows))
    return guard.needed_bytes(longest) > available_bytes(cuda=precision.device == "cuda")
