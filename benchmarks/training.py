"""How fast, and in how much memory, against TRL: the same curve first, then tokens per second.

python benchmarks/training.py --workload classification chat --model embedded --method lora --out training.json
python benchmarks/training.py --device cuda --model 135m 1b 8b         (torch, transformers and peft alone)

For each job: the first losses of all contenders in float32 must agree; then each contender, in a process of its own,
runs pass after pass over the same rows, in turns with the others (A B C A B C ...), so that a busy moment of the
machine meets all of them. Tokens are those of the rows, counted once a row whatever a contender does with them. Wall
seconds hang on what else runs; processor seconds, beside them, hardly do. Prints markdown; ``--out`` writes everything
as JSON. ``--quick`` is a trial of seconds in this one process; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from training_contenders import ABOUT, Job
from training_memory import settle
from training_models import SHAPES, measured_peak_flops, useful_operations
from training_report import Check, Figures, check_text, figures_text, verdict_text
from training_worker import LocalWorker, ProcessWorker, Worker
from training_workloads import WORKLOADS

from tunewright.training.precision import choose_precision

_CHECK_STEPS = 5
_TOLERANCE = 1e-4
_GPU_CHECK = "135m"
_GPU = ("twin", "twin-packed", "ours-plain", "ours-head-only", "ours-dense", "ours")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all jobs asked for; 1 when the losses of contenders do not agree."""
    asked = _parse(arguments)
    report: dict[str, Any] = {"machine": describe_machine(asked.device), "jobs": []}
    print(f"# Training: {report['machine']}\n", flush=True)
    agreed = True
    for job in jobs(asked):
        print(f"## {job.model}, {job.method}, {job.workload}: {WORKLOADS[job.workload].about}\n", flush=True)
        check = None if asked.no_check else check_losses(job, asked)
        if check is not None:
            print(check_text(check), flush=True)
            agreed = agreed and check.agree
        figures = measure(job, asked)
        print(figures_text(figures), flush=True)
        print(verdict_text(job.workload, job.device, figures), flush=True)
        report["jobs"].append(
            {
                "job": asdict(job),
                "check": None if check is None else asdict(check),
                "contenders": [asdict(figure) for figure in figures],
            }
        )
        if asked.out:
            Path(asked.out).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if agreed else 1


def jobs(asked: argparse.Namespace) -> list[Job]:
    """Every workload with every model and method."""
    found = []
    for model in asked.model:
        for method in asked.method:
            for name in asked.workload:
                workload = WORKLOADS[name]
                rows = asked.rows_per_step or workload.rows_per_step
                tokens = asked.max_tokens or workload.max_tokens
                found.append(
                    Job(name, model, method, asked.device, asked.precision, asked.steps, rows, tokens, asked.scale,
                        asked.checkpointing)
                )  # fmt: skip
    return found


def check_losses(job: Job, asked: argparse.Namespace) -> Check:
    """The first losses of every contender, in float32 and on few rows a step; packed TRL has its first one only.

    On a GPU the smallest shape stands for the larger ones, whose float32 weights would not fit beside each other.
    """
    model = _GPU_CHECK if job.device == "cuda" else job.model
    few = replace(job, model=model, format="fp32", steps=_CHECK_STEPS, rows_per_step=asked.check_rows)
    losses = {}
    for name in asked.contenders:
        losses[name] = LocalWorker(name, few, same_steps=True).ask({"max_steps": None})["losses"]
    settle(job.device)
    reference = losses["twin" if "twin" in losses else asked.contenders[0]]
    apart = max(abs(a - b) for found in losses.values() for a, b in zip(found, reference, strict=False))
    return Check(losses, apart, apart < _TOLERANCE)


def measure(job: Job, asked: argparse.Namespace) -> list[Figures]:
    """Passes of all contenders in turns; the first step of each is run once before and not counted."""
    workers = {name: start(name, job, asked, same_steps=False) for name in asked.contenders}
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    try:
        for number in range(asked.rounds + 1):
            for name, worker in workers.items():
                answer = worker.ask({"max_steps": None if number else 1})
                took = f"{answer['seconds']:.2f} s, {answer['processor_s']:.2f} processor s"
                print(f"{name}: round {number}, {took}", file=sys.stderr, flush=True)
                if number:
                    rounds[name].append(answer)
    finally:
        for worker in workers.values():
            worker.close()
    operations = useful_operations(job.model, job.method, job.rows())
    peak_flops = measured_peak_flops(job.device)
    found = []
    for name, answers in rounds.items():
        seconds = tuple(answer["seconds"] for answer in answers)
        last = answers[-1]
        found.append(
            Figures(
                name=name,
                about=ABOUT[name],
                tokens=last["tokens"],
                seconds=seconds,
                processor_s=tuple(answer["processor_s"] for answer in answers),
                loaded_bytes=last["loaded_bytes"],
                peak_bytes=0 if asked.in_process else last["peak_bytes"],
                operations=operations,
                peak_flops=peak_flops,
                notes=tuple(last["notes"]),
            )
        )
    return found


def start(name: str, job: Job, asked: argparse.Namespace, same_steps: bool) -> Worker:
    """A contender, ready or getting ready."""
    return (LocalWorker if asked.in_process else ProcessWorker)(name, job, same_steps)


def describe_machine(device: str) -> str:
    """One line about where this ran."""
    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()} cores"
    where = torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()}, {threads}"
    return f"{where}, Python {platform.python_version()}, torch {torch.__version__}"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--model", nargs="+", choices=SHAPES, default=None)
    parser.add_argument("--method", nargs="+", choices=("lora", "full"), default=["lora"])
    parser.add_argument("--contenders", nargs="+", choices=ABOUT, default=None)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("auto", "bf16", "fp32"), default="auto")
    parser.add_argument("--rounds", type=int, default=3, help="counted passes of each contender")
    parser.add_argument("--steps", type=int, default=2, help="steps of a pass")
    parser.add_argument("--rows-per-step", type=int, default=None)
    parser.add_argument("--max-tokens", type=int, default=None, help="of a forward pass, padding included")
    parser.add_argument("--scale", type=float, default=1.0, help="shortens all rows")
    parser.add_argument("--check-rows", type=int, default=4, help="rows of a step while losses are compared")
    parser.add_argument("--no-check", action="store_true")
    parser.add_argument("--checkpointing", action="store_true", help="gradient checkpointing for everyone")
    parser.add_argument("--in-process", action="store_true", help="no processes, no memory figures")
    parser.add_argument("--quick", action="store_true", help="a trial of seconds")
    parser.add_argument("--out", help="write everything to this JSON file")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.model, asked.in_process = asked.model or ["tiny"], True
        asked.rounds, asked.steps, asked.scale = 1, 2, 0.1
        asked.rows_per_step, asked.check_rows = asked.rows_per_step or 4, 2
    asked.model = asked.model or (["135m", "1b", "8b"] if asked.device == "cuda" else ["embedded"])
    asked.contenders = asked.contenders or (list(_GPU) if asked.device == "cuda" else list(ABOUT))
    if asked.precision == "auto":
        asked.precision = choose_precision().format
    return asked


if __name__ == "__main__":
    sys.exit(main())
