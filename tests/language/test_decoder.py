"""Finding and loading decoders: by folder, by adapter, and every way in which a folder can be wrong."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import pytest
import torch

from tiny_decoders import FAMILIES, rows, tiny_model, tiny_tokenizer, write_tiny_decoder
from tunewright.errors import InputError, WorkError
from tunewright.language import carrier, embedded
from tunewright.language.decoder import is_decoder, load_decoder, locate_decoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_decoder(tmp_path / "model")


def refused(name: str, root: Path | None = None) -> InputError | WorkError:
    with pytest.raises((InputError, WorkError)) as caught:
        load_decoder(locate_decoder(name, root))
    error = caught.value
    assert isinstance(error, InputError | WorkError)
    return error


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_loads_as_plain_transformers_does(family: str, tmp_path: Path) -> None:
    write_tiny_decoder(tmp_path / family, family)
    found = locate_decoder(family, tmp_path)
    loaded = load_decoder(found)
    ids = torch.tensor(rows(2, 7))
    torch.testing.assert_close(loaded.model(ids).logits, tiny_model(family)(ids).logits, atol=0, rtol=0)
    assert not loaded.model.training
    assert loaded.tokenizer("w3 w4")["input_ids"] == [7, 8]
    assert len(loaded.notes) == (family == "qwen2")  # transformers' own Qwen2Tokenizer passes over tokenizer.json
    assert found.lasting_name == str(tmp_path / family)
    assert is_decoder(tmp_path / family)


def test_the_digest_follows_weights_template_and_stop_tokens(folder: Path) -> None:
    before = locate_decoder(str(folder)).digest
    assert locate_decoder(str(folder)).digest == before
    settings = folder / "generation_config.json"
    settings.write_text(settings.read_text("utf-8").replace('"eos_token_id": 2', '"eos_token_id": 3'), "utf-8")
    second = locate_decoder(str(folder)).digest
    (folder / "chat_template.jinja").write_text("{{ messages }}", "utf-8")
    third = locate_decoder(str(folder)).digest
    tiny_model("llama", seed=1).save_pretrained(folder)
    assert len({before, second, third, locate_decoder(str(folder)).digest}) == 4


def test_half_precision_on_request(folder: Path) -> None:
    loaded = load_decoder(locate_decoder(str(folder)), dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.bfloat16}


def test_an_adapter_folder_is_its_base_with_the_adapter_on(folder: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    base = locate_decoder(str(folder))
    model = get_peft_model(
        load_decoder(base).model,
        LoraConfig(r=2, init_lora_weights=False, target_modules=["q_proj"], task_type="CAUSAL_LM"),
    ).eval()
    adapter = tmp_path / "adapter"
    model.save_pretrained(adapter)
    found = locate_decoder(str(adapter))
    assert found.base == base
    assert found.adapter == adapter
    assert found.digest != base.digest
    assert is_decoder(adapter)
    loaded = load_decoder(found)
    ids = torch.tensor(rows(1, 6))
    torch.testing.assert_close(loaded.model(ids).logits, model(ids).logits, atol=0, rtol=0)
    with loaded.model.disable_adapter():
        assert (loaded.model(ids).logits - model(ids).logits).abs().max() > 1e-3

    config = adapter / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text("utf-8")) | {"base_model_name_or_path": None}), "utf-8")
    assert refused(str(adapter)).code == "decoder.no_base"
    config.write_text(json.dumps({"base_model_name_or_path": str(adapter), "peft_type": "LORA"}), "utf-8")
    assert refused(str(adapter)).code == "decoder.nested_adapter"
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    assert refused(str(adapter)).code == "decoder.pickled_weights"


def test_an_encoder_is_refused_with_the_way_out(tiny_encoder: Path) -> None:
    error = refused(str(tiny_encoder))
    assert error.code == "decoder.not_causal"
    assert "BertModel" in str(error)
    assert "finetune: <encoder>" in str(error)
    assert not is_decoder(tiny_encoder)


def test_what_counts_as_a_decoder() -> None:
    assert is_decoder({"architectures": ["Qwen3ForCausalLM"]})
    assert is_decoder({"architectures": ["GPT2LMHeadModel"]})
    assert is_decoder({"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3"})
    assert not is_decoder(
        {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "is_encoder_decoder": True}
    )
    assert not is_decoder({"architectures": ["LlavaForConditionalGeneration"], "model_type": "llava"})
    assert not is_decoder({"architectures": ["BertForMaskedLM"]})
    assert not is_decoder({"architectures": ["BertLMHeadModel"]})
    assert is_decoder({"architectures": ["BertLMHeadModel"], "is_decoder": True})
    assert not is_decoder({})


def test_a_model_that_sees_what_it_should_predict_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    """RoBERTa loads as a decoder without a word although its attention goes both ways."""
    from transformers import RobertaConfig, RobertaForCausalLM

    config = RobertaConfig(
        vocab_size=96, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=66, initializer_range=0.2,
    )  # fmt: skip
    RobertaForCausalLM(config).save_pretrained(tmp_path / "both-ways")
    tiny_tokenizer().save_pretrained(tmp_path / "both-ways")
    error = refused("both-ways", tmp_path)
    assert error.code == "decoder.not_causal"
    assert "changed the logits" in str(error)


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert refused(str(folder)).code == "decoder.incomplete"
    (folder / "pytorch_model.bin").write_bytes(b"")
    error = refused(str(folder))
    assert error.code == "decoder.pickled_weights"
    assert "save_pretrained" in str(error)


def test_missing_weights_are_refused(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    error = refused(str(folder))
    assert error.code == "decoder.weights_missing"
    assert "layers.1.mlp.up_proj" in str(error)


def test_code_of_the_folder_is_never_run(folder: Path) -> None:
    (folder / "evil.py").write_text("raise SystemExit('ran')", "utf-8")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    assert refused(str(folder)).code == "decoder.remote_code"


def test_a_tokenizer_longer_than_the_embeddings_is_refused(folder: Path) -> None:
    tiny_tokenizer(words=120).save_pretrained(folder)
    error = refused(str(folder))
    assert error.code == "decoder.tokenizer_too_long"
    assert "124" in str(error)
    assert "96" in str(error)


def test_names_that_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused("no/such/folder", tmp_path).code == "decoder.not_found"
    monkeypatch.setenv("TUNEWRIGHT_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    error = refused("nobody/nothing", tmp_path)
    assert error.code == "decoder.unavailable"
    assert "TUNEWRIGHT_OFFLINE" in str(error)


def test_a_model_of_the_hub_keeps_its_name_and_revision(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's client stands in: a cache that lacks the model, then a download of it."""
    asked: list[str | None] = []

    def download(_model_id: str, *, revision: str | None = None, local_files_only: bool = False, **_: object) -> str:
        snapshot = tmp_path / "snapshots" / (revision or "0123abc")
        if local_files_only and not snapshot.exists():
            raise ValueError("not in the cache")
        asked.append(revision)
        shutil.copytree(folder, snapshot, dirs_exist_ok=True)
        return str(snapshot)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr(carrier, "is_offline", lambda: False)
    monkeypatch.setattr(carrier, "hub_problem", lambda _model_id: None)
    found = locate_decoder("owner/model", tmp_path)
    assert (found.source, found.revision, found.lasting_name) == ("hub", "0123abc", "owner/model")
    pinned = locate_decoder("owner/model@fedcba9", tmp_path)
    assert (pinned.name, pinned.revision) == ("owner/model", "fedcba9")

    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    config = {"base_model_name_or_path": "owner/model", "revision": "fedcba9"}
    (adapter / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    assert locate_decoder(str(adapter)).base == pinned
    assert asked == [None, "fedcba9", "fedcba9"]

    monkeypatch.setattr(carrier, "hub_problem", lambda _model_id: "it did not answer")
    error = refused("owner/model@0000000", tmp_path)
    assert error.code == "decoder.unavailable"
    assert "it did not answer" in str(error)


def test_embedded_models_come_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "EMBEDDED", ("wren",))
    monkeypatch.setattr(embedded, "embedded_folder", lambda name: folder)
    found = locate_decoder("wren")
    assert (found.source, found.folder, found.lasting_name) == ("embedded", folder, "wren")


@pytest.mark.parametrize("content", ["half", "nothing", "junk"])
@pytest.mark.parametrize("file", ["model.safetensors", "model.safetensors.index.json", "adapter_model.safetensors"])
def test_files_that_broke_off_are_named(file: str, content: str, folder: Path, tmp_path: Path) -> None:
    broken = folder
    if file.startswith("adapter"):
        broken = an_adapter(folder, tmp_path / "adapter")
    whole = (broken / file).read_bytes() if (broken / file).exists() else b'{"weight_map": '
    (broken / file).write_bytes({"half": whole[: len(whole) // 2], "nothing": b"", "junk": b"\xff" * 200}[content])
    error = refused(str(broken))
    assert error.code == ("decoder.incomplete" if file.endswith("json") else "decoder.unreadable")
    assert str(broken) in str(error)


def an_adapter(base: Path, folder: Path) -> Path:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=2, init_lora_weights=False, target_modules=["q_proj"], task_type="CAUSAL_LM")
    get_peft_model(load_decoder(locate_decoder(str(base))).model, config).save_pretrained(folder)
    return folder


def test_an_adapter_that_lacks_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    adapter = an_adapter(folder, tmp_path / "adapter")
    weights = load_file(adapter / "adapter_model.safetensors")
    lost = sorted(weights)[0]
    save_file({name: value for name, value in weights.items() if name != lost}, adapter / "adapter_model.safetensors")
    error = refused(str(adapter))
    assert error.code == "decoder.weights_missing"
    assert "layers.0.self_attn.q_proj.lora_A" in str(error)


def test_minilm_is_told_to_be_an_encoder(tmp_path: Path) -> None:
    error = refused("minilm", tmp_path)
    assert error.code == "decoder.not_causal"
    assert "{finetune: minilm}" in str(error)
    assert "tunewright run" in str(error)


def test_only_warnings_that_matter_are_seen_at_load(folder: Path, tmp_path: Path) -> None:
    from peft import LNTuningConfig, get_peft_model

    from tunewright.language.peft_warnings import quiet_peft

    model = load_decoder(locate_decoder(str(folder))).model
    config = LNTuningConfig(target_modules=["input_layernorm"], task_type="CAUSAL_LM")
    with quiet_peft():
        get_peft_model(model, config).save_pretrained(tmp_path / "norms")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_decoder(locate_decoder(str(tmp_path / "norms")))
    with pytest.warns(UserWarning, match="something else"), quiet_peft():
        warnings.warn("something else", UserWarning, stacklevel=1)
