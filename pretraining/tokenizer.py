"""The tokenizer of Wren: byte-level BPE, digits one by one, chat and tool tokens, and the chat template.

``train`` learns the merges, ``save`` writes a plain transformers folder, ``encode_chat`` renders messages by exactly
the template in that folder and marks what the assistant says. Run as ``python -m pretraining.tokenizer``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2.sandbox import ImmutableSandboxedEnvironment
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIAL = (
    *("<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"),
    *("<|tools|>", "<|call|>", "<|call_end|>"),
    *(f"<|reserved_{number}|>" for number in range(6)),
)
PAD, BOS, END, USER, ASSISTANT = (
    SPECIAL.index(name) for name in ("<|pad|>", "<|bos|>", "<|end|>", "<|user|>", "<|assistant|>")
)
TEMPLATE = Path(__file__).with_name("chat_template.jinja")
CONTEXT = 2048

# Words keep a leading space, a digit stands alone, punctuation runs together; after GPT-2's pattern.
_PATTERN = r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def train(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Learn a byte-level BPE of ``vocabulary`` entries, special tokens and the 256 bytes included."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write a folder that ``AutoTokenizer.from_pretrained`` loads; encoding adds no tokens of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|bos|>",
        "eos_token": "<|end|>",
        "pad_token": "<|pad|>",
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
        "padding_side": "left",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE.read_text("utf-8"), "utf-8")


def load(folder: Path) -> Tokenizer:
    """The tokenizer of a saved folder, without transformers around it."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


class ChatRenderer:
    """Renders messages by the template file, in the way ``apply_chat_template`` of transformers does."""

    def __init__(self) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
        self._template = environment.from_string(TEMPLATE.read_text("utf-8"))

    def __call__(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] = (), prompt: bool = False
    ) -> str:
        """The text of ``messages``; ``prompt`` ends it where the assistant begins to speak."""
        return self._template.render(
            messages=messages, tools=list(tools) or None, add_generation_prompt=prompt, bos_token="<|bos|>"
        )


def spoken(ids: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """1 where the assistant speaks (its stop token included), else 0; ``ids`` and the answer are ``[T]``."""
    mask = np.zeros(len(ids), np.uint8)
    start = -1
    for position, token in enumerate(ids.tolist()):
        if token == ASSISTANT:
            start = position + 1
        elif token == END and start >= 0:
            mask[start : position + 1] = 1
            start = -1
    return mask


def task_texts(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Texts of generated tasks, so that the vocabulary also fits JSON, lists and labels."""
    from pretraining.tasks import draw_tasks
    from pretraining.tasks.material import read_material

    for task in draw_tasks(read_material(folder), seed, count):
        yield "\n".join(str(message.get("content") or "") for message in task.messages)


def main() -> None:
    import argparse

    from pretraining import corpus
    from pretraining.config import CONFIGS

    parser = argparse.ArgumentParser(description="Train the tokenizer on a sample of corpus and generated tasks.")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--config", choices=sorted(CONFIGS), default="cpu")
    arguments = parser.parse_args()
    config = CONFIGS[arguments.config]

    def texts() -> Iterator[str]:
        yield from corpus.sample_texts(arguments.corpus, config.tokenizer_share, config.seed)
        yield from task_texts(arguments.corpus, config.tokenizer_tasks, config.seed)

    save(train(texts(), config.shape.vocabulary), arguments.out)


if __name__ == "__main__":
    main()
