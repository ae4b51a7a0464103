"""Trained folders: what is in them, what plain libraries make of them, and what is compared at load."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from test_after_training import PROBE, shaken

from tiny_decoders import STOP, TEMPLATE, tiny_model, write_tiny_decoder
from tunewright.errors import InputError, WorkError
from tunewright.language.decoder import LoadedDecoder, load_decoder, locate_decoder
from tunewright.language.decoder_files import DecoderFiles
from tunewright.language.spec import RenderSpec
from tunewright.training import adapters
from tunewright.training.adapters import (
    Sidecar,
    load_trained,
    new_folder,
    read_sidecar,
    save_trained,
    trained_format,
    trained_method,
)
from tunewright.training.after_training import check_live, check_ties, probe_outputs
from tunewright.training.methods import MethodSettings, Prepared, prepare
from tunewright.training.precision import Precision

OTHER_TEMPLATE = TEMPLATE.replace("[assistant]", "[answer]")


def trained(tmp_path: Path, family: str = "llama", settings: MethodSettings | None = None) -> tuple[Path, Prepared]:
    """A base folder, something trained on it, and the folder that this gives."""
    base = locate_decoder(str(write_tiny_decoder(tmp_path / "base", family)))
    loaded = load_decoder(base)
    prepared = shaken(prepare(loaded.model, settings or MethodSettings(rank=4)))
    spec = RenderSpec(loaded.tokenizer, OTHER_TEMPLATE, {"thinking": False}, "2025-01-31", (STOP, 5))
    return save_trained(tmp_path / "out" / "tuned", prepared, loaded.tokenizer, base, spec), prepared


def code_of(error: pytest.ExceptionInfo[Any]) -> str:
    return str(error.value.code)


@pytest.mark.parametrize(
    ("family", "method"),
    [("llama", "lora"), ("gpt2", "lora"), ("gemma3", "dora"), ("qwen2", "vera"), ("llama", "full"), ("gemma3", "full")],
)
def test_what_is_saved_says_the_same_in_plain_libraries(family: str, method: str, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder, prepared = trained(tmp_path, family, MethodSettings(method, rank=None if method == "full" else 4))
    expected = probe_outputs(prepared.model, PROBE)
    ours = load_trained(folder)
    torch.testing.assert_close(probe_outputs(ours.decoder.model, PROBE), expected, atol=1e-5, rtol=0)
    check_ties(ours.decoder.model)
    if method == "full":
        plain: Any = AutoModelForCausalLM.from_pretrained(folder)
        assert plain.generation_config.eos_token_id == [STOP, 5]
        assert not (folder / "adapter_config.json").exists()
    else:
        config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
        assert config["base_model_name_or_path"] == str(tmp_path / "base")
        plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tmp_path / "base"), str(folder))
    torch.testing.assert_close(probe_outputs(plain, PROBE), expected, atol=1e-5, rtol=0)
    assert not list(folder.parent.glob(".*"))
    assert prepared.model.generation_config.eos_token_id == STOP


@pytest.mark.parametrize("method", ["pissa", "olora"])
def test_methods_that_change_the_base_are_saved_as_plain_lora(method: str, tmp_path: Path) -> None:
    folder, prepared = trained(tmp_path, settings=MethodSettings(method, rank=4))
    expected = probe_outputs(prepared.model, PROBE)
    loaded = load_trained(folder).decoder.model
    torch.testing.assert_close(probe_outputs(loaded, PROBE), expected, atol=1e-4, rtol=0)
    config = loaded.peft_config["default"]
    assert (config.r, config.lora_alpha, config.init_lora_weights) == (8, 16, True)
    with loaded.disable_adapter():
        base = probe_outputs(tiny_model("llama"), PROBE)
        torch.testing.assert_close(probe_outputs(loaded, PROBE), base, atol=0, rtol=0)
    assert check_live(loaded, PROBE) > 1e-3


def test_the_sidecar_says_where_weights_come_from(tmp_path: Path) -> None:
    settings = MethodSettings(rank=4, learning_rate=1e-3, options={"lora_bias": False})
    folder, _ = trained(tmp_path, settings=settings)
    sidecar = read_sidecar(folder)
    base = locate_decoder(str(tmp_path / "base"))
    assert (sidecar.kind, sidecar.base_name, sidecar.base_digest) == ("adapter", str(base.folder), base.digest)
    assert (sidecar.method["method"], sidecar.method["rank"], sidecar.method["options"]) == (
        "lora",
        4,
        {"lora_bias": False},
    )
    assert {"torch", "transformers", "peft", "tunewright", "python"} <= set(sidecar.versions)
    assert sidecar.method["learning_rate"] == 1e-3
    assert sidecar.spec.stop == (STOP, 5)
    again = load_trained(folder)
    assert again.spec.digest() == sidecar.spec.digest()
    assert again.spec.tokenizer.chat_template == OTHER_TEMPLATE
    assert Sidecar(**{name: getattr(sidecar, name) for name in Sidecar.__slots__}).to_json() == sidecar.to_json()


def test_another_base_is_refused(tmp_path: Path) -> None:
    folder, _ = trained(tmp_path)
    shutil.move(tmp_path / "base", tmp_path / "moved")
    with pytest.raises(InputError) as caught:
        load_trained(folder)
    assert code_of(caught) == "decoder.not_found"
    assert load_trained(folder, base=str(tmp_path / "moved")).sidecar.kind == "adapter"
    write_tiny_decoder(tmp_path / "base", seed=1)
    with pytest.raises(InputError) as caught:
        load_trained(folder)
    assert code_of(caught) == "trained.other_base"
    assert "nonsense" in str(caught.value)


def test_another_rendering_is_refused(tmp_path: Path) -> None:
    folder, _ = trained(tmp_path)
    spec = load_trained(folder).spec
    assert load_trained(folder, spec=spec).spec == spec
    for changed in (replace(spec, template=None), replace(spec, date="2025-02-01"), replace(spec, stop=(STOP,))):
        with pytest.raises(InputError) as caught:
            load_trained(folder, spec=changed)
        assert code_of(caught) == "spec.changed"


def test_broken_and_missing_sidecars(tmp_path: Path) -> None:
    folder, _ = trained(tmp_path)
    path = folder / "tunewright.json"
    good = json.loads(path.read_text("utf-8"))
    for content, code in [
        ("{", "trained.bad_sidecar"),
        (json.dumps(good | {"format": 99}), "trained.newer_format"),
        (json.dumps({key: good[key] for key in good if key != "base"}), "trained.bad_sidecar"),
        (json.dumps(good | {"render": good["render"] | {"date": "1999-01-01"}}), "spec.broken"),
    ]:
        path.write_text(content, "utf-8")
        with pytest.raises(InputError) as caught:
            read_sidecar(folder)
        assert code_of(caught) == code
    path.unlink()
    with pytest.raises(InputError) as caught:
        read_sidecar(folder)
    assert code_of(caught) == "trained.no_sidecar"


def test_only_results_of_this_program_are_replaced_and_only_when_asked(tmp_path: Path) -> None:
    folder, prepared = trained(tmp_path)
    loaded = load_trained(folder)
    base = loaded.decoder.files.base
    assert base is not None
    before = sorted((path.name, path.read_bytes()) for path in folder.iterdir())
    with pytest.raises(InputError) as caught:
        save_trained(folder, prepared, loaded.spec.tokenizer, base, loaded.spec)
    assert code_of(caught) == "trained.folder_exists"
    assert sorted((path.name, path.read_bytes()) for path in folder.iterdir()) == before
    shaken(prepared)
    save_trained(folder, prepared, loaded.spec.tokenizer, base, loaded.spec, overwrite=True)
    assert sorted((path.name, path.read_bytes()) for path in folder.iterdir()) != before

    other = tmp_path / "photos"
    other.mkdir()
    save_trained(other, prepared, loaded.spec.tokenizer, base, loaded.spec)  # an empty folder may be filled
    (other / "tunewright.json").unlink()
    with pytest.raises(InputError):
        save_trained(other, prepared, loaded.spec.tokenizer, base, loaded.spec, overwrite=True)


def interrupted(staged: Path) -> None:
    (staged / "half").write_text("half", "utf-8")
    raise KeyboardInterrupt


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out" / "tuned"
    with pytest.raises(KeyboardInterrupt), new_folder(target, overwrite=False) as staged:
        interrupted(staged)
    assert list(target.parent.iterdir()) == []

    def full(_folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(adapters, "_flush", full)
    with pytest.raises(WorkError) as caught, new_folder(target, overwrite=False) as staged:
        (staged / "whole").write_text("whole", "utf-8")
    assert code_of(caught) == "trained.cannot_write"
    assert "No space left" in str(caught.value)
    assert list(target.parent.iterdir()) == []


def test_the_old_result_stays_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "tuned"
    with new_folder(target, overwrite=False) as staged:
        (staged / "tunewright.json").write_text("old", "utf-8")
    rename = Path.rename

    def fails(self: Path, to: Path) -> Path:
        if to == target and self.name.startswith(".tuned-") and "old" not in self.name:
            raise OSError(errno.EACCES, "Permission denied")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(WorkError), new_folder(target, overwrite=True) as staged:
        (staged / "tunewright.json").write_text("new", "utf-8")
    assert (target / "tunewright.json").read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["tuned"]


@pytest.mark.parametrize(
    ("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0o002, 0o664, 0o775)]
)
def test_files_are_as_open_as_others_that_the_person_makes(umask: int, file: int, folder: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        made, _ = trained(tmp_path)
        with new_folder(tmp_path / "nested", overwrite=False) as staged:
            (staged / "inner").mkdir(mode=0o700)
            (staged / "inner" / "x").touch(mode=0o600)
    finally:
        os.umask(before)
    found = {path.name: path.stat().st_mode & 0o777 for path in made.iterdir()}
    assert "adapter_model.safetensors" in found
    assert set(found.values()) == {file}
    inner = tmp_path / "nested" / "inner"
    assert [path.stat().st_mode & 0o777 for path in (made, inner, inner / "x")] == [folder, folder, file]


def test_a_disk_that_is_full_for_the_weights_is_no_defect(tmp_path: Path) -> None:
    from safetensors import SafetensorError

    with pytest.raises(WorkError) as caught, new_folder(tmp_path / "tuned", overwrite=False):
        raise SafetensorError("I/O error: No space left on device (os error 28)")
    assert code_of(caught) == "trained.cannot_write"
    assert "No space left" in str(caught.value)


def test_the_settings_of_training_are_read_back(tmp_path: Path) -> None:
    settings = MethodSettings("dora", rank=4, learning_rate=1e-3, layers=1, seed=5, options={"lora_bias": False})
    folder, _ = trained(tmp_path, settings=settings)
    sidecar = read_sidecar(folder)
    assert trained_method(sidecar) == replace(settings, options=dict(settings.options))
    with pytest.raises(InputError) as caught:
        trained_method(replace(sidecar, method={"rank": 4}))
    assert code_of(caught) == "trained.bad_sidecar"
    assert trained_method(replace(sidecar, method={**sidecar.method, "merged": True, "later": 1})).method == "dora"


GPU = Precision("cuda", "bf16", "for the test")
OLD_GPU = Precision("cuda", "fp32", "for the test")
CPU = Precision("cpu", "bf16", "for the test")


@pytest.mark.parametrize(
    ("method", "precision", "device", "given", "wanted"),
    [
        ("lora", GPU, "cuda:0", None, (torch.bfloat16, False)),
        ("lora", GPU, "cuda", torch.float32, (torch.float32, False)),
        ("lora", GPU, "cpu", None, (torch.float32, False)),
        ("lora", OLD_GPU, "cuda", None, (torch.float32, False)),
        ("lora", CPU, "cpu", None, (torch.float32, False)),
        ("lora", CPU, "cpu", torch.bfloat16, (torch.bfloat16, False)),
        ("pissa", GPU, "cuda", None, (torch.float32, False)),
        ("full", GPU, "cuda", None, (torch.float32, False)),
        ("qlora", GPU, "cuda", None, (torch.bfloat16, True)),
        ("qlora", GPU, "cuda", torch.float32, (torch.float32, False)),
        ("qlora", GPU, "cpu", None, (torch.float32, False)),
    ],
)
def test_weights_are_loaded_in_the_format_they_were_trained_on(
    method: str, precision: Precision, device: str, given: torch.dtype | None, wanted: tuple[torch.dtype, bool],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder, _ = trained(tmp_path, settings=MethodSettings("full" if method == "full" else "lora"))
    path = folder / "tunewright.json"
    value = json.loads(path.read_text("utf-8"))
    value["method"]["method"] = method
    path.write_text(json.dumps(value), "utf-8")
    asked: list[tuple[torch.dtype, bool]] = []

    def load(files: DecoderFiles, *, device: str, dtype: torch.dtype, four_bit: bool) -> LoadedDecoder:
        asked.append((dtype, four_bit))
        return load_decoder(files)

    monkeypatch.setattr(adapters, "load_decoder", load)
    monkeypatch.setattr(adapters, "choose_precision", lambda: precision)
    monkeypatch.setattr(adapters, "find_spec", lambda _name: object())
    loaded = load_trained(folder, device=device, dtype=given)
    assert asked == [wanted]
    assert any("4 bits" in note for note in loaded.decoder.notes) == (method == "qlora" and not wanted[1])
    monkeypatch.setattr(adapters, "find_spec", lambda _name: None)
    assert not trained_format(loaded.sidecar, "cuda")[1]
