"""The searched prompt: what it finds, what it may spend, what it asks, and what it leaves behind."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talking import Talking, around

from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Message, Source
from tunewright.records.generation import Reply, Request, Watch
from tunewright.records.system import FitContext
from tunewright.records.usage import Usage
from tunewright.systems import optimised_prompt
from tunewright.systems._optimised import gepa as _optimised_gepa
from tunewright.systems.around import Around, Kind, ModelFacts
from tunewright.systems.optimised_prompt import OptimisedPrompt

LABELS = ("even", "odd")
SECRET = "Numbers that end in 0, 2, 4, 6 or 8 belong together: look at the last digit alone."


def row(number: int) -> Example:
    return Example((Message("user", f"case {number}"),), LABELS[number % 2], Source("t.csv", number), f"r{number}")


TRAIN = [row(number) for number in range(40)]
VALIDATION = [row(number) for number in range(100, 140)]


def is_writer(request: Request) -> bool:
    return request.messages[0].role == "user"


def number_in(request: Request) -> int:
    return int(request.messages[-1].content.split()[1])


def say(request: Request) -> str:
    """Right for every case if told to look at the last digit, else for three numbers of four."""
    if is_writer(request):
        return f"Here it is:\n```\n{SECRET}\n```"
    number = number_in(request)
    told = "last digit" in request.messages[0].content
    return LABELS[(number + (0 if told or number % 4 else 1)) % 2]


def rubbish(request: Request) -> str:
    return "the the the the the the the the the" if is_writer(request) else say(request)


def context(seed: int = 0, **more: object) -> FitContext:
    return replace(FitContext(seed, LABELS, lambda targets, answers: 0.0), **more)  # type: ignore[arg-type]


def built(backend: Talking, kind: Kind = "classify", **options: str | int | float) -> OptimisedPrompt:
    return optimised_prompt.build_around("o", "small", options, Path(), around(backend, kind))


def test_the_instruction_that_is_known_to_be_best_is_found_and_told() -> None:
    backend = Talking(say)
    fitted = built(backend, calls=600).fit(TRAIN, VALIDATION, context())
    assert SECRET in fitted.request(VALIDATION[0].inputs).messages[0].content
    answers = fitted.answer([one.inputs for one in VALIDATION])
    assert [answer.text for answer in answers] == [one.target for one in VALIDATION]
    assert fitted.validation_score == 1.0
    assert any(SECRET in note for note in fitted.notes)
    assert any("is worth 1.000 on validation rows that did not choose" in note for note in fitted.notes)
    assert fitted.budget.exhausted


def test_what_a_proposal_does_not_say_of_the_answer_is_added() -> None:
    fitted = built(Talking(say), calls=600).fit(TRAIN, VALIDATION, context())
    assert "Answer with one of: even, odd." in fitted.request(VALIDATION[0].inputs).messages[0].content


def test_the_budget_is_told_as_passes_over_the_validation_rows() -> None:
    fitted = built(Talking(rubbish), calls=130).fit(TRAIN, VALIDATION, context())
    assert fitted.budget.declared == 4  # 130 calls on 40 rows, rounded up
    assert 1 <= fitted.budget.spent <= 4
    assert not fitted.budget.exhausted


@settings(max_examples=25, deadline=None)
@given(
    calls=st.integers(1, 150),
    examples=st.integers(0, 4),
    seed=st.integers(0, 5),
    helps=st.booleans(),
    gepa=st.booleans(),
)
def test_the_budget_is_never_passed(calls: int, examples: int, seed: int, helps: bool, gepa: bool) -> None:
    backend = Talking(say if helps else rubbish)
    system = built(backend, calls=calls, examples=examples, search="gepa" if gepa else "plain")
    fitted = system.fit(TRAIN[:20], VALIDATION[:17], context(seed))
    assert len(backend.asked) <= calls
    assert backend.closed >= 1  # the model itself stays open: tests/workflow/test_models.py
    assert sum(line["chosen"] for line in fitted.candidates) == 1


def test_no_row_but_those_of_training_and_validation_is_asked_and_compared_are_validation_rows_alone() -> None:
    backend = Talking(rubbish)
    fitted = built(backend, calls=400).fit(TRAIN, VALIDATION, context())
    known = {one.messages[-1].content for one in (*TRAIN, *VALIDATION)}
    cases = [request for request in backend.asked if not is_writer(request)]
    assert {request.messages[-1].content.partition("\n")[0] for request in cases} <= known
    shown = [message.content for request in cases for message in request.messages[1:-1] if message.role == "user"]
    assert shown
    assert {text.partition("\n")[0] for text in shown} <= {one.messages[-1].content for one in TRAIN}
    assert {trial.settings["rows"] for trial in fitted.trials} == {40}


def test_a_writer_is_shown_training_rows_that_went_wrong_and_never_validation_rows() -> None:
    backend = Talking(rubbish)
    built(backend, calls=400).fit(TRAIN, VALIDATION, context())
    written = [request.messages[0].content for request in backend.asked if is_writer(request)]
    shown = {int(number) for text in written for number in re.findall(r"\ncase (\d+)\n", text)}
    assert len(shown) > 4
    assert shown <= {number for number in range(40) if number % 4 == 0}
    assert all("Answered: odd\nRight: even" in text for text in written if "<case 1>" in text)


def test_a_writer_of_rubbish_is_left_alone_and_everything_it_wrote_is_logged() -> None:
    backend = Talking(rubbish)
    fitted = built(backend, calls=600).fit(TRAIN, VALIDATION, context())
    asked = [request for request in backend.asked if is_writer(request)]
    refused = [line for line in fitted.candidates if line["why"] == "never tried: it repeats itself"]
    assert len(asked) == len(refused) == 6
    assert all(line["score"] is None for line in refused)


def test_every_candidate_is_logged_with_its_parent_calls_score_and_fate(tmp_path: Path) -> None:
    backend = Talking(say)
    fitted = built(backend, calls=300).fit(TRAIN, VALIDATION, context())
    fitted.save(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "candidates.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(line["calls"] for line in lines) == sum(not is_writer(request) for request in backend.asked)
    names = {line["candidate"] for line in lines}
    assert all(line["parent"] is None or line["parent"] in names for line in lines)
    assert all(line["why"] for line in lines)
    (chosen,) = [line for line in lines if line["chosen"]]
    assert (chosen["score"], chosen["standard_error"], chosen["rows"]) == (1.0, 0.0, 40)
    assert {line["origin"] for line in lines} >= {"written", "examples", "written by a model: mend"}


def test_saved_and_loaded_it_asks_the_same(tmp_path: Path) -> None:
    for examples, calls in ((0, 300), (4, 20), (4, 300)):
        backend = Talking(nearest_helps if examples else say)
        system = built(backend, calls=calls, examples=examples)
        fitted = system.fit(TRAIN, VALIDATION, context())
        folder = tmp_path / f"{examples}-{calls}"
        folder.mkdir()
        fitted.save(folder)
        loaded = system.load(folder)
        assert loaded.request(VALIDATION[0].inputs) == fitted.request(VALIDATION[0].inputs)
        assert (loaded.trials, loaded.notes, loaded.budget) == (fitted.trials, fitted.notes, fitted.budget)
        assert list(loaded.candidates) == list(fitted.candidates)


def nearest_helps(request: Request) -> str:
    """Right only behind examples."""
    if is_writer(request):
        return "no"
    number = number_in(request)
    return LABELS[(number + (0 if len(request.messages) > 2 or number % 4 else 1)) % 2]


def test_examples_are_chosen_where_they_help() -> None:
    fitted = built(Talking(nearest_helps), calls=300).fit(TRAIN, VALIDATION, context())
    assert len(fitted.request(VALIDATION[0].inputs).messages) > 2
    assert fitted.validation_score == 1.0


def test_of_equal_prompts_the_shortest_is_chosen() -> None:
    fitted = built(Talking(lambda request: LABELS[number_in(request) % 2])).fit(TRAIN, VALIDATION, context())
    assert {trial.settings["style"] for trial in fitted.trials if trial.settings["chosen"]} == {"brief"}
    shortest = min(line["characters"] for line in fitted.candidates if line["finalist"])
    assert [line["characters"] for line in fitted.candidates if line["chosen"]] == [shortest]


@dataclass
class Shelf(Talking):
    """Keeps replies as the project does, and breaks off after some new ones."""

    until: int = 10**9
    kept: dict[str, Reply] | None = None

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        self.kept = {} if self.kept is None else self.kept
        for place, request in enumerate(requests):
            if repr(request) not in self.kept:
                if len(self.asked) >= self.until:
                    raise Cancelled
                ((_, self.kept[repr(request)]),) = Talking.complete(self, [request], watch)
            yield place, self.kept[repr(request)]


def test_a_killed_search_goes_on_from_its_replies_and_ends_alike() -> None:
    whole = Shelf(say)
    expected = built(whole, calls=300).fit(TRAIN, VALIDATION, context())
    backend = Shelf(say, until=100)
    with pytest.raises(Cancelled):
        built(backend, calls=300).fit(TRAIN, VALIDATION, context())
    backend.until = 10**9
    resumed = built(backend, calls=300).fit(TRAIN, VALIDATION, context())
    assert len(backend.asked) == len(whole.asked)
    assert list(resumed.candidates) == list(expected.candidates)
    assert resumed.notes == expected.notes


def test_the_order_of_rows_changes_nothing() -> None:
    first = built(Talking(say), calls=200).fit(TRAIN, VALIDATION, context())
    second = built(Talking(say), calls=200).fit(TRAIN[::-1], VALIDATION[::-1], context())
    assert list(first.candidates) == list(second.candidates)


def test_without_validation_rows_nothing_is_searched() -> None:
    backend = Talking(say)
    fitted = built(backend).fit(TRAIN, [], context())
    assert (backend.asked, fitted.budget.spent, fitted.validation_score) == ([], 0, None)
    assert "no validation rows" in fitted.notes[0]


def test_a_model_that_answers_nothing_ends_the_search_at_once() -> None:
    backend = Talking(lambda _request: None)
    with pytest.raises(WorkError, match="answered none"):
        built(backend).fit(TRAIN, VALIDATION, context())
    assert len(backend.asked) == 8


def test_rows_that_were_not_answered_are_missing_and_a_choice_without_them_is_not_kept() -> None:
    def losing(training: bool, request: Request) -> str | None:
        if is_writer(request):
            return "no"
        number = number_in(request)
        return None if number % 5 == 0 and training == (number < 100) else LABELS[number % 2]

    fitted = built(Talking(partial(losing, True)), calls=200).fit(TRAIN, VALIDATION, context())
    assert fitted.validation_score == 1.0
    with pytest.raises(WorkError, match="validation rows have no score for some choice"):
        built(Talking(partial(losing, False)), calls=200).fit(TRAIN, VALIDATION, context())


def test_a_stop_is_heeded() -> None:
    with pytest.raises(Cancelled):
        built(Talking(say)).fit(TRAIN, VALIDATION, context(cancelled=lambda: True))


# Dollars


@dataclass
class Priced(Talking):
    """Sends a bill: so much for a token read and for one written; None is no price."""

    price: tuple[float, float] | None = (1e-5, 4e-5)
    bill: float = 0.0

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        for place, reply in Talking.complete(self, requests, watch):
            read = sum(len(message.content) for message in requests[place].messages) // 4
            usage = Usage(input=read, output=1 + read % 3)
            usd = None if self.price is None else read * self.price[0] + usage.output * self.price[1]
            self.bill += usd or 0.0
            yield place, replace(reply, usage=usage, usd=usd)


@settings(max_examples=6, deadline=None)
@given(usd=st.floats(0.02, 0.5), helps=st.booleans(), read=st.floats(1e-6, 1e-5), written=st.floats(1e-6, 5e-5))
def test_dollars_are_never_passed(usd: float, helps: bool, read: float, written: float) -> None:
    backend = Priced(say if helps else rubbish, price=(read, written))
    fitted = built(backend, usd=usd, max_tokens=20, calls=120).fit(TRAIN[:20], VALIDATION[:17], context())
    assert backend.bill <= usd
    assert len(backend.asked) <= 120
    assert any(f"${backend.bill:.4f} of at most ${usd:.2f}" in note for note in fitted.notes)
    assert (
        sum(line["calls"] == 0 and line["score"] is None for line in fitted.candidates) < 16
    )  # it ends with the money


def test_dollars_cannot_be_kept_where_no_price_is_known() -> None:
    with pytest.raises(InputError, match="no price is known for the model 'small'"):
        built(Priced(say, price=None), usd=1.0).fit(TRAIN, VALIDATION, context())
    fitted = built(Priced(say, price=None), calls=60).fit(TRAIN, VALIDATION, context())
    assert any("unpriced" in note for note in fitted.notes)


def test_a_budget_in_dollars_without_a_price_is_refused_before_the_first_call_unless_calls_are_stated() -> None:
    backend = Priced(say, price=None)
    unpriced = ModelFacts("talking 1", True, served=True, priced=False)
    here = replace(around(backend), describe_model=lambda _name: unpriced)

    def made(**options: float) -> OptimisedPrompt:
        return optimised_prompt.build_around("o", "small", options, Path(), here)

    reason = made(usd=1.0).missing()
    assert reason is not None
    assert reason.startswith("a budget of $1.00 cannot be kept, for no price is known of small: state it in ")
    assert (made().missing(), made(usd=1.0, calls=60).missing(), backend.asked) == (None, None, [])
    fitted = made(usd=1.0, calls=60).fit(TRAIN, VALIDATION, context())
    assert len(backend.asked) <= 60
    assert any(note.startswith("the budget in dollars could not be kept") for note in fitted.notes)
    assert made(usd=1.0).identity() != made(usd=1.0, calls=600).identity()


# Through gepa


def explaining() -> FitContext:
    """A fit whose grader says in words what is wrong."""

    def judge(examples: Sequence[Example], answers: Sequence[Answer]) -> list[tuple[float | None, str]]:
        words = [
            "" if answer.text == example.target else f"{example.text} must be {example.target}: mind its last digit"
            for example, answer in zip(examples, answers, strict=True)
        ]
        scores = FitContext(0, LABELS, lambda targets, answers: 0.0).grade(examples, answers)
        return list(zip(scores, words, strict=True))

    return FitContext(0, LABELS, lambda targets, answers: 0.0, judge=judge)


def test_gepa_searches_where_the_grader_gives_words_and_the_writer_reads_them() -> None:
    pytest.importorskip("gepa")
    backend = Talking(say)
    fitted = built(backend, calls=400).fit(TRAIN, VALIDATION, explaining())
    assert fitted.notes[0].startswith("searched through gepa")
    assert SECRET in fitted.request(VALIDATION[0].inputs).messages[0].content
    written = [request.messages[0].content for request in backend.asked if is_writer(request)]
    assert any("mind its last digit" in text for text in written)
    assert not any(f"case {one}" in text for text in written for one in range(100, 140))
    assert len(backend.asked) <= 400


def test_gepa_ends_where_the_writer_has_nothing_to_say() -> None:
    pytest.importorskip("gepa")
    backend = Talking(rubbish)
    fitted = built(backend, calls=400).fit(TRAIN, VALIDATION, explaining())
    assert sum(is_writer(request) for request in backend.asked) == 6
    assert fitted.validation_score == pytest.approx(0.75, abs=0.2)


def test_without_gepa_the_plain_search_runs_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gepa", None)
    monkeypatch.setattr(optimised_prompt, "gepa_version", lambda: "none")
    monkeypatch.setattr(_optimised_gepa, "gepa_search", None)
    fitted = built(Talking(say), calls=300).fit(TRAIN, VALIDATION, explaining())
    assert "gepa is not installed" in fitted.notes[0]
    assert fitted.validation_score == 1.0


# What a person writes


def two_models(small: ModelFacts, large: ModelFacts) -> Around:
    backend = Talking(say)
    facts = {"small": small, "large": large}
    return Around(Path(), "Sort.", "classify", lambda _name: backend, lambda name: facts[name])


def test_the_writer_counts_in_what_the_system_needs_and_follows_from() -> None:
    here, there = ModelFacts("here", False), ModelFacts("there", True, served=True)
    own = optimised_prompt.build_around("o", "small", {}, Path(), two_models(here, there))
    both = optimised_prompt.build_around("o", "small", {"writer": "large"}, Path(), two_models(here, there))
    assert (own.needs.network, both.needs.network, both.needs.billed) == (False, True, True)
    assert own.identity() != both.identity()
    gone = replace(there, missing="no key")
    told = optimised_prompt.build_around("o", "small", {"writer": "large"}, Path(), two_models(here, gone))
    assert told.missing() == "no key"


def test_the_writer_is_the_model_named_for_it() -> None:
    small, large = Talking(say, name="small"), Talking(say, name="large")
    both = Around(
        Path(),
        "Sort.",
        "classify",
        lambda name: {"small": small, "large": large}[name],
        lambda _: ModelFacts("m", False),
    )
    system = optimised_prompt.build_around("o", "small", {"writer": "large", "calls": 200}, Path(), both)
    system.fit(TRAIN, VALIDATION, context())
    assert large.asked
    assert all(is_writer(request) for request in large.asked)
    assert not any(is_writer(request) for request in small.asked)
    assert small.closed >= 1
    assert large.closed == 1


@pytest.mark.parametrize(
    "options", [{"calls": 0}, {"usd": -1.0}, {"examples": -1}, {"search": "random"}, {"budget": 5}, {"max_tokens": 0}]
)
def test_options_out_of_their_range_are_refused(options: dict[str, str | int | float]) -> None:
    with pytest.raises(InputError):
        built(Talking(say), **options)


def test_an_own_prompt_is_where_the_search_starts(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Do: {task} One of {labels}!", encoding="utf-8")
    backend = Talking(rubbish)
    system = optimised_prompt.build_around("o", "small", {"text": "mine.txt", "calls": 60}, tmp_path, around(backend))
    fitted = system.fit(TRAIN, VALIDATION, context())
    assert backend.asked[0].messages[0].content == "Do: Sort the mail. One of even, odd!"
    assert fitted.candidates[0]["instruction"] == "Do: {task} One of {labels}!"


def test_several_labels_are_asked_for_as_a_list() -> None:
    rows = [replace(one, target=f'["{one.target}"]') for one in (*TRAIN, *VALIDATION)]

    def answer(request: Request) -> str:
        return "Name what fits the number, with great care." if is_writer(request) else '["even"]'

    backend = Talking(answer)
    fitted = built(backend, calls=150).fit(rows[:40], rows[40:], context(several=True))
    texts = [str(line["instruction"]) for line in fitted.candidates if line["style"]]
    assert texts
    assert all("{labels}" in text and "JSON list" in text for text in texts)
    assert not any('["{labels}"]' in text for text in texts)
    assert fitted.validation_score == pytest.approx(0.5, abs=0.2)


def test_an_extraction_keeps_its_schema_and_a_text_needs_no_form() -> None:
    rows = [replace(one, target=json.dumps({"n": number})) for number, one in enumerate((*TRAIN, *VALIDATION))]

    def answer(request: Request) -> str:
        return "Read the number with great care, digit by digit." if is_writer(request) else '{"n": 1}'

    backend = Talking(answer)
    fitted = built(backend, "extract", calls=120).fit(rows[:20], rows[20:30], context(labels=()))
    schemas = {request.decoding.schema for request in backend.asked if not is_writer(request)}
    assert all(schema and '"n"' in schema for schema in schemas)
    assert len(schemas) == 1
    assert any("{schema}" in str(line["instruction"]) for line in fitted.candidates)
    assert fitted.answer([rows[0].inputs])[0].status is Status.OK
