"""Attention in tiles: each allowed pair in one tile, values and gradients those of the dense mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from families import gradients_of, model_of, plain_gradients, relative_difference, row_of, sharing_rows, with_lora
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tree import token_rows
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from tunewright.training import tree_attention as module
from tunewright.training.forward import PathFlags, attention_arguments, can_tile, cost_shape
from tunewright.training.layout import plan_layout
from tunewright.training.loss import DecoderLoss
from tunewright.training.rows import TokenRow
from tunewright.training.sft import recompute_activations
from tunewright.training.tree import TokenTree, merge
from tunewright.training.tree_attention import TreeMask, tiles_of
from tunewright.training.tree_batch import stack_rows
from tunewright.training.tree_mask import ancestor_mask


def long_rows(seed: int, count: int = 6) -> list[TokenRow]:
    """Shared beginnings at two depths, long enough for triangles, rectangles and squares; a stranger, a duplicate."""
    random = np.random.default_rng(seed)
    trunk, branch = random.integers(3, 200, 80).tolist(), random.integers(3, 200, 70).tolist()
    rows = []
    for number in range(count):
        own = random.integers(3, 200, int(random.integers(2, 60))).tolist()
        begin = trunk if number % 2 else trunk + branch
        rows.append(row_of(begin + own, {5: 0.5, len(begin): 1.0, len(begin) + len(own) - 1: 1.0}))
    return [*rows, row_of(random.integers(3, 200, 100).tolist(), {99: 1.0}), rows[0]]


def covered(tree: TokenTree) -> np.ndarray:
    """How many tiles each pair is in."""
    pairs = np.zeros((tree.tokens, tree.tokens), dtype=np.int64)
    for tile in tiles_of(tree.ends):
        rows, columns = slice(tile.start, tile.end), slice(tile.first, tile.last)
        shape = pairs[rows, columns].shape
        allowed = np.tri(*shape, dtype=np.int64) if tile.causal else np.ones(shape, dtype=np.int64)
        if tile.mask is not None:
            allowed = (tile.mask[0, 0] == 0).numpy().astype(np.int64)
        pairs[rows, columns] += allowed
    return pairs


def wanted_pairs(tree: TokenTree) -> np.ndarray:
    places = np.arange(tree.tokens)
    return ((places[None] <= places[:, None]) & (places[:, None] < tree.ends[None])).astype(np.int64)


@settings(max_examples=60)
@given(rows=token_rows(most=10), small=st.integers(0, 12))
def test_each_allowed_pair_is_in_one_tile(rows: list[TokenRow], small: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALL", small)
        tree = merge(rows)
        np.testing.assert_array_equal(covered(tree), wanted_pairs(tree))


def test_a_common_beginning_and_its_branches() -> None:
    head = list(range(3, 103))
    tree = merge([row_of(head + [200 + number] * 70 + [7], {170: 1.0}) for number in range(3)])
    kinds = [(tile.end - tile.start, tile.last - tile.first, tile.causal) for tile in tiles_of(tree.ends)]
    assert kinds == [(100, 100, True), (210, 100, False), (70, 70, True), (70, 70, True), (70, 70, True)]
    np.testing.assert_array_equal(covered(tree), wanted_pairs(tree))


def attention(rows: list[list[TokenRow]], dtype: torch.dtype, tiled: bool) -> tuple[Tensor, list[Tensor]]:
    batch = stack_rows(rows, 0, torch.device("cpu"))
    assert batch.ends is not None
    assert batch.positions is not None
    sizes = [tree.tokens for tree in batch.trees]
    mask = ancestor_mask(batch.ends, batch.positions, None, dtype)
    if tiled:
        mask = TreeMask.of(batch.ends, batch.positions, sizes, dtype)
    random = torch.Generator().manual_seed(0)
    size = batch.ids.shape[1]
    parts = [torch.randn(len(rows), size, 2, 16, generator=random).to(dtype) for _ in range(4)]
    query, key, value, seen = (part.transpose(1, 2).clone().requires_grad_() for part in parts)
    result = scaled_dot_product_attention(query * 3.0, key, value, attn_mask=mask, scale=0.3)
    real = torch.arange(size)[None, :] < torch.tensor(sizes)[:, None]
    kept = result * real[:, None, :, None]
    return kept, list(torch.autograd.grad((kept * seen.detach()).sum(), [query, key, value]))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_attention_is_that_of_the_dense_mask(dtype: torch.dtype, tolerance: float) -> None:
    rows = [long_rows(0), long_rows(1, 3)]
    ours, found = attention(rows, dtype, True)
    theirs, wanted = attention(rows, torch.float32, False)
    assert ours.dtype == dtype
    assert relative_difference([ours.float()], [theirs]) < tolerance
    assert relative_difference([part.float() for part in found], wanted) < tolerance


@settings(max_examples=25, deadline=None)
@given(rows=token_rows(most=8, longest=12), small=st.integers(0, 12))
def test_random_tries_in_small_tiles(rows: list[TokenRow], small: int) -> None:
    rows = [*rows, row_of([200, 201, 202], {2: 1.0})]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALL", small)
        ours, found = attention([rows], torch.float32, True)
        theirs, wanted = attention([rows], torch.float32, False)
    assert relative_difference([ours], [theirs]) < 1e-5
    assert relative_difference(found, wanted) < 1e-4


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3", "mistral", "gpt2"])
def test_gradients_of_models(family: str, checkpointing: bool) -> None:
    """Long trees; in Gemma 3 and Mistral layers slide, so that their masks stay dense."""
    model = with_lora(model_of(family))
    rows = long_rows(2)
    wanted_loss, wanted = plain_gradients(model, rows)
    if checkpointing:
        recompute_activations(model)
    every = tuple(range(len(rows)))
    loss, _ = DecoderLoss(model, rows, PathFlags(), {every: (every,)})(every)
    found_loss, found = gradients_of(model, loss)
    assert found_loss == pytest.approx(wanted_loss, rel=1e-6)
    assert relative_difference(found, wanted) < 1e-5


def test_where_tiles_are_used() -> None:
    short = stack_rows([[row_of([5, 6, 7], {2: 1.0}), row_of([5, 8, 9], {2: 1.0})]], 0, torch.device("cpu"))
    long = stack_rows([long_rows(0)], 0, torch.device("cpu"))
    assert isinstance(attention_arguments(model_of("llama"), long)["attention_mask"], TreeMask)
    assert not isinstance(attention_arguments(model_of("llama"), long, tiles=False)["attention_mask"], TreeMask)
    gemma = model_of("gemma3")
    masks = attention_arguments(gemma, long)["attention_mask"]
    assert {kind: isinstance(mask, TreeMask) for kind, mask in masks.items()} == {
        "full_attention": True,
        "sliding_attention": False,
    }
    masks = attention_arguments(gemma, short)["attention_mask"]
    assert all(isinstance(mask, TreeMask) for mask in masks.values()), "no row is longer than the window"
    assert not can_tile(model_of("llama", attn_implementation="eager"))
    assert cost_shape(model_of("llama")).sparse
    assert not cost_shape(gemma).sparse
    assert not cost_shape(model_of("llama"), tiles=False).sparse


def test_whoever_looks_sees_the_dense_mask() -> None:
    batch = stack_rows([sharing_rows()], 0, torch.device("cpu"))
    assert batch.ends is not None
    assert batch.positions is not None
    mask = TreeMask.of(batch.ends, batch.positions, [batch.trees[0].tokens], torch.float32)
    dense = ancestor_mask(batch.ends, batch.positions, None, torch.float32)
    assert mask.shape == dense.shape
    assert (mask.dtype, mask.device, mask.ndim, mask.size(-1)) == (dense.dtype, dense.device, 4, dense.shape[-1])
    assert torch.equal(mask + 1.0, dense + 1.0)
    assert torch.equal(mask[:, :, :3], dense[:, :, :3])
    assert torch.equal(mask.data, dense)
    query = torch.randn(1, 2, dense.shape[-1], 8)
    with_dropout = scaled_dot_product_attention(query, query, query, attn_mask=mask, dropout_p=0.5)
    assert with_dropout.shape == query.shape


def test_rows_become_a_tree_where_it_saves_a_tenth_of_their_tokens() -> None:
    shape = cost_shape(model_of("llama"))

    def trees(shared: int, own: int) -> list[int]:
        rows = [row_of([7] * shared + [number] * own, {shared + own - 1: 1.0}) for number in range(10, 18)]
        return sorted(
            len(tree) for batch in plan_layout(rows, shape, max_tokens=10_000, share=True).batches for tree in batch
        )

    assert trees(shared=40, own=20) == [8]
    assert trees(shared=1, own=40) == [1] * 8  # a begin token alone is not worth holding all rows in memory


def test_a_tree_keeps_to_the_limit_of_tokens() -> None:
    rows = [row_of([7] * 60 + [number] * 20, {79: 1.0}) for number in range(10, 18)]
    capped = plan_layout(rows, cost_shape(model_of("llama")), max_tokens=120, share=True)
    sizes = [60 + 19 * len(tree) for batch in capped.batches for tree in batch]
    assert max(sizes) <= 120
    assert len(sizes) >= 3
