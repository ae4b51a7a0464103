"""What tests of several rooms share: a tiny random encoder on disk, made once a session."""

from __future__ import annotations

import json
import signal
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

VOCABULARY = """
card money bank send lost stolen pin code fee charge charged rate top up account open close late refund cash transfer my
the is was not why how when what please help i want need to a of in on for new old block hidden wrong twice again fast
slow now
"""


def write_tiny_encoder(folder: Path, pooling: str = "mean", max_tokens: int = 16, dropout: float = 0.1) -> Path:
    """A BERT of 2 layers, 32 wide, random weights, a vocabulary of a few words and single letters."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [*string.ascii_lowercase, *string.digits]
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *VOCABULARY.split(),
        *letters,
        *(f"##{letter}" for letter in letters),
    ]
    words = list(dict.fromkeys(vocabulary))
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab={word: place for place, word in enumerate(words)}, model_max_length=64).save_pretrained(
        folder
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=64,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            initializer_range=0.2,
        )
        BertModel(config).save_pretrained(folder, safe_serialization=True)
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {"pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_cls_token": pooling == "cls"}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(modes), encoding="utf-8")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": max_tokens}), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random encoder; mean pooling, at most 16 tokens."""
    return write_tiny_encoder(tmp_path_factory.mktemp("tiny-encoder"))


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> Iterator[None]:
    """Ctrl-C means what it means at a terminal; a shell that starts tests in the background has it ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
