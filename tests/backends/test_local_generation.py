"""Replies against ``transformers.generate``, and what makes a reply: seeds, stops, log-probabilities, usage."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
import torch

from backends.local_backends import ask, local, plain_logits, replies
from tunewright.backends import local_batches
from tunewright.backends.local import LocalBackend
from tunewright.errors import Cancelled, InputError
from tunewright.language.render import prompt_ids
from tunewright.records.answers import Status
from tunewright.records.generation import Reply, Request, Watch

TEXTS = ["a", "Where is my parcel?", "one two three four five six seven", "b" * 90, "why", "c" * 40, "Where is it?"]
LONG = "Answer every question in the words of the handbook. " * 3


@pytest.mark.parametrize("system", ["", LONG], ids=["ragged", "prefix"])
@pytest.mark.parametrize("family", ["llama", "qwen2", "gpt2", "gemma3"])
def test_greedy_is_that_of_transformers(family: str, system: str) -> None:
    backend = local(family)
    requests = ask(*TEXTS[:5], system=system, logprobs=True)
    prompts = [list(prompt_ids(request.messages, (), backend.model.spec)) for request in requests]
    free = [_generated(backend, ids, 12) for ids in prompts]
    seen = Counter(token for made in free for token in set(made))
    stop = next((token for token, count in seen.most_common() if count < len(free)), seen.most_common()[-1][0])
    found = replies(local(family, stop=(stop,)), requests)
    for ids, made, reply in zip(prompts, free, found, strict=True):
        expected = made[: made.index(stop) + 1] if stop in made else made
        assert _margin(backend, ids, expected) > 1e-4  # else another token would be right as well
        assert reply.usage.output == len(expected)
        assert reply.finish == ("stop" if stop in made else "length")
        text = backend.model.spec.tokenizer.decode(made[: made.index(stop)] if stop in made else made)
        assert reply.text == text
        assert reply.logprob == pytest.approx(_logprob(backend, ids, expected), abs=1e-4)
    if family != "gemma3":  # behind the prefix its five replies are of the same tokens
        assert {reply.finish for reply in found} == {"stop", "length"}
    assert any(reply.usage.cached for reply in found) == bool(system)


def test_the_slow_path_gives_the_same() -> None:
    requests = ask(*TEXTS[:4], system=LONG, max_tokens=6, logprobs=True)
    slow = local(alone=True)
    assert "one by one" in slow.note
    for one, two in zip(replies(local(), requests), replies(slow, requests), strict=True):
        assert (one.text, one.finish, one.usage.output) == (two.text, two.finish, two.usage.output)
        assert one.logprob == pytest.approx(two.logprob, abs=1e-4)


def test_rows_that_end_make_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [row for size in (1, 9, 3) for row in ask(*TEXTS[:4], system=LONG, max_tokens=size)]
    expected = [reply.text for reply in replies(local(), requests)]
    monkeypatch.setattr(local_batches, "MOST_ROWS", 3)
    monkeypatch.setattr(local_batches, "_STACK_TOKENS", 64)
    assert [reply.text for reply in replies(local(), requests)] == expected


def test_stacks_hold_rows_of_like_length() -> None:
    lengths = sorted([1, 3, 5, 5, 40, 41, 200, 201, 202, 900, 1900, 2500])
    parts = [lengths[part] for part in local_batches.stacks(lengths, 0)]
    assert [length for part in parts for length in part] == lengths
    for part in parts:
        padded = len(part) * part[-1]
        assert len(part) == 1 or (padded <= 2048 and padded - sum(part) <= max(64, padded // 16))
    assert len(parts) < len(lengths)
    assert list(local_batches.stacks([], 5)) == []


def test_sampled_replies_follow_from_the_request_alone() -> None:
    backend = local()
    requests = ask(*TEXTS[:4], temperature=1.5, top_p=0.95, seed=3)
    together = [reply.text for reply in replies(backend, requests)]
    assert [replies(local(), [request])[0].text for request in requests] == together
    assert [reply.text for reply in replies(backend, ask(*TEXTS[:4], temperature=1.5, top_p=0.95, seed=4))] != together
    again = [Request(requests[1].messages, requests[1].decoding, (), n) for n in range(6)]
    assert len({reply.text for reply in replies(backend, again)}) == 6


def test_sampling_has_the_model_s_own_frequencies() -> None:
    backend = local()
    (request,) = ask("Where?", temperature=1.0, max_tokens=1)
    many = [Request(request.messages, request.decoding, (), n) for n in range(300)]
    counts = Counter(reply.text for reply in replies(backend, many))
    ids = list(prompt_ids(request.messages, (), backend.model.spec))
    chances = plain_logits(backend.model.weights, ids)[-1].softmax(-1)
    token = int(chances.argmax())
    expected, text = float(chances[token]), backend.model.spec.tokenizer.decode([token])
    assert counts[text] / 300 == pytest.approx(expected, abs=4 * math.sqrt(expected / 300))


def test_a_stop_string_ends_the_reply_wherever_its_tokens_end() -> None:
    """The tokenizer knows single bytes: every stop string of two letters crosses a border of tokens."""
    backend = local()
    whole = replies(backend, ask("Where?", max_tokens=30))[0].text or ""
    string = next(whole[n : n + 2] for n in range(3, 25) if "\ufffd" not in whole[n : n + 2])
    (reply,) = replies(backend, ask("Where?", max_tokens=30, stop=("never", string)))
    assert reply.text == whole[: whole.index(string)]
    assert (reply.finish, string in str(reply.text)) == ("stop", False)
    assert reply.usage.output < 30


@pytest.mark.parametrize("stop", [(), ("zz",), ("e",)])
def test_a_stream_is_the_reply_in_pieces(stop: tuple[str, ...]) -> None:
    for settings in ({}, {"temperature": 1.2, "seed": 5}):
        (request,) = ask("Where is it?", max_tokens=25, stop=stop, **settings)
        expected = replies(local(), [request])[0]
        pieces, reply = _streamed(local(), request)
        assert "".join(pieces) == reply.text == expected.text
        assert (reply.finish, reply.usage.output) == (expected.finish, expected.usage.output)
    assert len(pieces) > 1 or stop == ("e",)


def test_tokens_are_counted_once_each() -> None:
    backend = local()
    requests = ask(*TEXTS, system=LONG)
    found = replies(backend, requests)
    sizes = [len(prompt_ids(request.messages, (), backend.model.spec)) for request in requests]
    assert [r.usage.input + r.usage.cached + r.usage.cache_written for r in found] == sizes
    assert sum(reply.usage.cache_written > 0 for reply in found) == 1
    shared = max(reply.usage.cache_written for reply in found)
    assert shared > len(LONG)
    assert sorted(reply.usage.cached for reply in found) == [0] + [shared] * (len(TEXTS) - 1)
    later = replies(backend, requests)
    assert all(reply.usage.cached == shared for reply in later)
    assert all(reply.seconds > 0 for reply in found)


def test_calls_one_by_one_behind_a_prefix_read_it_twice_at_most() -> None:
    backend = local()
    used = [replies(backend, ask(text, system=LONG))[0].usage for text in TEXTS]
    assert used[0].cached == 0
    assert all(usage.cached > len(LONG) for usage in used[2:])


def test_what_one_request_lacks_is_its_own_failure() -> None:
    backend = local()
    requests = [*ask("fine"), *ask("x" * 600), Request(()), *ask("\ud800"), *ask("y" * 450, max_tokens=500)]
    good, long, empty, broken, cut = replies(backend, requests)
    assert good.status is Status.OK
    assert [reply.status for reply in (long, empty, broken)] == [Status.MODEL_FAIL] * 3
    assert [reply.text for reply in (long, empty, broken)] == [None] * 3
    assert "512" in long.detail
    assert "no text" in broken.detail
    assert empty.detail
    assert (cut.status, cut.finish) == (Status.OK, "length")
    assert cut.usage.input + cut.usage.output == 512


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"max_tokens": 0}, "generate.max_new_tokens"),
        ({"temperature": -1.0}, "generate.sampling"),
        ({"regex": "a", "choices": ("a",)}, "generation.two_constraints"),
        ({"stop": ("",)}, "generation.empty_stop"),
    ],
)
def test_requests_that_are_none_are_refused_before_anything_is_computed(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        local().complete([*ask("a"), *ask("b", **wrong)])
    assert caught.value.code == code
    assert "request 2" in str(caught.value.where)


def test_progress_and_cancelling() -> None:
    shares: list[float] = []
    backend = local()
    assert len(dict(backend.complete(ask(*TEXTS), Watch(progress=shares.append)))) == len(TEXTS)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    asked = iter(range(1000))
    watch = Watch(cancelled=lambda: next(asked) > 4)
    with pytest.raises(Cancelled):
        list(backend.complete(ask(*TEXTS, max_tokens=20), watch))
    assert list(backend.complete([])) == []


def _streamed(backend: LocalBackend, request: Request) -> tuple[list[str], Reply]:
    pieces: list[str] = []
    stream = backend.stream(request)
    while True:
        try:
            pieces.append(next(stream))
        except StopIteration as end:
            return pieces, end.value


def _generated(backend: LocalBackend, ids: list[int], new_tokens: int) -> list[int]:
    prompt = torch.tensor([ids])
    stops = list(backend.model.spec.stop)
    settings = {"max_new_tokens": new_tokens, "do_sample": False, "eos_token_id": stops, "pad_token_id": 0}
    whole = backend.model.weights.generate(prompt, attention_mask=torch.ones_like(prompt), **settings)
    found: list[int] = whole[0, len(ids) :].tolist()
    return found


def _margin(backend: LocalBackend, ids: list[int], made: list[int]) -> float:
    best = plain_logits(backend.model.weights, [*ids, *made])[len(ids) - 1 : -1].topk(2).values
    return float((best[:, 0] - best[:, 1]).min())


def _logprob(backend: LocalBackend, ids: list[int], made: list[int]) -> float:
    logits = plain_logits(backend.model.weights, [*ids, *made])[len(ids) - 1 : -1]
    return float(logits.log_softmax(-1).gather(1, torch.tensor(made)[:, None]).sum())
