"""``tunewright merge`` as typed: the merged folder answers as its adapter does; what cannot be merged says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from typed import document, typed

from tiny_decoders import rows, write_chat_decoder
from tunewright.language.decoder import load_decoder, locate_decoder
from tunewright.language.spec import resolve_spec
from tunewright.training.adapters import load_trained, save_trained
from tunewright.training.after_training import probe_outputs
from tunewright.training.methods import MethodSettings, prepare


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.language.threads.MOST_THREADS", 1)


def tuned(folder: Path, base: Path, method: str = "lora") -> Path:
    loaded = load_decoder(locate_decoder(str(base)))
    prepared = prepare(loaded.model, MethodSettings(method, rank=None if method == "full" else 4))
    with torch.no_grad():
        for parameter in prepared.model.parameters():
            if parameter.requires_grad:
                parameter += 0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3))
    spec = resolve_spec(loaded.tokenizer, date="2024-05-01")
    return save_trained(folder, prepared, loaded.tokenizer, loaded.files, spec)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_decoder(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tuned(tmp_path_factory.mktemp("tuned") / "adapter", base)


def test_the_merged_folder_is_a_model_that_says_the_same(adapter: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    text = typed("merge", adapter, "--out", tmp_path / "merged").output
    assert "merged, in memory: 6 of 6 answers equal in all tokens" in text
    assert "merged, read back from disk: 6 of 6 answers equal in all tokens" in text
    assert str(tmp_path / "merged") in text.replace("\n", "")
    probe = rows(3, 9)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    expected = probe_outputs(load_trained(adapter).decoder.model, probe)
    torch.testing.assert_close(probe_outputs(plain, probe), expected, atol=1e-4, rtol=0)
    assert document("chat", tmp_path / "merged", "--once", "hello", "--max-new-tokens", "3")["tokens"] >= 1


def test_the_figures_as_json(adapter: Path, tmp_path: Path) -> None:
    told = document("merge", adapter, "--out", tmp_path / "merged")
    assert told["folder"] == str(tmp_path / "merged")
    assert [form["form"] for form in told["answers"]] == ["merged, in memory", "merged, read back from disk"]
    for form in told["answers"]:
        assert (form["prompts"], form["different"]) == (6, 0)
        assert form["equal_tokens"] > 6
    assert 0 <= told["reloaded_difference"] < 1e-4


def test_what_cannot_be_merged(adapter: Path, base: Path, tmp_path: Path) -> None:
    def refusal(*words: object) -> dict[str, str]:
        found: dict[str, str] = document("merge", *words, code=2)["error"]
        return found

    out = tmp_path / "merged"
    assert refusal(tmp_path / "nothing", "--out", out)["code"] == "merge.no_folder"
    assert refusal(base, "--out", out)["code"] == "trained.no_sidecar"
    assert refusal(tuned(tmp_path / "full", base, "full"), "--out", out)["code"] == "export.no_adapter"
    error = refusal(adapter, "--out", base)
    assert error["code"] == "trained.folder_exists"
    assert "--out" in error["hint"]
    write_chat_decoder(tmp_path / "other", seed=1)
    assert refusal(adapter, "--out", out, "--base", tmp_path / "other")["code"] == "trained.other_base"
    assert not out.exists()


def test_a_base_that_has_moved_is_named(tmp_path: Path) -> None:
    folder = tuned(tmp_path / "adapter", write_chat_decoder(tmp_path / "base"))
    shutil.move(tmp_path / "base", tmp_path / "moved")
    assert document("merge", folder, "--out", tmp_path / "merged", code=2)["error"]["code"] == "decoder.not_found"
    typed("merge", folder, "--out", tmp_path / "merged", "--base", tmp_path / "moved")
    assert (tmp_path / "merged" / "model.safetensors").is_file()


def test_training_on_a_merged_folder_begins_where_the_adapter_ended(adapter: Path, tmp_path: Path) -> None:
    typed("merge", adapter, "--out", tmp_path / "merged")
    second = tuned(tmp_path / "second", tmp_path / "merged")
    assert load_trained(second).sidecar.base_name == str(tmp_path / "merged")
