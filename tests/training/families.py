"""Tiny random decoders of six families, and rows to train them on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import transformers

from tunewright.training.rows import TokenRow

FAMILIES = ("llama", "qwen2", "qwen3", "gemma3", "mistral", "gpt2")
VOCABULARY = 211
WINDOW = 7

_SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def config_of(family: str, **changes: Any) -> Any:
    """The configuration of a tiny model; windows are short enough to matter."""
    mixed = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": WINDOW}
    sizes = _SIZES | changes
    if family == "llama":
        return transformers.LlamaConfig(**sizes)
    if family == "qwen2":
        return transformers.Qwen2Config(**(mixed | {"use_sliding_window": True} | sizes))
    if family == "qwen3":
        return transformers.Qwen3Config(**({"head_dim": 16, "tie_word_embeddings": True} | sizes))
    if family == "gemma2":
        return transformers.Gemma2Config(**(mixed | {"head_dim": 8, "final_logit_softcapping": 2.0} | sizes))
    if family == "gemma3":
        return transformers.Gemma3TextConfig(**(mixed | {"head_dim": 8} | sizes))
    if family == "mistral":
        return transformers.MistralConfig(**({"sliding_window": WINDOW} | sizes))
    if family == "gpt2":
        dropouts = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0} | changes
        ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
        own = {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
        return transformers.GPT2Config(**(own | ends | dropouts))
    raise ValueError(family)


def model_of(family: str, seed: int = 0, **changes: Any) -> Any:
    """A model with random weights, large enough for attention and logits to be far from even, in training mode."""
    config = config_of(family, **changes)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.train()


def with_lora(model: Any, dropout: float = 0.0, **changes: Any) -> Any:
    """LoRA on all linear layers, with adapters that are not zero."""
    import peft

    convolutions = model.config.model_type == "gpt2"
    config = peft.LoraConfig(
        r=4, lora_alpha=8, lora_dropout=dropout, target_modules="all-linear", task_type="CAUSAL_LM",
        fan_in_fan_out=convolutions, **changes,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(1)
        adapted = peft.get_peft_model(model, config)
        with torch.no_grad():
            for name, parameter in adapted.named_parameters():
                if "lora_B" in name:
                    parameter.copy_(torch.randn_like(parameter) * 0.05)
    return adapted.train()


def row_of(ids: list[int], trained: dict[int, float]) -> TokenRow:
    """A row whose tokens at these places are trained with these weights."""
    weights = np.zeros(len(ids), dtype=np.float32)
    for place, weight in trained.items():
        weights[place] = weight
    return TokenRow(np.asarray(ids, dtype=np.int32), weights)


def sharing_rows(seed: int = 0) -> list[TokenRow]:
    """Rows as they come: shared beginnings at two depths, a prefix of another row, a duplicate with other weights,
    trained tokens inside the shared part, a stranger, a row of two tokens; longer than the window."""
    random = np.random.default_rng(seed)

    def some(count: int) -> list[int]:
        return [int(token) for token in random.integers(3, VOCABULARY, count)]

    system, document = some(9), some(6)
    long = system + document + some(8)
    return [
        row_of(long, {7: 0.5, 20: 1.0, 21: 1.0, 22: 2.0}),
        row_of(system + document + some(5), {18: 1.0, 19: 1.0}),
        row_of(system + some(4), {5: 0.25, 12: 1.0}),
        row_of(long[:18], {7: 1.0, 16: 1.0, 17: 0.5}),
        row_of(long, {3: 1.0, 22: 0.5}),
        row_of(some(11), {8: 1.0, 10: 1.0}),
        row_of(system[:1] + some(1), {1: 1.5}),
    ]


def plain_loss(model: Any, row: TokenRow) -> torch.Tensor:
    """The slow way: the whole row alone, the model's own logits over the whole vocabulary."""
    logits = model(input_ids=torch.from_numpy(row.ids.astype(np.int64))[None], use_cache=False).logits[0, :-1]
    wanted = torch.from_numpy(row.ids[1:].astype(np.int64))
    nll = torch.nn.functional.cross_entropy(logits.float(), wanted, reduction="none")
    return (nll * torch.from_numpy(row.weights[1:])).sum()


def plain_gradients(model: Any, rows: list[TokenRow]) -> tuple[float, list[torch.Tensor]]:
    """The summed loss of rows one by one and the gradients of the trained parameters."""
    return gradients_of(model, torch.stack([plain_loss(model, row) for row in rows]).sum())


def gradients_of(model: Any, loss: torch.Tensor) -> tuple[float, list[torch.Tensor]]:
    """A loss and the gradients of the trained parameters; gradients are cleared again."""
    model.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    found = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in trained]
    model.zero_grad(set_to_none=True)
    return float(loss.detach()), found


def relative_difference(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> float:
    """``|found - wanted| / |wanted|`` over all tensors."""
    pairs = [(a.detach().double(), b.detach().double()) for a, b in zip(found, wanted, strict=True)]
    apart = sum(float((a - b).square().sum()) for a, b in pairs)
    whole = sum(float(b.square().sum()) for _, b in pairs)
    return float((apart / whole) ** 0.5)
