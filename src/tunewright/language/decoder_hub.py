"""Decoders from the hub: a snapshot out of the local cache, else over the network, at a revision where one is named.

Called by ``decoder.py`` alone. Whether the hub answers at all is asked by ``carrier.py``, in seconds.
"""

from __future__ import annotations

from pathlib import Path

from tunewright.errors import WorkError
from tunewright.language import carrier
from tunewright.language.decoder_files import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from tunewright.language.files import what_is_missing

_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
_PASSED_OVER = ["onnx/*", "openvino/*", "original/*", "consolidated*"]


def split_revision(name: str) -> tuple[str, str]:
    """``owner/name@revision`` to its two parts; the second is empty where none is named."""
    model_id, _, revision = name.partition("@")
    return model_id, revision


def hub_folder(model_id: str, revision: str = "") -> Path:
    """The folder of a snapshot, named by its commit.

    Raises:
        WorkError: it is not in the local cache and could not be fetched; the error says why.
    """
    folder = _cached(model_id, revision)
    if folder is not None:
        return folder
    if carrier.is_offline():
        raise _unavailable(model_id, "it is not on this machine, and TUNEWRIGHT_OFFLINE or HF_HUB_OFFLINE is set")
    problem = carrier.hub_problem(model_id)
    if problem:
        raise _unavailable(model_id, problem)
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(
            model_id, revision=revision or None, allow_patterns=_WANTED, ignore_patterns=_PASSED_OVER
        )
    except Exception as error:  # the hub client raises errors of its own and of two HTTP libraries
        raise _unavailable(model_id, f"the download failed ({type(error).__name__})") from error
    return Path(found)


def _cached(model_id: str, revision: str) -> Path | None:
    """The snapshot in the hub's local cache, when it holds a whole model or adapter."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model_id, revision=revision or None, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError):
        return None
    is_adapter = (folder / ADAPTER_CONFIG).is_file() and (folder / ADAPTER_WEIGHTS).is_file()
    return folder if is_adapter or what_is_missing(folder) is None else None


def _unavailable(model_id: str, reason: str) -> WorkError:
    return WorkError(
        "decoder.unavailable",
        f"The model '{model_id}' could not be had.",
        why=f"Tried the hub: {reason}.",
        hint="Check the id and the network (a gated model wants `hf auth login`), name a local folder, or use an "
        "embedded one (wren).",
    )
