"""A decoder: the files of a causal language model by name, and the model with its tokenizer.

``locate_decoder`` takes the name of an embedded model, a local folder (a whole model, or a PEFT adapter) or the id of a
model on the hub; ``load_decoder`` loads what was found. Nothing runs code from a model folder, and weights are read
from safetensors only. Checks of a folder are in ``decoder_files.py``; training and generation are elsewhere.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tunewright.errors import InputError
from tunewright.language import carrier, embedded
from tunewright.language.decoder_files import (
    ADAPTER_CONFIG,
    DecoderFiles,
    Source,
    is_decoder,
    read_adapter_folder,
    read_model_folder,
)
from tunewright.language.decoder_hub import hub_folder, split_revision
from tunewright.language.decoder_tokenizer import load_tokenizer
from tunewright.language.encoder import quiet_transformers
from tunewright.language.files import MINILM
from tunewright.language.peft_warnings import quiet_peft

__all__ = ["DecoderFiles", "LoadedDecoder", "is_decoder", "load_decoder", "locate_decoder"]

_PROBE_TOKENS = 8
_MISSING_KEYS = "Found missing adapter keys"  # how PEFT's warning begins


@dataclass(frozen=True, slots=True)
class LoadedDecoder:
    """Model (evaluation mode; with the adapter on where the name was an adapter), tokenizer, the model's config.

    ``notes`` are remarks for people about how the folder was read.
    """

    model: Any
    tokenizer: Any
    config: Any
    files: DecoderFiles
    notes: tuple[str, ...] = ()


def locate_decoder(name: str, root: Path | None = None) -> DecoderFiles:
    """Find the files of a decoder, fetching them where they are not here yet.

    Args:
        name: an embedded model, a folder (relative to ``root``), or the id of a model on the hub (``owner/name``,
            or ``owner/name@revision``).
            A folder with a PEFT adapter stands for its base model with the adapter on.
        root: what a relative folder is relative to; None is the current folder.

    Raises:
        InputError: there is no such folder, or it holds no decoder that can be loaded safely.
        WorkError: the files could not be had from the hub.
    """
    return _locate(name, root or Path(), adapters=True)


def load_decoder(
    files: DecoderFiles, *, device: str = "cpu", dtype: torch.dtype = torch.float32, four_bit: bool = False
) -> LoadedDecoder:
    """Load a decoder.

    Args:
        files: as found by ``locate_decoder``.
        device: ``cpu``, ``cuda``, ``cuda:1``, ...
        dtype: number format of the weights. Train in float32 (the loop computes in bfloat16 by itself where that pays).
        four_bit: quantise the linear layers to NF4 for QLoRA (Dettmers et al. 2023, arXiv 2305.14314); CUDA only. Ask
            ``methods.check_available`` first: it says what to use elsewhere.

    Raises:
        InputError: the folder holds something that is no causal language model, wants code of its own, lacks weights or
            a fast tokenizer, or its tokenizer does not fit.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    weights: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
    weights |= {"dtype": dtype, "output_loading_info": True}
    if four_bit:
        weights |= _four_bit_options(device)
    try:
        with quiet_transformers():
            tokenizer, notes = load_tokenizer(files.tokenizer_folder)
            loaded: Any = AutoModelForCausalLM.from_pretrained(files.folder, **weights)
            model: Any = loaded[0]
            _check_weights(files, loaded[1])
            if not four_bit:
                model = model.to(device)
            if files.adapter is not None:
                model = _with_adapter(model, files.adapter)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise _unreadable(files, error) from error
    model.eval()
    _check_tokenizer(files, tokenizer, model)
    _check_causal(files, model)
    return LoadedDecoder(model, tokenizer, model.config, files, notes)


def _locate(name: str, root: Path, *, adapters: bool) -> DecoderFiles:
    if name in embedded.EMBEDDED:
        return read_model_folder(embedded.embedded_folder(name), name, source="embedded")
    folder = root / Path(name).expanduser()
    if name == MINILM and not folder.is_dir():
        raise InputError(
            "decoder.not_causal",
            "MiniLM is an encoder: it reads text and writes none.",
            where=name,
            why="Only a causal language model writes text from left to right.",
            hint="To tune it as a classifier put {finetune: minilm} under systems in tunewright.yaml and type "
            "`tunewright run`. Here name a language model: an embedded one, a folder, or a hub id.",
        )
    if folder.is_dir():
        return _read(folder.resolve(), name, adapters=adapters)
    model_id, revision = split_revision(name)
    if not carrier.looks_like_hub_id(model_id):
        raise InputError(
            "decoder.not_found",
            f"There is no model folder '{name}'.",
            hint="Give a folder with config.json, model.safetensors and tokenizer.json, a PEFT adapter folder, the id "
            "of a model on the hub (owner/name), or an embedded one (wren).",
        )
    return _read(hub_folder(model_id, revision), model_id, "hub", adapters=adapters)


def _read(folder: Path, name: str, source: Source = "folder", *, adapters: bool = True) -> DecoderFiles:
    revision = folder.name if source == "hub" else ""  # the hub's cache calls a snapshot's folder by its commit
    if not (folder / ADAPTER_CONFIG).is_file():
        return read_model_folder(folder, name, revision, source)
    if not adapters:
        raise InputError(
            "decoder.nested_adapter",
            "The base model of this adapter is itself an adapter.",
            where=str(folder),
            hint="Merge the first adapter into its base model with `tunewright merge ADAPTER --out FOLDER`, and train "
            "the second on the merged folder.",
        )
    return _locate(read_adapter_folder(folder), folder, adapters=False).with_adapter(folder, name, revision)


def _four_bit_options(device: str) -> dict[str, Any]:
    import transformers

    untyped: Any = transformers
    quantised = untyped.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": quantised, "device_map": {"": device}}


def _with_adapter(model: Any, folder: Path) -> Any:
    from peft import PeftModel

    with quiet_peft():
        warnings.filterwarnings("error", _MISSING_KEYS, UserWarning)
        try:
            return PeftModel.from_pretrained(model, str(folder), is_trainable=False, local_files_only=True)
        except UserWarning as warning:
            raise InputError(
                "decoder.weights_missing",
                "The adapter's file lacks some of its weights.",
                where=f"{folder}: {str(warning).removeprefix(_MISSING_KEYS).split(': ')[-1][:120]}",
                why="They would be as before training, and the model would answer worse without an error.",
                hint="Take the adapter's folder from where it was trained, or train again.",
            ) from None


def _unreadable(files: DecoderFiles, error: Exception) -> InputError:
    if isinstance(error, ImportError) and "peft" in str(error):
        return InputError(
            "decoder.no_peft",
            "Adapters need the package peft.",
            where=str(files.adapter),
            hint='Install the extra "models": pip install "tunewright[models]".',
        )
    lines = str(error).strip().splitlines()
    if "trust_remote_code" in str(error):
        return InputError(
            "decoder.remote_code",
            "This model wants to run code from its own folder, which is never done here.",
            where=str(files.folder),
            why="Code in a model folder can do anything on this machine.",
            hint="Use a version of the model that transformers knows by itself.",
        )
    return InputError(
        "decoder.unreadable",
        "This decoder cannot be loaded.",
        where=str(files.adapter or files.folder),
        why=lines[0] if lines else type(error).__name__,
        hint="Check that the files are whole and that transformers knows this kind of model, or use another model.",
    )


def _check_weights(files: DecoderFiles, loading: dict[str, Any]) -> None:
    missing = sorted(str(name) for name in loading.get("missing_keys", ()))
    wrong = sorted(str(entry[0]) for entry in loading.get("mismatched_keys", ()))
    if not missing and not wrong:
        return
    named = missing or wrong
    raise InputError(
        "decoder.weights_missing",
        f"The weights do not fit the model: {len(missing)} tensors are missing, {len(wrong)} have another shape.",
        where=f"{files.folder}: {', '.join(named[:3])}" + (" ..." if len(named) > 3 else ""),
        why="Missing weights would be random numbers, and the model would write nonsense without an error.",
        hint="Fetch or save the model again, whole, as a causal language model.",
    )


def _check_tokenizer(files: DecoderFiles, tokenizer: Any, model: Any) -> None:
    most = max(tokenizer.get_vocab().values(), default=-1) + 1
    rows = int(model.get_input_embeddings().weight.shape[0])
    if most > rows:
        raise InputError(
            "decoder.tokenizer_too_long",
            f"The tokenizer has {most} ids, the model has embeddings for {rows}.",
            where=str(files.tokenizer_folder),
            why="The first text with one of the other ids would stop the run, or read memory that is not its own.",
            hint="Use the tokenizer that belongs to the model, or resize the model's embeddings and save it again.",
        )


def _check_causal(files: DecoderFiles, model: Any) -> None:
    """The last token must not change what the model says before it; some encoders load as decoders silently."""
    rows = min(int(model.get_input_embeddings().weight.shape[0]), 64)
    ids = (torch.arange(2 * _PROBE_TOKENS, device=model.device) % max(rows - 1, 1)).view(2, _PROBE_TOKENS)
    ids[1] = ids[0]
    ids[1, -1] = (ids[0, -1] + 1) % rows
    with torch.inference_mode():
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
    largest = float((logits[0] - logits[1]).abs().max())
    if largest > 1e-3 * max(1.0, float(logits.abs().max())):
        raise InputError(
            "decoder.not_causal",
            "This model looks at the tokens that it should predict, so that it is no decoder.",
            where=str(files.folder),
            why=f"Another last token changed the logits before it by {largest:.3g}.",
            hint="For an encoder use `finetune: <encoder>`, which puts a classifier on top of it.",
        )
