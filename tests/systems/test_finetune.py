"""The system ``finetune`` on a tiny random encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.system import FitContext
from tunewright.systems import finetune

LABELS = ("lost", "fee", "top_up")
WORDS = {"lost": ["lost", "stolen", "block"], "fee": ["fee", "charged", "rate"], "top_up": ["top up", "money", "cash"]}
FILLERS = ["please", "my card", "when", "why was", "account", "again", "i want", "the"]


def make_examples(count: int = 60) -> list[Example]:
    rows = []
    for line in range(count):
        label = LABELS[line % 3]
        text = f"{FILLERS[line % 8]} {WORDS[label][(line // 3) % 3]} {FILLERS[(line * 5 + 3) % 8]}"
        rows.append(Example((Message("user", text),), label, Source("rows.csv", line + 2), f"row-{line}"))
    return rows


def accuracy(targets: Sequence[str], answers: Sequence[str]) -> float:
    return float(np.mean([target == answer for target, answer in zip(targets, answers, strict=True)]))


def make_context(seed: int = 1, **changes: object) -> FitContext:
    labels = (*LABELS, "without rows")
    return FitContext(seed=seed, labels=labels, measure=accuracy, **changes)  # type: ignore[arg-type]


def build(encoder: Path, **options: object) -> finetune.Finetune:
    values = {"learning_rate": 5e-3, "epochs": 4, "rows_per_step": 8, **options}
    return finetune.build("finetune:tiny", str(encoder), values, Path())  # type: ignore[arg-type]


def state_of(fitted: finetune.FittedFinetune) -> dict[str, torch.Tensor]:
    assert fitted.tuned is not None
    return {name: value.clone() for name, value in fitted.tuned.model.state_dict().items()}


def test_learns_answers_saves_and_loads(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = make_examples()
    fitted = build(tiny_encoder, epochs=8).fit(rows[:45], rows[45:], make_context())
    answers = fitted.answer([row.inputs for row in rows])
    assert accuracy([row.target for row in rows], [str(answer.text) for answer in answers]) > 0.9
    assert all(answer.confidence is not None and 1 / 3 < answer.confidence <= 1 for answer in answers)
    folder = tmp_path / "saved"
    folder.mkdir()
    fitted.save(folder)
    loaded = build(tiny_encoder).load(folder)
    assert loaded.answer([row.inputs for row in rows]) == answers
    assert (loaded.trials, loaded.budget, loaded.notes) == (fitted.trials, fitted.budget, fitted.notes)
    before, after = state_of(fitted), state_of(loaded)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    fitted.close()
    fitted.close()
    with pytest.raises(WorkError, match="closed"):
        fitted.answer([rows[0].inputs])


def test_by_lora_it_learns_too_and_is_saved_whole(tiny_encoder: Path, tmp_path: Path) -> None:
    examples = make_examples()
    system = build(tiny_encoder, epochs=8, learning_rate=0.01, rows_per_step=8, method="lora")
    fitted = system.fit(examples[:45], examples[45:], make_context())
    inputs = [example.inputs for example in examples[45:]]
    answers = fitted.answer(inputs)
    right = [answer.text == example.target for answer, example in zip(answers, examples[45:], strict=True)]
    assert sum(right) >= 12
    fitted.save(tmp_path)
    assert not (tmp_path / "adapter_config.json").exists()
    for one, other in zip(answers, system.load(tmp_path).answer(inputs), strict=True):
        assert (one.text, one.confidence) == (other.text, pytest.approx(other.confidence, abs=1e-5))


def test_the_saved_folder_is_a_plain_transformers_folder(tiny_encoder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file
    from transformers import AutoModel, AutoTokenizer

    rows = make_examples()
    fitted = build(tiny_encoder, epochs=1).fit(rows[:45], rows[45:], make_context())
    folder = tmp_path / "saved"
    folder.mkdir()
    fitted.save(folder)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    head = load_file(folder / "head.safetensors")
    with torch.inference_mode():
        hidden = model(**tokenizer([rows[0].text], return_tensors="pt")).last_hidden_state[0].mean(dim=0)
        chances = (head["weight"] @ (hidden / hidden.norm()) + head["bias"]).softmax(dim=0)
    (answer,) = fitted.answer([rows[0].inputs])
    assert answer.text == LABELS[int(chances.argmax())]
    assert answer.confidence == pytest.approx(float(chances.max()), abs=2e-6)


def test_same_seed_same_weights(tiny_encoder: Path) -> None:
    rows = make_examples()

    def run(seed: int) -> dict[str, torch.Tensor]:
        system = build(tiny_encoder, epochs=2)
        return state_of(system.fit(rows[:45], rows[45:], make_context(seed=seed)))

    first, again, other = run(1), run(1), run(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_the_search_is_within_its_declared_budget(tiny_encoder: Path) -> None:
    rows = make_examples()
    calls: list[int] = []

    def measure(targets: Sequence[str], answers: Sequence[str]) -> float:
        calls.append(len(answers))
        return accuracy(targets, answers)

    context = FitContext(seed=1, labels=LABELS, measure=measure)
    system = build(tiny_encoder, learning_rate=0.0, search_rows=15, epochs=3, patience=3)
    fitted = system.fit(rows[:45], rows[45:], context)
    rates = [trial.settings["learning_rate"] for trial in fitted.trials]
    assert rates[:-1] == list(finetune.LEARNING_RATES)
    assert rates[-1] in finetune.LEARNING_RATES
    searched = [trial.settings["rows"] for trial in fitted.trials]
    assert searched == [15] * len(finetune.LEARNING_RATES) + [45]
    assert sum(calls) == 15 * fitted.budget.spent
    assert fitted.budget.declared == fitted.budget.spent
    best = max(fitted.trials[:-1], key=lambda trial: trial.validation_score)
    assert best.settings["learning_rate"] == rates[-1]
    assert any(note.startswith("learning rates tried on 15 rows") for note in fitted.notes)


def test_a_diverging_rate_is_a_lost_trial_not_a_crash(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_examples()
    monkeypatch.setattr(finetune, "LEARNING_RATES", (float("inf"), 5e-3))
    fitted = build(tiny_encoder, learning_rate=0.0, epochs=1).fit(rows[:45], rows[45:], make_context())
    assert fitted.trials[0].validation_score == 0.0
    assert fitted.trials[-1].settings["learning_rate"] == 5e-3
    assert any("inf diverged (epoch 1, step 2, rows row-" in note for note in fitted.notes)


def test_one_label_and_labels_that_only_validation_has(tiny_encoder: Path) -> None:
    rows = [row for row in make_examples() if row.target == "fee"]
    other = [row for row in make_examples() if row.target == "lost"]
    fitted = build(tiny_encoder, epochs=1).fit(rows, other, make_context())
    assert fitted.labels == ("fee",)
    assert fitted.answer([other[0].inputs])[0].text == "fee"
    assert fitted.trials[-1].validation_score == 0.0


def test_odd_inputs_get_answers(tiny_encoder: Path) -> None:
    rows = make_examples()
    long = Example((Message("user", "fee " * 90),), "fee", Source("f", 1), "long")
    fitted = build(tiny_encoder, epochs=1).fit([*rows[:45], long], rows[45:], make_context())
    assert fitted.notes[0] == "1 of 46 training texts are longer than 16 tokens and were cut at the end"
    assert fitted.answer([]) == []
    odd = [Inputs((Message("user", text),), "x") for text in ("", "\ud800", "日本語", "fee " * 500)]
    assert [answer.status for answer in fitted.answer(odd)] == ["ok"] * 4


def test_progress_and_stopping(tiny_encoder: Path) -> None:
    rows = make_examples()
    seen: list[float] = []
    system = build(tiny_encoder, learning_rate=0.0, epochs=2)
    system.fit(rows[:45], rows[45:], make_context(progress=lambda _stage, share: seen.append(share)))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    with pytest.raises(Cancelled):
        system.fit(rows[:45], rows[45:], make_context(cancelled=lambda: len(seen) > 0))


def test_the_global_random_state_is_left_alone(tiny_encoder: Path) -> None:
    rows = make_examples()
    torch_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    build(tiny_encoder, epochs=1).fit(rows[:45], rows[45:], make_context())
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)


def test_identity_follows_encoder_options_and_format(tiny_encoder: Path) -> None:
    first = dict(build(tiny_encoder).identity())
    assert first == dict(build(tiny_encoder).identity())
    assert first != dict(build(tiny_encoder, epochs=3).identity())
    assert first["format"] in {"fp32", "bf16"}
    assert build(tiny_encoder).role == "candidate"


@pytest.mark.parametrize(
    ("option", "value"),
    [("epochs", 0), ("learning_rate", -1.0), ("label_smoothing", 1.0), ("rows_per_step", 0), ("max_tokens", -1)],
)
def test_values_that_make_no_sense_are_refused(option: str, value: float) -> None:
    with pytest.raises(InputError, match=option):
        finetune.build("n", None, {option: value}, Path())


def test_every_option_is_declared_and_read(tiny_encoder: Path) -> None:
    assert len(finetune.OPTIONS) <= 8
    with pytest.raises(InputError, match="epoch"):
        finetune.build("n", None, {"epoch": 1}, Path())
