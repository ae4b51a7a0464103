"""Every number of the recipe, for four sizes of effort: ``tiny`` (tests), ``small``, ``cpu`` and ``gpu``.

A budget is counted in tokens; ``budget_s`` turns the same schedule into one of seconds, for a machine whose speed is
not known beforehand. A share is the part of the sequences of a step that come from generated tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama decoder with tied embeddings; widths in units of features."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    mlp_width: int
    context: int = 2048


@dataclass(frozen=True, slots=True)
class Stage:
    """From ``start`` (share of the budget) on: shares of the rows that are tasks, and copies of random tokens."""

    start: float
    tasks: float
    copies: float = 0.0


@dataclass(frozen=True, slots=True)
class Config:
    """One run. Token counts are those of model inputs; learning rates are peaks."""

    name: str
    shape: Shape
    budget_tokens: int
    stages: tuple[Stage, ...]
    batch_tokens: int = 4096
    length: int = 512
    long_length: int = 2048
    long_every: int = 10  # every n-th step has long sequences, so that the whole context is trained
    budget_s: float | None = None
    warmup: float = 0.02  # share of the budget
    decay: float = 0.2  # share of the budget
    matrix_rate: float = 0.02  # Muon, hidden matrices
    other_rate: float = 3e-3  # AdamW, embedding and norms
    weight_decay: float = 0.05
    clip: float = 1.0
    answer_weight: float = 2.0  # loss weight of what the assistant says in a task
    prompt_weight: float = 0.1  # loss weight of the rest of a task
    seed: int = 1
    device: str = "cpu"
    bf16: bool = True
    compile: bool = True
    checkpoint_s: float = 180.0
    micro_rows: int = 1024  # rows of one forward pass; larger batches are split
    log_every: int = 10
    tokenizer_share: float = 0.12
    tokenizer_tasks: int = 6000
    corpus_weights: tuple[tuple[str, float], ...] = (
        ("prose", 0.25),
        ("technical", 0.35),
        ("dialogues", 0.25),
        ("qa", 0.15),
    )

    def with_budget(self, tokens: int | None = None, seconds: float | None = None) -> Config:
        """The same run with another budget."""
        return replace(self, budget_tokens=tokens or self.budget_tokens, budget_s=seconds)


CONFIGS = {
    "tiny": Config(
        name="tiny",
        shape=Shape(vocabulary=512, width=32, layers=2, heads=2, kv_heads=1, mlp_width=64, context=256),
        budget_tokens=200 * 256,
        stages=(Stage(0.0, 0.5), Stage(0.8, 0.75)),
        batch_tokens=256,
        length=64,
        long_length=128,
        bf16=False,
        compile=False,
        tokenizer_share=0.002,
        tokenizer_tasks=50,
    ),
    # For an hour of a busy shared core: a few million tokens, too few for 10 M parameters.
    "small": Config(
        name="small",
        shape=Shape(vocabulary=8192, width=192, layers=5, heads=6, kv_heads=3, mlp_width=512),
        budget_tokens=20_000_000,
        stages=(Stage(0.0, 0.6), Stage(0.45, 0.5, 0.25), Stage(0.67, 0.8, 0.06)),
        batch_tokens=2048,
        long_every=16,
        decay=0.25,
        matrix_rate=0.01,
        prompt_weight=0.3,
    ),
    "cpu": Config(
        name="cpu",
        shape=Shape(vocabulary=8192, width=320, layers=6, heads=10, kv_heads=5, mlp_width=864),
        budget_tokens=100_000_000,
        stages=(Stage(0.0, 0.4, 0.25), Stage(0.02, 0.5, 0.05), Stage(0.8, 0.75)),
        matrix_rate=0.01,
        prompt_weight=0.3,
    ),
    "gpu": Config(
        name="gpu",
        shape=Shape(vocabulary=8192, width=512, layers=9, heads=8, kv_heads=4, mlp_width=1408),
        budget_tokens=900_000_000,
        stages=(Stage(0.0, 0.2, 0.1), Stage(0.3, 0.5, 0.02), Stage(0.8, 0.75)),
        batch_tokens=262_144,
        length=1024,
        other_rate=2e-3,
        device="cuda",
        checkpoint_s=120.0,
        micro_rows=64,
    ),
}
