"""The whole recipe from corpus to files, going on where it stopped: ``python -m pretraining`` (``make wren``).

Each step is skipped where its result exists; to make something again, delete it from the build folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from pretraining.config import CONFIGS

_ROOT = Path(__file__).resolve().parents[1]


def commands(options: argparse.Namespace) -> list[tuple[Path | None, list[str]]]:
    """The steps in order: what a step makes (None: it sees for itself what is left to do) and its command."""
    build, config = options.build, options.config
    run, model, evaluation = build / "run", build / "wren", build / "evaluation.json"
    sources = ["--corpus", str(options.corpus)]
    shards = ["--shards", f"0:{options.shards}"]
    train = ["--build", str(build), "--run", str(run), "--config", config, "--workers", str(options.workers)]
    if options.budget_s:
        train += ["--budget-s", str(options.budget_s)]
    position = str(run / "checkpoint" / "position.json")
    card = ["--build", str(build), "--position", position, "--config", config, "--evaluation", str(evaluation)]
    tokenizer = build / "tokenizer"
    return [
        (tokenizer, ["tokenizer", *sources, "--out", str(tokenizer), "--config", config]),
        (None, ["pack", *sources, "--data", str(options.data), "--build", str(build), *shards]),
        (None, ["train", *train]),
        (None, ["export", "--run", str(run), "--config", config, "--tokenizer", str(tokenizer), "--out", str(model)]),
        (None, ["evaluate", "--model", str(model), *sources, "--out", str(evaluation)]),
        (None, ["card", *card, "--out", str(model / "README.md")]),
    ]


def ship(build: Path) -> list[list[str]]:
    """The commands that put the finished folder into the package and pin its digests."""
    home = _ROOT / "src" / "tunewright" / "language"
    return [["export", "--copy", str(build / "wren"), "--out", str(home / "wren"), "--pins", str(home / "wren.json")]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Pretrain Wren, from corpus to a model folder.")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of evaluation sets, for decontamination")
    parser.add_argument("--build", type=Path, default=Path("pretraining/build"))
    parser.add_argument("--config", choices=sorted(CONFIGS), default="cpu")
    parser.add_argument("--shards", type=int, default=60, help="shards of a million tokens of generated tasks")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--budget-s", type=float, help="a budget of wall clock in place of the configuration's tokens")
    parser.add_argument("--ship", action="store_true", help="put the finished model into the package")
    options = parser.parse_args()
    options.build.mkdir(parents=True, exist_ok=True)
    steps = [words for made, words in commands(options) if made is None or not made.exists()]
    for words in [*steps, *(ship(options.build) if options.ship else [])]:
        print("==", " ".join(words), flush=True)
        done = subprocess.run([sys.executable, "-m", f"pretraining.{words[0]}", *words[1:]], check=False)
        if done.returncode:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
