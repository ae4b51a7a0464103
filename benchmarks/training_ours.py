"""The engine itself as a contender: steps drawn and laid out by ``plan_steps``, ``DecoderLoss``, ``train``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from training_curve import Clock, Curve, Recipe

from tunewright.training.forward import PathFlags, cost_shape
from tunewright.training.layout import CostShape
from tunewright.training.loop import LoopSettings, ParameterGroup, StepLog, Watch, train
from tunewright.training.loss import DecoderLoss
from tunewright.training.rows import TokenRow
from tunewright.training.self_check import PathReport, check_fast_path
from tunewright.training.token_batches import StepPlan, StepSettings, draw_steps, plan_steps
from tunewright.training.tree import merge


@dataclass(frozen=True, slots=True)
class OurSettings:
    """Rows of a step, padded tokens of a forward pass, the fast paths wanted, the seed that draws the steps.

    ``shape``: other costs than the model's own, for tests that want rows to share whatever it costs.
    """

    rows_per_step: int
    max_tokens: int
    flags: PathFlags = field(default_factory=PathFlags)
    seed: int = 0
    shape: CostShape | None = None

    def steps(self) -> StepSettings:
        """As the engine wants it: one epoch."""
        return StepSettings(self.seed, 1, self.max_tokens, rows_per_step=self.rows_per_step)


def drawn_order(rows: Sequence[TokenRow], settings: OurSettings) -> list[TokenRow]:
    """The rows as the engine draws them, step after step: peers that go through them in order see the same steps."""
    return [rows[row] for step in draw_steps(rows, settings.steps(), 0) for row in step]


class OurPeer:
    """Trains a model with the engine. The self-check of the fast paths runs when it is made, as before any run."""

    def __init__(self, model: Any, rows: Sequence[TokenRow], recipe: Recipe, settings: OurSettings) -> None:
        self._model = model
        self._rows = rows
        self._recipe = recipe
        self._settings = settings
        wanted = settings.flags
        began = time.process_time()
        if wanted.share or wanted.head:
            self.paths = check_fast_path(model, rows, recipe.precision, wanted)
        else:
            self.paths = PathReport(wanted, (), {}, 0.0)
        self.check_processor_s = time.process_time() - began

    def train(self, max_steps: int | None = None, keep_gradients: bool = False) -> Curve:
        """One pass over the rows, or the first ``max_steps`` steps of it; the seconds hold the layout of the steps."""
        curve, model, recipe = Curve(), self._model, self._recipe
        trained = [(name, part) for name, part in model.named_parameters() if part.requires_grad]
        matrices = [part for _, part in trained if part.ndim > 1]
        vectors = [part for _, part in trained if part.ndim <= 1]
        decays = ((matrices, recipe.weight_decay), (vectors, 0.0))
        groups = [ParameterGroup(parts, recipe.learning_rate, decay) for parts, decay in decays if parts]
        clock = Clock()
        plan = self.plan()
        epoch = plan.epochs[0][:max_steps]
        loss = DecoderLoss(model, self._rows, self.paths.flags, plan.trees)

        def note(log: StepLog) -> None:
            clock.note(curve)
            curve.losses.append(log.loss)
            curve.norms.append(log.gradient_norm)

        settings = LoopSettings(
            0, recipe.precision, schedule=recipe.schedule, warmup_share=0.0, clip_norm=recipe.clip_norm or float("inf")
        )
        if keep_gradients:
            curve.gradients = self._gradients(epoch[-1], loss)
        train(model, groups, [epoch], loss, lambda: 0.0, settings, Watch(step=note))
        return curve

    def plan(self) -> StepPlan:
        """The steps of the pass and their layout."""
        shape = self._settings.shape or cost_shape(self._model, self.paths.flags.tiles)
        return plan_steps(self._rows, self._settings.steps(), shape=shape, share=self.paths.flags.share)

    def computed_tokens(self) -> int:
        """Tokens that the model runs through in one pass, padding included."""
        total = 0
        plan = self.plan()
        for trees in plan.trees.values():
            sizes = [merge([self._rows[row] for row in tree]).tokens for tree in trees]
            total += len(sizes) * max(sizes)
        return total

    def _gradients(self, step: Any, loss: DecoderLoss) -> dict[str, Any]:
        """Gradients of a step's mean loss before anything is updated."""
        self._model.zero_grad(set_to_none=True)
        weight = 0.0
        for batch in step:
            with self._recipe.precision.autocast():
                value, part = loss(batch)
            value.backward()  # type: ignore[no-untyped-call]
            weight += part
        named = self._model.named_parameters()
        found = {name: part.grad / weight for name, part in named if part.grad is not None}
        self._model.zero_grad(set_to_none=True)
        return found
