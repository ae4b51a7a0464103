"""Attention on a token tree in tiles, so that no pair of tokens is computed that does not look at one another.

A tree in preorder is cut into rectangles of its attention matrix: a run of tokens without a branch looks back at
itself (a triangle), and all that hangs below looks at the whole run (a full rectangle, without any mask). Small
neighbouring subtrees share one masked square. Each tile is an ordinary flash attention; tiles of the same queries are
joined by their log-sum-exp, and in the backward pass each is differentiated under the joint one (Milakov and Gimelshein
2018, arXiv 1805.02867; Dao et al. 2022, arXiv 2205.14135, appendix B).

``TreeMask`` stands where a dense additive mask would: PyTorch's attention finds the tiles in it, and everything else
sees the dense mask. On the CPU alone, where PyTorch's kernel gives its log-sum-exp to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunewright.training.tree_mask import ancestor_mask

_SMALL = 64  # tokens of a masked square


class Tile(NamedTuple):
    """Queries ``[start, end)`` look at keys ``[first, last)``: all, causally, or by a mask ``[1, 1, Q, K]``."""

    start: int
    end: int
    first: int
    last: int
    causal: bool
    mask: Tensor | None


def tiles_of(ends: NDArray[np.integer[Any]]) -> list[Tile]:
    """The tiles of a tree (``[S]`` one past the last descendant): every allowed pair lies in exactly one."""
    tiles: list[Tile] = []
    forests = [(0, len(ends))]
    while forests:
        start, end = forests.pop()
        waiting = start  # small subtrees from here on have no tile yet
        while start < end:
            last = int(ends[start])
            if last - waiting > _SMALL and waiting < start:
                tiles.append(_square(ends, waiting, start))
                waiting = start
            if last - start > _SMALL:
                other = np.flatnonzero(ends[start:last] != last)
                branch = start + int(other[0]) if len(other) else last
                tiles.append(Tile(start, branch, start, branch, True, None))
                if branch < last:
                    tiles.append(Tile(branch, last, start, branch, False, None))
                    forests.append((branch, last))
                waiting = last
            start = last
        if waiting < end:
            tiles.append(_square(ends, waiting, end))
    return tiles


def _square(ends: NDArray[np.integer[Any]], start: int, end: int) -> Tile:
    """Small subtrees side by side as one tile."""
    inside = ends[start:end].astype(np.int64) - start
    if (inside == end - start).all():
        return Tile(start, end, start, end, True, None)
    own = torch.from_numpy(inside)[None]
    return Tile(start, end, start, end, False, ancestor_mask(own, own, None, torch.float32))


class TreeMask(Tensor):
    """An additive attention mask ``[B, 1, S, S]`` that knows its tiles and is dense only when somebody looks."""

    _tiles: list[list[Tile]]
    _dense: Callable[[], Tensor]

    @staticmethod
    def of(ends: Tensor, positions: Tensor, sizes: Sequence[int], dtype: torch.dtype) -> TreeMask:
        """The mask of ``B`` trees of these numbers of tokens; arguments as for ``ancestor_mask``."""
        size = ends.shape[1]
        shell = torch.zeros((), dtype=dtype).expand(len(ends), 1, size, size)
        mask: TreeMask = Tensor._make_subclass(TreeMask, shell)
        each = zip(ends.numpy(), sizes, strict=True)
        mask._tiles = [tiles_of(tree[:count]) for tree, count in each]
        mask._dense = lambda: ancestor_mask(ends, positions, None, dtype)
        return mask

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Tiles for attention, the plain answer for shape and format, the dense mask for all else."""
        kwargs = dict(kwargs or {})
        if func is torch.nn.functional.scaled_dot_product_attention and _fits(args, kwargs):
            query, key, value = args
            mask: TreeMask = kwargs["attn_mask"]
            return tree_attention(query, key, value, mask._tiles, kwargs.get("scale"))
        if func not in _HARMLESS:
            args = tuple(_dense(value) for value in args)
            kwargs = {name: _dense(value) for name, value in kwargs.items()}
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **kwargs)


_FACTS = ("shape", "dtype", "device", "ndim", "requires_grad")
_HARMLESS = {Tensor.size, Tensor.dim, *(getattr(Tensor, name).__get__ for name in _FACTS)}


def _dense(value: Any) -> Any:
    return value._dense() if isinstance(value, TreeMask) else value


def _fits(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call of PyTorch's attention is one that tiles can answer."""
    if len(args) != 3 or not isinstance(kwargs.get("attn_mask"), TreeMask):
        return False
    query, key, value = args
    plain = not kwargs.get("is_causal") and not kwargs.get("enable_gqa") and kwargs.get("dropout_p", 0.0) == 0.0
    return plain and query.device.type == "cpu" and query.shape == key.shape == value.shape


def tree_attention(query: Tensor, key: Tensor, value: Tensor, tiles: list[list[Tile]], scale: float | None) -> Tensor:
    """Attention ``[B, H, S, D]`` of trees; tokens in no tile (padding) get zeros.

    Args:
        query, key, value: ``[B, H, S, D]``.
        tiles: of each tree.
        scale: of the products; None: one over the square root of ``D``.
    """
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    result: Tensor = _TreeAttention.apply(query, key, value, tiles, scale)  # type: ignore[no-untyped-call]
    return result


class _TreeAttention(torch.autograd.Function):
    """Sums are kept in float32 until all tiles are in."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, tiles: list[list[Tile]], scale: float | None
    ) -> Tensor:
        sums = torch.zeros(query.shape, dtype=torch.float32)
        log_sums = torch.full(query.shape[:3], -torch.inf, dtype=torch.float32)
        for tree, own in enumerate(tiles):
            for tile in own:
                one = slice(tree, tree + 1)
                rows, columns = slice(tile.start, tile.end), slice(tile.first, tile.last)
                part = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
                    query[one, :, rows], key[one, :, columns], value[one, :, columns], 0.0, tile.causal,
                    attn_mask=tile.mask, scale=scale,
                )  # fmt: skip
                _join(sums[one, :, rows], log_sums[one, :, rows], part)
        result = sums.to(query.dtype)
        ctx.save_for_backward(query, key, value, result, log_sums)
        ctx.tiles, ctx.scale = tiles, scale
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        query, key, value, result, log_sums = ctx.saved_tensors
        found = [torch.zeros(query.shape, dtype=torch.float32) for _ in range(3)]
        outer = gradients[0].contiguous()
        for tree, own in enumerate(ctx.tiles):
            for tile in own:
                one = slice(tree, tree + 1)
                rows, columns = slice(tile.start, tile.end), slice(tile.first, tile.last)
                parts = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
                    outer[one, :, rows], query[one, :, rows], key[one, :, columns], value[one, :, columns],
                    result[one, :, rows], log_sums[one, :, rows], 0.0, tile.causal,
                    attn_mask=tile.mask, scale=ctx.scale,
                )  # fmt: skip
                for total, part, place in zip(found, parts, (rows, columns, columns), strict=True):
                    total[one, :, place] += part
        return (*(total.to(query.dtype) for total in found), None, None)


def _join(sums: Tensor, log_sums: Tensor, part: tuple[Tensor, Tensor]) -> None:
    """Add a tile's attention to what its queries have so far: a mean weighted by the exponentials' sums, in place."""
    values, own = part
    if torch.isneginf(log_sums[0, 0, 0]):  # the first tile of these queries
        sums.copy_(values)
        log_sums.copy_(own)
        return
    joint = torch.logaddexp(log_sums, own)
    sums.mul_((log_sums - joint).exp_()[..., None]).add_(values * (own - joint).exp_()[..., None])
    log_sums.copy_(joint)
