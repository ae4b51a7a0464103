"""Dated prices, a person's own table, and the dollar cap."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.backends.budget import Budget, Hold
from tunewright.errors import InputError
from tunewright.prices.models import FlatPrice, listed_price, worst_usd
from tunewright.prices.own_table import price_of, read_own_table
from tunewright.records.usage import Usage

OPENAI = "https://api.openai.com/v1"
DAY = date(2026, 11, 1)


def table(folder: Path, text: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_listed_prices_of_hosted_models() -> None:
    price = listed_price("gpt-5.4-mini", OPENAI, DAY)
    assert price is not None
    # evaluation note, 5.5: 2,000 in of which 1,800 cached, 150 out is $.000960
    assert price.usd(Usage(200, 1800, 0, 150)) == pytest.approx(0.000960)
    assert price.usd(Usage(2000, 0, 0, 150)) == pytest.approx(0.002175)
    assert "2026-11-01" in price.basis


def test_cache_writes_are_priced_once() -> None:
    # evaluation note, 5.4: 1,000 cache-write tokens of Claude 3.5 Sonnet are $.00375, not .00675
    price = listed_price("claude-3-5-sonnet-20241022", "https://api.anthropic.com/v1", DAY)
    assert price is not None
    assert price.usd(Usage(cache_written=1000)) == pytest.approx(0.00375)


def test_what_nobody_knows_is_unpriced() -> None:
    assert listed_price("gpt-5.4-mini", "http://localhost:11434/v1", DAY) is None
    assert listed_price("no-such-model", OPENAI, DAY) is None
    embedder = listed_price("text-embedding-3-small", OPENAI, DAY)
    assert embedder is not None
    assert embedder.usd(Usage(input=5)) is not None
    assert embedder.usd(Usage(input=5, output=5)) is None
    assert worst_usd(embedder, 5, 5) is None


def test_own_table_stands_above_the_list_and_is_dated(tmp_path: Path) -> None:
    own = read_own_table(
        table(
            tmp_path,
            """
- {model: gpt-5.4-mini, from: 2026-10-01, input: 1, cached: 0.5, cache_written: 2, output: 4}
- {model: gpt-5.4-mini, from: 2026-12-01, input: 2, output: 8}
- {model: mine, from: 2026-01-01, input: 0, output: 0}
""",
        )
    )
    first = price_of("gpt-5.4-mini", OPENAI, DAY, own)
    assert first is not None
    assert first.usd(Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000)) == 7.5
    assert "prices.yaml" in first.basis
    later = price_of("gpt-5.4-mini", OPENAI, date(2026, 12, 1), own)
    assert later is not None
    assert later.usd(Usage(0, 1_000_000, 1_000_000, 1_000_000)) == 12  # caches left out: as input
    before = price_of("gpt-5.4-mini", OPENAI, date(2026, 9, 1), own)
    assert before is not None
    assert before.basis.startswith("genai-prices")
    free = price_of("mine", "http://localhost/v1", DAY, own)
    assert free is not None
    assert free.usd(Usage(5, 5, 5, 5)) == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: b", "prices.shape"),
        ("- 3", "prices.entry"),
        ("- {model: m, from: 2026-01-01, input: 1}", "prices.missing_field"),
        ("- {model: m, from: 2026-01-01, input: 1, output: 2, ouput: 3}", "prices.unknown_key"),
        ("- {model: m, from: 2026-01-01, input: -1, output: 2}", "prices.value"),
        ("- {model: m, from: 2026-01-01, input: .nan, output: 2}", "prices.value"),
        ("- {model: m, from: 2026-01-01, input: true, output: 2}", "prices.value"),
        ("- {model: m, from: soon, input: 1, output: 2}", "prices.day"),
        ("- {model: m, from: 2026-01-01, input: 1, output: 2}\n- {model: m, from: 2026-01-01, input: 2, output: 2}",
         "prices.twice"),
        ("- [", "prices.unreadable"),
    ],
)  # fmt: skip
def test_tables_that_are_wrong(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_own_table(table(tmp_path, text))
    assert caught.value.code == code
    with pytest.raises(InputError):
        read_own_table(tmp_path / "none.yaml")


@given(st.integers(0, 5000), st.integers(0, 5000), st.lists(st.integers(0, 10**6), min_size=3, max_size=3))
def test_the_worst_case_is_one(read: int, written: int, cuts: list[int]) -> None:
    price = FlatPrice(3.0, 0.3, 3.75, 15.0, "")
    worst = worst_usd(price, read, written)
    a, b = sorted(cut % (read + 1) for cut in cuts[:2])
    actual = price.usd(Usage(a, b - a, read - b, cuts[2] % (written + 1)))
    assert worst is not None
    assert actual is not None
    assert actual <= worst * (1 + 1e-12)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 100), st.booleans()), max_size=60))
def test_no_order_of_calls_passes_the_cap(calls: list[tuple[int, int, bool]]) -> None:
    budget, waiting, billed, known = Budget(1.0), [], 0.0, 0.0
    for most, share, lost in calls:
        hold = budget.reserve(most / 1000)
        if hold is None:
            assert budget.spent_usd + budget.unconfirmed_usd + budget.held_usd + most / 1000 > 1.0 - 1e-9
        else:
            waiting.append((hold, most / 1000 * share / 100, lost))
        if len(waiting) > 4:
            settled, usd, gone = waiting.pop(0)
            billed += usd
            known += 0.0 if gone else usd
            budget.settle(settled, None if gone else usd)
            budget.settle(settled, usd)  # a second time changes nothing
        assert budget.spent_usd + budget.unconfirmed_usd + budget.held_usd <= 1.0
        assert budget.spent_usd == pytest.approx(known, abs=1e-9)
        assert budget.held_usd == pytest.approx(sum(hold.pico_usd for hold, _, _ in waiting) / 1e12)
    assert billed <= 1.0 + 1e-9


def test_a_cap_counts_over_threads_and_a_lost_call_stays_counted() -> None:
    budget = Budget(1.0)
    granted: list[Hold] = []

    def take() -> None:
        for _ in range(50):
            hold = budget.reserve(0.01)
            if hold is not None:
                granted.append(hold)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 100
    assert budget.can_fit_later(0.01)
    for hold in granted[:60]:
        budget.settle(hold, None)
    for hold in granted[60:]:
        budget.settle(hold, 0.001)
    assert budget.unconfirmed_usd == pytest.approx(0.6)
    assert budget.spent_usd == pytest.approx(0.04)
    assert not budget.can_fit_later(0.5)
    assert Budget().reserve(1e9) is not None
    with pytest.raises(InputError):
        Budget(-1)
