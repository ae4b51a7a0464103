"""What pretraining is worth: Wren fine-tuned on small label tasks, against the same architecture from random weights.

python benchmarks/wren.py TRAIN TEST --input text --target label --labels 20 --rows 500

Takes the first labels in alphabetical order and an equal number of their rows, and runs the main job on the official
test rows of these labels: a linear model, the small encoder, Wren and its random twin, each tuned by the same code.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

METHOD = {"method": "full", "epochs": 8, "rows_per_step": 8}


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON lines file, gzipped or not."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.decode().splitlines()]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """JSON lines."""
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")


def subset(rows: list[dict[str, Any]], labels: list[str], target: str, count: int | None) -> list[dict[str, Any]]:
    """Rows of some labels; the first ``count`` in turns over the labels."""
    of_label: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row[target] in labels:
            of_label[row[target]].append(row)
    longest = max(map(len, of_label.values()))
    turns = [found[place] for place in range(longest) for found in of_label.values() if place < len(found)]
    return turns[:count]


def random_twin(folder: Path) -> Path:
    """Wren's architecture and tokenizer with random weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    from tunewright.language.embedded import embedded_folder

    source = embedded_folder("wren")
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(source), dtype=torch.float32).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return folder


def main() -> None:
    """Run and print one markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--input", default="text")
    parser.add_argument("--target", default="label")
    parser.add_argument("--labels", type=int, default=20)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--rates", type=float, nargs="+", default=[3e-4, 1e-3, 3e-3])
    parser.add_argument("--only-twins", action="store_true", help="leave out the simpler systems and the encoder")
    arguments = parser.parse_args()
    from tunewright.project.settings import ProjectSettings
    from tunewright.workflow.run import RunOptions, run
    from tunewright.workflow.study import Hooks

    rows = read(arguments.train)
    labels = sorted({row[arguments.target] for row in rows})[: arguments.labels]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "train.jsonl", subset(rows, labels, arguments.target, arguments.rows))
        write(folder / "test.jsonl", subset(read(arguments.test), labels, arguments.target, None))
        twin = random_twin(folder / "random")
        simpler: list[Any] = ["majority", "tfidf", "embedding", {"finetune": {"use": "minilm", "name": "minilm tuned"}}]
        systems = simpler[:1] if arguments.only_twins else simpler
        for rate in arguments.rates:
            for name, use in (("wren", "wren"), ("random twin", str(twin))):
                own = {"use": use, "name": f"{name} tuned at {rate:g}", "learning_rate": rate}
                systems.append({"finetune": {**own, **METHOD}})
        data = {
            "path": str(folder / "train.jsonl"),
            "test": str(folder / "test.jsonl"),
            "input": arguments.input,
            "target": arguments.target,
        }
        settings = ProjectSettings.model_validate({"data": data, "systems": systems})
        began = time.perf_counter()
        verdict = run(settings, folder, RunOptions(final=True, go_on=True), Hooks(say=print)).verdict
        seconds = time.perf_counter() - began
        print(f"\n{len(labels)} labels, {arguments.rows} rows, {seconds:.0f} s, {verdict.headline}\n")
        print("| system | accuracy | interval | training s |\n|---|---|---|---|")
        for system in verdict.systems:
            print(f"| {system.name} | {system.score} | {system.interval} | {system.training_seconds} |")


if __name__ == "__main__":
    main()
