"""Who is compared, and how each of them is set up for a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from training_curve import Curve, Recipe
from training_models import SHAPES, build
from training_ours import OurPeer, OurSettings, drawn_order
from training_twin import TwinPeer, TwinSettings, first_fit
from training_workloads import WORKLOADS, make_rows

from tunewright.training.forward import PathFlags
from tunewright.training.precision import Precision
from tunewright.training.rows import TokenRow

ABOUT = {
    "trl-default": "TRL as it comes: batches of 8, gradient checkpointing",
    "trl-unpacked": "TRL without checkpointing, padded batches (of like length where rows are ragged)",
    "trl-packed": "TRL without checkpointing, best-fit packing",
    "twin": "plain torch, padded batches, all logits",
    "twin-packed": "plain torch, packed rows, all logits",
    "ours": "the engine, all fast paths",
    "ours-dense": "the engine, shared prefixes under a dense mask",
    "ours-head-only": "the engine, rows one by one, trained-token head",
    "ours-plain": "the engine, fast paths off",
}
OURS = {
    "ours": PathFlags(),
    "ours-dense": PathFlags(tiles=False),
    "ours-head-only": PathFlags(share=False, tiles=False),
    "ours-plain": PathFlags(share=False, head=False, tiles=False),
}
TRL_BEST = ("trl-unpacked", "trl-packed")
TWIN_BEST = ("twin", "twin-packed")
_DEFAULT_ROWS = 8  # per_device_train_batch_size of transformers


@dataclass(frozen=True, slots=True)
class Job:
    """One comparison: what is trained on what, and how much of it. ``checkpointing`` is for all but ``trl-default``,
    which always has it."""

    workload: str
    model: str
    method: str
    device: str
    format: str
    steps: int
    rows_per_step: int
    max_tokens: int
    scale: float = 1.0
    checkpointing: bool = False
    seed: int = 0

    def rows(self) -> list[TokenRow]:
        """The rows as they come; the engine draws its steps from them."""
        size = SHAPES[self.model].vocabulary
        return make_rows(self.workload, size, self.steps, self.rows_per_step, self.scale, self.seed)

    def ours(self) -> OurSettings:
        """How the engine is set up."""
        return OurSettings(self.rows_per_step, self.max_tokens, seed=self.seed)

    def recipe(self) -> Recipe:
        """The same for all."""
        device: Literal["cpu", "cuda"] = "cuda" if self.device == "cuda" else "cpu"
        number_format: Literal["bf16", "fp32"] = "bf16" if self.format == "bf16" else "fp32"
        return Recipe(1e-3 if self.method == "lora" else 1e-4, Precision(device, number_format, "asked for"))


class Peer(Protocol):
    """A contender: one pass over its rows, or the first steps of it."""

    def train(self, max_steps: int | None = None) -> Curve: ...


@dataclass(frozen=True, slots=True)
class Contender:
    """A peer that is ready, the tokens of its rows, and what there is to say about it."""

    peer: Peer
    rows: Sequence[TokenRow]
    notes: tuple[str, ...]


def prepare_model(name: str, job: Job) -> Any:
    """The model of a job, the same weights for every contender. TRL's checkpointing is left to TRL."""
    own = job.checkpointing and not name.startswith("trl")
    half = job.format == "bf16"
    return build(job.model, job.method, job.device, job.recipe().learning_rate, half, own).model


def make_contender(name: str, job: Job, model: Any, same_steps: bool) -> Contender:
    """Set a contender up.

    Args:
        same_steps: every update sees the rows that the engine draws for it (for comparing losses); otherwise peers
            group rows of like length where that is their better way.
    """
    rows = job.rows()
    recipe = job.recipe()
    together = min(WORKLOADS[job.workload].peer_rows, job.rows_per_step)
    if name.startswith("ours"):
        ours = OurPeer(model, rows, recipe, replace(job.ours(), flags=OURS[name]))
        notes = (
            *ours.paths.reasons,
            f"self-check {ours.check_processor_s:.1f} processor s",
            f"{ours.computed_tokens()} tokens computed",
        )
        return Contender(ours, rows, notes)
    drawn = drawn_order(rows, job.ours())  # peers see the steps that the engine draws
    if name.startswith("twin"):
        packed = job.max_tokens if name == "twin-packed" else None
        if not same_steps and job.workload == "chat" and packed is None:
            drawn = by_length_within_steps(drawn, job.rows_per_step)
        return Contender(TwinPeer(model, drawn, recipe, TwinSettings(job.rows_per_step, together, packed)), drawn, ())
    return Contender(_trl(name, job, model, drawn, recipe, together, same_steps), drawn, ())


def by_length_within_steps(rows: Sequence[TokenRow], rows_per_step: int) -> list[TokenRow]:
    """The rows of each step by falling length, so that padded batches hold less padding."""
    ordered: list[TokenRow] = []
    for start in range(0, len(rows), rows_per_step):
        ordered += sorted(rows[start : start + rows_per_step], key=lambda row: -row.tokens)
    return ordered


def _trl(
    name: str, job: Job, model: Any, rows: Sequence[TokenRow], recipe: Recipe, together: int, same_steps: bool
) -> Peer:
    from training_trl import TrlPeer, TrlSettings

    if name == "trl-default":
        together = min(_DEFAULT_ROWS, job.rows_per_step)
        settings = TrlSettings(together, job.rows_per_step // together, checkpointing=True)
    elif name == "trl-packed":
        longest = max(job.max_tokens, *(row.tokens for row in rows))
        if same_steps:  # packing takes rows from anywhere: only a pass of one step has the steps of the others
            rows = rows[: job.rows_per_step]
        bins = first_fit({number: row.tokens for number, row in enumerate(rows)}, longest)
        steps = 1 if same_steps else job.steps
        settings = TrlSettings(1, -(-len(bins) // steps), packed_tokens=longest)
    else:
        ragged = job.workload == "chat" and not same_steps
        settings = TrlSettings(together, job.rows_per_step // together, by_length=ragged)
    if job.checkpointing:
        settings = replace(settings, checkpointing=True)
    return TrlPeer(model, rows, recipe, settings)
