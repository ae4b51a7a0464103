"""Labels scored as whole answers: against the plain way, one row at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from families import model_of
from torch import Tensor, nn

from tunewright.training.forward import PathFlags
from tunewright.training.label_scores import LabelScorer, probabilities

LABELS = ((5, 6, 2), (5, 6, 7, 2), (9, 2), (5, 2))
PROMPTS = ((3, 4, 5, 6, 7, 8), (3, 4), (3, 4, 5, 6, 7, 8), (11, 12, 13))


def plain(model: nn.Module, prompt: tuple[int, ...], label: tuple[int, ...]) -> float:
    ids = torch.tensor([[*prompt, *label]])
    with torch.inference_mode():
        logits: Tensor = model(input_ids=ids).logits[0].log_softmax(-1)
    return sum(float(logits[len(prompt) + place - 1, token]) for place, token in enumerate(label))


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("max_tokens", [8, 4096])
def test_scores_are_those_of_one_row_at_a_time(share: bool, max_tokens: int) -> None:
    model = model_of("llama").eval()
    found = LabelScorer(model, LABELS, PathFlags(share=share), max_tokens).log_probabilities(PROMPTS)
    wanted = [[plain(model, prompt, label) for label in LABELS] for prompt in PROMPTS]
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3  # prompts matter


def test_shares_add_up_and_the_likeliest_label_has_the_largest() -> None:
    scores = np.array([[-1000.0, -1001.0], [-2.0, -0.5]])
    shares = probabilities(scores)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    np.testing.assert_allclose(shares[0], [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))])
    assert shares[1].argmax() == 1


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_prompts_beyond_the_context_are_nan_and_say_why(family: str) -> None:
    model = model_of(family, **({"n_positions": 24} if family == "gpt2" else {"max_position_embeddings": 24})).eval()
    scorer = LabelScorer(model, LABELS, PathFlags())
    longest = tuple(3 + place for place in range(24 - 4))
    found = scorer.log_probabilities([PROMPTS[0], (*longest, 3), longest])
    assert np.isnan(found).tolist() == [[False] * 4, [True] * 4, [False] * 4]
    wanted = [[plain(model, prompt, label) for label in LABELS] for prompt in (PROMPTS[0], longest)]
    np.testing.assert_allclose(found[[0, 2]], wanted, atol=2e-5)
    assert scorer.problem(longest) is None
    error = scorer.problem((*longest, 3))
    assert error is not None
    assert error.code == "labels.prompt_too_long"
    assert "21 tokens" in str(error)
    assert "at most 20" in str(error)
    assert np.isnan(scorer.log_probabilities([(*longest, 3)])).all()
    shares = probabilities(found)
    assert np.isnan(shares[1]).all()
    np.testing.assert_allclose(shares[[0, 2]].sum(axis=1), 1.0)
