"""Generation against ``transformers.generate`` and against sampling written out."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from tiny_decoders import FAMILIES, STOP, rows, tiny_model, tiny_tokenizer
from tunewright.errors import Cancelled, InputError
from tunewright.language.generate import Decoding, generate, sample, text_of

RAGGED = [*rows(3, 9, seed=1), *rows(2, 4, seed=2), *rows(2, 21, seed=3), *rows(1, 40, seed=4), *rows(1, 1, seed=6)]


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_is_that_of_transformers_token_by_token(family: str) -> None:
    model = tiny_model(family)
    stop = _likely_stop(model)
    ours = generate(model, None, RAGGED, Decoding(20, (stop, STOP)))
    ended = 0
    for prompt, answer in zip(RAGGED, ours, strict=True):
        with torch.inference_mode():
            whole = model.generate(
                torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=20,
                do_sample=False,
                eos_token_id=[stop, STOP],
            )
        assert list(answer.ids) == whole[0, len(prompt) :].tolist()
        assert answer.finish == ("stop" if answer.ids[-1] in (stop, STOP) else "length")
        ended += answer.finish == "stop"
    assert 0 < ended < len(RAGGED)


def test_logprobs_and_margins_are_those_of_one_plain_forward() -> None:
    model = tiny_model("gemma3")
    for prompt, answer in zip(RAGGED, generate(model, None, RAGGED, Decoding(6, ())), strict=True):
        with torch.inference_mode():
            logits = model(torch.tensor([[*prompt, *answer.ids]])).logits[0, len(prompt) - 1 : -1]
        best = logits.topk(2).values
        chosen = logits.log_softmax(-1).gather(1, torch.tensor(answer.ids)[:, None])[:, 0]
        torch.testing.assert_close(torch.tensor(answer.logprobs), chosen, atol=2e-5, rtol=0)
        torch.testing.assert_close(torch.tensor(answer.margins), best[:, 0] - best[:, 1], atol=2e-5, rtol=0)


def test_an_answer_does_not_depend_on_its_batch_even_when_sampled() -> None:
    model = tiny_model("llama")
    decoding = Decoding(8, (STOP,), temperature=1.3, top_p=0.9, seed=3)
    together = generate(model, None, RAGGED, decoding)
    alone = generate(model, None, RAGGED, decoding, batch_tokens=1)
    assert [answer.ids for answer in together] == [answer.ids for answer in alone]
    assert generate(model, None, RAGGED, Decoding(8, (STOP,), temperature=1.3, top_p=0.9, seed=4)) != together
    state = torch.random.get_rng_state()
    generate(model, None, RAGGED[:1], decoding)
    assert torch.equal(state, torch.random.get_rng_state())


def test_equal_prompts_get_random_numbers_of_their_own() -> None:
    answers = generate(tiny_model("llama"), None, [RAGGED[0]] * 12, Decoding(6, (), temperature=1.0, seed=0))
    assert len({answer.ids for answer in answers}) > 6


def test_sampling_has_the_frequencies_of_the_warped_distribution() -> None:
    """Against transformers' own warpers, applied in their order."""
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    logits = torch.tensor([[2.0, 1.5, 0.0, -1.0, 1.0, -3.0]])
    decoding = Decoding(1, (), temperature=0.8, top_p=0.85, top_k=4)
    warped = TemperatureLogitsWarper(0.8)(None, logits)
    warped = TopPLogitsWarper(0.85)(None, TopKLogitsWarper(4)(None, warped))
    expected = warped.softmax(-1)[0]
    draws = (torch.arange(20_000) + 0.5) / 20_000
    counts = Counter(sample(logits.expand(20_000, -1).clone(), draws, decoding).tolist())
    assert set(counts) == set(torch.nonzero(expected > 0)[:, 0].tolist())
    for token, count in counts.items():
        assert count / 20_000 == pytest.approx(float(expected[token]), abs=1e-4)


def test_text_leaves_out_the_stop_token_alone() -> None:
    tokenizer = tiny_tokenizer()
    assert text_of(tokenizer, [5, 6, STOP], (STOP,)) == "w1 w2"
    assert text_of(tokenizer, [5, 6], (STOP,)) == "w1 w2"
    assert text_of(tokenizer, [5, 1, 6], (STOP,)) == "w1 <s> w2"
    assert text_of(tokenizer, [], (STOP,)) == ""


def test_answers_end_where_the_model_has_no_more_positions() -> None:
    model = tiny_model("gpt2")
    answers = generate(model, None, [rows(1, 60)[0], rows(1, 63)[0]], Decoding(20, ()))
    assert [len(answer.ids) for answer in answers] == [4, 1]
    assert {answer.finish for answer in answers} == {"length"}


def test_wrong_input_is_said() -> None:
    model = tiny_model("llama")
    for prompts, code in ([[]], "generate.empty_prompt"), ([rows(1, 64)[0]], "generate.prompt_too_long"):
        with pytest.raises(InputError) as caught:
            generate(model, None, prompts, Decoding(1, ()))
        assert caught.value.code == code
    for wrong in ({"temperature": -1.0}, {"top_p": 0.0}, {"top_k": -1}):
        with pytest.raises(InputError):
            Decoding(1, (), **wrong)
    with pytest.raises(InputError):
        Decoding(0, ())


def test_mode_progress_and_cancelling() -> None:
    model = tiny_model("llama").train()
    shares: list[float] = []
    generate(model, None, RAGGED, Decoding(2, ()), progress=shares.append)
    assert model.training
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    with pytest.raises(Cancelled):
        generate(model, None, RAGGED, Decoding(2, ()), cancelled=lambda: True)
    assert model.training


def _likely_stop(model: torch.nn.Module) -> int:
    """A token that some greedy answers reach and others do not."""
    answers = generate(model, None, RAGGED, Decoding(20, ()))
    seen = Counter(token for answer in answers for token in set(answer.ids[1:]))
    return next(token for token, count in seen.most_common() if count < len(RAGGED) - 2)
