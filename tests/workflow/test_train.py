"""``tunewright train`` without the command line: data to folder, refusals, stopped runs, what a folder is good for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tiny_decoders import write_chat_decoder
from tunewright.data.read import ColumnMap
from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.store.processes import this_process
from tunewright.training.adapters import load_trained
from tunewright.training.methods import MethodSettings
from tunewright.training.sft import SftSettings
from tunewright.workflow.study import Hooks
from tunewright.workflow.tuning import train
from tunewright.workflow.tuning.train import TrainJob, make_ready, previews, train_model

DESKS = ("billing", "parts", "repair")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_decoder(tmp_path_factory.mktemp("base"), max_position_embeddings=128)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    words = {"billing": "invoice", "parts": "gasket", "repair": "motor"}
    rows = [f"the {words[desk]} of order {number} {desk[::-1]},{desk}" for number in range(10) for desk in DESKS]
    path = tmp_path / "desk.csv"
    path.write_text("text,desk\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def job_for(base: Path, table: Path, **changes: Any) -> TrainJob:
    method = MethodSettings("lora", rank=4, learning_rate=5e-3, seed=1)
    sft = SftSettings(1, epochs=2, rows_per_step=8)
    job = TrainJob(table, str(base), table.parent / "tuned", method, sft, columns=ColumnMap(("text",), "desk"))
    return replace(job, **changes)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next(folder.glob("*.safetensors")))


def test_an_adapter_comes_out_that_loads_and_learned(base: Path, table: Path) -> None:
    job = job_for(base, table)
    said: list[str] = []
    outcome = train_model(job, Hooks(say=said.append))
    report = outcome.report
    assert (report["rows"], report["held_out_rows"]) == (27, 3)
    first, last = report["epochs"]
    assert last["train_loss"] < first["train_loss"]
    assert report["after_training"]["effect"] > 0
    assert report["fast_paths"]["share"]
    answers = report["held_out_answers"]
    assert answers["rows"] == 3
    assert answers["endless"] + answers["exact"] <= 3
    assert report["replayed"] == "read back from disk: 3 of 3 answers equal in all tokens"
    trained = load_trained(job.out)
    assert trained.decoder.model.peft_config
    assert not job.state.exists()
    lines = [json.loads(line) for line in (job.out / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 9))
    losses = [json.loads(line) for line in (job.out / "row_losses.jsonl").read_text("utf-8").splitlines()]
    assert len(losses) == 27
    assert all(len(row["losses"]) == 2 and None not in row["losses"] for row in losses)
    assert any(line.startswith("estimate: memory fits") for line in said)


def test_full_tuning_writes_a_model_that_plain_transformers_loads(base: Path, table: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    job = job_for(base, table, method=MethodSettings("full", learning_rate=1e-3))
    train_model(job, Hooks())
    model = AutoModelForCausalLM.from_pretrained(job.out)
    tokenizer = AutoTokenizer.from_pretrained(job.out)
    assert model.generation_config.eos_token_id == 2
    assert tokenizer.chat_template
    before = load_file(base / "model.safetensors")
    assert any(not torch.equal(value, before[name]) for name, value in model.state_dict().items() if name in before)


def test_without_fast_paths_the_same_comes_out(base: Path, table: Path) -> None:
    fast = job_for(base, table)
    slow = replace(fast, out=table.parent / "plain", sft=replace(fast.sft, fast=False))
    quick, plain = train_model(fast, Hooks()).report, train_model(slow, Hooks()).report
    assert not plain["fast_paths"]["share"]
    assert quick["held_out_loss"] == pytest.approx(
        plain["held_out_loss"], rel=0.02
    )  # bfloat16 where the machine has it


def test_a_clean_stop_is_gone_on_from(base: Path, table: Path) -> None:
    job = job_for(base, table)
    train_model(replace(job, out=table.parent / "whole"), Hooks())
    steps: list[str] = []
    hooks = Hooks(progress=lambda _n, text, _s: steps.append(text), cancelled=lambda: len(steps) >= 3)
    with pytest.raises(Cancelled):
        train_model(job, hooks)
    outcome = train_model(replace(job, resume=True), Hooks())
    assert outcome.report["steps"] == 8
    kept = [json.loads(line) for line in (job.out / "row_losses.jsonl").read_text("utf-8").splitlines()]
    one_go = [
        json.loads(line) for line in (table.parent / "whole" / "row_losses.jsonl").read_text("utf-8").splitlines()
    ]
    assert kept == one_go
    whole, again = weights(table.parent / "whole"), weights(job.out)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert len((job.out / "metrics.jsonl").read_text("utf-8").splitlines()) == 8 + 2


def test_resuming_with_other_settings_is_refused(base: Path, table: Path) -> None:
    job = job_for(base, table)
    steps: list[str] = []
    hooks = Hooks(progress=lambda _n, text, _s: steps.append(text), cancelled=lambda: len(steps) >= 3)
    with pytest.raises(Cancelled):
        train_model(job, hooks)
    other = replace(job, resume=True, sft=replace(job.sft, rows_per_step=4))
    with pytest.raises(InputError) as caught:
        train_model(other, Hooks())
    assert caught.value.code == "training.other_run"
    assert caught.value.why is not None
    assert "settings" in caught.value.why


def test_resuming_with_other_turns_trained_is_refused(base: Path, table: Path) -> None:
    talks = [
        {
            "messages": [
                {"role": role, "content": f"{role} {n} {'xyz'[n % 3] * 9}"} for role in ("user", "assistant") * 2
            ]
        }
        for n in range(8)
    ]
    path = table.parent / "talks.jsonl"
    path.write_text("\n".join(map(json.dumps, talks)), encoding="utf-8")
    held_out = table.parent / "held.jsonl"
    held_out.write_text(json.dumps(talks[0]), encoding="utf-8")
    job = replace(job_for(base, path), columns=None, validation=held_out, sft=SftSettings(1, epochs=3, rows_per_step=2))
    steps: list[str] = []
    hooks = Hooks(progress=lambda _n, text, _s: steps.append(text), cancelled=lambda: len(steps) >= 3)
    with pytest.raises(Cancelled):
        train_model(job, hooks)
    with pytest.raises(InputError) as caught:
        train_model(replace(job, resume=True, train_on="last"), Hooks())
    assert caught.value.code == "training.other_run"
    assert "trained tokens" in str(caught.value.why)


def test_a_second_run_into_the_same_folder_is_refused_while_the_first_one_lives(base: Path, table: Path) -> None:
    job = job_for(base, table)
    refused: list[str] = []

    def beside(_name: str, _text: str, _share: float) -> None:
        if not refused:
            (job.state / "lock.json").write_text(json.dumps({"host": this_process().host, "pid": 1}), encoding="utf-8")
            for other in (job, replace(job, resume=True)):
                with pytest.raises(InputError) as caught:
                    train_model(other, Hooks())
                refused.append(caught.value.code)

    train_model(job, Hooks(progress=beside))
    assert refused == ["training.unfinished", "training.running"]
    assert (job.out / "adapter_model.safetensors").is_file()


def test_the_lock_of_a_dead_process_is_taken_over(base: Path, table: Path) -> None:
    job = job_for(base, table)
    steps: list[str] = []
    with pytest.raises(Cancelled):
        train_model(job, Hooks(progress=lambda _n, t, _s: steps.append(t), cancelled=lambda: len(steps) >= 2))
    (job.state / "lock.json").write_text(json.dumps({"host": this_process().host, "pid": 2**22 + 5}), encoding="utf-8")
    assert train_model(replace(job, resume=True), Hooks()).report["steps"] == 8


def test_a_check_that_fails_at_the_end_locks_nothing_away(
    base: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_for(base, table)

    def differs(*_arguments: object) -> str:
        raise WorkError("training.saved_differs", "It differs.")

    monkeypatch.setattr(train, "replay_saved", differs)
    with pytest.raises(WorkError):
        train_model(job, Hooks())
    assert not job.out.exists()
    monkeypatch.undo()
    outcome = train_model(replace(job, resume=True), Hooks())
    assert outcome.report["steps"] == 8
    assert (job.out / "training.json").is_file()


def test_merging_that_changes_answers_is_said_and_the_adapter_is_kept(
    base: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differs(*_arguments: object) -> float:
        raise WorkError("training.merge_differs", "Merging changes the answers.", where="by 0.5")

    monkeypatch.setattr(train, "check_merged", differs)
    report = train_model(job_for(base, table), Hooks()).report
    assert report["notes"] == ["serve the adapter unmerged: Merging changes the answers. (by 0.5)"]


def test_a_run_that_fails_before_training_leaves_nothing(base: Path, table: Path) -> None:
    job = job_for(base, table, max_tokens=5)
    with pytest.raises(InputError):
        train_model(job, Hooks())
    assert not job.state.exists()


def test_nothing_is_overwritten_and_nothing_resumed_that_is_not_there(base: Path, table: Path) -> None:
    job = job_for(base, table)
    job.out.mkdir()
    (job.out / "mine.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        train_model(job, Hooks())
    assert caught.value.code == "training.folder_exists"
    with pytest.raises(InputError) as caught:
        train_model(replace(job, out=table.parent / "new", resume=True), Hooks())
    assert caught.value.code == "training.nothing_to_resume"


def test_long_rows_are_refused_and_named_or_left_out_and_counted(base: Path, table: Path) -> None:
    with table.open("a", encoding="utf-8") as file:
        file.write("a very long story about a motor " * 6 + ",repair\n")
    job = job_for(base, table, max_tokens=100)
    with pytest.raises(InputError) as caught:
        make_ready(job)
    assert caught.value.code == "gates.too_long"
    assert "desk.csv:32" in str(caught.value.where)
    ready = make_ready(replace(job, too_long="drop"))
    assert len(ready.rendered.rows) + len(ready.rendered.validation) == 30
    assert len(ready.data.train) + len(ready.data.validation) == 31


def test_the_preview_shows_what_is_trained(base: Path, table: Path) -> None:
    ready = make_ready(job_for(base, table, system="Name the desk."))
    name, row = previews(ready, 1)[0]
    assert name.startswith("desk.csv:")
    assert row.trained_text in {f"{desk}<|im_end|>" for desk in DESKS}
    assert row.text.startswith("<|im_start|>system\nName the desk.<|im_end|>")


def test_multi_turn_rows_train_every_answer_unless_told_otherwise(base: Path, tmp_path: Path) -> None:
    asked = ("a gasket", "an invoice", "the motor", "opening hours")
    lines = []
    for thing in asked:
        said = (("user", f"where is {thing}"), ("assistant", "one"), ("user", "and then"), ("assistant", "two"))
        lines.append(json.dumps({"messages": [{"role": role, "content": text} for role, text in said]}))
    path = tmp_path / "talks.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    job = replace(job_for(base, path), columns=None)
    (_, row), *_ = previews(make_ready(job), 1)
    assert row.trained_text.startswith("one<|im_end|>two")
    (_, row), *_ = previews(make_ready(replace(job, train_on="last")), 1)
    assert row.trained_text.startswith("two")
