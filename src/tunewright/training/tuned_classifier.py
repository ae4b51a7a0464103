"""A tuned encoder ready to answer: texts to probabilities, and its folder on disk.

The folder is a plain transformers folder (``AutoModel.from_pretrained`` reads it) with the head in ``head.safetensors``
beside it. Called by the system ``finetune``; the training itself is in ``encoder_tuning.py``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from tunewright.errors import WorkError
from tunewright.language.encoder import LoadedEncoder, load_encoder, quiet_transformers
from tunewright.language.files import EncoderFiles
from tunewright.language.tokens import Tokens, tokenise
from tunewright.training.classifier import Classifier, predict

HEAD_FILE = "head.safetensors"


@dataclass(frozen=True, slots=True)
class TunedClassifier:
    """Tokenizer and model; answers are computed in float32, whatever the format of training."""

    tokenizer: Any
    model: Classifier
    max_tokens: int

    def tokenise(self, texts: Sequence[str]) -> Tokens:
        """Token ids with the counts of rows cut and of rows in an unknown script."""
        return tokenise(self.tokenizer, texts, self.max_tokens)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``[N, labels]`` in the order of the texts, as ``predict`` gives them; equal texts are computed once."""
        distinct = list(dict.fromkeys(texts))
        chances = predict(self.model, self.tokenise(distinct).ids)
        place = {text: position for position, text in enumerate(distinct)}
        return chances[[place[text] for text in texts]]

    def save(self, folder: Path) -> None:
        """Write model, tokenizer, pooling, length limit and head into an existing folder."""
        encoder: Any = self.model.encoder
        with quiet_transformers():
            encoder.save_pretrained(folder, safe_serialization=True)
            self.tokenizer.save_pretrained(folder)
        pooling = {f"pooling_mode_{name}": self.model.pooling == short for name, short in _POOLING_NAMES.items()}
        pooling_folder = folder / "1_Pooling"
        pooling_folder.mkdir(exist_ok=True)
        dimension = {"word_embedding_dimension": self.model.head.in_features}
        (pooling_folder / "config.json").write_text(json.dumps({**dimension, **pooling}), encoding="utf-8")
        length = {"max_seq_length": self.max_tokens, "do_lower_case": False}
        (folder / "sentence_bert_config.json").write_text(json.dumps(length), encoding="utf-8")
        head = {name: value.detach().cpu().contiguous() for name, value in self.model.head.state_dict().items()}
        save_file(head, str(folder / HEAD_FILE))


_POOLING_NAMES = {"mean_tokens": "mean", "cls_token": "cls"}


def new_classifier(
    loaded: LoadedEncoder, weights: NDArray[Any], offsets: NDArray[Any], several: bool = False
) -> TunedClassifier:
    """A classifier on an encoder; the head starts at ``weights`` ``[labels, H]`` and ``offsets`` ``[labels]``."""
    padding = loaded.tokenizer.pad_token_id or 0
    with torch.random.fork_rng():  # torch fills a new layer with random numbers first
        model = Classifier(loaded.model, loaded.shape.pooling, padding, len(offsets), several)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(offsets))
    return TunedClassifier(loaded.tokenizer, model.eval(), loaded.shape.max_tokens)


def load_classifier(folder: Path, several: bool = False) -> TunedClassifier:
    """What ``TunedClassifier.save`` wrote; ``several`` as it was made.

    Raises:
        WorkError: the head is missing or does not fit.
    """
    loaded = load_encoder(EncoderFiles(folder, digest=""))
    try:
        head = load_file(str(folder / HEAD_FILE))
        tuned = new_classifier(loaded, head["weight"].numpy(), head["bias"].numpy(), several)
    except (OSError, KeyError, RuntimeError) as error:
        raise WorkError(
            "finetune.no_head",
            "The saved classifier cannot be read.",
            where=str(folder / HEAD_FILE),
            why=str(error).splitlines()[0],
            hint="Fit it again.",
        ) from error
    return tuned
