"""Choices against scoring each label behind its own prompt: the slow, obvious way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from backends.local_backends import ask, favour, local, plain_logits, replies
from tunewright.backends.local import LocalBackend
from tunewright.backends.local_choices import LabelTrie
from tunewright.errors import InputError
from tunewright.language.labels import label_ids
from tunewright.language.render import prompt_ids
from tunewright.records.answers import Status
from tunewright.records.example import Message
from tunewright.records.generation import Request

LABELS = ("card", "card lost", "cards", "refund", "ref", "", "transfer failed", "transfer late", "top up")
TEXTS = ["My card is gone", "money back", "z" * 70, "a", "the transfer"]
SYSTEM = "Say which desk the message belongs to: " + ", ".join(LABELS)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma3"])
def test_search_and_whole_trie_find_what_scoring_each_label_finds(family: str) -> None:
    backend = local(family)
    requests = [*ask(*TEXTS, system=SYSTEM, choices=LABELS), *ask("alone", choices=LABELS[:4])]
    every = [_with_logprobs(request) for request in requests]
    for one, two, request in zip(replies(backend, requests), replies(backend, every), requests, strict=True):
        expected = _scored(backend, request)
        best = int(expected.argmax())
        labels = request.decoding.choices
        assert one.text == two.text == labels[best]
        assert one.logprob == pytest.approx(expected[best], abs=1e-4)
        np.testing.assert_allclose(two.choices, expected, atol=1e-4)
        assert (one.choices, one.finish, one.status) == ((), "stop", Status.OK)
        assert one.usage.output == len(labels[best]) + 1  # a byte each, and the stop token


def test_the_slow_path_finds_the_same() -> None:
    requests = ask(*TEXTS[:2], system=SYSTEM, choices=LABELS[:5], logprobs=True)
    for one, two in zip(replies(local(), requests), replies(local(alone=True), requests), strict=True):
        assert one.text == two.text
        np.testing.assert_allclose(one.choices, two.choices, atol=1e-4)


def test_a_label_that_others_begin_with_can_win_and_lose() -> None:
    found: set[str | None] = set()
    for amount in (0.0, 9.0):
        backend = local()
        favour(backend, backend.model.spec.tokenizer.convert_tokens_to_ids("b"), amount)
        requests = ask(*TEXTS, choices=("ab", "a"))
        texts = [reply.text for reply in replies(backend, requests)]
        assert texts == [("ab", "a")[int(_scored(backend, row).argmax())] for row in requests]
        found.update(texts)
    assert found == {"ab", "a"}


def test_labels_can_be_drawn_by_their_probability() -> None:
    backend = local()
    (request,) = ask("My card", choices=LABELS[:3], temperature=1.0)
    many = [Request(request.messages, request.decoding, (), n) for n in range(120)]
    drawn = [reply.text for reply in replies(backend, many)]
    assert drawn == [reply.text for reply in replies(local(), many)]
    scores = np.exp(_scored(backend, request))
    chances = scores / scores.sum()
    for label, chance in zip(LABELS[:3], chances, strict=True):
        assert drawn.count(label) / 120 == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / 120) + 1e-9)


def test_a_label_twice_is_said_and_a_long_case_is_its_own_failure() -> None:
    backend = local()
    with pytest.raises(InputError) as caught:
        backend.complete(ask("a", choices=("x", "x")))
    assert caught.value.code == "labels.same_tokens"
    short, long = replies(backend, ask("a", "b" * 490, choices=("yes", "no" * 10)))
    assert short.status is Status.OK
    assert (long.status, long.text) == (Status.MODEL_FAIL, None)


def test_a_choice_streams_in_one_piece() -> None:
    backend = local()
    (request,) = ask("My card is gone", choices=LABELS[:4])
    assert list(backend.stream(request)) == [replies(backend, [request])[0].text]


def test_a_trie_shares_beginnings() -> None:
    trie = LabelTrie.of([(5, 6, 2), (5, 2), (5, 6, 7, 8, 2), (9, 2)])
    assert [trie.tokens[node] for node in trie.read] == [5, 6, 7, 8, 9]
    assert sorted(label for label in trie.label if label >= 0) == [0, 1, 2, 3]
    (node,) = [node for node in trie.read if trie.tokens[node] == 7]
    assert [trie.tokens[step] for step in trie.path(node)] == [5, 6, 7]
    assert [trie.tokens[step] for step in trie.onward(node)] == [8]


def _with_logprobs(request: Request) -> Request:
    return replace(request, decoding=replace(request.decoding, logprobs=True))


def _scored(backend: LocalBackend, request: Request) -> np.ndarray:
    prompt = list(prompt_ids(request.messages, (), backend.model.spec))
    found = []
    for label in label_ids(request.decoding.choices, (Message("user", "?"),), backend.model.spec):
        logits = plain_logits(backend.model.weights, [*prompt, *label])[len(prompt) - 1 : -1]
        found.append(float(logits.double().log_softmax(-1).gather(1, torch.tensor(label)[:, None]).sum()))
    return np.array(found)
