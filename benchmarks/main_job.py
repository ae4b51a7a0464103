"""The main job on a public data set with its official test file: accuracy, wall time and memory per system and stage.

python benchmarks/main_job.py TRAIN TEST --input text --target label --seeds 0 1 2

Runs every seed in a process of its own (so that peak memory is that of one run) and prints two markdown tables: figures
per seed with their mean, and seconds with peak memory per stage of the first seed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT = ("majority", "tfidf", "embedding", {"finetune": "minilm"})


@dataclass
class Stages:
    """Seconds and peak memory (MB) at the end of each stage, from what the run says."""

    started: float = field(default_factory=time.perf_counter)
    rows: list[tuple[str, float, float]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Called by the run with every line; the first word of a system's line names the stage."""
        name = "read, duplicates, split" if not self.rows else text.split(":")[0].splitlines()[0]
        now = time.perf_counter()
        self.rows.append((name, now - self.started, peak_mb()))
        self.started = now


def peak_mb() -> float:
    """Peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_seed(arguments: argparse.Namespace, seed: int) -> None:
    """Run once and print one JSON document."""
    from tunewright.project.settings import ProjectSettings
    from tunewright.workflow.run import RunOptions, run
    from tunewright.workflow.study import Hooks

    data = {"path": str(Path(arguments.train).resolve()), "input": arguments.input, "target": arguments.target}
    settings = ProjectSettings.model_validate(
        {"data": {**data, "test": str(Path(arguments.test).resolve())}, "seed": seed, "systems": arguments.systems}
    )
    stages = Stages()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result = run(settings, Path(folder), RunOptions(final=True, go_on=True), Hooks(say=stages.say))
    seconds = time.perf_counter() - began
    systems = {s.name: [s.score, s.training_seconds] for s in result.verdict.systems if s.available}
    print(
        json.dumps(
            {
                "seed": seed,
                "wall_s": seconds,
                "peak_mb": peak_mb(),
                "headline": result.verdict.headline,
                "text": result.verdict.headline_text,
                "systems": systems,
                "stages": stages.rows,
            }
        )
    )


def main() -> None:
    """Parse, run all seeds, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--input", default="text")
    parser.add_argument("--target", default="label")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--systems", type=json.loads, default=["majority", "tfidf", "embedding", {"finetune": "minilm"}]
    )
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        one_seed(arguments, arguments.one)
        return
    runs = []
    for seed in arguments.seeds:
        environment = {**os.environ, "TUNEWRIGHT_USER_DIR": tempfile.mkdtemp()}
        done = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--one", str(seed)],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"seed {seed}: {runs[-1]['wall_s']:.0f} s, {runs[-1]['headline']}", file=sys.stderr, flush=True)
    _print(runs)


def _print(runs: list[dict]) -> None:  # type: ignore[type-arg]
    names = list(runs[0]["systems"])
    print("\n| seed | " + " | ".join(names) + " | headline | wall s | peak MB |")
    print("|---|" + "---|" * (len(names) + 3))
    for run in runs:
        cells = [f"{run['systems'][name][0]:.4f} ({run['systems'][name][1]:.0f} s)" for name in names]
        print(
            f"| {run['seed']} | {' | '.join(cells)} | {run['headline']} | {run['wall_s']:.0f} | {run['peak_mb']:.0f} |"
        )
    means = [f"**{sum(run['systems'][name][0] for run in runs) / len(runs):.4f}**" for name in names]
    print(f"| mean | {' | '.join(means)} | | | |")
    print("\n| stage (first seed) | seconds | peak MB so far |\n|---|---|---|")
    for name, seconds, memory in runs[0]["stages"]:
        print(f"| {name} | {seconds:.1f} | {memory:.0f} |")
    print(f"\n{runs[0]['text']}")


if __name__ == "__main__":
    main()
