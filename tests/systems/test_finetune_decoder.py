"""The system ``finetune`` on a tiny random language model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Never

import numpy as np
import pytest
from test_finetune import LABELS, make_context, make_examples

from tiny_decoders import write_chat_decoder
from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.records.answers import Status
from tunewright.records.example import Example, Inputs, Message
from tunewright.systems import finetune
from tunewright.systems._finetune_decoder import METHODS, FinetuneDecoder, FittedDecoder
from tunewright.systems._tuned_prompt import tuned_prompt
from tunewright.systems.around import Around
from tunewright.training import methods


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_decoder(tmp_path_factory.mktemp("decoder"), max_position_embeddings=128)


def build(base: Path, **options: object) -> FinetuneDecoder:
    system = finetune.build("finetune:tiny", str(base), options, base.parent)  # type: ignore[arg-type]
    assert isinstance(system, FinetuneDecoder)
    return system


@pytest.fixture(scope="module")
def fitted(base: Path) -> FittedDecoder:
    examples = easy_examples(36)
    system = build(base, epochs=6, method="full", learning_rate=0.01, rows_per_step=6, prompt="Desk of it?")
    return system.fit(examples[:27], examples[27:], make_context())


def easy_examples(count: int) -> list[Example]:
    """Cases that a model of single bytes learns in a few steps."""
    marks = {"lost": "!!!", "fee": "$$$", "top_up": "+++"}
    rows = make_examples(count)
    return [replace(row, messages=(Message("user", f"{n} {marks[row.target]}"),)) for n, row in enumerate(rows)]


def test_it_learns_and_answers_with_labels_and_shares(fitted: FittedDecoder) -> None:
    examples = easy_examples(36)[27:]
    answers = fitted.answer([example.inputs for example in examples])
    assert {answer.text for answer in answers} <= set(LABELS)
    assert sum(answer.text == example.target for answer, example in zip(answers, examples, strict=True)) >= 6
    assert all(answer.confidence is not None and 1 / 3 <= answer.confidence <= 1 for answer in answers)
    assert fitted.budget.declared == 6
    assert any("learning rate 0.01" in note for note in fitted.notes)


def test_answers_do_not_hang_on_what_else_is_asked(fitted: FittedDecoder) -> None:
    inputs = [example.inputs for example in easy_examples(12)]
    together = fitted.answer(inputs)
    alone = [fitted.answer([item])[0] for item in inputs]
    for one, other in zip(together, alone, strict=True):
        assert one.text == other.text
        assert one.confidence == pytest.approx(other.confidence, abs=2e-5)


def test_saved_and_loaded_it_answers_the_same(fitted: FittedDecoder, base: Path, tmp_path: Path) -> None:
    inputs = [example.inputs for example in easy_examples(12)]
    before = fitted.answer(inputs)
    fitted.save(tmp_path)
    loaded = build(base).load(tmp_path)
    for one, other in zip(before, loaded.answer(inputs), strict=True):
        assert one.text == other.text
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
    assert loaded.notes == fitted.notes
    kept, history = loaded.log.history, fitted.log.history
    assert kept is not None
    assert history is not None
    assert kept.names == tuple(row.row_id for row in easy_examples(27))
    assert kept.losses.shape[1] == 27
    np.testing.assert_allclose(kept.losses, history.losses, atol=1e-6)
    assert np.median(kept.above_least[-1]) < np.median(kept.above_least[0])
    loaded.close()
    with pytest.raises(WorkError):
        loaded.answer(inputs)


def test_the_same_seed_gives_the_same_answers(base: Path) -> None:
    examples = easy_examples(12)
    answers = []
    for _ in range(2):
        system = build(base, epochs=1, rank=4, rows_per_step=4)
        answers.append(system.fit(examples[:9], examples[9:], make_context()).answer([e.inputs for e in examples]))
    assert answers[0] == answers[1]


def test_its_identity_names_the_weights(base: Path, tmp_path: Path) -> None:
    other = write_chat_decoder(tmp_path / "other", seed=1, max_position_embeddings=128)
    assert build(base).identity() == build(base).identity() != build(other).identity()


def test_a_row_longer_than_the_context_stops_the_fit(base: Path) -> None:
    examples = make_examples(12)
    long = examples[0].__class__((Message("user", "lost " * 60),), "lost", examples[0].source, "the-long-one")
    with pytest.raises(InputError) as caught:
        build(base, epochs=1).fit([*examples[:9], long], examples[9:], make_context())
    assert caught.value.code == "gates.too_long"
    assert "the-long-one" in str(caught.value.where)


def test_a_case_longer_than_the_context_is_wrong_and_stops_nobody(fitted: FittedDecoder) -> None:
    short, long = easy_examples(1)[0].inputs, Inputs((Message("user", "lost " * 60),), "long")
    one, other = fitted.answer([short, long])
    assert one.text in LABELS
    assert (other.text, other.status) == (None, Status.MODEL_FAIL)
    assert "tokens" in other.detail


def test_it_can_be_stopped(base: Path) -> None:
    examples = make_examples(12)
    with pytest.raises(Cancelled):
        build(base, epochs=1).fit(examples[:9], examples[9:], make_context(cancelled=lambda: True))


@pytest.mark.parametrize(("option", "value"), [("epochs", 0), ("rank", 0), ("rows_per_step", 0), ("max_tokens", -1)])
def test_senseless_options_are_refused(option: str, value: int, base: Path) -> None:
    with pytest.raises(InputError) as caught:
        build(base, **{option: value})
    assert caught.value.code == "systems.option_value"


def test_an_encoder_stays_an_encoder(base: Path) -> None:
    assert isinstance(finetune.build("finetune", "minilm", {}, base.parent), finetune.Finetune)


def around_of(root: Path) -> Around:
    def closed(name: str) -> Never:
        raise AssertionError(f"no model is asked: {name}")

    return Around(root, "Route each note to a desk", "classify", closed, closed)


def test_the_prompt_may_be_none_short_full_or_a_persons_own(base: Path, tmp_path: Path) -> None:
    rows, around = easy_examples(6), around_of(tmp_path)
    (tmp_path / "desk.txt").write_text("Which desk?\n", encoding="utf-8")
    prompts = {wanted: tuned_prompt(wanted, rows, LABELS, around) for wanted in ("none", "short", "full", "desk.txt")}
    assert prompts["none"] == ""
    assert prompts["short"] == "Route each note to a desk"
    assert prompts["short"] in prompts["full"]
    assert all(label in prompts["full"] for label in LABELS)
    assert prompts["desk.txt"] == "Which desk?"


def test_a_prompt_of_the_task_needs_a_task() -> None:
    with pytest.raises(InputError) as caught:
        tuned_prompt("full", easy_examples(3), LABELS, None)
    assert caught.value.code == "finetune.no_task"


@pytest.mark.parametrize(("wanted", "hint"), [("shrt", "'short'"), ("Full", "'full'"), ("desk.txt", "Name a file")])
def test_one_word_that_is_no_prompt_is_refused_before_anything_is_trained(base: Path, wanted: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        build(base, prompt=wanted)
    assert (caught.value.code, caught.value.exit_code) == ("finetune.prompt", 2)
    assert wanted in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("wanted", ["", "none", "short", "full", "Which desk?", "この文を分類してください"])
def test_words_and_the_three_are_taken(base: Path, wanted: str) -> None:
    assert build(base, prompt=wanted).values["prompt"] == wanted


def test_a_prompt_file_is_taken_and_one_that_cannot_be_read_is_refused(base: Path, tmp_path: Path) -> None:
    (tmp_path / "desk.txt").write_text("Which desk?", encoding="utf-8")
    (tmp_path / "odd.txt").write_bytes("Which desk?".encode("utf-16"))
    finetune.build("tuned", str(base), {"prompt": "desk.txt"}, tmp_path)
    with pytest.raises(InputError) as caught:
        finetune.build("tuned", str(base), {"prompt": "odd.txt"}, tmp_path)
    assert caught.value.code == "prompt.unreadable"


def test_another_content_of_the_prompt_file_is_another_fit(base: Path, tmp_path: Path) -> None:
    found = []
    for text in ("Which desk?", "Which of the desks?"):
        (tmp_path / "desk.txt").write_text(text, encoding="utf-8")
        system = finetune.build_around("tuned", str(base), {"prompt": "desk.txt"}, tmp_path, around_of(tmp_path))
        found.append(system.identity())
    assert found[0] != found[1]


def test_an_unknown_method_is_refused_before_anything_is_trained(base: Path) -> None:
    with pytest.raises(InputError) as caught:
        build(base, method="lorra")
    assert (caught.value.code, caught.value.exit_code) == ("method.unknown", 2)
    assert "Did you mean 'lora'" in (caught.value.hint or "")
    assert all(method in (caught.value.hint or "") for method in METHODS)


def test_the_methods_are_those_of_the_engine() -> None:
    assert METHODS == methods.METHODS


def test_a_longer_prompt_costs_the_tokens_it_has(base: Path, tmp_path: Path) -> None:
    rows = easy_examples(6)
    read = {}
    for wanted in ("none", "short"):
        options = {"prompt": wanted, "epochs": 1, "rows_per_step": 6, "rank": 2}
        system = finetune.build_around("tuned", str(base), options, tmp_path, around_of(tmp_path))
        fitted = system.fit(rows[:4], rows[4:], make_context())
        answer = fitted.answer([rows[0].inputs])[0]
        assert answer.spent is not None
        assert (answer.spent.calls, answer.spent.usd) == (1, 0.0)
        read[wanted] = answer.spent.usage.input
        fitted.close()
    assert read["short"] >= read["none"] + len("Route each note to a desk")


def test_one_row_in_a_hundred_that_is_too_long_is_named_and_not_learned(base: Path) -> None:
    examples = easy_examples(120)
    long = replace(examples[0], messages=(Message("user", "lost " * 60),), row_id="the-long-one")
    fitted = build(base, epochs=1, rank=2).fit([*examples[:108], long], examples[108:], make_context())
    assert any("cannot read them whole" in note and "the-long-one" in note for note in fitted.notes)


def test_a_validation_row_that_is_too_long_stops_nothing_and_is_named(base: Path) -> None:
    examples = easy_examples(20)
    long = replace(examples[0], messages=(Message("user", "lost " * 60),), row_id="the-long-one")
    fitted = build(base, epochs=1, rank=2).fit(examples[:16], [*examples[16:], long], make_context())
    assert any(note.startswith("validation: ") and "the-long-one" in note for note in fitted.notes)
    assert fitted.log.trials
