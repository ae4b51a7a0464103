"""One number of threads for everything that torch computes, so that results do not hang on the environment.

Sums are cut differently by another number of threads; after some hundred training steps the weights differ.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

MOST_THREADS = 8


@contextmanager
def fixed_threads() -> Iterator[None]:
    """All processors of the machine, at most 8, whatever ``OMP_NUM_THREADS`` says; restored afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(os.cpu_count() or 1, MOST_THREADS))
    try:
        yield
    finally:
        torch.set_num_threads(before)
