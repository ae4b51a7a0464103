"""Which weights are trained, and how fast: full tuning, top layers, LoRA and its relatives through PEFT, QLoRA.

``prepare`` takes a loaded model and makes it ready for the loop: what is frozen, what is added, and the groups that the
optimizer updates. Decoders and encoders alike. Which layers an adapter goes on is in ``peft_methods.py``; saving is in
``adapters.py``, the checks after training in ``after_training.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from tunewright.errors import InputError
from tunewright.language.peft_warnings import quiet_peft
from tunewright.training import peft_methods
from tunewright.training.loop import ParameterGroup
from tunewright.training.parameters import count_all
from tunewright.training.precision import Precision

METHODS = ("full", "top_layers", *peft_methods.LORA_FAMILY, *peft_methods.OTHER_METHODS)

_FULL_RATE = 2e-5
_LARGE_PARAMETERS = 1e8
_MOST = {"full": 1e-3, "adapter": 5e-3}
_FACTORS = {"full": 1.0, "top_layers": 2.0, "lora+": 5.0, "pissa": 5.0, "olora": 5.0}
_ADAPTER_FACTOR = 10.0
_VECTOR_FACTORS = {"vera": 100.0, "ia3": 100.0, "ln_tuning": 50.0, "tinylora": 50.0}
_LORA_PLUS_RATIO = 16.0


@dataclass(frozen=True, slots=True)
class MethodSettings:
    """How weights are trained.

    Args:
        method: one of ``METHODS``.
        rank: of an adapter; None is 16 for the LoRA family and PEFT's own default for others.
        alpha: scale of an adapter; None is twice the rank for the LoRA family.
        dropout: on an adapter's input; None is no dropout in the LoRA family and PEFT's own default for others. Shared
            work (``tree.py``) wants 0.
        layers: ``top_layers``: how many are trained; adapters: only the last so many layers get one (None: all).
        learning_rate: the peak; None is ``default_learning_rate``.
        weight_decay: on matrices; biases and norms have none.
        plus_ratio: ``lora+``: learning rate of B over that of A (Hayou et al. 2024, arXiv 2402.12354, suggest 16).
        seed: of an adapter's first weights.
        options: further options of PEFT's configuration of the method, by their names there.
    """

    method: str = "lora"
    rank: int | None = None
    alpha: float | None = None
    dropout: float | None = None
    layers: int | None = None
    learning_rate: float | None = None
    weight_decay: float = 0.0
    plus_ratio: float = _LORA_PLUS_RATIO
    seed: int = 0
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model ready to train.

    ``trainable`` maps the name of each trained tensor to its number of values; ``parameters`` counts all of the model
    without the adapter, tied weights once. ``start`` holds the first adapter weights (name in the model to tensor) of
    methods that move a part of the base into the adapter (PiSSA, OLoRA); saving needs them.
    """

    model: Any
    settings: MethodSettings
    groups: tuple[ParameterGroup, ...]
    trainable: Mapping[str, int]
    parameters: int
    learning_rate: float
    start: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def is_adapter(self) -> bool:
        """Whether what was trained lies in an adapter beside the base model."""
        return self.settings.method not in ("full", "top_layers")

    @property
    def trained(self) -> int:
        """Number of trained values."""
        return sum(self.trainable.values())

    def describe(self) -> str:
        """One line for people."""
        share = 100.0 * self.trained / max(1, self.parameters)
        return (
            f"{self.settings.method}: trains {self.trained:,} values in {len(self.trainable)} tensors "
            f"({share:.2g} % of the model's {self.parameters:,}), learning rate {self.learning_rate:.2g}"
        )


def prepare(model: Any, settings: MethodSettings) -> Prepared:
    """Freeze, add and group what the method wants; the model is changed in place (adapters wrap it).

    Trained tensors are float32 afterwards, because small updates vanish in half precision; ``full`` and ``top_layers``
    turn the whole model to float32. ``top_layers`` trains the last ``layers`` layers and the final norm; embeddings and
    head stay, as in many models they are one matrix and training it would change the layers below.

    Raises:
        InputError: unknown method, a setting that the method does not have, or no way to do it on this machine.
    """
    check_available(settings)
    if hasattr(model, "peft_config"):
        raise InputError(
            "method.adapter_on_adapter",
            "This model already carries an adapter.",
            why="A second one on top would belong to a base model that nobody else has.",
            hint="Merge the first one into its base model with `tunewright merge ADAPTER --out FOLDER`, and start from "
            "the merged folder.",
        )
    parameters = count_all(model)
    rate = settings.learning_rate
    if rate is None:
        rate = default_learning_rate(settings.method, parameters)
    if settings.method in ("full", "top_layers"):
        _check_no_adapter_settings(settings)
        _choose_weights(model, settings)
    else:
        model = _with_adapter(model, settings)
    named = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    for parameter in named.values():
        if parameter.dtype in (torch.float16, torch.bfloat16):
            parameter.data = parameter.data.float()
    if not named:
        raise InputError(
            "method.nothing_trained",
            f"The method {settings.method} finds nothing to train in this model.",
            where=type(model).__name__,
            hint="Use method lora or full.",
        )
    start = {}
    if settings.method in peft_methods.CHANGES_BASE:
        start = {name: parameter.detach().clone() for name, parameter in named.items()}
    groups = _groups(model, named, rate, settings)
    counts = {name: parameter.numel() for name, parameter in named.items()}
    return Prepared(model, settings, groups, counts, parameters, rate, start)


def base_dtype(settings: MethodSettings, precision: Precision) -> torch.dtype:
    """The number format to load the base model in: float32 where its weights are trained, and on a processor.

    On a GPU that computes in bfloat16, weights that stay as they are need no more than that: half of the memory.
    """
    frozen = settings.method not in ("full", "top_layers", *peft_methods.CHANGES_BASE)
    return torch.bfloat16 if frozen and (precision.device, precision.format) == ("cuda", "bf16") else torch.float32


def check_available(settings: MethodSettings) -> None:
    """Whether the method exists and can run on this machine; ask before loading a large model.

    Raises:
        InputError: it does not, with what to use instead.
    """
    if settings.method not in METHODS:
        raise InputError(
            "method.unknown",
            f"There is no method '{settings.method}'.",
            where=f"method: {settings.method}",
            hint=f"Use one of {', '.join(METHODS)}.",
        )
    if settings.method not in ("full", "top_layers") and find_spec("peft") is None:
        raise InputError(
            "method.no_peft",
            f"The method {settings.method} needs the package peft.",
            hint='Install the extra "models": pip install "tunewright[models]". Or use method full or top_layers.',
        )
    if settings.method == "qlora":
        _check_qlora()


def default_learning_rate(method: str, parameters: int) -> float:
    """A peak learning rate to start from: a rule of thumb, not the best one for any model.

    Full tuning: 2e-5 from 100 M parameters on, which is what most recipes for such models use. Below, it grows with the
    square root of 100 M over the number of parameters, up to 1e-3: small models have narrow layers and bear larger
    steps (the direction of Yang et al. 2022, arXiv 2203.03466: the rate of hidden layers goes with one over their
    width). Adapters: ten times that, up to 5e-3, after "LoRA Without Regret" (Schulman et al. 2025). Methods that train
    few scales only (VeRA, IA3, ...) take more, those that begin with large factors (PiSSA, OLoRA), and A of LoRA+, half
    of LoRA's.

    >>> default_learning_rate("full", 135_000_000), default_learning_rate("lora", 135_000_000)
    (2e-05, 0.0002)
    """
    full = _FULL_RATE * max(1.0, math.sqrt(_LARGE_PARAMETERS / max(1, parameters)))
    if method in ("full", "top_layers"):
        return _rounded(min(_FACTORS[method] * full, _MOST["full"]))
    if method in _VECTOR_FACTORS:
        return _rounded(min(_VECTOR_FACTORS[method] * full, 4 * _MOST["adapter"]))
    return _rounded(min(_FACTORS.get(method, _ADAPTER_FACTOR) * full, _MOST["adapter"]))


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")


def _check_qlora() -> None:
    if not torch.cuda.is_available():
        raise InputError(
            "method.qlora_needs_cuda",
            "QLoRA needs a CUDA GPU; there is none here.",
            where="method: qlora",
            why="The 4-bit kernels of bitsandbytes are trusted for training on such a card only.",
            hint="Use method lora: the same adapter, on weights that are not quantised.",
        )
    if find_spec("bitsandbytes") is None:
        raise InputError(
            "method.qlora_needs_bitsandbytes",
            "QLoRA needs the package bitsandbytes.",
            where="method: qlora",
            hint="pip install bitsandbytes accelerate. Or use method lora, which needs neither.",
        )


def _check_no_adapter_settings(settings: MethodSettings) -> None:
    given = {"rank": settings.rank, "alpha": settings.alpha, "dropout": settings.dropout}
    wrong = [name for name, value in given.items() if value is not None] + list(settings.options)
    if settings.method == "full" and settings.layers is not None:
        wrong.append("layers")
    if wrong:
        raise InputError(
            "method.no_such_setting",
            f"The method {settings.method} has no setting '{wrong[0]}'.",
            where=f"method: {settings.method}",
            hint="Leave it out, or use an adapter method such as lora (for layers: top_layers).",
        )


def _choose_weights(model: Any, settings: MethodSettings) -> None:
    if settings.method == "full":
        model.requires_grad_(True)
    else:
        if settings.layers is None:
            raise InputError(
                "method.layers",
                "top_layers needs the number of layers.",
                hint="On the command line write --method top_layers:2; from Python set layers, such as 2.",
            )
        model.requires_grad_(False)
        for module in (*peft_methods.top_layers(model, settings.layers), *peft_methods.final_norms(model)):
            module.requires_grad_(True)
    model.float()


def _with_adapter(model: Any, settings: MethodSettings) -> Any:
    import peft

    untyped: Any = peft
    if settings.method == "qlora":
        if not getattr(model, "is_loaded_in_4bit", False):
            raise InputError(
                "method.qlora_not_quantised",
                "QLoRA wants a model that was loaded in 4 bits.",
                hint="Load it with load_decoder(..., four_bit=True).",
            )
        model = untyped.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    config = peft_methods.peft_config(
        settings.method,
        model,
        rank=settings.rank,
        alpha=settings.alpha,
        dropout=settings.dropout,
        top=settings.layers,
        options=settings.options,
    )
    training = model.training
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), quiet_peft():
        torch.manual_seed(settings.seed)
        try:
            wrapped: Any = untyped.get_peft_model(model, config)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise InputError(
                "method.does_not_fit",
                f"PEFT cannot put {settings.method} on this model.",
                where=f"method: {settings.method}",
                why=str(error).splitlines()[0],
                hint="Change the settings it names, or use method lora.",
            ) from error
    return wrapped.train(training)


def _groups(
    model: nn.Module, named: Mapping[str, nn.Parameter], rate: float, settings: MethodSettings
) -> tuple[ParameterGroup, ...]:
    """Matrices with decay, the rest without; B of LoRA+ at its own rate. Empty groups are left out."""
    norms = {id(p) for module in model.modules() if "Norm" in type(module).__name__ for p in module.parameters(False)}
    ratio = settings.plus_ratio if settings.method == "lora+" else 1.0
    sorted_out: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in named.items():
        decay = settings.weight_decay if parameter.ndim > 1 and id(parameter) not in norms else 0.0
        own_rate = rate * ratio if "lora_B" in name.split(".") else rate
        sorted_out.setdefault((own_rate, decay), []).append(parameter)
    return tuple(ParameterGroup(tuple(found), own_rate, decay) for (own_rate, decay), found in sorted_out.items())
