"""An encoder with a classification head: the model, its predictions, and its smaller vocabulary in training.

Called by ``encoder_tuning.py`` and by the system ``finetune``. Its loss is in ``classifier_loss.py``, the loop that
trains it in ``loop.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunewright.language.encoder import Pooling, length_batches, pad_rows, pool
from tunewright.training.loop import ParameterGroup

Rows = Sequence[Sequence[int]]
# The position of each row's label [N], or which labels each row has [N, labels].
Targets = NDArray[np.int64] | NDArray[np.bool_]


class Classifier(nn.Module):
    """Encoder, pooling, L2 norm, dropout, linear head: token ids ``[B, T]`` to logits ``[B, labels]``.

    With ``several`` a row may have several labels, and each logit stands for itself: a sigmoid, not a softmax.
    """

    def __init__(self, encoder: nn.Module, pooling: Pooling, padding: int, labels: int, several: bool = False) -> None:
        super().__init__()
        config: Any = encoder.config
        self.encoder = encoder
        self.pooling: Pooling = pooling
        self.padding = padding
        self.several = several
        self.dropout = nn.Dropout(float(getattr(config, "hidden_dropout_prob", 0.1)))
        self.head = nn.Linear(int(config.hidden_size), labels)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits, in float32."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        vectors = nn.functional.normalize(pool(hidden, mask, self.pooling), dim=1)
        with torch.autocast(vectors.device.type, enabled=False):
            logits: Tensor = self.head(self.dropout(vectors))
        return logits

    def logits_of(self, rows: Rows) -> Tensor:
        """Logits of token rows padded together, on the device of the model."""
        ids, mask = pad_rows(rows, self.padding)
        device = self.head.weight.device
        logits: Tensor = self(ids.to(device), mask.to(device))
        return logits


def predict(model: Classifier, rows: Rows) -> NDArray[np.float32]:
    """Probabilities ``[N, labels]`` of token rows, in order, computed in float32; wants evaluation mode.

    They add up to 1 in a row, unless the model gives several labels.
    """
    chances = np.zeros((len(rows), model.head.out_features), dtype=np.float32)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    with torch.inference_mode():
        for batch in length_batches(lengths):
            logits = model.logits_of([rows[position] for position in batch])
            shares = logits.sigmoid() if model.several else logits.softmax(dim=1)
            chances[batch] = shares.cpu().numpy()
    return chances


def parameter_groups(
    model: Classifier, learning_rate: float, head_factor: float, weight_decay: float
) -> list[ParameterGroup]:
    """Matrices with weight decay; embeddings, biases, norms and the head without; the head at a rate of its own."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, parameter in model.encoder.named_parameters():
        if not parameter.requires_grad:
            continue
        (decayed if parameter.ndim > 1 and "embedding" not in name else plain).append(parameter)
    groups = [
        ParameterGroup(decayed, learning_rate, weight_decay),
        ParameterGroup(plain, learning_rate),
        ParameterGroup(list(model.head.parameters()), learning_rate * head_factor),
    ]
    return [group for group in groups if group.parameters]  # an adapter has matrices alone


@contextmanager
def small_vocabulary(model: Classifier, used: Iterable[int]) -> Iterator[Callable[[Rows], Rows]]:
    """Train on the embedding rows of the token ids that occur; the whole table is back when the block ends.

    Exact: the other rows have no gradient, and AdamW without weight decay leaves such rows alone. It saves the update
    of a table that is half of a small encoder. Yields a function from token rows to rows of the small table. The
    padding id keeps its place, because some encoders count positions by it.
    """
    encoder: Any = model.encoder
    whole: nn.Embedding = encoder.get_input_embeddings()
    kept = sorted({*range(model.padding + 1), *used})
    place = {token: position for position, token in enumerate(kept)}
    rows = whole.weight.detach()[kept].clone()
    small: nn.Embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        rows, freeze=not whole.weight.requires_grad, padding_idx=whole.padding_idx
    )
    encoder.set_input_embeddings(small)
    try:
        yield lambda rows: [[place[token] for token in row] for row in rows]
    finally:
        with torch.no_grad():
            whole.weight[kept] = small.weight
        encoder.set_input_embeddings(whole)
