"""The HTTP backend over a real connection: what is sent and read, keys, errors, stopping, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx2
import pytest
from openai import APIConnectionError

from misbehaving import Answer, Server, error, reply
from tunewright.backends.budget import Budget
from tunewright.backends.http import HttpBackend
from tunewright.backends.http_client import http_model, make_client
from tunewright.errors import Cancelled, InputError
from tunewright.prices.models import FlatPrice, listed_price
from tunewright.records.answers import Status
from tunewright.records.example import Message, ToolCall
from tunewright.records.generation import Decoding, Reply, Request, Watch
from tunewright.records.usage import Usage

KEY = "Zq81vXw0pL3mNb7TdK"
PRICE = FlatPrice(1000.0, 100.0, 1250.0, 10_000.0, "test")


def backend(
    place: Server, /, price: FlatPrice | None = None, budget: Budget | None = None, **entry: Any
) -> HttpBackend:
    whole = {"openai": "m", "base_url": place.url, "deadline_s": 5, "retry_s": 5, **entry}
    return HttpBackend("large", http_model("large", whole), price, budget)


def asks(count: int, decoding: Decoding | None = None) -> list[Request]:
    return [Request((Message("user", f"case {place}"),), decoding or Decoding(max_tokens=8)) for place in range(count)]


def answers(place: Server, requests: list[Request], /, **options: Any) -> list[Reply]:
    """The replies in the order of the requests, each exactly one; everything is closed afterwards."""
    near = backend(place, **options)
    try:
        got = list(near.complete(requests, Watch()))
    finally:
        near.close()
    assert sorted(number for number, _ in got) == list(range(len(requests)))
    assert place.drained()
    return [answer for _, answer in sorted(got, key=lambda item: item[0])]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert [thread.name for thread in threading.enumerate() if thread not in before] == []


def test_replies_belong_to_their_requests_and_are_billed() -> None:
    shares: list[float] = []
    with Server(lambda _n, body: reply(body["messages"][0]["content"].upper())) as server:
        near = backend(server, PRICE)
        got = dict(near.complete(asks(30), Watch(progress=shares.append)))
        near.close()
        near.close()
        assert server.drained()
    assert {place: answer.text for place, answer in got.items()} == {n: f"CASE {n}" for n in range(30)}
    assert {answer.usage for answer in got.values()} == {Usage(10, 0, 0, 2)}
    assert sum(answer.usd or 0 for answer in got.values()) == pytest.approx(30 * 0.03)
    assert near.budget.spent_usd == pytest.approx(30 * 0.03)
    assert near.budget.held_usd == near.budget.unconfirmed_usd == 0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert not near.network


def test_a_backend_works_again_after_close_and_with_no_requests() -> None:
    with Server(lambda _n, _b: reply()) as server:
        near = backend(server)
        assert list(near.complete([], Watch())) == []
        for _ in range(2):
            assert len(list(near.complete(asks(3), Watch()))) == 3
            near.close()


def test_unpriced_is_none() -> None:
    with Server(lambda _n, _b: reply()) as server:
        assert [answer.usd for answer in answers(server, asks(2))] == [None, None]


def test_a_bucket_without_a_price_makes_the_reply_unpriced() -> None:
    price = listed_price("text-embedding-3-small", "https://api.openai.com/v1", date(2026, 11, 1))  # input only
    assert price is not None
    with Server(lambda _n, _b: reply()) as server:
        assert answers(server, asks(1), price=price)[0].usd is None
        with pytest.raises(InputError):
            backend(server, price, Budget(1.0))


def test_tools_go_out_and_calls_come_back() -> None:
    call = {"id": "c9", "type": "function", "function": {"name": "find", "arguments": '{"q": "x"}'}}
    choice = {"finish_reason": "tool_calls", "message": {"role": "assistant", "content": None, "tool_calls": [call]}}
    messages = (
        Message("system", "be brief"),
        Message("user", "hi"),
        Message("assistant", "", (ToolCall("find", "{}", "c8"),)),
        Message("tool", "found", tool_call_id="c8"),
    )
    with Server(lambda _n, _b: reply(choice=choice)) as server:
        (got,) = answers(server, [Request(messages, tools=('{"name": "find", "parameters": {}}',))])
        assert server.bodies[0]["messages"][2]["tool_calls"][0]["id"] == "c8"
        assert server.bodies[0]["messages"][3] == {"role": "tool", "content": "found", "tool_call_id": "c8"}
        assert server.bodies[0]["tools"][0]["function"]["name"] == "find"
    assert got.tool_calls == (ToolCall("find", '{"q": "x"}', "c9"),)
    assert got.finish == "tool_calls"


def test_a_setting_that_the_server_does_not_take_is_left_out_and_said() -> None:
    def picky(_number: int, body: dict[str, Any]) -> Answer:
        for name in ("temperature", "max_completion_tokens"):
            if name in body:
                code = {"param": name, "code": "unsupported_parameter"}
                return error(400, f"Unsupported parameter: '{name}' is not supported with this model.", **code)
        return reply()

    with Server(picky) as server:
        got = answers(server, asks(6), server="openai", retry_s=0)
        assert server.bodies[-1].keys() == {"model", "messages", "seed", "max_tokens"}
        assert len(server.bodies) <= 6 + 2 * 4  # only those in flight learn it, the others know
    assert {answer.status for answer in got} == {Status.OK}
    assert all("not sent, for the server refuses it: temperature" in answer.detail for answer in got)


def test_another_model_than_before_is_said() -> None:
    with Server(lambda n, _b: reply(model="m-1" if n < 3 else "m-2")) as server:
        got = answers(server, asks(6), concurrency=1)
    assert ["'m-2'" in answer.detail for answer in got] == [False] * 3 + [True] * 3


def test_the_key_is_sent_and_stands_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another-key-entirely")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Private: hush")
    caplog.set_level(logging.DEBUG)
    echo = [error(400, f"bad request with {KEY}"), reply(model=KEY), reply(model="m"), error(500, f"{KEY}!")]
    with Server(lambda n, _b: echo[min(n, 3)]) as server:
        near = backend(server, key="${env:MY_KEY}", retry_s=0, concurrency=1)
        got = list(near.complete(asks(4), Watch()))
        seen = [repr(near), repr(vars(near)), repr(near.model), json.dumps(dict(near.identity())), repr(got)]
        near.close()
        assert all(f"authorization: bearer {KEY}".lower() in head.lower() for head in server.heads)
        assert not any(word in head for head in server.heads for word in ("org-secret", "hush", "x-stainless"))
    seen += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert len(seen) > 5
    assert not [text for text in seen if KEY in text or KEY[4:] in text]
    assert "[key]" in repr(got)


def test_the_client_reaches_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)

    async def go(here: str, there: str) -> None:
        client, _ = make_client(http_model("m", {"openai": "m", "base_url": here, "key": "${env:MY_KEY}"}))
        with pytest.raises(APIConnectionError):
            await client.get(f"{there}/models", cast_to=httpx2.Response)
        await client.close()

    with Server(lambda _n, _b: reply()) as server, Server(lambda _n, _b: reply()) as other:
        asyncio.run(go(server.url, other.url))
        assert other.heads == []


def test_without_a_key_in_the_entry_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # this machine is never reached through a proxy
    with Server(lambda _n, _b: reply()) as server:
        assert answers(server, asks(1))[0].status is Status.OK
        assert "authorization" not in server.heads[0].lower()


def test_a_key_that_is_not_set_is_said_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with Server(lambda _n, _b: reply()) as server, pytest.raises(InputError) as caught:
        backend(server, key="${env:MY_KEY}")
    assert caught.value.code == "model.key"
    assert "export MY_KEY" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("answer", "code", "hint"),
    [
        (error(401, f"Incorrect API key provided: {KEY}"), "model.refused_key", "MY_KEY"),
        (error(404, "The model `m` does not exist"), "model.unknown", "offers: small, large"),
    ],
)
def test_what_a_person_must_change_is_raised_without_the_key(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, code: str, hint: str
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with Server(lambda _n, _b: answer) as server:
        server.gets["/v1/models"] = Answer(body=b'{"data": [{"id": "small"}, {"id": "large"}]}')
        near = backend(server, key="${env:MY_KEY}")
        with pytest.raises(InputError) as caught:
            list(near.complete(asks(20), Watch()))
        near.close()
        assert server.drained()
        assert len(server.bodies) <= 4
    assert caught.value.code == code
    assert hint in (caught.value.hint or "")
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None  # nor does it hang on the error that the client raised


def test_redirects_are_refused_and_the_key_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with Server(lambda _n, _b: reply()) as other, Server(lambda _n, _b: reply()) as server:
        to = {"location": f"{other.url}/chat/completions?token=hush"}
        server.behaviour = lambda _n, _b: Answer(307, headers=to)
        near = backend(server, key="${env:MY_KEY}")
        with pytest.raises(InputError) as caught:
            list(near.complete(asks(3), Watch()))
        assert caught.value.code == "model.redirect"
        assert "hush" not in str(caught.value)
        near.close()
        assert other.heads == []


def test_a_redirect_later_in_the_run_is_a_failure_of_one_request() -> None:
    with Server(lambda n, _b: Answer(307, headers={"location": "http://127.0.0.2/"}) if n == 2 else reply()) as server:
        got = answers(server, asks(5), concurrency=1)
    assert [answer.status for answer in got] == [Status.OK] * 2 + [Status.INFRA_FAIL] + [Status.OK] * 2


def test_stopping_drops_what_is_in_flight_and_yields_what_has_come() -> None:
    stop = threading.Event()

    def slow_after(number: int, _body: dict[str, Any]) -> Answer:
        if number == 9:
            stop.set()
        return reply() if number < 6 else Answer(hang=True)

    with Server(slow_after) as server:
        near = backend(server, PRICE, Budget(1000.0), concurrency=4)
        got: list[tuple[int, Reply]] = []
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            got.extend(near.complete(asks(50), Watch(cancelled=stop.is_set)))
        assert time.monotonic() - begun < 2
        assert server.drained()  # the connections in flight are closed before close()
        assert len(got) == 6
        assert near.budget.held_usd == 0
        assert near.budget.unconfirmed_usd > 0  # what was dropped may have been billed
        server.behaviour = lambda _n, _b: reply()
        assert len(list(near.complete(asks(5), Watch()))) == 5
        near.close()


def test_replies_that_had_come_when_work_was_stopped_are_handed_over() -> None:
    stop = threading.Event()
    with Server(lambda _n, _b: reply()) as server:
        near = backend(server)
        coming = near.complete(asks(8), Watch(cancelled=stop.is_set))
        got = [next(coming)]
        end = time.monotonic() + 5
        while len(server.bodies) < 8 and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.2)
        stop.set()
        with pytest.raises(Cancelled):
            got.extend(coming)
        near.close()
    assert len(got) == 8  # they are paid for


def test_leaving_the_iterator_stops_the_work() -> None:
    with Server(lambda _n, _b: reply(str(_n))) as server:
        near = backend(server, concurrency=2)
        for _ in near.complete(asks(500), Watch()):
            break
        gc.collect()
        seen = len(server.bodies)
        time.sleep(0.1)
        assert len(server.bodies) == seen < 400
        near.close()
        assert server.drained()


def test_identity_follows_what_stands_behind_the_name() -> None:
    with Server(lambda _n, _b: reply()) as server:
        server.gets["/v1/models"] = Answer(body=b'{"data": [{"id": "m", "root": "/a", "created": 1}, {"id": "n"}]}')
        server.gets["/version"] = Answer(body=b'{"version": "0.12"}')

        def identity() -> dict[str, str]:
            near = backend(server, server="vllm")
            try:
                return dict(near.identity())
            finally:
                near.close()

        first = identity()
        server.gets["/v1/models"] = Answer(body=b'{"data": [{"id": "m", "root": "/a", "created": 2}]}')
        assert identity() == first
        server.gets["/v1/models"] = Answer(body=b'{"data": [{"id": "m", "root": "/b", "created": 2}]}')
        assert identity()["content"] != first["content"]
        assert first["constraints"] == "choices, regex, schema"
        server.gets.clear()
        assert identity()["content"] == "unreachable"
    with Server(lambda _n, _b: reply()) as server:  # llama.cpp answers to any name
        told = []
        for digest in (b"1", b"1", b"2"):
            server.gets["/props"] = Answer(body=b'{"model_path": "/a.gguf", "chat_template": "t"}')
            server.gets["/v1/models"] = Answer(body=b'{"data": [{"id": "a.gguf", "meta": {"size": %s}}]}' % digest)
            near = backend(server, server="llama_cpp")
            told.append(near.identity()["content"])
            near.close()
        assert told[0] == told[1] != told[2]
    far = HttpBackend("far", http_model("far", {"openai": "m", "base_url": "https://example.org/v1"}))
    assert far.network
    assert far.identity()["content"] == "not told by the server"
    assert far.identity()["constraints"] == "not constrained"


def test_requests_that_cannot_be_made_raise_before_anything_is_sent() -> None:
    with Server(lambda _n, _b: reply()) as server:
        near = backend(server)
        with pytest.raises(InputError):
            list(near.complete([*asks(2), Request((), Decoding(schema="{"))], Watch()))
        near.close()
        assert server.bodies == []
