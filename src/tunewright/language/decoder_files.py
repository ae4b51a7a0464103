"""The files of a decoder: whether a folder is whole, safe and really a decoder, and its digest.

Reads JSON and file names only; nothing here loads weights. Called by ``decoder.py`` and by whoever must choose between
encoder and decoder.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tunewright.errors import InputError
from tunewright.language.files import combined_digest, file_digest, what_is_missing

Source = Literal["embedded", "folder", "hub"]

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
SIDECAR = "tunewright.json"

_DESCRIBING = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "model.safetensors.index.json",
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
_CAUSAL_ENDINGS = ("ForCausalLM", "LMHeadModel", "WithLMHead", "GenerationDecoder")
_ENCODERS_WITH_HEAD = ("BertLMHeadModel",)


@dataclass(frozen=True, slots=True)
class DecoderFiles:
    """A whole decoder on disk.

    ``digest`` is SHA-256 (hex) over the digests of its files, those of the adapter included; ``revision`` is the commit
    on the hub, empty elsewhere; ``name`` is what it was found by. ``adapter`` is the folder of a PEFT adapter on top,
    and ``base`` the same model without it.
    """

    folder: Path
    digest: str
    revision: str
    name: str
    source: Source = "folder"
    adapter: Path | None = None
    base: DecoderFiles | None = None

    @property
    def lasting_name(self) -> str:
        """The name to write down: a folder in full, so that it does not hang on where one stands."""
        return str(self.folder) if self.source == "folder" else self.name

    @property
    def tokenizer_folder(self) -> Path:
        """The adapter's folder where a tokenizer was saved with it, else the model's."""
        if self.adapter is not None and (self.adapter / "tokenizer.json").is_file():
            return self.adapter
        return self.folder

    def with_adapter(self, adapter: Path, name: str, revision: str = "") -> DecoderFiles:
        """The same model with an adapter on top, under another name and digest."""
        digest = combined_digest({"base": self.digest, "adapter": adapter_digest(adapter)})
        return replace(self, digest=digest, revision=revision, name=name, adapter=adapter, base=self)


def is_decoder(model: Path | Mapping[str, Any]) -> bool:
    """Whether a folder, or the content of a ``config.json``, is a causal language model by its ``architectures``.

    False where nothing says so; an adapter's folder counts as a decoder when its task is CAUSAL_LM.
    """
    if isinstance(model, Path):
        adapter = _json_object(model / ADAPTER_CONFIG)
        if adapter:
            return adapter.get("task_type") == "CAUSAL_LM"
        model = _json_object(model / "config.json")
    if model.get("is_encoder_decoder"):
        return False
    names = [str(name) for name in model.get("architectures") or ()]
    if any(name.endswith(_CAUSAL_ENDINGS) for name in names):
        return not any(name in _ENCODERS_WITH_HEAD for name in names) or bool(model.get("is_decoder"))
    if not any(name.endswith("ForConditionalGeneration") for name in names):
        return False
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(str(model.get("model_type"))) in names


def read_model_folder(folder: Path, name: str, revision: str = "", source: Source = "folder") -> DecoderFiles:
    """Check that a folder is a whole decoder with safe weights, and take its digest.

    Raises:
        InputError: something is missing, the weights are pickled, or it is another kind of model.
    """
    problem = what_is_missing(folder)
    if problem is not None:
        raise _incomplete(folder, problem)
    config = _json_object(folder / "config.json")
    if not is_decoder(config):
        raise _no_decoder(folder, config)
    digests = {path.name: _digest(path) for path in folder.glob("*.safetensors")}
    digests |= {file: _digest(folder / file) for file in _DESCRIBING if (folder / file).is_file()}
    return DecoderFiles(folder, combined_digest(digests), revision, name, source)


def read_adapter_folder(folder: Path) -> str:
    """Check an adapter's folder and return the name of its base model, with ``@revision`` where one is stored.

    Raises:
        InputError: the weights are missing or pickled, or no base model is named.
    """
    if not (folder / ADAPTER_WEIGHTS).is_file():
        if (folder / "adapter_model.bin").is_file():
            raise _pickled(folder)
        raise InputError(
            "decoder.incomplete", f"This adapter is not whole: {ADAPTER_WEIGHTS} is missing.", where=str(folder)
        )
    base = _json_object(folder / SIDECAR).get("base")
    config = _json_object(folder / ADAPTER_CONFIG)
    if not isinstance(base, dict):
        base = {"name": config.get("base_model_name_or_path"), "revision": config.get("revision")}
    name, revision = base.get("name"), base.get("revision")
    if not name:
        raise InputError(
            "decoder.no_base",
            "This adapter does not say which model it belongs to.",
            where=str(folder / ADAPTER_CONFIG),
            hint="Write the folder or the hub id of its base model into base_model_name_or_path.",
        )
    return f"{name}@{revision}" if revision and not Path(name).expanduser().exists() else str(name)


def adapter_digest(folder: Path) -> str:
    """SHA-256 (hex) over an adapter's own files: configuration, weights, tokenizer and template."""
    names = [ADAPTER_CONFIG, ADAPTER_WEIGHTS, *_DESCRIBING]
    return combined_digest({name: _digest(folder / name) for name in names if (folder / name).is_file()})


def _digest(path: Path) -> str:
    state = path.stat()
    return _remembered_digest(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _remembered_digest(path: Path, size: int, changed: int) -> str:
    """Weights take seconds to read, so an unchanged file is read once a process."""
    return file_digest(path)


def _incomplete(folder: Path, problem: str) -> InputError:
    if problem == "model.safetensors" and any(path for pattern in _PICKLES for path in folder.glob(pattern)):
        return _pickled(folder)
    return InputError(
        "decoder.incomplete",
        f"This folder is no whole model: {problem} is missing.",
        where=str(folder),
        hint="A model folder holds config.json, model.safetensors (or its parts and index) and tokenizer.json.",
    )


def _pickled(folder: Path) -> InputError:
    return InputError(
        "decoder.pickled_weights",
        "This model has weights only in a format that can run code when it is loaded.",
        where=str(folder),
        why="Weights are read from safetensors files only.",
        hint="On a machine where you trust the file, load the model with transformers and save it again: "
        "model.save_pretrained(folder) writes safetensors.",
    )


def _no_decoder(folder: Path, config: Mapping[str, Any]) -> InputError:
    names = ", ".join(str(name) for name in config.get("architectures") or ()) or "nothing"
    kind = "an encoder-decoder" if config.get("is_encoder_decoder") else "an encoder or another kind of model"
    return InputError(
        "decoder.not_causal",
        f"This is no causal language model but {kind}.",
        where=f"{folder / 'config.json'}: architectures {names}, model_type {config.get('model_type', 'not given')}",
        why="Only a causal language model writes text from left to right.",
        hint="For an encoder use `finetune: <encoder>`, which puts a classifier on top of it; here name a model whose "
        "architecture ends in ForCausalLM.",
    )


def _json_object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(
            "decoder.bad_json", "A file of this model is no valid JSON.", where=str(path), why=str(error)
        ) from None
    return value if isinstance(value, dict) else {}
