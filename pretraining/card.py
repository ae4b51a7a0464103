"""The model card: what the model is, what it learned from, what it cost, what it can do, and what it cannot.

Everything in it comes from files of the build: corpus hashes, counts of the task shards, the position of the run with
its curve, the evaluation; the words are in ``card.md.jinja``. Run as ``python -m pretraining.card``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from pretraining.config import CONFIGS, Config
from pretraining.export import parameters
from pretraining.model import flops_per_token
from pretraining.tasks import HELD_OUT, TRAINED

_TEMPLATE = Path(__file__).with_name("card.md.jinja")


def write_card(
    config: Config, build: Path, position: dict[str, Any], evaluation: dict[str, Any], machine: str, note: str = ""
) -> str:
    """The text of ``README.md``; ``note`` says what was changed by hand while the model was trained."""
    corpus = json.loads((build / "corpus.json").read_text("utf-8"))
    counts = [json.loads(path.read_text("utf-8")) for path in sorted(build.glob("tasks-*.json"))]
    available = sum(note["tokens"] for name, note in corpus.items() if ".val." not in name)
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
        _TEMPLATE.read_text("utf-8")
    )
    return template.render(
        config=config,
        shape=config.shape,
        parameters=parameters(config.shape),
        flops=flops_per_token(config.shape, config.length),
        position=position,
        curve=[_point(entry) for entry in position["curve"]],
        evaluation=evaluation,
        corpus=dict(sorted(corpus.items())),
        corpus_share=min(1.0, position["tokens"] / available),
        kept=sum(count["kept"] for count in counts),
        dropped=sum(sum(count["dropped"].values()) for count in counts),
        reserved=counts[-1]["reserved"] if counts else {},
        held_out=HELD_OUT,
        trained=TRAINED,
        machine=machine,
        note=note,
    )


def _point(entry: dict[str, Any]) -> dict[str, float]:
    trained = [value for kind, value in entry["accuracy"].items() if not kind.startswith("new:")]
    new = [value for kind, value in entry["accuracy"].items() if kind.startswith("new:")]
    return {
        "tokens": entry["tokens"],
        "loss": sum(entry["val_loss"].values()) / len(entry["val_loss"]),
        "trained": sum(trained) / max(1, len(trained)),
        "new": sum(new) / max(1, len(new)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the model card of an exported folder.")
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--position", type=Path, required=True, help="position.json of the checkpoint")
    parser.add_argument("--config", choices=sorted(CONFIGS), default="cpu")
    parser.add_argument("--evaluation", type=Path, required=True)
    parser.add_argument("--machine", default="one core of a shared CPU machine")
    parser.add_argument("--note", default="", help="what was changed by hand during the run")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    position = json.loads(arguments.position.read_text("utf-8"))
    evaluation = json.loads(arguments.evaluation.read_text("utf-8"))
    config = CONFIGS[arguments.config]
    text = write_card(config, arguments.build, position, evaluation, arguments.machine, arguments.note)
    arguments.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
