"""What training leaves on disk: an adapter in PEFT's own files, or a plain model folder, each with ``tunewright.json``.

The sidecar says which base model (name, revision, digest), which rendering (tokenizer, template, stop tokens) and which
method made it; ``load_trained`` compares before anything is used. A folder appears whole or not at all. Merging and
replaying are in ``export.py``.
"""

from __future__ import annotations

import copy
import json
import math
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from torch import Tensor

from tunewright.errors import InputError, WorkError
from tunewright.language.decoder import LoadedDecoder, load_decoder, locate_decoder
from tunewright.language.decoder_files import ADAPTER_CONFIG, ADAPTER_WEIGHTS, SIDECAR, DecoderFiles
from tunewright.language.encoder import quiet_transformers
from tunewright.language.spec import RenderSpec, StoredSpec, check_same
from tunewright.training.methods import MethodSettings, Prepared, base_dtype
from tunewright.training.peft_methods import CHANGES_BASE
from tunewright.training.precision import choose_precision
from tunewright.version import __version__

Kind = Literal["adapter", "model"]

_FORMAT = 1
_NOT_QUANTISED = (
    "This adapter was trained on a base model in 4 bits and stands here on the unquantised one: its answers can differ."
)
_PACKAGES = ("torch", "transformers", "peft", "tokenizers", "safetensors")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is written beside trained weights.

    ``base_name`` is what ``locate_decoder`` finds the base model by; ``base_digest`` is that of its files. ``method``
    holds the settings of training, ``versions`` the packages that wrote the folder.
    """

    kind: Kind
    base_name: str
    base_revision: str
    base_digest: str
    spec: StoredSpec
    method: Mapping[str, Any]
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """JSON text, for people to read too."""
        value = {
            "format": _FORMAT,
            "kind": self.kind,
            "base": {"name": self.base_name, "revision": self.base_revision, "digest": self.base_digest},
            "render": json.loads(self.spec.to_json()),
            "method": dict(self.method),
            "versions": dict(self.versions),
        }
        return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model as loaded from its folder, with the rendering that it was trained with."""

    decoder: LoadedDecoder
    spec: RenderSpec
    sidecar: Sidecar


def save_trained(
    folder: Path,
    prepared: Prepared,
    tokenizer: Any,
    base: DecoderFiles,
    spec: RenderSpec,
    *,
    overwrite: bool = False,
) -> Path:
    """Write what was trained: a PEFT adapter for adapter methods, else a model that plain transformers loads.

    Adapters of methods that changed the base (PiSSA, OLoRA) are written as the plain LoRA of twice the rank that does
    the same to the unchanged base: [B, -B0] [A; A0] = B A - B0 A0 (Meng et al. 2024, arXiv 2404.02948, appendix).

    Args:
        folder: made new; its parents are made where needed.
        base: the files that training started from.
        spec: the rendering of training; its template is saved as the tokenizer's.
        overwrite: replace an earlier result of this program; other folders are never replaced.

    Raises:
        InputError: the folder holds something.
        WorkError: it cannot be written, for lack of space or of rights.
    """
    kind: Kind = "adapter" if prepared.is_adapter else "model"
    method = settings_json(prepared.settings) | {"learning_rate": prepared.learning_rate}
    sidecar = describe(kind, base, spec, method)
    with new_folder(folder, overwrite=overwrite) as staged:
        if prepared.is_adapter:
            _save_adapter(staged, prepared, base)
        else:
            save_model(staged, prepared.model, spec)
        save_tokenizer(staged, tokenizer, spec)
        (staged / SIDECAR).write_text(sidecar.to_json(), encoding="utf-8")
    return folder


def load_trained(
    folder: Path,
    *,
    device: str = "cpu",
    dtype: torch.dtype | None = None,
    base: str | None = None,
    spec: RenderSpec | None = None,
) -> Trained:
    """Load a folder of ``save_trained``, after comparing it with the base model and the rendering in use.

    Args:
        dtype: number format of the weights; None is that of training on such a device (``trained_format``).
        base: where the base model of an adapter is now, if it has moved.
        spec: how the caller renders; None takes the stored rendering.

    Raises:
        InputError: there is no sidecar, the base model is another one, or the rendering differs (naming the parts).
    """
    sidecar = read_sidecar(folder)
    if sidecar.kind == "adapter" and base is not None:
        files = locate_decoder(base).with_adapter(folder.resolve(), str(folder))
    else:
        files = locate_decoder(str(folder.resolve()))
    check_base(sidecar, files)
    chosen, four_bit = (dtype, False) if dtype is not None else trained_format(sidecar, device)
    decoder = load_decoder(files, device=device, dtype=chosen, four_bit=four_bit)
    if sidecar.kind == "adapter" and sidecar.method.get("method") == "qlora" and not four_bit:
        decoder = replace(decoder, notes=(*decoder.notes, _NOT_QUANTISED))
    now = spec or sidecar.spec.with_tokenizer(decoder.tokenizer)
    check_same(sidecar.spec, now)
    return Trained(decoder, now, sidecar)


def trained_method(sidecar: Sidecar) -> MethodSettings:
    """The settings that the weights were trained with; settings that this version does not know are left out.

    Raises:
        InputError: the sidecar names no method.
    """
    known = {entry.name for entry in fields(MethodSettings)}
    given = {name: value for name, value in sidecar.method.items() if name in known}
    if not isinstance(given.get("method"), str):
        raise InputError(
            "trained.bad_sidecar", f"{SIDECAR} names no method of training.", hint="Train or export again."
        )
    return MethodSettings(**given)


def trained_format(sidecar: Sidecar, device: str) -> tuple[torch.dtype, bool]:
    """The number format of the base model that weights were trained on, and whether it is quantised to 4 bits.

    An adapter is worth most on just the numbers it was trained on: bfloat16 on a GPU that computes in it (4 bits for
    ``qlora``, where bitsandbytes is installed), float32 elsewhere. A whole model is float32, as it was saved.
    """
    method, precision = trained_method(sidecar), choose_precision()
    if sidecar.kind == "model" or not device.startswith("cuda"):
        return torch.float32, False
    return base_dtype(method, precision), method.method == "qlora" and find_spec("bitsandbytes") is not None


def describe(kind: Kind, base: DecoderFiles, spec: RenderSpec, method: Mapping[str, Any]) -> Sidecar:
    """The sidecar of weights trained from a base; ``method`` as ``settings_json`` gives it."""
    versions = {"tunewright": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return Sidecar(kind, base.lasting_name, base.revision, base.digest, spec.stored(), method, versions)


def settings_json(settings: MethodSettings) -> dict[str, Any]:
    """Settings as JSON values; options that are none are written as text."""
    names = ("method", "rank", "alpha", "dropout", "layers", "learning_rate", "weight_decay", "plus_ratio", "seed")
    value = {name: getattr(settings, name) for name in names}
    return value | {"options": json.loads(json.dumps(dict(settings.options), default=str))}


def read_sidecar(folder: Path) -> Sidecar:
    """The sidecar of a trained folder.

    Raises:
        InputError: there is none, it cannot be read, or a newer version of the program wrote it.
    """
    path = folder / SIDECAR
    if not path.is_file():
        raise InputError(
            "trained.no_sidecar",
            f"This folder has no {SIDECAR}, so that it was not trained here.",
            where=str(folder),
            why="Without it nobody knows which base model and which template the weights belong to.",
            hint="A model or adapter from elsewhere is used by its name or folder, as any base model is.",
        )
    try:
        value = json.loads(path.read_text("utf-8"))
        if value["format"] != _FORMAT:
            raise InputError(
                "trained.newer_format",
                f"This folder was written in format {value['format']}; this program knows format {_FORMAT}.",
                where=str(path),
                hint="Update tunewright.",
            )
        base = value["base"]
        spec = StoredSpec.from_json(json.dumps(value["render"]))
        return Sidecar(
            value["kind"], base["name"], base["revision"], base["digest"], spec, value["method"], value["versions"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "trained.bad_sidecar", f"{SIDECAR} cannot be read: {error}.", where=str(path), hint="Train or export again."
        ) from error


def check_base(sidecar: Sidecar, files: DecoderFiles) -> None:
    """An adapter is worth something only on the weights it was trained on.

    Raises:
        InputError: the base model found is another one.
    """
    if sidecar.kind == "model":
        return
    base = files.base or files
    if base.digest == sidecar.base_digest:
        return
    found = f"{base.name}" + (f" at revision {base.revision}" if base.revision else "")
    trained = f"{sidecar.base_name}" + (f" at revision {sidecar.base_revision}" if sidecar.base_revision else "")
    raise InputError(
        "trained.other_base",
        "The base model is not the one that this adapter was trained on.",
        where=f"trained on {trained} ({sidecar.base_digest[:12]}), found {found} ({base.digest[:12]})",
        why="On other weights an adapter answers nonsense, without an error.",
        hint="Bring back the files of the base model, say where they are now, or train again.",
    )


def save_model(folder: Path, model: Any, spec: RenderSpec) -> None:
    """A plain model folder (safetensors); its generation config ends at the stop tokens of the rendering."""
    settings = getattr(model, "generation_config", None)
    before = None if settings is None else settings.eos_token_id
    if settings is not None and spec.stop:
        settings.eos_token_id = list(spec.stop) if len(spec.stop) > 1 else spec.stop[0]
    try:
        with quiet_transformers():
            model.save_pretrained(str(folder))
    finally:
        if settings is not None:
            settings.eos_token_id = before


def save_tokenizer(folder: Path, tokenizer: Any, spec: RenderSpec) -> None:
    """The tokenizer's files, with the template of the rendering as its chat template."""
    own = copy.deepcopy(tokenizer)
    own.chat_template = spec.template
    own.save_pretrained(str(folder))


@contextmanager
def new_folder(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary folder beside ``folder`` that takes its name when the block ends well; else nothing is left of it.

    Raises:
        InputError: ``folder`` is there and not empty, and may not be replaced.
        WorkError: it cannot be written.
    """
    check_free(folder, overwrite)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            yield staged
            _follow_umask(staged)
            _flush(staged)
            check_free(folder, overwrite)
            _put_in_place(staged, folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise WorkError(
            "trained.cannot_write",
            "The result could not be written.",
            where=str(folder),
            why=getattr(error, "strerror", None) or str(error),
            hint="Make room or choose another folder; nothing that was there has been changed.",
        ) from error


def check_free(folder: Path, overwrite: bool) -> None:
    """Whether a result may take a folder's name; ask before long work.

    Raises:
        InputError: it is there and not empty, and may not be replaced.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if overwrite and (folder / SIDECAR).is_file():
        return
    raise InputError(
        "trained.folder_exists",
        f"The folder '{folder}' already holds something.",
        why="Only a folder that an earlier run wrote is replaced, and only when asked." if overwrite else None,
        hint="Choose another folder" + ("." if overwrite else ", or ask to overwrite it."),
    )


def _follow_umask(folder: Path) -> None:
    """Temporary folders and safetensors files are made for their owner alone; a result is as any new file would be."""
    probe = folder / ".mode"
    probe.mkdir()
    mode = probe.stat().st_mode & 0o777
    probe.rmdir()
    for path in (folder, *folder.rglob("*")):
        path.chmod(mode if path.is_dir() else mode & 0o666)


def _put_in_place(staged: Path, folder: Path) -> None:
    if not folder.exists():
        staged.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    try:
        staged.rename(folder)
    except OSError:
        (old / folder.name).rename(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Bring the files to the disk before the rename, so that a power cut leaves no empty files under the name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def _save_adapter(folder: Path, prepared: Prepared, base: DecoderFiles) -> None:
    prepared.model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's card is a form with empty fields
    path = folder / ADAPTER_CONFIG
    config = json.loads(path.read_text("utf-8"))
    config |= {"base_model_name_or_path": base.name if base.source == "hub" else str(base.folder)}
    config |= {"revision": base.revision or None}
    if prepared.settings.method in CHANGES_BASE:
        _to_plain_lora(folder / ADAPTER_WEIGHTS, config, prepared.start)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _to_plain_lora(path: Path, config: dict[str, Any], start: Mapping[str, Tensor]) -> None:
    """Rewrite weights and configuration as a LoRA of twice the rank on the unchanged base; the scale stays."""
    from safetensors.torch import load_file, save_file

    before = {name.replace(".default.", "."): value.cpu() for name, value in start.items()}
    joined: dict[str, Tensor] = {}
    for name, value in load_file(path).items():
        if "lora_A" in name:
            joined[name] = torch.cat([value, before[name]], dim=0)
        elif "lora_B" in name:
            joined[name] = torch.cat([value, -before[name]], dim=1)
        else:
            joined[name] = value
    save_file(joined, path, metadata={"format": "pt"})
    config["r"] *= 2
    config["lora_alpha"] *= math.sqrt(2) if config["use_rslora"] else 2
    config["init_lora_weights"] = True
