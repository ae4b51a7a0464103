"""Does ``torch.compile`` pay for a training step on this machine? Processor seconds of steps, eager and compiled.

``OMP_NUM_THREADS=1 python benchmarks/compile.py``: the embedded shape with random weights, bfloat16 autocast, AdamW,
rows of several lengths (shapes are dynamic), the first compiled step apart, for it pays for the compiling.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

LENGTHS = (256, 256, 300, 280, 350, 256, 300, 280, 350, 256)
ROWS = 4


def steps(model: Callable[..., Any], optimiser: torch.optim.Optimizer) -> list[float]:
    """Processor seconds of each step."""
    seconds = []
    for length in LENGTHS:
        ids = torch.randint(0, 8192, (ROWS, length))
        begun = time.process_time()
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        seconds.append(time.process_time() - begun)
    return seconds


def main() -> None:
    torch.manual_seed(0)
    shape = {"hidden_size": 320, "num_hidden_layers": 6, "num_attention_heads": 5, "intermediate_size": 864}
    model: Any = LlamaForCausalLM(LlamaConfig(vocab_size=8192, tie_word_embeddings=True, **shape))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    eager = steps(model, optimiser)
    first, *compiled = steps(torch.compile(model, dynamic=True), optimiser)
    plain, fast = statistics.mean(eager[1:]), statistics.mean(compiled)
    saved = plain - fast
    print(f"a step: eager {plain:.2f} processor s, compiled {fast:.2f} ({1 - fast / plain:.0%} saved)")
    print(f"the first compiled step took {first:.1f}")
    print(f"compiling pays after {first / saved:,.0f} steps" if saved > 0 else "compiling never pays")


if __name__ == "__main__":
    main()
