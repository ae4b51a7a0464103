"""A server that misbehaves: every request gets one reply, cap and deadlines hold, the pace falls and recovers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from test_http import PRICE, answers, asks, backend

from misbehaving import Answer, Server, error, reply
from tunewright.backends import http_limits
from tunewright.backends.budget import Budget
from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.generation import Decoding, Watch

PAGE = Answer(200, b"<html><title>Busy</title><body>try later</body></html>", {"content-type": "text/html"})


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(http_limits, "BACKOFF_S", 0.01)
    monkeypatch.setattr(http_limits, "BACKOFF_CAP_S", 0.1)
    before = set(threading.enumerate())
    yield
    assert [thread.name for thread in threading.enumerate() if thread not in before] == []


def sold_usd(server: Server) -> float:
    return sum(read * 0.001 + written * 0.01 for read, written in server.sold)


@pytest.mark.parametrize("seed", range(4))
def test_chaos_gives_every_request_one_reply_and_never_passes_the_cap(seed: int) -> None:
    rng = random.Random(seed)
    good = reply("yes", 20, 8)
    kinds: list[Answer] = [
        *[good] * 6,
        replace(good, cut_at=30),
        replace(good, cut_at=25, chunked=True),
        replace(good, chunked=True),
        replace(good, delay_s=0.3),
        replace(good, trickle_s=0.01),
        replace(good, body=good.body[:40], headers={}),
        reply(usage=None, read=20, written=8),
        reply(choices=[], read=20, written=8),
        PAGE,
        Answer(hang=True, tokens=(20, 8)),
        error(429),
        error(429, headers={"retry-after-ms": "20"}),
        error(500),
        error(502),
        error(503, headers={"retry-after": "0"}),
        error(400, "context_length_exceeded"),
        replace(good, body=b"", cut_at=0),
    ]
    with Server(lambda _n, _b: rng.choice(kinds)) as server:
        cap = [None, 3.0, 8.0, 40.0][seed]
        budget = Budget(cap)
        got = answers(server, asks(30), price=PRICE, budget=budget, deadline_s=0.15, retry_s=0.6)
        assert server.in_flight == 0
        assert {answer.status for answer in got} <= {Status.OK, Status.INFRA_FAIL, Status.MODEL_FAIL}
        known = sum(answer.usd or 0.0 for answer in got)
        assert budget.held_usd == 0
        assert known == pytest.approx(budget.spent_usd)  # a bill counts once, in the replies as in the budget
        assert known <= sold_usd(server) + 1e-9
        assert sold_usd(server) <= budget.spent_usd + budget.unconfirmed_usd + 1e-9
        if cap is not None:
            assert sold_usd(server) <= cap
    assert any(answer.status is Status.OK for answer in got)


@pytest.mark.parametrize("headers", [{}, {"retry-after-ms": "30"}])
def test_a_storm_of_429_halves_the_pace_and_it_recovers(headers: dict[str, str]) -> None:
    def storm(number: int, _body: dict[str, Any]) -> Answer:
        if 100 <= number < 130:
            return error(429, headers=headers)
        return replace(reply(), delay_s=0.005)

    with Server(storm) as server:
        near = backend(server, concurrency=16, retry_s=20)
        got = list(near.complete(asks(400), Watch()))
        assert near._attempts is not None
        pace = near._attempts.pace
        near.close()
        assert len(got) == 400
        assert {answer.status for _, answer in got} == {Status.OK}
        assert server.flights[0] == 1
        assert max(server.flights[:4]) <= http_limits.START
        assert max(server.flights) <= 16
        assert pace.highest > 8
        assert pace.lowest <= 2
        assert pace.limit > 2 * pace.lowest
        assert max(server.flights[300:]) > max(server.flights[126:134])
        assert len(server.bodies) == 400 + 30  # refused ones are tried again, nothing else is


def test_a_pause_that_the_server_asks_for_is_kept_by_all() -> None:
    def first_is_refused(number: int, _body: dict[str, Any]) -> Answer:
        return error(429, headers={"retry-after": "1"}) if number == 0 else reply()

    with Server(first_is_refused) as server:
        answers(server, asks(6), concurrency=1)
        assert server.times[1] - server.times[0] >= 0.99


def test_an_allowance_in_headers_is_not_passed() -> None:
    def window(number: int, _body: dict[str, Any]) -> Answer:
        left = {"x-ratelimit-remaining-requests": str(2 - number % 3), "x-ratelimit-reset-requests": "300ms"}
        return replace(reply(), headers=left)

    with Server(window) as server:
        answers(server, asks(6), concurrency=1)
        assert server.times[3] - server.times[2] >= 0.29
        assert server.times[2] - server.times[0] < 0.25


def test_a_pause_longer_than_patience_ends_the_requests_at_once() -> None:
    with Server(lambda _n, _b: error(429, headers={"retry-after": "86400"})) as server:
        begun = time.monotonic()
        got = answers(server, asks(40))
        assert time.monotonic() - begun < 2
        assert len(server.bodies) <= 4
    assert all(answer.status is Status.INFRA_FAIL and "pause" in answer.detail for answer in got)


@pytest.mark.parametrize(
    "answer",
    [Answer(hang=True), replace(reply("x" * 200), trickle_s=0.02), replace(reply(), delay_s=30)],
    ids=["hang", "trickle", "late"],
)
def test_deadlines_hold(answer: Answer) -> None:
    with Server(lambda _n, _b: answer) as server:
        for retry_s, whole_s in [(0.0, 0.4), (0.8, 0.8)]:
            near = backend(server, deadline_s=0.4, retry_s=retry_s)
            list(near.complete([], Watch()))
            begun = time.monotonic()
            got = list(near.complete(asks(1), Watch()))
            took = time.monotonic() - begun
            near.close()
            assert got[0][1].status is Status.INFRA_FAIL
            assert "no answer within" in got[0][1].detail
            assert whole_s * 0.9 <= took <= whole_s + 2  # the server itself would take 4 s or more
        assert server.drained()


def test_the_off_switch_of_retries_is_one() -> None:
    with Server(lambda _n, _b: error(500)) as server:
        got = answers(server, asks(5), retry_s=0)
        assert len(server.bodies) == 5
    assert all("retries are off" in answer.detail for answer in got)


def test_a_server_that_says_not_to_try_again_is_believed() -> None:
    with Server(lambda _n, _b: error(500, headers={"x-should-retry": "false"})) as server:
        answers(server, asks(3))
        assert len(server.bodies) == 3


def test_retries_end_with_their_time() -> None:
    with Server(lambda _n, _b: error(503)) as server:
        begun = time.monotonic()
        (got,) = answers(server, asks(1), retry_s=0.6)
        assert 0.4 < time.monotonic() - begun < 0.9
        assert len(server.bodies) > 3
        assert f"{len(server.bodies)} attempts" in got.detail
    assert got.status is Status.INFRA_FAIL


def test_a_server_that_is_gone_does_not_hold_up_a_thousand_requests() -> None:
    with Server(lambda _n, _b: reply()) as server:
        pass
    begun = time.monotonic()
    near = backend(server, deadline_s=0.3, retry_s=0.3, price=PRICE, budget=Budget(5.0))
    got = list(near.complete(asks(1000), Watch()))
    near.close()
    assert time.monotonic() - begun < 4
    assert len(got) == 1000
    assert all(answer.status is Status.INFRA_FAIL for _, answer in got)
    assert near.budget.unconfirmed_usd == 0  # nothing reached anybody
    assert got[0][1].usd == 0


def test_a_quota_that_is_used_up_ends_the_rest_without_sending() -> None:
    with Server(lambda n, _b: reply() if n < 5 else error(429, "no", code="insufficient_quota")) as server:
        got = answers(server, asks(60), concurrency=2)
        assert len(server.bodies) < 10
    assert sum(answer.status is Status.OK for answer in got) == 5
    assert "closed to this key" in got[-1].detail


def test_the_cap_stops_before_it_is_passed_and_says_so() -> None:
    with Server(lambda _n, body: reply("yes", 20, body["max_tokens"])) as server:  # as dear as it may be
        budget = Budget(5.0)
        got = answers(server, asks(100, Decoding(max_tokens=8)), price=PRICE, budget=budget)
        assert sold_usd(server) <= 5.0
        assert sold_usd(server) == pytest.approx(budget.spent_usd)
        # the most one call may cost is known beforehand, so that less than that is left over
        assert sold_usd(server) > 5.0 - 1.2
    stopped = [answer for answer in got if answer.status is Status.INFRA_FAIL]
    assert stopped
    assert all("dollar cap of $5" in answer.detail and answer.usd == 0 for answer in stopped)


def test_a_cap_on_a_model_without_a_price_is_refused() -> None:
    with Server(lambda _n, _b: reply()) as server, pytest.raises(InputError) as caught:
        backend(server, None, Budget(1.0))
    assert caught.value.code == "budget.unpriced"


def test_waiting_for_the_budget_takes_nothing_from_the_deadline() -> None:
    with Server(lambda _n, _b: reply()) as server:
        budget = Budget(2.0)
        other = budget.reserve(2.0)  # a call of another backend, whose bill comes later
        assert other is not None
        threading.Timer(0.4, budget.settle, (other, 0.0)).start()
        (got,) = answers(server, asks(1), price=PRICE, budget=budget, deadline_s=0.3, retry_s=0)
    assert got.status is Status.OK


def test_two_backends_share_one_cap() -> None:
    with Server(lambda _n, _b: replace(reply("yes", 20, 8), delay_s=0.005)) as server:
        budget, results = Budget(4.0), []

        def one() -> None:
            near = backend(server, PRICE, budget)
            results.extend(near.complete(asks(60), Watch()))
            near.close()

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sold_usd(server) <= 4.0
    assert len(results) == 120
    assert sum(answer.usd or 0 for _, answer in results) == pytest.approx(sold_usd(server))


def test_an_answer_lost_after_it_was_billed_is_two_attempts_and_said() -> None:
    good = reply("yes", 20, 8)
    with Server(lambda n, _b: replace(good, cut_at=20) if n == 0 else good) as server:
        budget = Budget(10.0)
        (got,) = answers(server, asks(1), price=PRICE, budget=budget)
        assert len(server.bodies) == 2
    assert got.status is Status.OK
    assert got.usd == pytest.approx(0.1)
    assert "2 attempts" in got.detail
    assert "may have been billed" in got.detail
    assert budget.spent_usd == pytest.approx(0.1)
    assert budget.unconfirmed_usd > 0.1  # what was lost counts against the cap at the most it can have cost


def test_an_attempt_with_a_known_bill_and_no_answer_counts_in_the_sum() -> None:
    empty = reply(choices=[], read=20, written=8)
    with Server(lambda n, _b: empty if n == 0 else reply("yes", 20, 8)) as server:
        (got,) = answers(server, asks(1), price=PRICE)
    assert got.text == "yes"
    assert got.usd == pytest.approx(0.2)
    assert got.usage.input == 40


def test_missing_usage_is_unpriced_and_counted_against_the_cap() -> None:
    with Server(lambda _n, _b: reply(usage=None)) as server:
        budget = Budget(10.0)
        (got,) = answers(server, asks(1), price=PRICE, budget=budget)
    assert got.status is Status.OK
    assert got.usd is None
    assert "no usage" in got.detail
    assert budget.unconfirmed_usd > 0


def test_a_reply_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.backends.http_client.MAX_REPLY_BYTES", 10_000)
    with Server(lambda _n, _b: reply("x" * 50_000)) as server:
        (got,) = answers(server, asks(1), retry_s=0)
    assert got.status is Status.INFRA_FAIL
    assert "larger than 10000 bytes" in got.detail


def test_a_page_in_place_of_an_answer_is_quoted() -> None:
    with Server(lambda _n, _b: PAGE) as server:
        (got,) = answers(server, asks(1), retry_s=0)
    assert got.status is Status.INFRA_FAIL
    assert "Busy try later" in got.detail
