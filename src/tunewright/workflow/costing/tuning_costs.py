"""What fine-tuning the usual models would cost, from dated prices and the sizes of the models; no project is needed.

One answer a way: with a provider, on cards of one's own or rented ones, or not at all where a maker lets nobody tune.
Bills are ranges where prices or speeds are. What is not known stays None. ``tunewright cost`` prints it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tunewright.decision.break_even import break_even_calls, calls_that_pay_a_month
from tunewright.decision.money import DAYS_PER_MONTH, OwnMachine, Workload, running_cost
from tunewright.decision.upkeep import Effort, LabelTime, label_time
from tunewright.errors import InputError
from tunewright.prices.dated import Source, UsdRange
from tunewright.prices.hosting import OwnTraining, dedicated_offer, own_trainings, rental_range, speed_of
from tunewright.prices.own_table import OwnTable
from tunewright.prices.retirement import retirement_of, retirement_text
from tunewright.prices.tuning import TuningOffer, training_tokens, training_usd, tuning_offers, with_own_prices
from tunewright.records.usage import Usage
from tunewright.reporting import words
from tunewright.training.devices import device
from tunewright.training.estimate import DatasetShape, EstimateSettings, estimate_training
from tunewright.training.memory_model import Method
from tunewright.training.model_shapes import public_shape

Way = Literal["hosted", "own cards", "not offered", "prompt"]
# One set of cards is taken to be enough up to so many calls in the busiest second where no speed was measured.
UNMEASURED_PEAK = 1.0
_METHODS: Mapping[str, Method] = {"lora": "lora", "qlora": "qlora", "full": "full"}


@dataclass(frozen=True, slots=True)
class TuningQuestion:
    """What is asked.

    ``tokens`` are those of one input, ``answer_tokens`` of one answer, ``prompt_tokens`` of the instructions and
    examples that a model which is not tuned reads with every input (from a cache where the provider has one).
    ``usd_per_hour`` is the price of one card, in the place of the dated rents.
    """

    today: date
    examples: int = 1000
    tokens: int = 300
    answer_tokens: int = 30
    prompt_tokens: int = 1500
    epochs: int = 3
    calls_per_day: float = 1000.0
    usd_per_hour: float | None = None
    own: OwnTable | None = None
    effort: Effort = field(default_factory=Effort)

    def __post_init__(self) -> None:
        if min(self.examples, self.tokens, self.answer_tokens, self.epochs) < 1 or self.prompt_tokens < 0:
            raise InputError(
                "cost.question", "Examples, tokens and epochs must be at least 1.", where="--examples, --tokens, ..."
            )
        if self.calls_per_day <= 0:
            raise InputError("cost.volume", "The number of calls a day must be above 0.", where="--volume")

    @property
    def calls_per_month(self) -> float:
        return self.calls_per_day * DAYS_PER_MONTH

    @property
    def billed_tokens(self) -> int:
        """Tokens that a training bill counts."""
        return training_tokens(self.examples * (self.tokens + self.answer_tokens), self.epochs)


@dataclass(frozen=True, slots=True)
class TuningAnswer:
    """One way: bills of training, hours of training, bills of a month of answers, each lowest and highest or None."""

    answers: str
    model: str
    where: str
    way: Way
    train_usd: UsdRange | None
    train_hours: UsdRange | None
    usd_per_call: float | None
    usd_per_month: UsdRange | None
    remarks: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class TuningCosts:
    """All ways, the labelling that any of them needs, and from which volume tuning pays against a prompted model."""

    question: TuningQuestion
    answers: tuple[TuningAnswer, ...]
    labelling: LabelTime
    comparison: tuple[str, ...]


def tuning_costs(question: TuningQuestion) -> TuningCosts:
    """What the usual models would cost to tune and to run, as of the tables' dates."""
    answers = [_hosted(with_own_prices(offer, question.own, question.today), question) for offer in tuning_offers()]
    own = [_own_cards(way, question) for way in own_trainings()]
    order = {
        name: place for place, name in enumerate(("gpt-4o", "llama-8b", "llama-70b", "not-tunable", "prompt-only"))
    }
    found = sorted([*answers, *own], key=lambda answer: order.get(answer.answers, len(order)))
    return TuningCosts(
        question, tuple(found), label_time(question.examples, question.effort), tuple(_comparison(found, question))
    )


def _hosted(offer: TuningOffer, question: TuningQuestion) -> TuningAnswer:
    """A provider's offer; where tuning is not offered, the model as it is, with a prompt."""
    remarks, sources = [offer.remark] if offer.remark else [], [offer.source]
    end = retirement_of(offer.model, question.today)
    if end is not None:
        remarks.append(retirement_text(offer.model, end, question.today).rstrip("."))
    closed = offer.new_jobs_until is not None and offer.new_jobs_until < question.today
    if offer.new_jobs_until is not None:
        remarks.append(f"new training {'ended' if closed else 'ends'} on {offer.new_jobs_until.isoformat()}")
    per_call, month = None, None
    if offer.asking is not None:
        cached = 0 if offer.tunable else question.prompt_tokens
        per_call = offer.asking.usd(Usage(input=question.tokens, cached=cached, output=question.answer_tokens))
        month = None if per_call is None else (per_call * question.calls_per_month,) * 2
        whole = offer.asking.usd(Usage(input=question.tokens + cached, output=question.answer_tokens))
        if cached and whole is not None:
            remarks.append(f"without prompt caching {words.usd(whole * question.calls_per_month)} a month")
    elif offer.dedicated is not None:
        machine = dedicated_offer(offer.dedicated)
        if machine is not None and machine.usd_per_hour is not None:
            month = _cards(machine.usd_per_hour, offer.answers, machine.card, offer.cards, question)
            sources.append(machine.source)
            remarks.append(f"served on {offer.cards} x {machine.card}, {_span(machine.usd_per_hour)} an hour each")
    way: Way = "hosted" if offer.tunable and not closed else "not offered"
    trained = offer.train if offer.tunable and not closed else None
    return TuningAnswer(
        offer.answers,
        offer.model,
        offer.provider,
        way if offer.answers != "prompt-only" else "prompt",
        training_usd(trained, question.billed_tokens),
        None,
        per_call,
        month,
        tuple(remarks),
        tuple(dict.fromkeys(sources)),
    )


def _own_cards(way: OwnTraining, question: TuningQuestion) -> TuningAnswer:
    """Training on cards of one's own: hours from the model's size, dollars from the rent of a card."""
    price, sources = rental_range(way.card)
    if question.usd_per_hour is not None:
        price, sources = (question.usd_per_hour, question.usd_per_hour), (Source("stated", "--usd-per-hour"),)
    row = question.tokens + question.answer_tokens
    data = DatasetShape(
        question.examples,
        question.examples * row,
        question.examples * question.answer_tokens,
        max(row, min(2048, 4 * row)),
    )
    found = estimate_training(
        public_shape(way.size),
        _METHODS[way.method],
        data,
        device(way.card),
        EstimateSettings(epochs=question.epochs, cards=way.cards, usd_per_hour=price),
    )
    remarks = [f"{found.fits}: {found.reason}" if found.fits != "yes" else found.reason]
    if way.cards > 1:
        remarks.append("several cards are reckoned with; `tunewright train` uses one so far")
    usd = None if found.usd is None else (found.usd.low, found.usd.high)
    month = None if price is None else _cards(price, way.answers, way.card, way.serve_cards, question)
    if price is None:
        remarks.append(
            "no rent of this card is in the table: state it with --usd-per-hour, or reckon with your own card"
        )
    elif way.serve_cards > 1:
        remarks.append(f"serving: the weights need {way.serve_cards} cards; their speed was not measured")
    speed = speed_of(way.size, way.card)
    return TuningAnswer(
        way.answers,
        f"{found.shape.name}, {'QLoRA' if way.method == 'qlora' else 'LoRA'}",
        f"{way.cards} x {found.device.name}",
        "own cards",
        usd,
        (found.hours.low, found.hours.high),
        None,
        month,
        tuple(remarks),
        tuple(dict.fromkeys([*sources, *([speed.source] if speed is not None and price is not None else [])])),
    )


def _cards(price: UsdRange, answers: str, card: str, cards: int, question: TuningQuestion) -> UsdRange | None:
    """A month of cards that run all the time; None where nobody measured how many this volume would need."""
    load = Workload(question.calls_per_day)
    speed = speed_of("8B", card) if answers == "llama-8b" else None
    if speed is None and load.peak > UNMEASURED_PEAK:
        return None
    # A call that reads and writes more than the measured one takes longer by as much as it has more tokens.
    seconds = 1e-6
    if speed is not None:
        tokens = (question.tokens + question.answer_tokens) / (speed.input_tokens + speed.output_tokens)
        seconds = max(tokens, 1.0) / speed.calls_per_second
    low, high = (running_cost(load, OwnMachine(seconds, usd * cards)).usd_per_month for usd in price)
    return None if low is None or high is None else (low, high)


def _comparison(answers: list[TuningAnswer], question: TuningQuestion) -> list[str]:
    """The cheapest month with a tuned model against the cheapest with a prompt, and when tuning has paid for itself."""
    month = question.calls_per_month
    asked = [a for a in answers if a.answers in ("not-tunable", "prompt-only") and a.usd_per_call is not None]
    prompted = min(asked, key=lambda a: a.usd_per_call or 0.0, default=None)
    tuned = [a for a in answers if a.way in ("hosted", "own cards") and a.usd_per_month and a.train_usd]
    if prompted is None or prompted.usd_per_call is None or not tuned:
        return []
    usd = [end for a in tuned for end in (a.train_usd or ())]
    bills = [end for a in tuned for end in (a.usd_per_month or ())]
    time = label_time(question.examples, question.effort)
    lines = [
        f"In short: {_span((min(usd), max(usd)))} to train, {time.low:.3g} to {time.high:.3g} hours of a person for "
        f"the labels, then {_span((min(bills), max(bills)))} a month to answer.",
        f"With a prompt of {question.prompt_tokens:,} tokens and no tuning, {prompted.model} takes "
        f"{words.usd(prompted.usd_per_call * month)} a month at {question.calls_per_day:,g} answers a day.",
    ]
    best = min(tuned, key=lambda a: (a.usd_per_month or (0.0, 0.0))[0])
    spent, kept = best.train_usd or (0.0, 0.0), best.usd_per_month or (0.0, 0.0)
    lines.append(
        f"The cheapest tuned way, {best.model} ({best.where}), takes {_span(kept)} a month, and {_span(spent)} to "
        "train."
    )
    if best.usd_per_call is None:
        from_calls = calls_that_pay_a_month(kept[0], prompted.usd_per_call)
        lines.append(f"Its machine is paid busy or not: it is cheaper from {from_calls:,.0f} answers a month on.")
        return lines
    calls = break_even_calls(spent[0], 0.0, best.usd_per_call, prompted.usd_per_call)
    if calls is None:
        lines.append(
            "An answer of it costs no less, so that tuning cannot pay by the price of answers: only by quality."
        )
    else:
        lines.append(
            f"Its training is paid back after {calls:,.0f} answers, {calls / month:,.2g} months; labelling is work."
        )
    return [*lines, *_machine_line(tuned, prompted.usd_per_call)]


def _machine_line(tuned: Sequence[TuningAnswer], usd_per_call: float) -> list[str]:
    """From how many answers a month the cheapest machine that is paid busy or not beats the price of a prompt."""
    rented = [a for a in tuned if a.usd_per_call is None and a.usd_per_month]
    if not rented:
        return []
    least = min(rented, key=lambda a: (a.usd_per_month or (0.0, 0.0))[0])
    low, high = (calls_that_pay_a_month(usd, usd_per_call) for usd in least.usd_per_month or (0.0, 0.0))
    return [
        f"A machine of its own is paid busy or not: {least.model} on {least.where} costs less than that prompt from "
        f"{_round(low)} to {_round(high)} answers a month on."
    ]


def _round(calls: float) -> str:
    """Two digits: more would be false exactness."""
    return f"{float(f'{calls:.2g}'):,.0f}"


def _span(price: UsdRange) -> str:
    low, high = (words.usd(end) for end in price)
    return low if low == high else f"{low} to {high}"
