"""The model of a local backend: weights, rendering, and what identifies them.

An adapter that this program trained brings the rendering that it was trained with, and is refused on another base. No
request is answered here. Called by ``local.py``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from tunewright.backends.local_prefix import sharing_problem
from tunewright.backends.local_reader import bare_model
from tunewright.errors import InputError
from tunewright.language.decoder import LoadedDecoder, load_decoder, locate_decoder
from tunewright.language.decoder_files import SIDECAR, DecoderFiles, adapter_digest, read_adapter_folder
from tunewright.language.generate import context_tokens
from tunewright.language.spec import RenderSpec, StoredSpec, check_same, resolve_spec, tokenizer_digest

DECODING_VERSION = "1"  # another number whenever a reply to an equal request may change


@dataclass(slots=True)
class LocalModel:
    """Weights in memory with their rendering; ``alone`` says why prompts cannot share a prefix, None where they can."""

    name: str
    weights: Any
    spec: RenderSpec
    files: DecoderFiles
    alone: str | None

    @property
    def limit(self) -> int | None:
        """The most tokens of a prompt and its reply together; None where the model does not say."""
        return context_tokens(self.weights)

    @property
    def vocabulary(self) -> int:
        """Number of logits."""
        return int(bare_model(self.weights).config.get_text_config().vocab_size)

    def identity(self) -> dict[str, str]:
        """All that replies follow from beside the request."""
        weight = bare_model(self.weights).get_input_embeddings().weight
        adapter = self.files.adapter
        try:
            grammar = version("llguidance")
        except PackageNotFoundError:
            grammar = "none"
        return {
            "backend": "local",
            "weights": self.files.base.digest if self.files.base is not None else self.files.digest,
            "adapter": "" if adapter is None else adapter_digest(adapter),
            "tokenizer": tokenizer_digest(self.spec.tokenizer),
            "template": hashlib.sha256((self.spec.template or "").encode("utf-8", "surrogatepass")).hexdigest(),
            "rendering": self.spec.digest(),
            "dtype": str(weight.dtype).removeprefix("torch."),
            "device": weight.device.type,
            "decoding": f"{DECODING_VERSION}; llguidance {grammar}",
        }

    def release(self) -> None:
        """Let go of the weights."""
        self.weights = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def open_model(
    name: str,
    adapter: str | None = None,
    *,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    date: str = "",
    root: Path | None = None,
) -> LocalModel:
    """Find and load; the arguments are those of ``LocalBackend.open``.

    Raises:
        InputError, WorkError: as there.
    """
    files = locate_decoder(name, root)
    if adapter is not None:
        files = _with_adapter(files, (root or Path()) / Path(adapter).expanduser(), adapter)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    decoder = load_decoder(files, device=device, dtype=dtype or _format(device))
    spec = _rendering(decoder, date)
    return LocalModel(name, decoder.model, spec, files, sharing_problem(decoder.model))


def _format(device: str) -> torch.dtype:
    return torch.bfloat16 if device.startswith("cuda") and torch.cuda.is_bf16_supported() else torch.float32


def _with_adapter(files: DecoderFiles, folder: Path, name: str) -> DecoderFiles:
    if files.adapter is not None:
        raise InputError(
            "local.two_adapters",
            "The model is itself an adapter, and another one was given.",
            where=f"{files.adapter} and {folder}",
            hint="Name the base model, or merge the first adapter into it with `tunewright merge`.",
        )
    if not folder.is_dir():
        raise InputError(
            "local.no_adapter", "There is no folder of an adapter here.", where=str(folder), hint="Check the path."
        )
    read_adapter_folder(folder)
    return files.with_adapter(folder.resolve(), name)


def _rendering(decoder: LoadedDecoder, date: str) -> RenderSpec:
    """The stored rendering where this program trained the weights, else that of tokenizer and configuration."""
    files = decoder.files
    sidecar = (files.adapter or files.folder) / SIDECAR
    if not sidecar.is_file():
        settings = getattr(decoder.model, "generation_config", None)
        return resolve_spec(decoder.tokenizer, date=date, model_config=decoder.config, generation_config=settings)
    try:
        told = json.loads(sidecar.read_text("utf-8"))
        stored = StoredSpec.from_json(json.dumps(told["render"]))
        base = str(told["base"]["digest"]) if told["kind"] == "adapter" else ""
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "trained.bad_sidecar",
            f"{SIDECAR} cannot be read: {error}.",
            where=str(sidecar),
            hint="Take the folder from where it was trained.",
        ) from error
    if base and files.base is not None and files.base.digest != base:
        raise InputError(
            "trained.other_base",
            "The base model is not the one that this adapter was trained on.",
            where=f"trained on {base[:12]}, found {files.base.name} ({files.base.digest[:12]})",
            why="On other weights an adapter answers nonsense, without an error.",
            hint="Bring back the files of the base model, or train again.",
        )
    spec = stored.with_tokenizer(decoder.tokenizer)
    check_same(stored, spec)
    return spec
