"""Who looks at whom in a token tree: each token at itself and its ancestors, within the window where there is one."""

from __future__ import annotations

import torch
from torch import Tensor


def ancestor_mask(ends: Tensor, positions: Tensor, window: int | None, dtype: torch.dtype) -> Tensor:
    """The additive attention mask ``[B, 1, S, S]`` of trees: 0 where token i may look at token j, else the lowest.

    Additive rather than boolean, because PyTorch's attention turns a boolean mask into an additive one in every layer.
    The lowest number rather than minus infinity, so that no block of a kernel meets a row without any finite value.

    Args:
        ends: ``[B, S]`` one past the last descendant.
        positions: ``[B, S]`` depths.
        window: a sliding window: j is seen when it lies less than this many positions back. None: no window.
        dtype: of the queries that the mask is added to.
    """
    places = torch.arange(ends.shape[1], device=ends.device)
    allowed = (places[None, :] <= places[:, None]) & (places[:, None] < ends[:, None, :])
    if window is not None:
        allowed &= positions[:, :, None] - positions[:, None, :] < window
    mask = torch.zeros(allowed.shape, dtype=dtype, device=ends.device)
    return mask.masked_fill_(~allowed, torch.finfo(dtype).min)[:, None]
