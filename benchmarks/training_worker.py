"""One contender in a process of its own (peak memory is that of one), or in this one for trials.

The parent writes one JSON request a line on standard input, the worker answers with one JSON line; whatever libraries
print goes to standard error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from training_contenders import Job, make_contender, prepare_model
from training_memory import peak_bytes, settle


class Worker(Protocol):
    """Answers requests about one contender."""

    def ask(self, request: dict[str, Any]) -> dict[str, Any]: ...

    def close(self) -> None: ...


class LocalWorker:
    """A contender in this process. Its model is built when it is made; memory figures hold all there is here."""

    def __init__(self, name: str, job: Job, same_steps: bool) -> None:
        if name.startswith("trl"):
            import training_trl  # noqa: F401
            import trl  # noqa: F401
        self._device = job.device
        model = prepare_model(name, job)
        self._loaded = settle(job.device)
        self._contender = make_contender(name, job, model, same_steps)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run ``max_steps`` steps (null: one pass); losses, seconds and bytes come back."""
        curve = self._contender.peer.train(request["max_steps"])
        peak = peak_bytes(self._device)
        if self._device == "cuda":
            import torch

            torch.cuda.empty_cache()
        return {
            "losses": curve.losses,
            "seconds": curve.seconds,
            "processor_s": curve.processor_s,
            "tokens": sum(row.tokens for row in self._contender.rows),
            "loaded_bytes": self._loaded,
            "peak_bytes": peak,
            "notes": list(self._contender.notes),
        }

    def close(self) -> None:
        """Nothing to end."""


class ProcessWorker:
    """A contender in a process of its own, which ends when it is closed."""

    def __init__(self, name: str, job: Job, same_steps: bool) -> None:
        description = json.dumps({"name": name, "job": asdict(job), "same_steps": same_steps})
        command = [sys.executable, str(Path(__file__).resolve()), description]
        self._name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for the answer.

        Raises:
            RuntimeError: the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Let the process end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def serve(description: str) -> None:
    """The worker's own side: answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    told = json.loads(description)
    worker = LocalWorker(told["name"], Job(**told["job"]), told["same_steps"])
    for line in sys.stdin:
        print(json.dumps(worker.ask(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
