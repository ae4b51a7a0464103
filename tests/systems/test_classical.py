"""majority, tfidf and the registry: answers, budgets, saving and loading, bad entries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tunewright.errors import Cancelled, InputError
from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.system import FitContext
from tunewright.systems.majority import Majority
from tunewright.systems.registry import build_systems, kinds, module_of, parse_entry
from tunewright.systems.temperature import choose_temperature, softmax
from tunewright.systems.tfidf import STRENGTHS, Tfidf

TEXTS = {
    "delivery": ["where is my parcel", "parcel not arrived", "shipment is late", "track the shipment", "parcel lost"],
    "billing": ["invoice is wrong", "second invoice came", "credit note please", "pay the invoice", "invoice address"],
    "repair": ["pump leaks oil", "machine stopped", "pump is loud", "press makes noise", "machine leaks"],
}


def examples(repeat: int = 4) -> list[Example]:
    rows = []
    for number in range(repeat):
        for label, texts in TEXTS.items():
            for text in texts:
                line = len(rows) + 1
                message = Message("user", f"{text} {number}")
                rows.append(Example((message,), label, Source("t.csv", line), str(line)))
    return rows


def context() -> FitContext:
    def accuracy(targets, answers):  # type: ignore[no-untyped-def]
        return float(np.mean([target == answer for target, answer in zip(targets, answers, strict=True)]))

    return FitContext(seed=0, labels=tuple(TEXTS), measure=accuracy)


def inputs(text: str) -> Inputs:
    return Inputs((Message("user", text),), "x")


def test_majority_is_the_commonest_label_and_ties_are_settled_by_name() -> None:
    rows = examples()
    fitted = Majority("majority").fit(rows, [], context())
    assert fitted.answer([inputs("anything")])[0].text == "billing"
    assert fitted.share == pytest.approx(1 / 3)


def test_tfidf_learns_and_exhausts_its_grid() -> None:
    rows = examples()
    fitted = Tfidf("tfidf", True, 1).fit(rows[:45], rows[45:], context())
    answers = fitted.answer([inputs("the parcel is late"), inputs("an invoice"), inputs("a loud pump")])
    assert [answer.text for answer in answers] == ["delivery", "billing", "repair"]
    assert all(answer.confidence is not None and 1 / 3 < answer.confidence <= 1 for answer in answers)
    assert fitted.budget.exhausted
    assert [trial.settings["strength"] for trial in fitted.trials] == list(STRENGTHS)


def test_tfidf_answers_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    rows = examples()
    system = Tfidf("tfidf", True, 1)
    fitted = system.fit(rows[:45], rows[45:], context())
    folder = tmp_path / "saved"
    folder.mkdir()
    fitted.save(folder)
    again = system.load(folder)
    questions = [example.inputs for example in rows]
    assert again.answer(questions) == fitted.answer(questions)
    assert again.trials == fitted.trials
    assert not list(folder.glob("*.pkl"))


def test_tfidf_serves_two_labels_and_a_label_without_training_rows() -> None:
    rows = [example for example in examples() if example.target != "repair"]
    fitted = Tfidf("tfidf", True, 1).fit(rows[:30], rows[30:], context())
    assert [a.text for a in fitted.answer([inputs("parcel"), inputs("invoice")])] == ["delivery", "billing"]


def test_tfidf_stops_when_it_is_told_to(tmp_path: Path) -> None:
    rows = examples()
    stop = FitContext(0, tuple(TEXTS), tmp_path, lambda _t, _a: 0.0, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        Tfidf("tfidf", True, 1).fit(rows[:45], rows[45:], stop)


def test_temperature_is_found_where_it_was_planted() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(size=(4000, 5)) * 3
    chances = softmax(margins, 2.0)
    positions = np.array([rng.choice(5, p=row) for row in chances])
    assert choose_temperature(margins, positions) == pytest.approx(2.0, rel=0.15)


def test_every_kind_describes_itself() -> None:
    for kind in kinds():
        module = module_of(kind)
        assert module.SUMMARY
        assert len(module.OPTIONS) <= 8
        assert all(option.reason and option.unit for option in module.OPTIONS.values())


def test_entries_are_taken_apart() -> None:
    assert parse_entry("tfidf").name == "tfidf"
    assert parse_entry({"finetune": "minilm"}).name == "finetune:minilm"
    assert parse_entry({"rules": "rules.py:route"}).name == "rules"
    entry = parse_entry({"tfidf": {"name": "words", "character_ngrams": False}})
    assert (entry.kind, entry.name, dict(entry.options)) == ("tfidf", "words", {"character_ngrams": False})


@pytest.mark.parametrize(
    ("entries", "message", "hint"),
    [
        (["tfidff"], "no kind of system", "tfidf"),
        ([{"tfidf": {"charater_ngrams": True}}], "no option", "character_ngrams"),
        ([{"tfidf": {"min_rows": "two"}}], "wants int", ""),
        (["tfidf", "tfidf"], "Two systems", "name"),
        ([{"a": "b", "c": "d"}], "one kind", "one entry"),
        ([{"rules": "rules.py"}], "file and a function", "rules.py:route"),
    ],
)
def test_bad_entries_are_clear_errors(entries: list, message: str, hint: str, tmp_path: Path) -> None:  # type: ignore[type-arg]
    with pytest.raises(InputError, match=message) as caught:
        build_systems(entries, tmp_path)
    assert hint in (caught.value.hint or "")


def test_systems_come_simplest_first(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text("def route(text):\n    return 'a'\n")
    built = build_systems(["tfidf", {"rules": "rules.py:route"}, "majority"], tmp_path)
    assert [system.name for _, system in built] == ["majority", "rules", "tfidf"]
