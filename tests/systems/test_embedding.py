"""The system ``embedding`` on a tiny random encoder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.system import FitContext
from tunewright.systems import embedding
from tunewright.systems._logistic import fit_head

PHRASES = {
    "lost": [
        "my card is lost",
        "card stolen please block",
        "lost my card again",
        "the card was stolen",
        "block lost card",
    ],
    "fee": ["why was i charged a fee", "the fee is wrong", "charged twice", "what is the fee rate", "fee charge why"],
    "top_up": ["top up was late", "money for top up", "how to top up fast", "top up my account", "top up is slow"],
}


def make_examples(copies: int = 4, labels: Sequence[str] = tuple(PHRASES)) -> list[Example]:
    fillers = ["please", "help", "when", "now", "again", "the new", "my old", "i need"]
    rows = [
        (f"{fillers[(copy + place) % 8]} {phrase}", label)
        for copy in range(copies)
        for place in range(5)
        for label in labels
        for phrase in [PHRASES[label][place]]
    ]
    return [
        Example((Message("user", text),), label, Source("rows.csv", line), f"row-{line}")
        for line, (text, label) in enumerate(rows, start=2)
    ]


def accuracy(targets: Sequence[str], answers: Sequence[str]) -> float:
    return float(np.mean([target == answer for target, answer in zip(targets, answers, strict=True)]))


def make_context(labels: Sequence[str] = tuple(PHRASES), **changes: object) -> FitContext:
    return FitContext(seed=1, labels=tuple(labels), measure=accuracy, **changes)  # type: ignore[arg-type]


@pytest.fixture
def system(tiny_encoder: Path) -> embedding.Embedding:
    return embedding.build("embedding", str(tiny_encoder), {}, Path())


def inputs_of(texts: Sequence[str]) -> list[Inputs]:
    return [Inputs((Message("system", "never seen"), Message("user", text)), "x") for text in texts]


def test_fits_answers_saves_and_loads(system: embedding.Embedding, tmp_path: Path) -> None:
    rows = make_examples()
    fitted = system.fit(rows[:45], rows[45:], make_context())
    answers = fitted.answer([row.inputs for row in rows])
    assert accuracy([row.target for row in rows], [str(answer.text) for answer in answers]) > 0.9
    assert all(answer.confidence is not None and 1 / 3 < answer.confidence <= 1 for answer in answers)
    assert [trial.settings["strength"] for trial in fitted.trials] == [1.0, 3.0, 10.0, 30.0, 100.0, 300.0]
    assert (fitted.budget.declared, fitted.budget.spent, fitted.budget.exhausted) == (6, 6, True)
    folder = tmp_path / "saved"
    folder.mkdir()
    fitted.save(folder)
    loaded = system.load(folder)
    assert loaded.answer([row.inputs for row in rows]) == answers
    assert (loaded.trials, loaded.budget, loaded.notes) == (fitted.trials, fitted.budget, fitted.notes)
    assert (folder / "encoder" / "model.safetensors").is_file(), "a local encoder must be kept with the system"
    fitted.close()
    fitted.close()
    with pytest.raises(WorkError, match="closed"):
        fitted.answer([rows[0].inputs])


def test_probabilities_are_those_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    vectors = random.normal(size=(60, 5)).astype(np.float32)
    for labels in (["a", "b"], ["a", "b", "c"]):
        targets = [labels[int(value)] for value in random.integers(0, len(labels), 60)]
        head = fit_head(vectors, targets, [*labels, "never seen"], 3.0)
        assert head.labels == tuple(labels)
        model = LogisticRegression(C=3.0, max_iter=500).fit(vectors, targets)
        expected = model.predict_proba(vectors)
        answers = head.answers(vectors)
        assert [answer.text for answer in answers] == list(model.predict(vectors))
        np.testing.assert_allclose([answer.confidence for answer in answers], expected.max(axis=1), atol=2e-5)


def test_one_label_only(system: embedding.Embedding) -> None:
    rows = make_examples(labels=["fee"])
    fitted = system.fit(rows[:15], rows[15:], make_context())
    (answer,) = fitted.answer(inputs_of(["my card"]))
    assert (answer.text, answer.confidence) == ("fee", 1.0)


def test_a_label_that_only_validation_has_is_learnt_in_the_end(system: embedding.Embedding) -> None:
    rows = make_examples()
    train = [row for row in rows if row.target != "top_up"]
    held_out = [row for row in rows if row.target == "top_up"]
    fitted = system.fit(train, held_out, make_context())
    assert fitted.head.labels == ("lost", "fee", "top_up")
    assert max(trial.validation_score for trial in fitted.trials) == 0.0


def test_notes_say_what_was_cut_and_what_is_unknown(system: embedding.Embedding) -> None:
    rows = make_examples()
    odd = [Example((Message("user", text),), "fee", Source("f", 1), "o") for text in ("fee " * 40, "Карта утеряна")]
    fitted = system.fit([*rows[:45], *odd], rows[45:], make_context())
    assert list(fitted.notes) == [
        "1 of 62 training and validation texts are longer than 16 tokens and were cut at the end",
        "1 of 62 training and validation texts are in a script this encoder does not know",
    ]


def test_odd_inputs_get_answers(system: embedding.Embedding) -> None:
    rows = make_examples()
    fitted = system.fit(rows[:45], rows[45:], make_context())
    assert fitted.answer([]) == []
    answers = fitted.answer(inputs_of(["", "\ud800", "日本語", "fee " * 500]))
    assert [answer.status for answer in answers] == ["ok"] * 4


def test_can_be_stopped(system: embedding.Embedding) -> None:
    rows = make_examples()
    with pytest.raises(Cancelled):
        system.fit(rows[:45], rows[45:], make_context(cancelled=lambda: True))


def test_an_encoder_that_changed_is_noticed(system: embedding.Embedding, tmp_path: Path) -> None:
    rows = make_examples()
    folder = tmp_path / "saved"
    folder.mkdir()
    system.fit(rows[:45], rows[45:], make_context()).save(folder)
    value = json.loads((folder / "embedding.json").read_text(encoding="utf-8"))
    value["digest"] = "0" * 64
    (folder / "embedding.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(WorkError) as caught:
        system.load(folder)
    assert caught.value.code == "encoder.changed"


def test_identity_follows_encoder_and_options(tiny_encoder: Path) -> None:
    def identity(**options: object) -> dict[str, object]:
        return dict(embedding.build("n", str(tiny_encoder), options, Path()).identity())  # type: ignore[arg-type]

    assert identity() == identity()
    assert identity() != identity(max_tokens=8)
    minilm = embedding.build("n", None, {}, Path())
    assert minilm.identity()["encoder"] != identity()["encoder"]
    assert minilm.role == "baseline"


def test_two_different_encoders_are_refused() -> None:
    with pytest.raises(InputError, match="Two encoders"):
        embedding.build("n", "a", {"encoder": "b"}, Path())
    assert embedding.build("n", "a", {"encoder": "a"}, Path()).encoder_name == "a"


def test_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from tunewright.language import extra

    assert embedding.build("n", None, {}, Path()).missing() is None
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "torch" else object())
    expected = 'needs the extra "models": pip install "tunewright[models]"'
    assert embedding.build("n", None, {}, Path()).missing() == expected


@pytest.mark.process
def test_describing_both_systems_imports_no_torch() -> None:
    code = (
        "import sys; from tunewright.systems import embedding, finetune; from pathlib import Path;"
        "embedding.build('e', None, {}, Path()).missing(); finetune.build('f', 'minilm', {}, Path()).missing();"
        "print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
