"""Are the fast paths right for this very model? Compares gradients before the first step.

The reference is the plainest way there is: the model's own logits over the whole vocabulary, one row at a time, in
full precision. Gradients are compared, not losses: a hybrid model run as if it were a transformer changes the loss in
the sixth digit and the gradient by a tenth. A path that differs is given up, with the reason; nothing else changes.
Called by whoever trains a decoder, before the steps are laid out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from tunewright.language.generate import context_tokens
from tunewright.training.forward import PathFlags, can_tile, dropout_of, sharing_obstacle, text_config
from tunewright.training.head import head_spec
from tunewright.training.layout import Trees
from tunewright.training.loss import DecoderLoss
from tunewright.training.precision import Precision
from tunewright.training.rows import TokenRow

_TOLERANCE_FP32 = 1e-4
_TOLERANCE_BF16 = 2e-2
_TIMES_NOISE = 2.0  # what a path may differ in bfloat16, in units of what bfloat16 itself changes
_SMALL_TENSOR = (
    1e-2  # errors of tensors with less than this share of the gradient's norm are measured against the share
)
_PROBE_TOKENS = 90  # so that attention in tiles has more than one
_LEAST_TOKENS = 12  # fewer do not branch at two depths
_LONGEST_WINDOW = 512

Gradients = list[Tensor]


@dataclass(frozen=True, slots=True)
class PathReport:
    """What the check found.

    Attributes:
        flags: the paths that may be used.
        reasons: one sentence for each path given up.
        errors: largest relative error of the gradient by path; ``bf16`` is that of all paths together under autocast.
        noise: what bfloat16 alone changes in the gradient; 0 where it is not used.
    """

    flags: PathFlags
    reasons: tuple[str, ...]
    errors: Mapping[str, float]
    noise: float


def check_fast_path(
    model: nn.Module, rows: Sequence[TokenRow], precision: Precision | None = None, wanted: PathFlags | None = None
) -> PathReport:
    """Compare the gradients of the trained parameters on a small ragged batch, by each path and the plain way.

    The model is as before when it returns: weights, gradients, modes, random state.

    Args:
        model: as it will be trained, adapters included.
        rows: some of the rows to train on; a few pieces of them are used.
        precision: of training; None is that of the weights.
        wanted: the paths to check; those that are off stay off.
    """
    wanted = wanted or PathFlags()
    check = _Check(model, probe_rows(rows, _probe_tokens(model)), precision)
    reasons: list[str] = []
    if wanted.share and (obstacle := sharing_obstacle(model)):
        wanted = replace(wanted, share=False)
        reasons.append(f"Rows do not share work: {obstacle}.")
    if wanted.head and isinstance(unknown := head_spec(model), str):
        wanted = replace(wanted, head=False)
        reasons.append(f"All tokens meet the vocabulary: {unknown}.")
    with _untouched(model), _full_precision_products():
        flags, found = _try_paths(check, wanted)
        reasons += found
        if precision is not None and precision.format == "bf16" and flags != PathFlags.none():
            flags, found = _try_bf16(check, flags)
            reasons += found
    return PathReport(flags, tuple(reasons), check.errors, check.noise)


def probe_rows(rows: Sequence[TokenRow], tokens: int) -> tuple[TokenRow, ...]:
    """Four rows made of pieces of the given ones: they branch at two depths, train inner tokens, and one stands alone.

    Args:
        rows: at least one, with tokens.
        tokens: length of the longest.
    """
    usable = [row for row in rows if row.tokens > 1] or [TokenRow.of([0, 0], [0.0, 1.0])]
    pieces = [_piece(usable[number * (len(usable) - 1) // 3], tokens) for number in range(4)]
    trunk = pieces[0].ids[: tokens // 3]
    first = np.concatenate([trunk, pieces[1].ids[::-1][: tokens // 2]])
    second = np.concatenate([trunk[: len(trunk) // 2], pieces[2].ids[-tokens // 3 :]])
    inner = np.zeros(len(first), dtype=np.float32)
    inner[len(trunk) // 2 : len(trunk) // 2 + 3] = 0.5
    inner[-4:] = 1.0
    last = np.zeros(len(second), dtype=np.float32)
    last[-5:] = 1.0
    return pieces[0], TokenRow(first, inner), TokenRow(second, last), _piece(pieces[3], tokens // 4)


_PROBE_TREES: Trees = ((0, 1, 2), (3,))
_PROBE = (0, 1, 2, 3)


class _Check:
    """The probe, its reference, and what was measured so far."""

    def __init__(self, model: nn.Module, rows: Sequence[TokenRow], precision: Precision | None) -> None:
        self.model = model
        self.rows = rows
        self.precision = precision
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.errors: dict[str, float] = {}
        self.noise = 0.0
        self.reference: Gradients = []

    def gradients(self, flags: PathFlags, autocast: bool = False) -> Gradients:
        """The gradients of the probe; frozen zeros where a parameter has none."""
        self.model.zero_grad(set_to_none=True)
        loss = DecoderLoss(self.model, self.rows, flags, {_PROBE: _PROBE_TREES} if flags.share else None)
        device = self.parameters[0].device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=autocast):
            value, _ = loss(_PROBE)
        value.backward()  # type: ignore[no-untyped-call]
        found = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.detach()
            for parameter in self.parameters
        ]
        self.model.zero_grad(set_to_none=True)
        return found

    def error(self, flags: PathFlags, autocast: bool = False) -> float:
        """The largest relative error of a parameter's gradient by these paths."""
        return relative_error(self.gradients(flags, autocast), self.reference)

    def full_precision(self) -> bool:
        """Whether all weights are in float32."""
        return all(parameter.dtype == torch.float32 for parameter in self.model.parameters())

    def tolerance(self) -> float:
        """What a path may differ without autocast."""
        return _TOLERANCE_FP32 if self.full_precision() else max(_TOLERANCE_BF16, _TIMES_NOISE * self.noise)


def relative_error(found: Gradients, wanted: Gradients) -> float:
    """The largest ``|found - wanted| / |wanted|`` of a tensor; small tensors are measured against a share of all."""
    norms = [float(gradient.double().norm()) for gradient in wanted]
    floor = _SMALL_TENSOR * math.hypot(*norms)
    if floor == 0.0:
        return math.inf
    errors = [
        float((one.double() - other.double()).norm()) / max(norm, floor)
        for one, other, norm in zip(found, wanted, norms, strict=True)
    ]
    return math.inf if any(math.isnan(error) for error in errors) else max(errors)


def _try_paths(check: _Check, wanted: PathFlags) -> tuple[PathFlags, list[str]]:
    """The wanted paths that agree with the reference, each tried on top of those that did."""
    off = PathFlags.none()
    if not check.parameters:
        return off, ["The plain path is used: nothing is trained, so that no gradient can be compared."]
    try:
        check.reference = check.gradients(off)
        if not check.full_precision():
            check.noise = check.error(replace(off, stack=True))
    except torch.OutOfMemoryError:
        raise
    except _UNFIT as error:
        return off, [f"The plain path is used: the model cannot be run on a probe ({type(error).__name__}: {error})."]
    agreed, reasons = off, []
    for name, told in _TOLD.items():
        if not getattr(wanted, name) or (name == "tiles" and not (agreed.share and can_tile(check.model))):
            continue
        tried = replace(agreed, **{name: True})
        try:
            check.errors[name] = check.error(tried)
        except torch.OutOfMemoryError:
            raise
        except _UNFIT as error:
            check.errors[name] = math.inf
            reasons.append(f"{told}: the model cannot be run otherwise ({type(error).__name__}: {error}).")
            continue
        if check.errors[name] <= check.tolerance():
            agreed = tried
        else:
            reasons.append(f"{told}: the gradient would be off by {check.errors[name]:.1e}.")
    return agreed, reasons


def _try_bf16(check: _Check, flags: PathFlags) -> tuple[PathFlags, list[str]]:
    """Under autocast the paths may differ from full precision by what the plain way differs, and a little."""
    off = PathFlags.none()
    try:
        check.noise = check.error(off, autocast=True)
        check.errors["bf16"] = check.error(flags, autocast=True)
    except torch.OutOfMemoryError:
        raise
    except _UNFIT as error:
        return off, [f"The plain path is used: the fast ones fail in bfloat16 ({type(error).__name__}: {error})."]
    if check.errors["bf16"] <= max(_TOLERANCE_BF16, _TIMES_NOISE * check.noise):
        return flags, []
    off_by = f"off by {check.errors['bf16']:.1e} where bfloat16 itself makes {check.noise:.1e}"
    return off, [f"The plain path is used: in bfloat16 the gradient of the fast ones would be {off_by}."]


_UNFIT = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)

_TOLD = {
    "stack": "Rows are computed one by one",
    "head": "All tokens meet the vocabulary",
    "share": "Rows do not share work",
    "tiles": "Attention on trees is computed under a dense mask",
}


def _piece(row: TokenRow, tokens: int) -> TokenRow:
    """The last ``tokens`` tokens up to the last trained one, repeated where there are fewer, with a trained one."""
    trained = np.flatnonzero(row.weights)
    end = int(trained[-1]) + 1 if len(trained) else row.tokens
    ids, weights = row.ids[max(0, end - tokens) : end], row.weights[max(0, end - tokens) : end]
    ids, weights = np.resize(ids, tokens), np.resize(weights, tokens)
    weights[0], weights[-1] = 0.0, weights[-1] or 1.0
    return TokenRow(ids, weights)


def _probe_tokens(model: nn.Module) -> int:
    """Long enough for a short sliding window to matter, and no longer than the model has positions for."""
    window = getattr(text_config(model), "sliding_window", None) or 0
    wanted = _PROBE_TOKENS + (window if window <= _LONGEST_WINDOW else 0)
    return max(_LEAST_TOKENS, min(wanted, context_tokens(model) or wanted))


@contextmanager
def _untouched(model: nn.Module) -> Iterator[None]:
    """Inside, dropout is off and gradients are clear; afterwards gradients, modes and random state are as before."""
    modes = [(module, module.training) for module in model.modules()]
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    with torch.random.fork_rng(), torch.enable_grad():
        model.train(dropout_of(model) == 0)  # training mode where possible, for gradient checkpointing
        try:
            yield
        finally:
            for parameter, gradient in gradients:
                parameter.grad = gradient
            for module, mode in modes:
                module.training = mode


@contextmanager
def _full_precision_products() -> Iterator[None]:
    """No TF32 while gradients are compared."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
