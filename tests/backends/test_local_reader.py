"""Rows behind a shared prefix against one plain forward of each whole row."""

from __future__ import annotations

import pytest
import torch

from backends.local_backends import plain_logits
from tiny_decoders import FAMILIES, rows, tiny_model
from tunewright.backends import local_prefix, local_reader
from tunewright.backends.local_prefix import PrefixStore, common, plan, sharing_problem
from tunewright.backends.local_reader import PlainReader, Prefix, Reader, SharedReader, Tail, read_prefix

PREFIX = rows(1, 19, seed=9)[0]
ROWS = [rows(1, size, seed=size)[0] for size in (3, 9, 1, 14, 5)]
TREE = Tail((5, 6, 7, 8), (-1, 0, 0, -1))
TREE_PATHS = ([5], [5, 6], [5, 7], [8])


@pytest.mark.parametrize("prefix", [PREFIX, []], ids=["prefix", "none"])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_whole_rows(family: str, prefix: list[int]) -> None:
    """Gemma 3 slides 8 tokens wide: its windows begin in the prefix, and behind it."""
    model = tiny_model(family)
    shared = read_prefix(model, prefix) if prefix else Prefix()
    for reader in (SharedReader(model, shared, 2, 4), PlainReader(model, prefix)):
        _follow(reader, model, prefix)


def test_long_rows_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_reader, "_PIECE", 4)
    for family in ("llama", "gemma3"):
        model = tiny_model(family)
        _follow(SharedReader(model, read_prefix(model, PREFIX), 1, 1), model, PREFIX)


def test_a_model_keeps_its_own_attention() -> None:
    model = tiny_model("llama")
    ids = [*PREFIX, *ROWS[0]]
    before, implementation = plain_logits(model, ids), model.config._attn_implementation
    SharedReader(model, read_prefix(model, PREFIX), 2).add(ROWS)
    assert model.config._attn_implementation == implementation
    assert torch.equal(plain_logits(model, ids), before)


def test_models_that_cannot_share_are_found_out() -> None:
    assert {family: sharing_problem(tiny_model(family)) for family in FAMILIES} == dict.fromkeys(FAMILIES)
    import transformers

    bloom = transformers.BloomForCausalLM(
        transformers.BloomConfig(vocab_size=96, hidden_size=32, n_layer=2, n_head=4)
    ).eval()
    assert "bloom" in str(sharing_problem(bloom))


def test_a_wrong_attention_is_found_out_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AttentionInterface

    def wrong(*arguments: object, **named: object) -> object:
        output, weights = local_reader.shared_attention(*arguments, **named)
        return output * 1.2, weights

    monkeypatch.setitem(AttentionInterface._global_mapping, local_reader.NAME, wrong)
    assert "differ" in str(sharing_problem(tiny_model("llama")))


def test_a_prefix_is_read_once_and_its_beginning_is_taken_over() -> None:
    model = tiny_model("llama")
    store = PrefixStore(model)
    ids = tuple(PREFIX)
    first, read = store.get(ids)
    assert read == len(ids)
    assert store.get(ids) == (first, 0)
    longer, read = store.get((*ids[:15], 4, 4, 5))
    assert read == 3
    for one, two in zip(longer.keys, read_prefix(model, [*ids[:15], 4, 4, 5]).keys, strict=True):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=0)
    assert store.familiar((*ids, 1)) == len(ids)
    assert store.familiar((7, 7, 7)) == 0


def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    store = PrefixStore(tiny_model("llama"))
    first, _ = store.get(tuple(PREFIX))
    monkeypatch.setattr(local_prefix, "_KEPT_BYTES", first.bytes)
    store.get(tuple(ROWS[3]))
    assert store.get(tuple(ROWS[3]))[1] == 0
    assert store.get(tuple(PREFIX))[1] == len(PREFIX)


def test_prompts_are_grouped_where_that_saves_reading() -> None:
    head = tuple(range(5))
    one = head + tuple(range(100, 500))
    two = head + tuple(range(600, 900))
    prompts = [(*one, 1, n) for n in range(6)] + [(*two, n) for n in range(4)] + [(*head, 9, 9), (7,)]
    groups = {group.prefix: sorted(group.rows) for group in plan(prompts)}
    assert groups == {406: [0, 1, 2, 3, 4, 5], 305: [6, 7, 8, 9], 0: [10, 11]}
    assert [(group.rows, group.prefix) for group in plan([one] * 3)] == [((0, 1, 2), len(one) - 1)]
    assert plan([]) == []
    assert common((1, 2, 3), (1, 2, 4)) == 2


def _follow(reader: Reader, model: torch.nn.Module, prefix: list[int]) -> None:
    whole = [[*prefix, *row] for row in ROWS]
    found = torch.cat([reader.add(ROWS[:3]), reader.add(ROWS[3:])])
    _check(found, model, whole)
    for gone in (4, 0):
        reader.drop(gone)
        whole[gone] = whole[-1]
        whole.pop()
    for turn in range(3):
        tokens = [4 + 7 * turn + place for place in range(len(whole))]
        whole = [[*row, token] for row, token in zip(whole, tokens, strict=True)]
        _check(reader.step(tokens), model, whole)
    looked = reader.look([TREE] * len(whole), [range(4)] * len(whole))
    _check(looked, model, [[*row, *path] for row in whole for path in TREE_PATHS])
    chains = [Tail.chain([5, 6]), Tail.chain([7]), Tail.chain([8, 9, 4])]
    looked = reader.look(chains, [[0, 1], [0], [2]])
    _check(looked, model, [[*whole[0], 5], [*whole[0], 5, 6], [*whole[1], 7], [*whole[2], 8, 9, 4]])
    _check(reader.step([4] * len(whole)), model, [[*row, 4] for row in whole])


def _check(found: torch.Tensor, model: torch.nn.Module, whole: list[list[int]]) -> None:
    expected = torch.stack([plain_logits(model, row)[-1] for row in whole])
    torch.testing.assert_close(found, expected, atol=3e-5, rtol=0)
