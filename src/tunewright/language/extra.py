"""Whether the extra ``models`` is installed. Imports nothing heavy; called by systems that need an encoder."""

from __future__ import annotations

from importlib.util import find_spec

_PACKAGES = ("torch", "transformers", "safetensors")


def missing_models() -> str | None:
    """One sentence with the remedy when a package of the extra ``models`` is absent, else None."""
    if all(find_spec(name) is not None for name in _PACKAGES):
        return None
    return 'needs the extra "models": pip install "tunewright[models]"'
