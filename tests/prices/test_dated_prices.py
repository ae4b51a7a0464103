"""The dated tables: every entry has a source and a date, unknown is None, published bills come out to the cent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tunewright.prices.hosting import (
    dedicated_offer,
    hosting_offers,
    own_trainings,
    rental_range,
    serving_speeds,
    speed_of,
)
from tunewright.prices.models import FlatPrice
from tunewright.prices.own_table import read_own_table
from tunewright.prices.retirement import base_name, retirement_of, retirement_text, retirements
from tunewright.prices.tuning import training_tokens, training_usd, tuning_offers, with_own_prices
from tunewright.records.usage import Usage
from tunewright.training.devices import device
from tunewright.training.model_shapes import public_shape

TODAY = date(2026, 11, 21)


def test_every_entry_says_where_it_comes_from_and_as_of_when() -> None:
    dated = [*tuning_offers(), *hosting_offers(), *serving_speeds(), *retirements()]
    assert len(dated) > 20
    for entry in dated:
        assert entry.source.url.startswith("https://")
        assert "20" in entry.source.as_of, entry
    assert len({offer.id for offer in tuning_offers()}) == len(tuning_offers())


def test_every_name_that_one_table_takes_from_another_is_there() -> None:
    for offer in tuning_offers():
        if offer.dedicated is not None:
            machine = dedicated_offer(offer.dedicated)
            assert machine is not None
            assert device(machine.card)
    for way in own_trainings():
        assert device(way.card)
        assert public_shape(way.size)
    assert dedicated_offer("nobody") is None


def test_the_usual_questions_have_answers() -> None:
    asked = {offer.answers for offer in tuning_offers()}
    assert {"gpt-4o", "llama-8b", "llama-70b", "not-tunable"} <= asked
    assert all(offer.train is None for offer in tuning_offers() if not offer.tunable)


def test_a_training_bill_counts_epochs_and_validation() -> None:
    # Ori, Fine-tuning billing: 5 M tokens x 3 epochs + 1 M of validation at $0.46 per million are $7.36.
    offer = next(offer for offer in tuning_offers() if offer.id == "ori-10b")
    tokens = training_tokens(5_000_000, 3, 1_000_000)
    assert tokens == 16_000_000
    assert training_usd(offer.train, tokens) == pytest.approx((7.36, 7.36))
    assert training_usd(None, tokens) is None


def test_hosted_calls_by_bucket() -> None:
    # litellm issue 31714: 27,147 tokens read, 27,146 of them from a cache, 351 written.
    price = FlatPrice(1.4, 0.26, 1.4, 4.4, "issue 31714")
    assert price.usd(Usage(input=1, cached=27_146, output=351)) == pytest.approx(0.00860376)
    # litellm issue 6575: 1,000 tokens put into the cache of Claude 3.5 Sonnet are $0.00375, not $0.00675.
    assert FlatPrice(3.0, 0.3, 3.75, 15.0, "issue 6575").usd(Usage(cache_written=1000)) == pytest.approx(0.00375)


def test_a_prompt_with_and_without_caching_and_a_tuned_model() -> None:
    offers = {offer.id: offer for offer in tuning_offers()}
    mini, tuned = offers["openai-gpt-5.4-mini"].asking, offers["tinker-qwen3-8b"].asking
    assert mini is not None
    assert tuned is not None
    assert mini.usd(Usage(input=200, cached=1800, output=150)) == pytest.approx(0.000960)
    assert mini.usd(Usage(input=2000, output=150)) == pytest.approx(0.002175)
    assert tuned.usd(Usage(input=200, output=150)) == pytest.approx(0.000129)


def test_rents_are_a_range_and_unknown_cards_unpriced() -> None:
    price, sources = rental_range("h100")
    assert price == (2.4024, 3.85)
    assert len(sources) == 4
    assert rental_range("rtx4090") == (None, ())
    speed = speed_of("8B", "h100")
    assert speed is not None
    assert speed.calls_per_second * speed.output_tokens == pytest.approx(speed.output_tokens_per_second, rel=1e-4)
    # Measured serving (Qwen3-8B in fp8, one H100, 1,024 tokens in and 128 out) at the cheapest rent of the card.
    assert price[0] / 3600 / speed.calls_per_second * 1000 == pytest.approx(0.020687, abs=5e-7)
    assert price[0] / 3600 / speed.output_tokens_per_second * 1e6 == pytest.approx(0.16162, abs=5e-6)
    assert speed_of("70B", "h100") is None


def test_a_persons_own_table_overrules(tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text(
        "- {model: gpt-4o-2024-08-06, from: 2026-11-01, input: 3, output: 12, train: 20}\n"
        "- {model: fireworks-16b, from: 2026-11-01, input: 0.2, output: 0.2}\n"
        "- {model: gpt-4o-mini-2024-07-18, from: 2027-11-01, input: 9, output: 9, train: 9}\n"
    )
    own = read_own_table(table)
    offers = {offer.id: with_own_prices(offer, own, TODAY) for offer in tuning_offers()}
    stated = offers["openai-gpt-4o"]
    assert stated.train == (20.0, 20.0)
    assert stated.asking is not None
    assert stated.asking.usd(Usage(input=1_000_000)) == pytest.approx(3.0)
    assert "own table" in stated.source.url
    # Named by its id, and without a price of training: the dated one stays.
    assert offers["fireworks-16b"].train == (0.5, 0.5)
    assert offers["fireworks-16b"].asking is not None
    # A price that has not begun does not count yet.
    assert offers["openai-gpt-4o-mini"].train == (3.0, 3.0)


def test_ends_of_models() -> None:
    end = retirement_of("gpt-4o", TODAY)
    assert end is not None
    assert end.day == date(2027, 1, 14)
    assert "will be taken away on 2027-01-14" in retirement_text("gpt-4o", end, TODAY)
    assert "was taken away" in retirement_text("gpt-4o", end, date(2027, 1, 14))
    # A tuned copy ends with its base.
    assert base_name("ft:gpt-4o-2024-08-06:desk::abc") == "gpt-4o-2024-08-06"
    assert base_name("openai/GPT-4o") == "gpt-4o"
    assert retirement_of("ft:gpt-4o-2024-08-06:desk::abc", TODAY) == end
    # More than a year before, and for a model that nobody announced anything for, nothing is said.
    assert retirement_of("gpt-4o", date(2025, 12, 1)) is None
    assert retirement_of("gpt-4o", date(2026, 1, 14)) == end
    assert retirement_of("some-model", TODAY) is None


def test_an_end_without_a_day_is_said_as_such() -> None:
    end = retirement_of("claude-opus-4-5", TODAY)
    assert end is not None
    assert end.ends is None
    assert "no day is announced" in retirement_text("claude-opus-4-5", end, TODAY)
