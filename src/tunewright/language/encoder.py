"""An encoder: texts in, one vector per text out.

Loading, pooling and embedding live here. Where files come from is in ``files.py``, tokenising in ``tokens.py``,
training elsewhere. Nothing runs code from a model folder, and weights are read from safetensors only.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunewright.errors import Cancelled, InputError
from tunewright.language.files import EncoderFiles
from tunewright.language.tokens import Tokens, tokenise

Pooling = Literal["mean", "cls"]
FloatArray = NDArray[np.float32]

MAX_TOKENS_WITHOUT_WORD = 512
_BATCH_TOKENS = 2048
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """How a folder says its encoder is to be used."""

    pooling: Pooling
    max_tokens: int


@dataclass(frozen=True, slots=True)
class LoadedEncoder:
    """Tokenizer, model in evaluation mode (float32) and shape."""

    tokenizer: Any
    model: nn.Module
    shape: EncoderShape


def load_encoder(files: EncoderFiles, max_tokens: int | None = None) -> LoadedEncoder:
    """Load an encoder from its folder.

    Args:
        files: as found by ``locate``.
        max_tokens: a shorter length limit than the encoder's own.

    Raises:
        InputError: the folder holds a model that is not understood, or ``max_tokens`` is beyond what it can read.
    """
    from transformers import AutoModel, AutoTokenizer

    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(files.folder, local_files_only=True, trust_remote_code=False)
            model = AutoModel.from_pretrained(
                files.folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        reason = str(error).strip().splitlines()
        raise InputError(
            "encoder.unreadable",
            "This encoder cannot be loaded.",
            where=str(files.folder),
            why=reason[0] if reason else type(error).__name__,
            hint="Use a plain encoder that transformers loads without code of its own, or 'minilm'.",
        ) from error
    shape = read_shape(files.folder, tokenizer, model.config)
    if max_tokens is not None:
        if not 3 <= max_tokens <= _positions(tokenizer, model.config):
            raise InputError(
                "encoder.max_tokens",
                f"max_tokens must lie between 3 and {_positions(tokenizer, model.config)} for this encoder.",
                where=f"max_tokens: {max_tokens}",
            )
        shape = EncoderShape(shape.pooling, max_tokens)
    return LoadedEncoder(tokenizer, model.eval(), shape)


def read_shape(folder: Path, tokenizer: Any, config: Any) -> EncoderShape:
    """Pooling from ``1_Pooling/config.json`` (mean when absent), length from ``sentence_bert_config.json``."""
    pooling = _read_json(folder / "1_Pooling" / "config.json")
    known: dict[str, Pooling] = {
        "mean": "mean",
        "cls": "cls",
        "pooling_mode_mean_tokens": "mean",
        "pooling_mode_cls_token": "cls",
    }
    chosen = [name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True]
    chosen = chosen or [str(pooling.get("pooling_mode", "mean"))]
    if len(chosen) != 1 or chosen[0] not in known:
        raise InputError(
            "encoder.pooling",
            f"This encoder pools its tokens by {' and '.join(chosen)}, which is not supported.",
            where=str(folder / "1_Pooling" / "config.json"),
            hint="Encoders that pool by mean or by the first token work.",
        )
    limit = _positions(tokenizer, config)
    stated = _read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    max_tokens = min(limit, int(stated)) if stated else min(limit, MAX_TOKENS_WITHOUT_WORD)
    return EncoderShape(known[chosen[0]], max_tokens)


def pool(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """One vector per row: ``[B, T, H]`` and ``[B, T]`` to ``[B, H]``, in float32."""
    if pooling == "cls":
        return hidden[:, 0].float()
    weights = mask.unsqueeze(-1).float()
    return (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1)


def pad_rows(rows: Sequence[Sequence[int]], padding: int) -> tuple[Tensor, Tensor]:
    """Token ids ``[B, T]`` padded on the right, and their mask ``[B, T]`` (1 for real tokens)."""
    longest = max(len(row) for row in rows)
    ids = torch.full((len(rows), longest), padding, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for position, row in enumerate(rows):
        ids[position, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[position, : len(row)] = 1
    return ids, mask


def length_batches(lengths: NDArray[np.int64], max_tokens: int = _BATCH_TOKENS) -> Iterator[list[int]]:
    """Positions grouped by length, each group at most ``max_tokens`` padded tokens (or a single row)."""
    batch: list[int] = []
    for position in np.argsort(lengths, kind="stable"):
        if batch and (len(batch) + 1) * int(lengths[position]) > max_tokens:
            yield batch
            batch = []
        batch.append(int(position))
    if batch:
        yield batch


class Encoder:
    """A frozen encoder. Equal texts are computed once; the vectors of recent texts are kept in memory.

    Vectors are L2-normalised float32. They do not depend on what else is in a batch beyond float noise (about 1e-6).
    """

    def __init__(self, files: EncoderFiles, max_tokens: int | None = None) -> None:
        self.digest = files.digest
        self.folder = files.folder
        self._files = files
        self._asked_tokens = max_tokens
        self._kept: LoadedEncoder | None = None
        self.max_tokens = self._loaded.shape.max_tokens
        self.dimension = int(getattr(self._loaded.model.config, "hidden_size"))  # noqa: B009 - configs are untyped
        self._known: dict[str, FloatArray] = {}

    @property
    def _loaded(self) -> LoadedEncoder:
        if self._kept is None:
            self._kept = load_encoder(self._files, self._asked_tokens)
        return self._kept

    def rest(self) -> None:
        """Give the memory of the weights back until they are needed again; known vectors stay."""
        self._kept = None

    def tokenise(self, texts: Sequence[str]) -> Tokens:
        """Token ids with the counts of rows cut and of rows in an unknown script."""
        return tokenise(self._loaded.tokenizer, texts, self.max_tokens)

    def embed(
        self,
        texts: Sequence[str],
        progress: Callable[[float], None] = lambda _fraction: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> FloatArray:
        """Vectors ``[N, H]`` of texts, in order.

        Raises:
            Cancelled: between two batches, when asked to stop.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(new) > _REMEMBERED:
            self._known = {text: self._known[text] for text in texts if text in self._known}
        ids = self.tokenise(new).ids
        lengths = np.array([len(row) for row in ids], dtype=np.int64)
        done = 0
        for batch in length_batches(lengths):
            if cancelled():
                raise Cancelled
            vectors = self._embed_rows([ids[position] for position in batch])
            self._known.update(zip((new[position] for position in batch), vectors, strict=True))
            done += int(lengths[batch].sum())
            progress(done / int(lengths.sum()))
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dimension)

    def _embed_rows(self, rows: Sequence[Sequence[int]]) -> FloatArray:
        ids, mask = pad_rows(rows, self._loaded.tokenizer.pad_token_id or 0)
        with torch.inference_mode():
            hidden = self._loaded.model(input_ids=ids, attention_mask=mask).last_hidden_state
            vectors = nn.functional.normalize(pool(hidden, mask, self._loaded.shape.pooling), dim=1)
        return np.asarray(vectors.numpy(), dtype=np.float32)


@functools.lru_cache(maxsize=2)
def shared_encoder(files: EncoderFiles, max_tokens: int | None = None) -> Encoder:
    """One encoder per process and digest, so that folds and systems share what was embedded."""
    return Encoder(files, max_tokens)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """No progress bars and no load reports of transformers inside the block; its settings are put back after."""
    from transformers.utils import logging as untyped_logging

    logging: Any = untyped_logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _positions(tokenizer: Any, config: Any) -> int:
    """The longest sequence that the model has positions for, as far as its folder says."""
    stated = [getattr(tokenizer, "model_max_length", None), getattr(config, "max_position_embeddings", None)]
    return min((int(value) for value in stated if value), default=MAX_TOKENS_WITHOUT_WORD)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    value = json.loads(path.read_text("utf-8"))
    return value if isinstance(value, dict) else {}
