"""The state of a run on disk, so that a killed run goes on as if nothing had happened.

A checkpoint is a folder ``step-00000120`` with the trained weights and the optimizer's moments as safetensors and all
else as JSON; it is written beside its place, flushed, and renamed, so that a half-written one is never taken for
whole. Two are kept: should the newest be damaged, the one before it serves. The best weights so far lie beside them.
Nothing is pickled. The loop calls this; it knows nothing of tasks or tokenizers.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tunewright.errors import InputError, WorkError

_FORMAT = 1
_KEPT = 2
_STEP = re.compile(r"step-(\d{8})")
_WEIGHTS, _MOMENTS, _STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a checkpoint holds besides weights and moments: the loop's own counters, as JSON."""

    step: int
    counters: Mapping[str, Any]


class Checkpoints:
    """The checkpoints of one run in one folder.

    Args:
        folder: made when first written to.
        fingerprint: what the run hangs on (data, base, settings), by name; going on with another one is refused.
        every_seconds: wall time between two checkpoints within an epoch.
        clock: seconds, rising; for tests.
    """

    def __init__(
        self,
        folder: Path,
        fingerprint: Mapping[str, str],
        every_seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._fingerprint = dict(fingerprint)
        self._every = every_seconds
        self._clock = clock
        self._last = clock()

    def due(self) -> bool:
        """Whether it is time for another checkpoint."""
        return self._clock() - self._last >= self._every

    def save(
        self,
        step: int,
        counters: Mapping[str, Any],
        parameters: Mapping[str, nn.Parameter],
        optimizer: torch.optim.Optimizer,
        others: Mapping[str, Tensor],
    ) -> None:
        """Write the state after ``step`` updates.

        Args:
            counters: JSON values; ``best_file`` names the best weights.
            others: random states and whatever else belongs to the run; no name begins with a digit.

        Raises:
            WorkError: the disk is full or cannot be written; the checkpoints from before are untouched.
        """
        place = self._folder / f"step-{step:08d}"
        partial = self._folder / f".{place.name}.{os.getpid()}"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            tensors = {name: parameter.detach().cpu().contiguous() for name, parameter in parameters.items()}
            digests = {
                _WEIGHTS: write_tensors(partial / _WEIGHTS, tensors),
                _MOMENTS: write_tensors(partial / _MOMENTS, {**_moments(optimizer), **others}),
            }
            state = {
                "format": _FORMAT,
                "step": step,
                "fingerprint": self._fingerprint,
                "digests": digests,
                "counters": dict(counters),
            }
            _write_bytes(partial / _STATE, json.dumps(state, indent=1).encode())
            shutil.rmtree(place, ignore_errors=True)
            partial.rename(place)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise _unwritable(place, error) from error
        self._last = self._clock()
        self._tidy(counters.get("best_file"))

    def load(
        self, parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer
    ) -> tuple[Saved, dict[str, Tensor]] | None:
        """Put the newest whole checkpoint into parameters and optimizer; returns it with the other tensors, or None.

        Raises:
            InputError: the checkpoints belong to another run.
        """
        for place in reversed(self._places()):
            state = _read_state(place)
            if state is None:
                continue
            self._compare(state.get("fingerprint", {}))
            weights, moments = load_file(str(place / _WEIGHTS)), load_file(str(place / _MOMENTS))
            with torch.no_grad():
                for name, parameter in parameters.items():
                    parameter.copy_(weights[name])
            _restore_moments(optimizer, moments)
            others = {name: value for name, value in moments.items() if not name[0].isdigit()}
            return Saved(state["step"], state["counters"]), others
        return None

    def keep_best(self, step: int, parameters: Mapping[str, nn.Parameter]) -> str:
        """Write the best weights so far; returns the file's name, which the next checkpoint must remember."""
        name = f"best-{step:08d}.safetensors"
        partial = self._folder / f".{name}.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_tensors(partial, {key: value.detach().cpu().contiguous() for key, value in parameters.items()})
            partial.replace(self._folder / name)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _unwritable(self._folder / name, error) from error
        return name

    def read_best(self, name: str) -> dict[str, Tensor]:
        """The weights that ``keep_best`` wrote under this name."""
        return load_file(str(self._folder / name))

    def remove(self) -> None:
        """Take everything away once the run is over and its result is safe."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _places(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if _STEP.fullmatch(path.name))

    def _tidy(self, best: str | None) -> None:
        """Remove what no kept checkpoint needs; the best weights of the checkpoint before stay as long as it does."""
        for place in self._places()[:-_KEPT]:
            shutil.rmtree(place, ignore_errors=True)
        needed = {best}
        for place in self._places():
            state = _read_state(place)
            needed.add(state["counters"].get("best_file") if state else None)
        for path in self._folder.glob("best-*.safetensors"):
            if path.name not in needed:
                path.unlink(missing_ok=True)

    def _compare(self, stored: Mapping[str, str]) -> None:
        different = sorted(
            name for name in {*stored, *self._fingerprint} if stored.get(name) != self._fingerprint.get(name)
        )
        if different:
            raise InputError(
                "training.other_run",
                "The checkpoints in this folder belong to another run.",
                where=str(self._folder),
                why=f"these are not the same: {', '.join(different)}",
                hint="Go on with the settings and data it was started with, or choose another output folder.",
            )


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Write a safetensors file, flushed to disk; returns its SHA-256 (hex).

    Raises:
        OSError: it cannot be written.
    """
    try:
        save_file(dict(tensors), str(path))
    except Exception as error:  # safetensors reports a full disk as an error of its own
        raise OSError(str(error)) from error
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return _digest(path)


def _write_bytes(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_state(place: Path) -> dict[str, Any] | None:
    """The JSON of a checkpoint whose files are whole, else None."""
    try:
        state: dict[str, Any] = json.loads((place / _STATE).read_bytes())
        whole = state["format"] == _FORMAT and all(
            _digest(place / name) == digest for name, digest in state["digests"].items()
        )
    except (OSError, ValueError, KeyError):
        return None
    return state if whole else None


def _moments(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's tensors, named by the place of their parameter."""
    return {
        f"{place}.{name}": value.detach().cpu().contiguous()
        for place, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }


def _restore_moments(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        place, _, name = key.partition(".")
        if place.isdigit():
            state.setdefault(int(place), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _unwritable(place: Path, error: OSError) -> WorkError:
    return WorkError(
        "training.cannot_save",
        "The state of the run cannot be written.",
        where=str(place),
        why=str(error).splitlines()[0] if str(error) else type(error).__name__,
        hint="Make room on the disk and start again with --resume: it goes on from the last checkpoint.",
    )
