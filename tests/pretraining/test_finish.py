"""Decontamination, evaluation, export, card and the embedded folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from pretraining.config import CONFIGS
from pretraining.probe import exact_answers
from pretraining.tasks.base import Task
from pretraining.tasks.material import read_material
from pretraining.train import Trainer
from transformers import AutoModelForCausalLM, AutoTokenizer

from pretraining import card, decontaminate, evaluate, export, pack, travel
from tunewright.errors import InputError, WorkError
from tunewright.language.embedded import EMBEDDED, embedded_folder, names_in

TINY = CONFIGS["tiny"]


def task_of(text: str, answer: str = "x", judged_as: str = "text") -> Task:
    return Task("k", ({"role": "user", "content": text}, {"role": "assistant", "content": answer}), judged_as=judged_as)


@pytest.fixture(scope="module")
def exported(build_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model after a few steps."""
    folder = tmp_path_factory.mktemp("model")
    trainer = Trainer(TINY, build_folder)
    for step in range(30):
        trainer.step(trainer.stream.batch(step, TINY.stages[0]))
    trainer.save(folder / "run")
    export.export(folder / "run" / "checkpoint", TINY.shape, build_folder / "tokenizer", folder / "wren")
    return folder / "wren"


def test_texts_of_evaluation_splits_are_found(data_folder: Path) -> None:
    reserved = decontaminate.read_reserved(data_folder)
    assert reserved.rows == {"desks/test": 1}
    clean = decontaminate.Filter(reserved)
    kept = clean(
        [
            task_of("Say it: The QUICK brown fox, jumps over the lazy dog and then goes home."),
            task_of("one two three four five six seven eight nine ten eleven twelve thirteen fourteen"),
            task_of("the quick brown fox jumps over the lazy dog"),
        ]
    )
    assert [task.messages[0]["content"][:3] for task in kept] == ["one", "the"]
    assert (clean.kept, clean.dropped) == (2, {"k": 1})


def test_an_equal_short_text_counts_as_a_touch() -> None:
    reserved = decontaminate.Reserved()
    reserved.add("s/test", ["please unlock my old card today"])
    assert reserved.touches("Label:\nPlease unlock my old card today!")
    assert not reserved.touches("please unlock my old card")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("test.jsonl", True),
        ("validation.jsonl.gz", True),
        ("oos_test.jsonl", True),
        ("ifeval.jsonl", True),
        ("train.jsonl.gz", False),
        ("train_small.jsonl", False),
        ("sentences_train.jsonl.gz", False),
        ("labels.json", False),
    ],
)
def test_which_files_are_evaluation(name: str, is_one: bool) -> None:
    assert decontaminate.is_evaluation(Path("set") / name) == is_one


def test_answers_are_judged_by_what_was_asked_for() -> None:
    assert evaluate.is_right(task_of("q", "Rome"), " Rome\n")
    assert not evaluate.is_right(task_of("q", "Rome"), "rome")
    wanted = task_of("q", '{"a": 1, "b": null}', "json")
    assert evaluate.is_right(wanted, '{"b":null,"a":1}')
    assert not evaluate.is_right(wanted, '{"a": 1}')
    assert evaluate.parsed(wanted, '{"a": 1') is None
    call = {"name": "f", "arguments": {"x": 1}}
    messages = ({"role": "user", "content": "q"}, {"role": "assistant", "content": "", "tool_calls": [call]})
    task = Task("k", messages, judged_as="call")
    assert evaluate.is_right(task, f"<|call|>{json.dumps(call)}<|call_end|>")
    assert evaluate.parsed(task, json.dumps(call)) is None


def test_report_separates_new_kinds() -> None:
    tallies = {"labels.desk": evaluate.Tally(3, 4, 0, 0), "labels.sentiment": evaluate.Tally(1, 4, 1, 2)}
    found = evaluate.report(tallies)
    assert (found["accuracy_new_instances"], found["accuracy_new_kinds"], found["valid_json"]) == (0.75, 0.25, 0.5)


def test_the_folder_loads_plainly_and_keeps_its_logits(exported: Path, build_folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(exported)
    assert model.config.tie_word_embeddings
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    trainer = Trainer(TINY, build_folder)
    trainer.resume(exported.parent / "run")
    ids = tokenizer.apply_chat_template([{"role": "user", "content": "Rome"}], return_tensors="pt", return_dict=False)
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, trainer.model(ids).logits, atol=0.05, rtol=0.02)


def test_exact_answers_are_those_of_greedy_decoding(exported: Path) -> None:
    """The quick probe against generate: an answer made greedily is exact, the same with one token changed is not."""
    model = AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(exported)
    chat = [{"role": "user", "content": "Repeat: a river"}]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=False)
    made = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=5, do_sample=False)[0].tolist()
    ids = made if made[-1] == tokenizer.eos_token_id else [*made, tokenizer.eos_token_id]
    wrong = list(ids)
    wrong[prompt.shape[1]] = (ids[prompt.shape[1]] + 1) % 400 + 16
    found = exact_answers(model, [np.array(one, np.uint16) for one in ([*made, 2], wrong)], "cpu", False)
    ends_itself = made[-1] == tokenizer.eos_token_id
    with torch.no_grad():
        last = int(model(torch.tensor([made])).logits[0, -1].argmax())
    assert found[0][0] == (ends_itself or last == tokenizer.eos_token_id)
    assert found[1] == [False]


def test_the_whole_evaluation_runs_on_an_exported_folder(exported: Path, corpus_folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(exported, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(exported)
    bits = evaluate.bits_per_byte(model, tokenizer, corpus_folder / "prose.val.jsonl.zst", "prose", 500)
    assert 0.5 < bits < 8.0
    tasks = evaluate.held_out_tasks(read_material(corpus_folder, held_out=True), 1, 5)[:6]
    found = evaluate.report(evaluate.answer_tasks(model, tokenizer, tasks))
    assert sum(kind["of"] for kind in found["by_kind"].values()) == 6


def test_checkpoints_travel_in_parts(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PART_BYTES", 40_000)
    parts = export.cut(exported, tmp_path / "parts")
    assert len(parts) > 1
    assert max(path.stat().st_size for path in parts) <= 40_000
    export.join(tmp_path / "parts", tmp_path / "whole")
    for path in exported.iterdir():
        assert (tmp_path / "whole" / path.name).read_bytes() == path.read_bytes()


def test_what_travels_makes_the_same_shards(
    build_folder: Path, corpus_folder: Path, data_folder: Path, tmp_path: Path
) -> None:
    assert travel.pack(build_folder, corpus_folder, data_folder, tmp_path / "travel") > 1000
    travel.unpack(tmp_path / "travel", tmp_path / "build")
    for name in ("prose.npy", "qa.val.npy"):
        assert (np.load(tmp_path / "build" / name) == np.load(build_folder / name)).all()
    material, reserved = travel.material_of(tmp_path / "travel"), travel.reserved_of(tmp_path / "travel")
    assert reserved.runs == decontaminate.read_reserved(data_folder).runs
    assert reserved.rows == {"desks/test": 1}
    pack.write_shards(tmp_path / "build", material, reserved, [1], 12_000)
    copy = tmp_path / "copy"
    shutil.copytree(build_folder / "tokenizer", copy / "tokenizer")
    here_material = travel.thinned(read_material(corpus_folder))
    pack.write_shards(copy, here_material, decontaminate.read_reserved(data_folder), [1], 12_000)
    with np.load(tmp_path / "build" / "tasks-0001.npz") as there, np.load(copy / "tasks-0001.npz") as here:
        assert (there["tokens"] == here["tokens"]).all()


def test_embedded_models_are_checked_against_their_pins(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "finch").mkdir()
    for path in exported.iterdir():
        (tmp_path / "finch" / path.name).write_bytes(path.read_bytes())
    assert names_in(tmp_path) == ()
    export.pin(tmp_path / "finch", tmp_path / "finch.json")
    assert embedded_folder("finch", tmp_path) == tmp_path / "finch"
    with pytest.raises(InputError, match="no embedded model 'sparrow'") as unknown:
        embedded_folder("sparrow", tmp_path)
    assert "finch" in str(unknown.value.hint)
    (tmp_path / "finch").rename(tmp_path / "robin")
    (tmp_path / "finch.json").rename(tmp_path / "robin.json")
    (tmp_path / "robin" / "config.json").write_text("{}")
    with pytest.raises(WorkError, match="not the one that belongs"):
        embedded_folder("robin", tmp_path)


@pytest.mark.parametrize("name", EMBEDDED)
def test_what_ships_is_what_was_pinned(name: str) -> None:
    folder = embedded_folder(name)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.max_position_embeddings == 2048
    assert (folder / "README.md").is_file()


def test_the_card_states_what_was_measured(build_folder: Path, exported: Path) -> None:
    position = json.loads((exported.parent / "run" / "checkpoint" / "position.json").read_text())
    accuracy = {"labels.desk": 0.5, "labels.code": 0.25, "new:copying.marked": 0.125}
    position["curve"] = [{"tokens": 7680, "val_loss": {"prose": 4.0, "qa": 5.0}, "accuracy": accuracy}]
    evaluation = {
        "bits_per_byte": {"prose": 1.75, "qa": 2.0},
        "bits_per_byte_mean": 1.875,
        **{"accuracy_new_instances": 0.5, "accuracy_new_kinds": 0.25, "valid_json": 0.875, "json_answers": 8},
        "by_kind": {"labels.sentiment": {"right": 3, "of": 12}},
        **{"load_s": 0.5, "decode_tokens_per_s": 151.4},
    }
    text = card.write_card(TINY, build_folder, position, evaluation, "a test machine")
    for line in (
        "prose 1.750, qa 2.000, mean 1.875",
        "| labels.sentiment (new kind) | 3 of 12 |",
        "| 7,680 | 4.500 | 0.375 | 0.125 |",
        "Dropped: 0 of",
        "desks/test 1",
        "151 tokens/s",
    ):
        assert line in text
    notes = json.loads((build_folder / "corpus.json").read_text())
    assert all(note["sha256"] in text for note in notes.values())
    assert text.count("\n\n\n") == 0


def test_only_a_finished_folder_ships(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"README\.md"):
        export.ship(exported, tmp_path / "wren", tmp_path / "wren.json")
    finished = tmp_path / "finished"
    finished.mkdir()
    for path in exported.iterdir():
        (finished / path.name).write_bytes(path.read_bytes())
    (finished / "README.md").write_text("a card")
    export.ship(finished, tmp_path / "wren", tmp_path / "wren.json")
    assert embedded_folder("wren", tmp_path) == tmp_path / "wren"
