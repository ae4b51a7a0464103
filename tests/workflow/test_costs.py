"""The account of a study: parts from fits and answers, prices of pairs, timed labels, ends of models; dated offers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, run_project

from tunewright.errors import InputError
from tunewright.prices.own_table import read_own_table
from tunewright.records.money import Money, SystemMoney
from tunewright.records.verdict import Verdict
from tunewright.store import Store
from tunewright.store.decisions import NewDecision
from tunewright.systems.registry import build_system, parse_entry
from tunewright.workflow.costing.costs import account, offers_for
from tunewright.workflow.costing.tuning_costs import TuningQuestion, tuning_costs
from tunewright.workflow.load import load
from tunewright.workflow.runs import STATE

TODAY = date(2026, 11, 21)
HOSTED = {"large": {"openai": "gpt-4o", "base_url": "https://api.openai.com/v1", "key": "NO_SUCH_KEY"}}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Verdict]:
    """A finished run with error costs by pair, a stated wage, and a model that ends."""
    root = tmp_path_factory.mktemp("money") / "desk"
    make_project(root, make_rows(90), fields=_fields())
    (root / "costs.yaml").write_text(
        "work: {usd_per_hour: 60, review_hours_per_month: 1, retrainings_per_year: 3, new_examples: 0}\nmonths: 6\n"
    )
    (root / "costs.csv").write_text("right,given,usd\nrepair,*,100\n*,*,2\n")
    return root, run_project(root)


def _fields() -> dict[str, object]:
    return {
        "systems": [MAJORITY, WORDS_ONLY],
        "incumbent": MAJORITY,
        "models": HOSTED,
        "volume_per_day": 100,
        "error_cost": 4.0,
        "machine_usd_per_hour": 0.5,
    }


def _of(money: Money | None, name: str) -> SystemMoney:
    assert money is not None
    return next(one for one in money.systems if one.system == name)


def test_the_parts_of_a_system_that_learned(desk: tuple[Path, Verdict]) -> None:
    _, verdict = desk
    words = _of(verdict.money, "words")
    once = {part.part: part for part in words.once}
    assert once["labelling"].hours == pytest.approx(90 * 15 / 1000)
    assert "assumed until decisions are timed" in once["labelling"].basis
    # Fitting takes seconds: one started hour of the stated machine.
    assert once["training"].usd == 0.5
    assert {part.part: (part.usd, part.hours) for part in words.monthly} == {
        "review": (0.0, 1.0),
        "retraining": (0.5 * 3 / 12, 0.0),
    }
    assert words.machine_usd_per_hour == 0.5
    majority = _of(verdict.money, MAJORITY)
    assert [part.part for part in majority.once] == ["labelling"]
    assert majority.seconds_per_call is None


def test_wrong_answers_are_priced_by_pair(desk: tuple[Path, Verdict]) -> None:
    _, verdict = desk
    majority = _of(verdict.money, MAJORITY)
    # Every class is as frequent as the others; whatever the majority says, the bill follows from its matrix.
    result = next(system for system in verdict.systems if system.name == MAJORITY)
    assert result.score is not None
    right = {figures.label: (figures.recall or 0.0) * figures.n for figures in result.classes}
    n = {figures.label: figures.n for figures in result.classes}
    bill = sum((100 if label == "repair" else 2) * (n[label] - right[label]) for label in n) / sum(n.values())
    assert majority.error_usd_per_call == pytest.approx(bill)
    assert majority.error_basis.startswith("table of error costs")


def test_the_sums_by_hand(desk: tuple[Path, Verdict]) -> None:
    _, verdict = desk
    money = verdict.money
    assert money is not None
    assert (money.months, money.usd_per_hour_of_work, money.errors_counted) == (6, 60, True)
    words = _of(money, "words")
    assert words.error_usd_per_call is not None
    calls = 100 * 30.4
    by_hand = 365 + 0.125 + 60 + words.error_usd_per_call * calls + (0.5 + 60 * 90 * 15 / 1000) / 6
    assert words.whole_usd_per_month == pytest.approx(by_hand, abs=0.01)
    assert money.scenarios[0].usd_per_month["words"] == words.whole_usd_per_month


def test_what_one_would_change_to_stands_first_and_both_ways_of_counting(desk: tuple[Path, Verdict]) -> None:
    _, verdict = desk
    assert verdict.money is not None
    assert [(p.system, p.against, p.counted) for p in verdict.money.break_even] == [
        ("words", MAJORITY, "all"),
        ("words", MAJORITY, "bills"),
    ]
    # A machine can never be cheaper than none at equal quality.
    assert verdict.money.break_even[1].payback_months is None
    assert "majority is cheaper always" in verdict.money.break_even[1].text


def test_models_that_end_are_named(desk: tuple[Path, Verdict]) -> None:
    root, _ = desk
    _, money = account(root, None, TODAY)
    assert [line[:14] for line in money.retirements] == ["large: gpt-4o "]
    assert account(root, None, date(2024, 1, 1))[1].retirements == []


def test_another_volume_wage_and_pair(desk: tuple[Path, Verdict]) -> None:
    root, verdict = desk
    same = account(root, None, TODAY)[1]
    assert verdict.money is not None
    assert sorted(same.assumptions) == sorted(verdict.money.assumptions)
    left_out = {"retirements", "assumptions"}
    assert same.model_dump(exclude=left_out) == verdict.money.model_dump(exclude=left_out)
    _, other = account(root, None, TODAY, volume_per_day=1000, usd_per_hour=0, months=12, between=["majority", "words"])
    words = _of(other, "words")
    assert words.error_usd_per_call is not None
    assert words.whole_usd_per_month == pytest.approx(
        365 + 0.125 + words.error_usd_per_call * 30_400 + 0.5 / 12, abs=0.01
    )
    assert any("costs $0, as stated" in line for line in other.assumptions)
    for between in (["words"], ["words", "nobody"]):
        with pytest.raises(InputError):
            account(root, None, TODAY, between=between)
    with pytest.raises(InputError):
        account(root, None, TODAY, volume_per_day=0)


def test_a_slip_in_the_costs_spoils_no_run_and_is_refused_by_the_command(tmp_path: Path) -> None:
    root = make_project(tmp_path / "desk", make_rows(60), fields={**_fields(), "systems": [MAJORITY]})
    (root / "costs.yaml").write_text("wage: 3")
    verdict = run_project(root)
    assert verdict.money is not None
    assert "Unknown field 'wage'" in verdict.money.assumptions[0]
    assert _of(verdict.money, MAJORITY).error_basis == "$4 for each wrong answer"
    with pytest.raises(InputError, match="wage"):
        account(root, None, TODAY)


def test_without_prices_of_errors_they_are_unpriced_and_not_counted(tmp_path: Path) -> None:
    fields = {**_fields(), "error_cost": None, "systems": [MAJORITY, WORDS_ONLY]}
    verdict = run_project(make_project(tmp_path / "desk", make_rows(60), fields=fields))
    assert verdict.money is not None
    assert not verdict.money.errors_counted
    assert _of(verdict.money, "words").error_usd_per_call is None
    assert {point.counted for point in verdict.money.break_even} == {"bills"}


def test_labels_cost_what_they_took_once_they_are_timed(tmp_path: Path) -> None:
    root = make_project(tmp_path / "desk", make_rows(60), fields={**_fields(), "systems": [MAJORITY]})
    settings = offers_for(root)
    assert settings.calls_per_day == 100
    with Store.open(root / STATE) as store:
        from tunewright.project.file import FILE_NAME, load_project

        example = load(load_project(root / FILE_NAME), root, store).examples[0]
        store.decisions.add("me", [NewDecision(example, "r1", "labels", "keep", seconds=30.0)])
    labelling = _of(run_project(root).money, MAJORITY).once[0]
    assert labelling.hours == pytest.approx(60 * 30 / 3600)
    assert "median of 1 timed decisions" in labelling.basis


# Before any data


def test_recorded_answers_that_are_billed_one_by_one_grow_with_the_volume(tmp_path: Path) -> None:
    rows = make_rows(60)
    root = make_project(tmp_path / "desk", rows, systems=[MAJORITY], fields={"volume_per_day": 2000})
    lines = ["id,answer", *(f"{row.id},{row.category}" for row in rows)]
    (root / "today.csv").write_text("\n".join(lines) + "\n")
    text = (root / "tunewright.yaml").read_text()
    said = "{answers: {file: today.csv, usd_per_call: 0.00018, name: today}}"
    (root / "tunewright.yaml").write_text(f"{text}incumbent: {said}\n")
    verdict = run_project(root)
    found = _of(verdict.money, "today")
    assert found.usd_per_call == 0.00018
    assert [part.part for part in found.monthly] == ["review"]
    cost = next(one.cost for one in verdict.systems if one.name == "today")
    # 2,000 a day are 60,800 a month: $10.94.
    assert cost.usd_per_month == pytest.approx(60_800 * 0.00018, abs=0.01)
    assert cost.basis == "60,800 calls a month at $0.00018 each."
    _, tenfold = account(root, None, TODAY, volume_per_day=20_000)
    assert _of(tenfold, "today").whole_usd_per_month == pytest.approx(109.44)


def test_recorded_answers_have_one_price() -> None:
    entry = parse_entry({"answers": {"file": "a.csv", "usd_per_call": 0.1, "usd_per_month": 3}})
    with pytest.raises(InputError) as caught:
        build_system(entry, Path())
    assert caught.value.code == "answers.two_prices"
    assert "usd_per_call" in str(caught.value.where)


def test_dated_answers_by_hand() -> None:
    found = tuning_costs(
        TuningQuestion(TODAY, examples=1000, tokens=300, answer_tokens=30, epochs=3, calls_per_day=2000)
    )
    by = {(answer.model, answer.where): answer for answer in found.answers}
    hosted = by["gpt-4o-2024-08-06", "OpenAI"]
    assert hosted.train_usd == pytest.approx((0.99 * 25, 0.99 * 25))
    assert hosted.usd_per_month == pytest.approx(((300 * 3.75 + 30 * 15) / 1e6 * 60_800,) * 2)
    assert any("2027-01-14" in remark for remark in hosted.remarks)
    # One H100 by the hour is enough for 2,000 answers a day.
    dedicated = by["Llama 8B, LoRA (any model up to 16B)", "Fireworks"]
    assert dedicated.usd_per_month == pytest.approx((5840.0, 5840.0))
    ori = by["Llama 8B, LoRA (any model up to 10B)", "Ori"]
    assert ori.usd_per_month is None
    own = next(answer for answer in found.answers if answer.where.startswith("1 x H100") and "8B" in answer.model)
    assert own.train_hours is not None
    assert own.train_usd is not None
    assert own.train_usd[0] == pytest.approx(own.train_hours[0] * 2.4024)
    assert own.train_usd[1] == pytest.approx(own.train_hours[1] * 3.85)
    assert all(answer.sources for answer in found.answers if answer.train_usd or answer.usd_per_month)
    assert (found.labelling.low, found.labelling.high) == (10.0, 20.0)


def test_what_cannot_be_tuned_has_no_training_and_a_prompt() -> None:
    found = tuning_costs(TuningQuestion(TODAY, prompt_tokens=1800, tokens=200, answer_tokens=150))
    closed = [answer for answer in found.answers if answer.answers == "not-tunable"]
    assert {answer.model for answer in closed} == {"gpt-6-luna", "claude-haiku-4-5"}
    assert all(answer.way == "not offered" and answer.train_usd is None for answer in closed)
    mini = next(answer for answer in found.answers if answer.model == "gpt-5.4-mini")
    assert mini.usd_per_call == pytest.approx(0.000960)


def test_unpriced_stays_unpriced_in_every_way() -> None:
    found = tuning_costs(TuningQuestion(TODAY, calls_per_day=2000))
    consumer = next(answer for answer in found.answers if "4090" in answer.where)
    assert consumer.train_hours is not None
    assert consumer.train_usd is None
    assert consumer.usd_per_month is None
    # Nobody measured how many cards 70B needs for many answers a second.
    busy = tuning_costs(TuningQuestion(TODAY, calls_per_day=1_000_000))
    assert all(answer.usd_per_month is None for answer in busy.answers if answer.answers == "llama-70b")


def test_after_the_last_day_of_new_training_it_is_not_offered() -> None:
    late = tuning_costs(TuningQuestion(date(2027, 1, 7)))
    hosted = next(answer for answer in late.answers if answer.model == "gpt-4o-2024-08-06")
    assert (hosted.way, hosted.train_usd) == ("not offered", None)
    # A tuned model that cannot be had is not what tuning is compared with.
    assert "gpt-6-luna" in late.comparison[1]


def test_own_prices_and_the_price_of_a_card_overrule(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("- {model: ori-10b, from: 2026-01-01, input: 1, output: 1, train: 2}\n")
    own = read_own_table(tmp_path / "prices.yaml")
    found = tuning_costs(TuningQuestion(TODAY, own=own, usd_per_hour=1.0))
    ori = next(answer for answer in found.answers if answer.where == "Ori")
    assert ori.train_usd == pytest.approx((1.98, 1.98))
    assert ori.usd_per_month is not None
    consumer = next(answer for answer in found.answers if "4090" in answer.where)
    assert consumer.train_usd == consumer.train_hours


def test_a_question_without_sense_is_refused() -> None:
    with pytest.raises(InputError):
        TuningQuestion(TODAY, examples=0)
    with pytest.raises(InputError):
        TuningQuestion(TODAY, prompt_tokens=-1)
    with pytest.raises(InputError):
        TuningQuestion(TODAY, calls_per_day=0)
