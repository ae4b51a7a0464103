"""Merged models, and answers replayed through every exported form."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_adapters import trained
from test_after_training import PROBE

from tiny_decoders import STOP, rows, tiny_model
from tunewright.errors import InputError, WorkError
from tunewright.language.generate import Generated
from tunewright.training.adapters import load_trained, read_sidecar
from tunewright.training.after_training import probe_outputs
from tunewright.training.export import compare_greedy, export_merged, replay
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
    forms = {
        "adapter, reloaded": load_trained(folder).decoder.model,
        "merged, reloaded": load_trained(exported.folder).decoder.model,
        "base": tiny_model(family),
    }
    reports = {
        report.form: report for report in replay(prepared.model, forms, PROMPTS, stop=(STOP,), max_new_tokens=12)
    }
    for form in ("adapter, reloaded", "merged, reloaded"):
        assert reports[form].passed
        assert reports[form].equal + reports[form].near_ties == len(PROMPTS)
        assert reports[form].largest_logprob_difference < 1e-4
    assert not reports["base"].passed
    assert "DIFFER" in reports["base"].describe()


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
