"""Merged models, and answers replayed through every exported form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from test_adapters import trained
from test_after_training import PROBE

from tiny_decoders import STOP, rows, tiny_model, tiny_tokenizer
from tunewright.errors import InputError, WorkError
from tunewright.language.generate import Decoding, Generated, generate
from tunewright.training import export
from tunewright.training.adapters import load_trained, read_sidecar
from tunewright.training.after_training import probe_outputs
from tunewright.training.export import compare_greedy, export_merged, probe_prompts
from tunewright.training.methods import MethodSettings

PROMPTS = [*rows(3, 6, seed=11), *rows(3, 14, seed=12)]


@pytest.mark.parametrize(
    ("family", "method"), [("llama", "lora"), ("gpt2", "rslora"), ("gemma3", "dora"), ("qwen3", "pissa")]
)
def test_every_form_gives_the_same_answers(family: str, method: str, tmp_path: Path) -> None:
    folder, prepared = trained(tmp_path, family, MethodSettings(method, rank=4))
    exported = export_merged(folder, tmp_path / "merged", PROBE)
    assert exported.merged_difference < 1e-4
    assert exported.reloaded_difference < 1e-4
    assert read_sidecar(tmp_path / "merged").method["merged"] is True
    for replay in exported.replays:
        assert replay.passed
        assert replay.prompts == len(PROBE)
        assert replay.largest_logprob_difference < 1e-4
    decoding = Decoding(12, (STOP,))
    expected = generate(prepared.model, None, PROMPTS, decoding)
    models = {"adapter": load_trained(folder), "merged": load_trained(exported.folder)}
    for form, loaded in models.items():
        report = compare_greedy(form, expected, generate(loaded.decoder.model, None, PROMPTS, decoding))
        assert report.passed
        assert report.equal + report.near_ties == len(PROMPTS)
        assert report.largest_logprob_difference < 1e-4
    report = compare_greedy("base", expected, generate(tiny_model(family), None, PROMPTS, decoding))
    assert not report.passed
    assert "DIFFER" in report.describe()


def test_a_merged_model_that_answers_otherwise_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = trained(tmp_path)
    answers = export.generate
    calls: list[int] = []

    def altered(*arguments: Any) -> list[Generated]:
        calls.append(1)
        found = answers(*arguments)
        return [replace(one, ids=(7, *one.ids)) for one in found] if len(calls) == 3 else found

    monkeypatch.setattr(export, "generate", altered)
    with pytest.raises(WorkError) as caught:
        export_merged(folder, tmp_path / "merged", PROBE)
    assert caught.value.code == "training.answers_changed"
    assert "read back from disk" in str(caught.value)
    assert not (tmp_path / "merged").exists()


def test_probe_prompts_are_ordinary_and_always_the_same() -> None:
    tokenizer = tiny_tokenizer()
    prompts = probe_prompts(tokenizer)
    assert prompts == probe_prompts(tokenizer)
    assert [len(prompt) for prompt in prompts] == [4, 6, 8, 10, 12, 14]
    assert min(min(prompt) for prompt in prompts) > 3  # behind the special tokens


def test_a_merged_model_is_a_plain_one(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder, prepared = trained(tmp_path)
    export_merged(folder, tmp_path / "merged", PROBE)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    torch.testing.assert_close(probe_outputs(plain, PROBE), probe_outputs(prepared.model, PROBE), atol=1e-4, rtol=0)
    assert plain.generation_config.eos_token_id == [STOP, 5]


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    folder, _ = trained(tmp_path, settings=MethodSettings("full"))
    with pytest.raises(InputError) as caught:
        export_merged(folder, tmp_path / "merged", PROBE)
    assert caught.value.code == "export.no_adapter"


def test_a_dead_adapter_is_not_exported(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder, _ = trained(tmp_path)
    weights = load_file(folder / "adapter_model.safetensors")
    dead = {name: value * ("lora_B" not in name) for name, value in weights.items()}
    save_file(dead, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WorkError) as caught:
        export_merged(folder, tmp_path / "merged", PROBE)
    assert caught.value.code == "training.dead_adapter"
    assert not (tmp_path / "merged").exists()


def answer(ids: list[int], margins: list[float]) -> Generated:
    return Generated(tuple(ids), "", "length", tuple(-float(token) for token in ids), tuple(margins))


def test_answers_are_compared_to_their_first_difference() -> None:
    expected = [
        answer([1, 2, 3], [9, 9, 9]),
        answer([1, 2, 3], [9, 1e-5, 9]),
        answer([1, 2], [9, 9]),
        answer([4], [0.5]),
    ]
    found = [answer([1, 2, 3], [9, 9, 9]), answer([1, 7, 8], [9, 9, 9]), answer([1, 2, 3], [9, 9, 9]), answer([5], [9])]
    report = compare_greedy("form", expected, found)
    assert (report.prompts, report.equal, report.near_ties, report.different, report.passed) == (4, 1, 1, 2, False)
    assert [(d.prompt, d.position, d.expected, d.found, d.near_tie) for d in report.differences] == [
        (1, 1, 2, 7, True),
        (2, 2, None, 3, False),
        (3, 0, 4, 5, False),
    ]
    assert report.tokens == 3 + 1 + 2
    assert report.largest_logprob_difference == 0.0
    assert compare_greedy("form", expected, expected).passed
    ties = compare_greedy("form", expected, found, tie=1.0)
    assert (ties.near_ties, ties.different) == (2, 1)
