"""Which of PEFT's warnings a person sees. Called where adapters are put on a model: by training and by loading."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Inside, warnings that ask nothing of anyone are silent, and all others stay.

    Silent are PEFT's "Unsupported layer type" (for every norm layer that is tuned, which is what was asked for) and
    deprecations between PEFT and transformers. Those that stay tell of a wrong result: target modules that match
    nothing, tied embeddings in an adapter, a second adapter on the first, weights that a file lacks.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unsupported layer type", UserWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield
