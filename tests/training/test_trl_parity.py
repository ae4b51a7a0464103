"""The same curve as TRL's: same weights, rows, steps and schedule in, same losses and gradient norms out.

The peers live with the benchmark (``benchmarks/training_*.py``), so that what is timed there is what is proved here.
"""

from __future__ import annotations

import copy
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import FAMILIES, VOCABULARY, model_of, with_lora

from tunewright.training.forward import PathFlags
from tunewright.training.layout import CostShape
from tunewright.training.precision import Precision
from tunewright.training.rows import TokenRow
from tunewright.training.sft import recompute_activations

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from training_curve import Curve, Recipe
from training_ours import OurPeer, OurSettings, drawn_order
from training_trl import TrlPeer, TrlSettings
from training_twin import TwinPeer, TwinSettings

FP32 = Precision("cpu", "fp32", "parity is proved in full precision")
ALL, DENSE, PLAIN = PathFlags(), PathFlags(tiles=False), PathFlags(share=False, head=False, tiles=False)
SHARE_ALL = CostShape(per_token=1.0, per_pair=1e-6, per_batch=1.0)
STEPS, ROWS = 50, 8


@pytest.fixture(scope="module", autouse=True)
def trl() -> Any:
    """TRL takes seconds to import: once, and only when these tests run."""
    return pytest.importorskip("trl")


def ragged_rows(count: int, seed: int = 0) -> list[TokenRow]:
    """Half of the rows share a beginning; lengths 6 to 40; trained pieces of any place, some in the shared part."""
    random = np.random.default_rng(seed)
    shared = random.integers(3, VOCABULARY, 17)
    rows = []
    for number in range(count):
        own = random.integers(3, VOCABULARY, random.integers(6, 24))
        ids = np.concatenate([shared[: random.integers(9, 18)], own]) if number % 2 else own
        weights = np.zeros(len(ids), dtype=np.float32)
        start = int(random.integers(1, len(ids)))
        weights[start : start + int(random.integers(1, 9))] = 1.0
        weights[-1] = 1.0
        rows.append(TokenRow(ids.astype(np.int32), weights))
    return rows


def model_for(family: str, method: str) -> Any:
    model = model_of(family)
    return with_lora(model) if method == "lora" else model


def checkpointed(model: Any) -> Any:
    recompute_activations(model)
    model.enable_input_require_grads()
    return model


def both_curves(family: str, method: str, schedule: Any, decay: float, flags: PathFlags) -> tuple[Curve, Curve]:
    rows = ragged_rows(STEPS * ROWS)
    recipe = Recipe(3e-3 if method == "lora" else 1e-3, FP32, schedule=schedule, weight_decay=decay)
    ours = OurSettings(ROWS, max_tokens=160, flags=flags)
    model = model_for(family, method)
    peer = TrlPeer(copy.deepcopy(model), drawn_order(rows, ours), recipe, TrlSettings(4, ROWS // 4))
    return peer.train(), our_peer(model, rows, recipe, ours).train()


def our_peer(model: Any, rows: list[TokenRow], recipe: Recipe, settings: OurSettings) -> OurPeer:
    """The engine, by the paths that were asked for and no others; models this small would not share of their own."""
    peer = OurPeer(model, rows, recipe, replace(settings, shape=SHARE_ALL))
    assert peer.paths.flags == settings.flags, peer.paths.reasons
    trees = [tree for stack in peer.plan().trees.values() for tree in stack]
    assert any(len(tree) > 2 for tree in trees) == settings.flags.share
    return peer


def assert_same_curve(theirs: Curve, ours: Curve) -> None:
    assert len(theirs.losses) == len(ours.losses) == STEPS
    assert np.abs(np.subtract(theirs.losses, ours.losses)).max() < 1e-5
    assert np.allclose(theirs.norms, ours.norms, rtol=1e-4)
    assert np.ptp(ours.losses) > 0.2  # something was learned: curves that stand still agree without merit


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "method", "schedule", "decay"),
    [
        ("llama", "full", "linear", 0.0),
        ("llama", "lora", "constant", 0.1),
        ("qwen3", "full", "constant", 0.0),
        ("qwen3", "lora", "linear", 0.0),
    ],
)
def test_fifty_steps_have_the_losses_of_trl(family: str, method: str, schedule: str, decay: float) -> None:
    assert_same_curve(*both_curves(family, method, schedule, decay, ALL))


@pytest.mark.slow
def test_fifty_steps_without_fast_paths_have_the_losses_of_trl() -> None:
    assert_same_curve(*both_curves("llama", "lora", "linear", 0.0, PLAIN))


def one_step_gradients(family: str, method: str, flags: PathFlags, checkpointing: bool) -> tuple[Any, Any]:
    """The gradients of the mean loss of one ragged step of 12 rows, unclipped: TRL's and ours."""
    rows = ragged_rows(12, seed=3)
    recipe = Recipe(1e-3, FP32, clip_norm=0.0)
    ours = OurSettings(len(rows), max_tokens=160, flags=flags)
    model = model_for(family, method)
    settings = TrlSettings(4, 3, checkpointing=checkpointing)
    theirs = TrlPeer(copy.deepcopy(model), drawn_order(rows, ours), recipe, settings).train(keep_gradients=True)
    peer = our_peer(checkpointed(model) if checkpointing else model, rows, recipe, ours)
    norm = next(part for name, part in model.named_modules() if name.endswith(("0.input_layernorm", "0.ln_1")))
    calls: list[int] = []
    norm.register_forward_hook(lambda *_: calls.append(1))
    gradients = peer.train(keep_gradients=True).gradients
    passes = 2 * len(peer.plan().epochs[0][0])  # one to look at the gradients, one to train
    assert len(calls) == passes * (2 if checkpointing else 1)
    return theirs.gradients, gradients


def assert_same_gradients(theirs: dict[str, torch.Tensor], ours: dict[str, torch.Tensor]) -> None:
    assert theirs.keys() == ours.keys()
    norm = torch.stack([part.norm() for part in theirs.values()]).norm()
    assert norm > 0.1
    for name, wanted in theirs.items():
        assert float((ours[name] - wanted).norm() / norm) < 1e-5, name
        assert float((ours[name] - wanted).abs().max()) < 1e-5, name


@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "checkpointed"])
@pytest.mark.parametrize("flags", [PLAIN, DENSE, ALL], ids=["plain", "tree", "tiles"])
@pytest.mark.parametrize("family", ["llama", pytest.param("qwen3", marks=pytest.mark.nightly)])
def test_one_step_has_the_lora_gradients_of_trl(family: str, flags: PathFlags, checkpointing: bool) -> None:
    assert_same_gradients(*one_step_gradients(family, "lora", flags, checkpointing))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_accumulating_eight_batches_of_one_is_one_batch_of_eight(method: str) -> None:
    rows = ragged_rows(16, seed=5)
    recipe = Recipe(3e-3, FP32)
    curves = []
    for rows_together, max_tokens in ((8, 4096), (1, 1)):
        start = model_for("llama", method)
        ours = OurSettings(8, max_tokens, flags=PLAIN)
        batches = OurPeer(start, rows, recipe, ours).plan().epochs[0]
        assert {len(step) for step in batches} == ({1} if max_tokens > 1 else {8})
        curves.append(OurPeer(copy.deepcopy(start), rows, recipe, ours).train())
        order = drawn_order(rows, ours)
        curves.append(TrlPeer(start, order, recipe, TrlSettings(rows_together, 8 // rows_together)).train())
    for other in curves[1:]:
        assert np.abs(np.subtract(other.losses, curves[0].losses)).max() < 1e-5
    assert np.abs(np.subtract(curves[2].losses, curves[0].losses)).max() < 1e-6
    assert np.allclose(curves[2].norms, curves[0].norms, rtol=1e-6)


@pytest.mark.parametrize("packed", [None, 96], ids=["padded", "packed"])
def test_the_plain_twin_is_the_step_of_trl(packed: int | None) -> None:
    rows = ragged_rows(48, seed=7)
    recipe = Recipe(3e-3, FP32)
    model = model_for("llama", "lora")
    theirs = TrlPeer(copy.deepcopy(model), rows, recipe, TrlSettings(4, 2)).train()
    twin = TwinPeer(model, rows, recipe, TwinSettings(8, 3, packed)).train()
    assert np.abs(np.subtract(theirs.losses, twin.losses)).max() < 1e-5
    assert np.allclose(theirs.norms, twin.norms, rtol=1e-4)


def test_packed_trl_has_the_loss_of_the_rows_alone() -> None:
    rows = ragged_rows(8, seed=9)
    recipe = Recipe(3e-3, FP32)
    model = model_for("llama", "lora")
    alone = TrlPeer(copy.deepcopy(model), rows, recipe, TrlSettings(8, 1)).train()
    packed = TrlPeer(model, rows, recipe, TrlSettings(1, 8, packed_tokens=96)).train()
    assert len(packed.losses) == 1
    assert packed.losses[0] == pytest.approx(alone.losses[0], abs=1e-5)


@pytest.mark.nightly
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["full", "lora"])
def test_every_family_has_the_curve_and_gradients_of_trl(family: str, method: str) -> None:
    for flags in (ALL, DENSE, PLAIN):
        assert_same_curve(*both_curves(family, method, "linear", 0.0, flags))
        for checkpointing in (False, True):
            assert_same_gradients(*one_step_gradients(family, method, flags, checkpointing))
