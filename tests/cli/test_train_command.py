"""``tunewright train`` as typed: one JSON document, the preview, refusals, and a process killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typed import document, typed

from tiny_decoders import write_chat_decoder

DESKS = ("billing", "parts", "repair")
LONG_RUN = ("--epochs", 10, "--rank", 4, "--method", "lora")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_decoder(tmp_path_factory.mktemp("base"), max_position_embeddings=128)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [f"order {number} about {desk[::-1]},{desk}" for number in range(8) for desk in DESKS]
    path = tmp_path / "desk.csv"
    path.write_text("text,desk\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def words(table: Path, base: Path, out: str, *more: object) -> list[object]:
    columns = ("--input", "text", "--target", "desk")
    return ["train", table, "--base", base, "--out", table.parent / out, *columns, *more]


def test_one_json_document_and_a_folder(base: Path, table: Path) -> None:
    report = document(*words(table, base, "tuned", "--max-steps", 2, "--lr", 0.001))
    assert report["steps"] == 2
    assert report["method"]["learning_rate"] == 0.001
    assert (Path(report["folder"]) / "adapter_model.safetensors").is_file()
    again = document(*words(table, base, "tuned"), code=2)
    assert again["error"]["code"] == "training.folder_exists"


def test_the_preview_marks_what_is_trained_and_trains_nothing(base: Path, table: Path) -> None:
    result = typed(*words(table, base, "tuned", "--preview", 2))
    assert "⟦" in result.stdout
    assert "<|im_end|>⟧" in result.stdout
    assert not (table.parent / "tuned").exists()
    rows = document(*words(table, base, "tuned", "--preview", 1))["rows"]
    assert [piece["weight"] for piece in rows[0]["pieces"]] == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--method", "qlora"), "method.qlora_needs_cuda"),
        (("--method", "lroa"), "method.unknown"),
        (("--train-on", "some"), "cli.choice"),
        (("--too-long", "cut"), "cli.choice"),
        (("--base", "/nowhere"), "decoder.not_found"),
        (("--method", "top_layers:9"), "method.layers"),
        (("--lr", "0"), "training.learning_rate"),
        (("--lr", "-1"), "training.learning_rate"),
        (("--max-tokens", "4096"), "training.max_tokens"),
        (("--resume",), "training.nothing_to_resume"),
        (("--target", "dsek"), "data.unknown_column"),
    ],
)
def test_refusals(more: tuple[str, ...], code: str, base: Path, table: Path) -> None:
    if code == "method.qlora_needs_cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert document(*words(table, base, "tuned", *more), code=2)["error"]["code"] == code


@pytest.mark.process
def test_a_killed_run_goes_on_and_ends_with_the_same_weights(base: Path, table: Path) -> None:
    whole, killed = (words(table, base, out, "--lr", 0.002, *LONG_RUN) for out in ("whole", "killed"))
    typed(*whole)
    program = [sys.executable, "-c", "from tunewright.cli.main import main; main()", *map(str, killed)]
    process = subprocess.Popen(program, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=os.environ)
    metrics = table.parent / "killed.training" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if metrics.is_file() and metrics.read_text("utf-8").count('"step"') > 7:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (table.parent / "killed").exists()
    typed(*killed, "--resume")
    one, other = (load_file(table.parent / out / "adapter_model.safetensors") for out in ("whole", "killed"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
