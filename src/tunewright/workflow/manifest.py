"""The manifest of a run: every version, seed, device and thread count that its figures hang on."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from pydantic import JsonValue

from tunewright.version import __version__
from tunewright.workflow.conclude import RunFacts
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Study

PACKAGES = ("numpy", "scipy", "scikit-learn", "polars", "torch", "transformers", "tokenizers")
VARIABLES = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "CUDA_VISIBLE_DEVICES")


def manifest(study: Study, contestants: Sequence[Contestant], facts: RunFacts) -> dict[str, JsonValue]:
    """Everything about a run but its results. Holds no text of a row."""
    return {
        "run": facts.run,
        "created": facts.created,
        "command": facts.command,
        "program": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
        "environment": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "seed": study.settings.seed,
        "settings": study.settings.model_dump(mode="json", exclude_defaults=True),
        "regime": study.regime,
        "parts": {p.name: [len(p.train), len(p.validation), len(p.scored)] for p in study.parts},
        "systems": {c.name: {"kind": c.entry.kind, "options": dict(c.entry.options)} for c in contestants},
        "hashes": {**study.hashes, **facts.hashes},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
