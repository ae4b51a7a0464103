"""What PEFT is asked for: which layers of a model an adapter goes on, and its configuration by method name.

Layers are found by type and place, never by a list of model families. Called by ``methods.py`` alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from tunewright.errors import InputError

LORA_FAMILY: Mapping[str, Mapping[str, object]] = {
    "lora": {},
    "qlora": {},
    "lora+": {},
    "dora": {"use_dora": True},
    "rslora": {"use_rslora": True},
    "pissa": {"init_lora_weights": "pissa"},
    "olora": {"init_lora_weights": "olora"},
}
"""LoRA (Hu et al. 2021, arXiv 2106.09685) and what differs from it by options of ``LoraConfig`` alone."""

CHANGES_BASE = frozenset({"pissa", "olora"})
"""Methods that move a part of the base weights into the adapter before training."""

OTHER_METHODS: Mapping[str, str] = {
    "delora": "DELORA",
    "gralora": "GRALORA",
    "hira": "HIRA",
    "hra": "HRA",
    "ia3": "IA3",
    "ln_tuning": "LN_TUNING",
    "loha": "LOHA",
    "lokr": "LOKR",
    "miss": "MISS",
    "oft": "OFT",
    "randlora": "RANDLORA",
    "shira": "SHIRA",
    "tinylora": "TINYLORA",
    "vera": "VERA",
}
"""Names here to names in PEFT. Each starts as the base model, trains without help from the loop, and merges."""

ON_CONV1D = frozenset({"lora", "qlora", "lora+", "dora", "rslora", "pissa", "gralora", "hira", "ia3", "ln_tuning"})
"""Methods that PEFT also puts on GPT-2's transposed linear layers, and puts there rightly: its OLoRA start does not
turn the matrix round, which for a square one gives a wrong model without an error."""

DEFAULT_RANK = 16


def linear_layers(model: nn.Module, top: int | None = None) -> dict[str, nn.Module]:
    """Names and modules of all linear layers that an adapter goes on.

    In a decoder these are those of the text body (attention and MLP), never the head; in an encoder all but the pooler,
    which mean pooling does not use. Experts kept as one three-dimensional parameter are no linear layers and stay.

    Args:
        model: a model of transformers.
        top: only in the last ``top`` layers of the stack.
    """
    from transformers.pytorch_utils import Conv1D

    inside = set(_body(model).modules())
    heads = {getattr(model, "get_output_embeddings", lambda: None)()}
    poolers = {module for name, module in model.named_modules() if "pooler" in name.split(".")}
    poolers |= {child for module in poolers for child in module.modules()}
    kept = inside - heads - poolers
    if top is not None:
        kept &= {module for layer in top_layers(model, top) for module in layer.modules()}
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module in kept
    }


def norm_layers(model: nn.Module, top: int | None = None) -> dict[str, nn.Module]:
    """Names and modules of the norms of the body, by the name of their class."""
    kept = set(_body(model).modules())
    if top is not None:
        kept &= {module for layer in top_layers(model, top) for module in layer.modules()}
    return {
        name: module for name, module in model.named_modules() if "Norm" in type(module).__name__ and module in kept
    }


def top_layers(model: nn.Module, count: int) -> list[nn.Module]:
    """The last ``count`` layers of the stack of a decoder or an encoder.

    Raises:
        InputError: the model has fewer, or keeps its layers in a way that is not understood.
    """
    config: Any = model.config
    depth = int(config.get_text_config().num_hidden_layers)
    stacks = [m for m in _body(model).modules() if isinstance(m, nn.ModuleList) and len(m) == depth]
    if not stacks:
        raise InputError(
            "method.no_stack",
            "The layers of this model cannot be counted, so that its top layers cannot be named.",
            where=type(model).__name__,
            hint="Use method lora or full.",
        )
    if not 1 <= count <= depth:
        raise InputError(
            "method.layers", f"layers must lie between 1 and {depth} for this model.", where=f"layers: {count}"
        )
    return list(stacks[0])[depth - count :]


def final_norms(model: nn.Module) -> list[nn.Module]:
    """The norms after the last layer: those of the body that lie in no layer and come after the stack."""
    body = _body(model)
    layers = {module for layer in top_layers(model, 1) for module in layer.modules()}
    after, found = False, []
    for module in body.modules():
        if module in layers:
            after = True
        elif after and "Norm" in type(module).__name__:
            found.append(module)
    return found


def peft_config(
    method: str,
    model: nn.Module,
    *,
    rank: int | None,
    alpha: float | None,
    dropout: float | None,
    top: int | None,
    options: Mapping[str, object],
) -> Any:
    """The PEFT configuration of a method for a model. What a method has no field for is refused, never ignored.

    Raises:
        InputError: the method is unknown, does not work on this model, or has no such setting.
    """
    from peft import LoraConfig
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
    from peft.utils.peft_types import PeftType

    if method in LORA_FAMILY:
        kind: Any = LoraConfig
        rank = DEFAULT_RANK if rank is None else rank
        alpha = 2 * rank if alpha is None else alpha
    else:
        if OTHER_METHODS[method] not in PeftType.__members__:
            raise InputError(
                "method.old_peft",
                f"The installed version of peft does not know {method}.",
                hint="Install a newer one: pip install --upgrade peft. Or use method lora.",
            )
        kind = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType[OTHER_METHODS[method]]]
    fields = {field.name for field in dataclasses.fields(kind)}
    targets = norm_layers(model, top) if method == "ln_tuning" else linear_layers(model, top)
    transposed = _transposed(method, targets.values())
    wanted: dict[str, object] = {"task_type": _task(model), "target_modules": _short_names(model, targets)}
    wanted |= LORA_FAMILY.get(method, {})
    wanted |= _stated(method, fields, rank=rank, alpha=alpha, dropout=dropout)
    if transposed and "fan_in_fan_out" in fields:
        wanted["fan_in_fan_out"] = True
    if method == "ia3":
        names = wanted["target_modules"]
        assert isinstance(names, list)
        wanted["target_modules"] = list(targets)
        wanted["feedforward_modules"] = [name for name, layer in targets.items() if _narrows(layer)]
    unknown = sorted(set(options) - fields)
    if unknown:
        raise _no_field(method, unknown[0], fields)
    return kind(**(wanted | dict(options)))


def _body(model: nn.Module) -> nn.Module:
    """The text decoder of a language model; an encoder as it is."""
    whole: Any = model
    body: nn.Module = model if _task(model) == "FEATURE_EXTRACTION" else whole.get_decoder()
    return body


def _task(model: nn.Module) -> str:
    whole: Any = model
    return "FEATURE_EXTRACTION" if whole.get_output_embeddings() is None else "CAUSAL_LM"


def _transposed(method: str, layers: Iterable[nn.Module]) -> bool:
    from transformers.pytorch_utils import Conv1D

    transposed = any(isinstance(layer, Conv1D) for layer in layers)
    if transposed and method not in ON_CONV1D:
        raise InputError(
            "method.conv1d",
            f"The method {method} does not work on models that keep their weights transposed, such as GPT-2.",
            where=f"method: {method}",
            hint=f"Use one of {', '.join(sorted(ON_CONV1D))}, or another base model.",
        )
    return transposed


def _stated(method: str, fields: set[str], **settings: float | None) -> dict[str, object]:
    """The settings a person gave, under the names that PEFT has for them in this method."""
    names = {
        "rank": ("r",),
        "alpha": ("lora_alpha", "alpha"),
        "dropout": ("lora_dropout", f"{method}_dropout", "rank_dropout", "module_dropout"),
    }
    found: dict[str, object] = {}
    for setting, value in settings.items():
        if value is None:
            continue
        name = next((name for name in names[setting] if name in fields), None)
        if name is None:
            raise _no_field(method, setting, fields)
        found[name] = value
    return found


def _no_field(method: str, name: str, fields: set[str]) -> InputError:
    return InputError(
        "method.no_such_setting",
        f"The method {method} has no setting '{name}'.",
        where=f"method: {method}",
        why="A setting that does nothing would be a promise that is not kept.",
        hint=f"PEFT knows these for it: {', '.join(sorted(fields - _GENERAL_FIELDS))}.",
    )


_GENERAL_FIELDS = {"task_type", "peft_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision"} | {
    "inference_mode",
    "target_modules",
}


def _short_names(model: nn.Module, chosen: Mapping[str, nn.Module]) -> list[str]:
    """Last parts of names (``q_proj``) where they mean just the chosen layers, as servers expect; else whole names."""
    last = {name.rpartition(".")[2] for name in chosen}
    meant = {name for name, _ in model.named_modules() if name.rpartition(".")[2] in last}
    return sorted(last if meant == set(chosen) else chosen)


def _narrows(layer: nn.Module) -> bool:
    """Whether a linear layer has more inputs than outputs, as the last one of an MLP does."""
    whole: Any = layer
    return bool(whole.in_features > whole.out_features) if isinstance(layer, nn.Linear) else _conv1d_narrows(whole)


def _conv1d_narrows(layer: Any) -> bool:
    inputs, outputs = layer.weight.shape
    return bool(inputs > outputs)
