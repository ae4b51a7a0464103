"""The trained-token head: only hidden states that predict a trained token meet the vocabulary matrix.

Cross-entropy in chunks whose gradients are computed at once, in the forward pass, so that no logits are kept and none
are computed twice. The idea of gradients in the forward pass is that of Liger's fused linear cross-entropy (Hsu et al.
2024, arXiv 2410.10989, section 3.2); here rows that predict nothing are left out as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tunewright.training.forward import bare_model

_CHUNK_BYTES = {"cpu": 1 << 25, "cuda": 1 << 28}
_FEWEST_ROWS = 32


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """How a model turns hidden states into logits: ``softcap * tanh(scale * (W h + b) / softcap)``; 0 is no cap."""

    scale: float = 1.0
    softcap: float = 0.0


def head_spec(model: nn.Module) -> HeadSpec | str:
    """The specification of a model's head, or why it is not known."""
    inner = bare_model(model)
    config = inner.config.get_text_config()
    if inner.get_output_embeddings() is None:
        return "the model has no output layer of the usual kind"
    scale = 1.0
    if (divisor := getattr(config, "logits_scaling", None)) not in (None, 1, 1.0):
        if not str(config.model_type).startswith("granite"):
            return f"it is not known how {config.model_type} scales its logits"
        scale = 1.0 / float(divisor)
    if (factor := getattr(config, "logit_scale", None)) not in (None, 1, 1.0):
        if not str(config.model_type).startswith("cohere"):
            return f"it is not known how {config.model_type} scales its logits"
        scale = float(factor)
    return HeadSpec(scale, float(getattr(config, "final_logit_softcapping", None) or 0.0))


def trained_token_loss(
    model: nn.Module, spec: HeadSpec, hidden: Tensor, targets: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Weighted cross-entropy of hidden states through a model's own head.

    Args:
        hidden: ``[P, H]`` the states that predict.
        targets: ``[P]`` token ids.
        weights: ``[P]`` float32.

    Returns:
        The sum of ``weights * nll`` (a scalar with a graph, also when P is 0) and ``nll`` ``[P]`` (without one).
    """
    head = bare_model(model).get_output_embeddings()
    if type(head) is nn.Linear and not (head._forward_hooks or head._forward_pre_hooks):
        return linear_cross_entropy(hidden, head.weight, head.bias, targets, weights, spec)
    logits = _scaled(head(hidden).float(), spec)  # an adapted or quantised head computes its own gradients
    return weighted_cross_entropy(logits, targets, weights)


def weighted_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The plain way: logits ``[P, V]`` to the sum of ``weights * nll`` and ``nll`` ``[P]``, in float32."""
    nll = nn.functional.cross_entropy(logits.float(), targets, reduction="none")
    return (nll * weights).sum(), nll.detach()


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, weights: Tensor, spec: HeadSpec
) -> tuple[Tensor, Tensor]:
    """Weighted cross-entropy of ``hidden`` ``[P, H]`` through a linear head ``[V, H]``, as ``trained_token_loss``.

    Products are computed in the format of autocast where it is on, else in that of the weight; soft-max and sums in
    float32.
    """
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
    learns = [torch.is_grad_enabled() and part is not None and part.requires_grad for part in (hidden, weight, bias)]
    job = _Job(targets, weights.float(), spec, dtype, *learns)
    loss, nll = _LinearCrossEntropy.apply(hidden, weight, bias, job)  # type: ignore[no-untyped-call]
    return loss, nll


@dataclass(frozen=True, slots=True)
class _Job:
    targets: Tensor
    weights: Tensor
    spec: HeadSpec
    dtype: torch.dtype
    of_hidden: bool
    of_weight: bool
    of_bias: bool


class _LinearCrossEntropy(torch.autograd.Function):
    """Loss and gradients together; the backward pass only scales what is there."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, job: _Job) -> tuple[Tensor, Tensor]:
        with torch.autocast(hidden.device.type, enabled=False):
            nll, gradients = _chunks(hidden, weight, bias, job)
        ctx.gradients = gradients
        loss = (nll * job.weights).sum()
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        found, ctx.gradients = ctx.gradients, None  # the gradient of a vocabulary matrix is large: it is not kept twice
        if found is None:
            raise RuntimeError("the gradients of the trained-token head can be taken but once")
        scale = gradients[0]
        return (*(None if part is None else part.mul_(scale.to(part.dtype)) for part in found), None)


def _chunks(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, job: _Job
) -> tuple[Tensor, tuple[Tensor | None, Tensor | None, Tensor | None]]:
    """``nll`` ``[P]`` and the gradients of hidden, weight and bias that are asked for."""
    matrix, states = weight.to(job.dtype), hidden.to(job.dtype)
    offsets = None if bias is None else bias.float()
    nll = torch.empty(len(states), dtype=torch.float32, device=hidden.device)
    to_hidden = torch.empty_like(hidden) if job.of_hidden else None
    to_weight = torch.zeros_like(weight, dtype=torch.float32) if job.of_weight else None
    to_bias = torch.zeros_like(offsets) if job.of_bias and offsets is not None else None
    for start, end in _bounds(len(states), matrix):
        here = slice(start, end)
        logits = (states[here] @ matrix.T).float()
        if offsets is not None:
            logits += offsets
        slope = _cap_in_place(logits, job.spec)
        target = job.targets[here, None]
        top, chosen = logits.amax(dim=1), logits.gather(1, target)[:, 0]
        gradient = _softmax(logits)  # exp and logsumexp would take ten times as long where numbers get denormal
        nll[here] = top - gradient.amax(dim=1).log() - chosen
        if not (job.of_hidden or job.of_weight or job.of_bias):
            continue
        gradient.scatter_add_(1, target, torch.full_like(target, -1, dtype=torch.float32))
        gradient.mul_(job.weights[here, None])
        if slope is not None:
            gradient.mul_(slope)
        if to_bias is not None:
            to_bias += gradient.sum(dim=0)
        narrow = gradient.to(job.dtype)
        if to_hidden is not None:
            to_hidden[here] = (narrow @ matrix).to(hidden.dtype)
        if to_weight is not None:
            _add_product(to_weight, narrow, states[here])
    return nll, (
        to_hidden,
        None if to_weight is None else to_weight.to(weight.dtype),
        None if to_bias is None or bias is None else to_bias.to(bias.dtype),
    )


def _softmax(logits: Tensor) -> Tensor:
    """Along the vocabulary; on the CPU in the place of the logits: fresh memory costs more there than the sums."""
    return torch.softmax(logits, dim=1, out=logits) if logits.device.type == "cpu" else torch.softmax(logits, dim=1)


def _bounds(rows: int, matrix: Tensor) -> list[tuple[int, int]]:
    """Chunks whose float32 logits stay within a fixed size, of nearly equal length."""
    most = max(_FEWEST_ROWS, _CHUNK_BYTES.get(matrix.device.type, 1 << 26) // (4 * len(matrix)))
    count = -(-rows // most)
    return [(rows * number // count, rows * (number + 1) // count) for number in range(count)]


def _cap_in_place(logits: Tensor, spec: HeadSpec) -> Tensor | float | None:
    """Scale and cap the logits; returns the derivative with respect to the raw ones, None where that is 1."""
    if spec.softcap == 0.0:
        if spec.scale == 1.0:
            return None
        logits *= spec.scale
        return spec.scale
    bent = logits.mul_(spec.scale / spec.softcap).tanh_()
    slope = (1.0 - bent.square()).mul_(spec.scale)
    logits.mul_(spec.softcap)
    return slope


def _add_product(total: Tensor, gradient: Tensor, states: Tensor) -> None:
    """``total += gradient.T @ states``, added up in float32."""
    if gradient.dtype == torch.float32:
        total.addmm_(gradient.T, states)
    else:
        total += gradient.T @ states


def _scaled(logits: Tensor, spec: HeadSpec) -> Tensor:
    logits = logits * spec.scale
    return logits if spec.softcap == 0.0 else torch.tanh(logits / spec.softcap) * spec.softcap
