"""How long the fine-tunes will train, said before a run: by weights, tokens and passes; nothing is loaded."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, open_state, settings_of

from tunewright.language.embedded import embedded_folder
from tunewright.language.weights_size import decoder_weights, multiplied_weights
from tunewright.project.settings import SystemEntry
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.opened import learnable
from tunewright.workflow.planning import plan_text


def write_head(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file of which only the head can be read."""
    head = {name: {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps({"__metadata__": {"format": "pt"}, **head}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


def planned(folder: Path, rows: int = 90, **options: object) -> str:
    """What the plan of a project with a tuned Wren says."""
    entry: SystemEntry = {"finetune": {"use": "wren", **options}}  # type: ignore[dict-item]
    make_project(folder, make_rows(rows), systems=(MAJORITY, entry))
    settings = settings_of(folder)
    with open_state(folder) as store:
        prepared, around = learnable(settings, folder, store)
        contestants, _ = contestants_of(settings, folder, around)
        return plan_text(prepared.study, contestants)


def seconds(text: str) -> tuple[float, float]:
    """Both ends of the range in a plan."""
    found = re.search(r"finetune:wren about ([\d.]+) to ([\d.]+) (seconds|minutes)", text)
    assert found is not None
    unit = 60.0 if found[3] == "minutes" else 1.0
    return unit * float(found[1]), unit * float(found[2])


def test_weights_are_those_of_the_loaded_model() -> None:
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(embedded_folder("wren"), local_files_only=True)
    loaded = sum(weight.numel() for name, weight in model.named_parameters() if weight.ndim > 1 and "embed" not in name)
    assert decoder_weights("wren", Path()) == loaded > 1_000_000


def test_all_files_of_a_folder_count_and_embeddings_do_not(tmp_path: Path) -> None:
    write_head(tmp_path / "model-1.safetensors", {"model.embed_tokens.weight": [500, 8], "layer.weight": [8, 8]})
    write_head(tmp_path / "model-2.safetensors", {"layer.bias": [8], "lm_head.weight": [500, 8]})
    assert multiplied_weights(tmp_path) == 64 + 4000


@pytest.mark.parametrize("content", [b"", b"\x01", struct.pack("<Q", 1 << 60), struct.pack("<Q", 4) + b"{{{{"])
def test_what_is_no_such_file_is_unknown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    assert multiplied_weights(tmp_path) is None
    assert multiplied_weights(tmp_path / "nowhere") is None


def test_twice_the_passes_take_twice_as_long(tmp_path: Path) -> None:
    once = seconds(planned(tmp_path / "a", 300, epochs=10, method="full"))
    twice = seconds(planned(tmp_path / "b", 300, epochs=20, method="full"))
    assert 0 < once[0] < once[1]
    assert list(twice) == pytest.approx([2 * one for one in once], abs=6)
