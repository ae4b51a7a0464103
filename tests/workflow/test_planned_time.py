"""How long the fine-tunes will train, said before a run: by weights, tokens and passes; nothing is loaded."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, open_state, settings_of, study_of

from tunewright.language.embedded import embedded_folder
from tunewright.language.weights_size import decoder_weights, multiplied_weights
from tunewright.project.settings import SystemEntry
from tunewright.records.system import Training, TrainingMethod
from tunewright.systems.registry import parse_entry
from tunewright.systems.tfidf import Tfidf
from tunewright.training.time_model import flops_per_token
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.costing.planned_time import SCORING, WRITING, training_lines
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.opened import learnable
from tunewright.workflow.planning import plan_text
from tunewright.workflow.study import Study


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


def test_dollars_are_a_range_that_holds_the_fit_on_all_rows_of_what_wins(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(90), fields={"machine_usd_per_hour": 1000.0})
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    assert study.regime == "cross-fitted"
    learned = sum(len(part.train) for part in study.parts)
    lone = lines_of(study, trained("one", 10**9))
    low, high = dollars(lone)
    assert 0 < low < high
    assert "with the fit on all rows of what wins" in lone
    locked = lines_of(replace(study, regime="locked"), trained("one", 10**9))
    assert dollars(locked)[0] == low
    share = len(study.all_rows.train) / learned
    assert high / dollars(locked)[1] == pytest.approx(1 + share, rel=0.02)
    both = lines_of(study, trained("one", 10**9), trained("two", 10**9))
    assert dollars(both)[1] == pytest.approx(high * (2 + share) / (1 + share), rel=0.02)


def test_methods_and_written_answers_count_as_the_engine_reckons_them(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(90), fields={"machine_usd_per_hour": 1000.0})
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    full = dollars(lines_of(study, trained("one", 10**9)))
    lora = dollars(lines_of(study, trained("one", 10**9, "lora")))
    assert lora[0] / full[0] == pytest.approx(flops_per_token(1, "lora") / flops_per_token(1, "full"), rel=0.02)
    writing = replace(study, settings=study.settings.model_copy(update={"kind": "generate"}))
    written = dollars(lines_of(writing, trained("one", 10**9)))
    assert written[0] == full[0]
    assert written[1] / full[1] == pytest.approx(WRITING / SCORING, rel=0.02)


def test_what_costs_next_to_nothing_is_said_to_be_that(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(90), fields={"machine_usd_per_hour": 0.001})
    with open_state(folder) as store:
        study, _ = study_of(folder, store)
    assert "(less than a cent, price stated: $0.001 an hour" in lines_of(study, trained("one", 10**6))


@dataclass(frozen=True)
class Trained(Tfidf):
    """A linear model that says it trains so many weights."""

    weights: int = 0
    how: TrainingMethod = "full"

    def training(self) -> Training:
        return Training(self.weights, 3, self.how)


def trained(name: str, weights: int, how: TrainingMethod = "full") -> Trained:
    return Trained(name, False, 1, weights=weights, how=how)


def lines_of(study: Study, *systems: Trained) -> str:
    (line,) = training_lines(study, [Contestant(parse_entry({"tfidf": {"name": one.name}}), one) for one in systems])
    return line


def dollars(line: str) -> tuple[float, float]:
    found = re.search(r"\(\$([\d,.]+) to \$([\d,.]+), price", line)
    assert found is not None, line
    return float(found[1].replace(",", "")), float(found[2].replace(",", ""))
