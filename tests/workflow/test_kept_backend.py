"""Replies are asked for once: by content, over runs, and gone with the rows whose words they rest on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tunewright.records.answers import Status
from tunewright.records.example import Example, Message, Source, ToolCall, input_digest
from tunewright.records.generation import Decoding, Reply, Request, Watch
from tunewright.records.usage import Usage
from tunewright.store import Store
from tunewright.workflow.kept_backend import Alone, KeptBackend, read_reply, write_reply


@dataclass
class Costly:
    """A server that fails some requests and counts what it was asked."""

    fails: frozenset[str] = frozenset()
    dies_after: int = 1_000
    weights: str = "w1"
    network: bool = True
    name: str = "costly"
    usd: float | None = 0.01
    asked: list[str] = field(default_factory=list)

    def identity(self) -> Mapping[str, str]:
        return {"weights": self.weights}

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        for place, request in enumerate(requests):
            if len(self.asked) == self.dies_after:
                raise KeyboardInterrupt
            text = request.messages[-1].content
            self.asked.append(text)
            if text in self.fails:
                yield place, Reply(None, Status.INFRA_FAIL, "none")
            else:
                yield place, Reply(text.upper(), usd=self.usd, usage=Usage(input=3, output=1), seconds=0.5)

    def close(self) -> None:
        """Nothing is held."""


def request(text: str, **decoding: float) -> Request:
    message = Message("user", text)
    return Request((message,), Decoding(**decoding), owners=(input_digest((message,)),))  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / ".tunewright") as opened:
        yield opened


def ask(backend: KeptBackend, *texts: str) -> list[Reply]:
    replies = dict(backend.complete([request(text) for text in texts], Watch()))
    return [replies[place] for place in range(len(texts))]


def test_what_was_asked_once_is_never_paid_again(store: Store) -> None:
    first = KeptBackend(Alone(Costly()), store.replies)
    assert [reply.text for reply in ask(first, "a", "b", "a")] == ["A", "B", "A"]
    assert (first.asked, round(first.spent_usd, 6)) == (2, 0.02)
    again = KeptBackend(Alone(Costly()), store.replies)
    assert ask(again, "b", "c") == [Reply("B", usd=0.01, usage=Usage(input=3, output=1), seconds=0.5), *ask(again, "c")]
    assert again.asked == 1


def test_timed_what_is_billed_takes_its_time_of_then_and_what_is_free_is_asked_again(store: Store) -> None:
    def timed(inner: Costly) -> tuple[list[float], int]:
        ask(KeptBackend(Alone(Costly(weights=inner.weights, usd=inner.usd, network=inner.network)), store.replies), "a")
        told: list[float] = []
        backend = KeptBackend(Alone(inner), store.replies)
        assert [reply.text for _, reply in backend.complete([request("a")], Watch(timed=told.append))] == ["A"]
        return told, backend.asked

    assert timed(Costly()) == ([0.5], 0)
    assert timed(Costly(weights="w2", usd=None, network=False)) == ([0.5], 0)
    assert timed(Costly(weights="w3", usd=0.0, network=False)) == ([0.0], 1)


@dataclass
class Slow(Costly):
    """A server whose replies are waited for a while."""

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        time.sleep(self.takes_s)
        yield from Costly.complete(self, requests, watch)

    takes_s: float = 0.1


@pytest.mark.parametrize("takes_s", [0.05, 0.6])
def test_timed_new_replies_of_a_call_are_waited_for_beside_its_kept_ones(store: Store, takes_s: float) -> None:
    """The kept reply took half a second; the whole call takes the longer of the two."""
    ask(KeptBackend(Alone(Slow(takes_s=0.0)), store.replies), "a")
    told: list[float] = []
    started = time.perf_counter()
    backend = KeptBackend(Alone(Slow(takes_s=takes_s)), store.replies)
    replies = dict(backend.complete([request("a"), request("b")], Watch(timed=told.append)))
    elapsed = time.perf_counter() - started
    assert [replies[place].text for place in (0, 1)] == ["A", "B"]
    (more,) = told
    assert max(0.5 - elapsed, 0.0) <= more <= max(0.5 - takes_s, 0.0)


def test_killed_in_the_middle_the_next_run_pays_for_what_is_missing(store: Store) -> None:
    texts = [f"case {number}" for number in range(40)]
    dying = Costly(dies_after=25)
    with pytest.raises(KeyboardInterrupt):
        ask(KeptBackend(Alone(dying), store.replies), *texts)
    healthy = Costly()
    assert [reply.text for reply in ask(KeptBackend(Alone(healthy), store.replies), *texts)] == [
        t.upper() for t in texts
    ]
    assert healthy.asked == texts[25:]


@pytest.mark.parametrize(("usd", "lost"), [(0.01, 0), (None, 0), (0.0, 8)], ids=["priced", "unpriced", "free"])
def test_a_server_on_this_machine_that_bills_loses_no_paid_reply_to_a_kill(
    store: Store, monkeypatch: pytest.MonkeyPatch, usd: float | None, lost: int
) -> None:
    """A kill runs no ``finally``: what counts is what was written down while replies came."""
    put: list[int] = []
    monkeypatch.setattr(type(store.replies), "put", lambda _shelf, kept: put.append(len(kept)))
    answers = KeptBackend(Alone(Costly(network=False, usd=usd)), store.replies).complete(
        [request(f"case {number}") for number in range(40)], Watch()
    )
    came = [next(answers) for _ in range(40)]
    assert len(came) - sum(put) == lost


def test_a_failed_call_is_asked_again(store: Store) -> None:
    assert ask(KeptBackend(Alone(Costly(fails=frozenset("a"))), store.replies), "a")[0].status is Status.INFRA_FAIL
    assert ask(KeptBackend(Alone(Costly()), store.replies), "a")[0].text == "A"


def test_other_weights_under_the_same_name_are_asked_anew(store: Store) -> None:
    ask(KeptBackend(Alone(Costly()), store.replies), "a")
    other = Costly(weights="w2")
    ask(KeptBackend(Alone(other), store.replies), "a")
    assert other.asked == ["a"]


def test_another_way_of_decoding_is_another_request(store: Store) -> None:
    backend = KeptBackend(Alone(Costly()), store.replies)
    list(backend.complete([request("a"), request("a", temperature=1.0), replace(request("a"), repetition=1)], Watch()))
    assert backend.asked == 3
    list(backend.complete([replace(request("a"), owners=())], Watch()))
    assert backend.asked == 3


def test_erasing_a_row_takes_its_replies_along(store: Store, tmp_path: Path) -> None:
    ask(KeptBackend(Alone(Costly()), store.replies), "a secret", "other")
    gone = Example((Message("user", "a secret"),), "x", Source("t.csv", 1), "r1")
    report = store.purge(gone, tmp_path / "runs")
    assert report.n_replies == 1
    again = Costly()
    ask(KeptBackend(Alone(again), store.replies), "a secret", "other")
    assert again.asked == ["a secret"]


def test_replies_come_back_as_they_were() -> None:
    reply = Reply(
        "ü",
        Status.MODEL_FAIL,
        "tool_calls",
        (ToolCall("f", "{}", "1"),),
        Usage(1, 2, 3, 4),
        None,
        0.25,
        -1.5,
        (0.0, -2.0),
    )
    assert read_reply(write_reply(reply)) == reply
    assert read_reply("{}") is None
    assert read_reply("nonsense") is None
