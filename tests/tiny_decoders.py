"""Tiny random decoders of several families, with a word-level tokenizer, for tests of training and generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

VOCABULARY = 96
STOP = 2
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
FAMILIES = ("llama", "qwen2", "qwen3", "gemma3", "gpt2")


def tiny_config(family: str, **changes: Any) -> Any:
    """A configuration 32 wide with 2 layers; Gemma 3 has one sliding and one full layer and ties its embeddings."""
    import transformers

    common = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "initializer_range": 0.2,
        "bos_token_id": 1,
        "eos_token_id": STOP,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
    }
    sliding = {
        "head_dim": 8,
        "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention"],
        "tie_word_embeddings": True,
    }
    own: dict[str, tuple[Any, dict[str, Any]]] = {
        "llama": (transformers.LlamaConfig, {}),
        "qwen2": (transformers.Qwen2Config, {"tie_word_embeddings": True}),
        "qwen3": (transformers.Qwen3Config, {"head_dim": 8}),
        "gemma3": (transformers.Gemma3TextConfig, sliding),
    }
    if family == "gpt2":
        sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "initializer_range": 0.2}
        ids = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": STOP, "pad_token_id": 0}
        no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        return transformers.GPT2Config(**(sizes | ids | no_dropout | changes))
    kind, special = own[family]
    return kind(**(common | special | changes))


def tiny_model(family: str, seed: int = 0, **changes: Any) -> Any:
    """A random causal language model of a family, in evaluation mode."""
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return AutoModelForCausalLM.from_config(tiny_config(family, **changes)).eval()


def tiny_tokenizer(words: int = VOCABULARY - 4) -> Any:
    """A fast tokenizer with ``words`` words ``w0 w1 ...`` after pad, begin, end and unknown."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "<s>", "</s>", "<unk>", *(f"w{number}" for number in range(words))]
    backend = Tokenizer(models.WordLevel({name: place for place, name in enumerate(names)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def write_tiny_decoder(folder: Path, family: str = "llama", seed: int = 0, **changes: Any) -> Path:
    """A whole model folder."""
    tiny_model(family, seed, **changes).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def rows(count: int, length: int, seed: int = 5) -> list[list[int]]:
    """Rows of ordinary token ids."""
    random = torch.Generator().manual_seed(seed)
    return torch.randint(4, VOCABULARY, (count, length), generator=random).tolist()


CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_chat_decoder(folder: Path, seed: int = 0, **changes: Any) -> Path:
    """A Llama of 2 layers with a tokenizer of single bytes and a chat template, so that any text can be trained on."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    special = ["<|pad|>", "<|im_start|>", "<|im_end|>"]
    words = {word: place for place, word in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    bytes_only = Tokenizer(models.BPE(vocab=words, merges=[]))
    bytes_only.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_only.decoder = decoders.ByteLevel()
    bytes_only.add_special_tokens(special)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_only, pad_token=special[0], eos_token=special[2])
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(folder)
    settings = {"vocab_size": len(words), "pad_token_id": 0, "eos_token_id": 2, "bos_token_id": None} | changes
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        AutoModelForCausalLM.from_config(tiny_config("llama", **settings)).save_pretrained(folder)
    return folder
