"""One job of ``tunewright train`` and its files.

While it runs, its state lies in ``FOLDER.training``: checkpoints, decisions, metrics, a lock, at the end the result. A
killed run goes on from there. ``FOLDER`` appears when all is done, in one step, whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tunewright.data.read import ColumnMap
from tunewright.errors import InputError
from tunewright.language.gates import TooLong
from tunewright.language.render import Train
from tunewright.store.processes import Holder, this_process
from tunewright.training.methods import MethodSettings
from tunewright.training.sft import SftSettings

REPORT, METRICS, LOSSES = "training.json", "metrics.jsonl", "row_losses.jsonl"
DECISIONS, _LOCK = "decisions.json", "lock.json"


@dataclass(frozen=True, slots=True)
class TrainJob:
    """What to train. ``max_tokens`` None is the base model's context; ``method`` and ``sft`` say how."""

    data: Path
    base: str
    out: Path
    method: MethodSettings
    sft: SftSettings
    columns: ColumnMap | None = None
    validation: Path | None = None
    max_tokens: int | None = None
    too_long: TooLong = "refuse"
    train_on: Train = "all"
    system: str | None = None
    resume: bool = False

    @property
    def state(self) -> Path:
        """Where the run is kept until it is done."""
        out = self.out.absolute()
        return out.parent / f"{out.name}.training"

    @property
    def result(self) -> Path:
        """Where the result is made before it is put in its place."""
        return self.state / "result"


def check_job(job: TrainJob) -> None:
    """Refuse what cannot go well before anything is loaded.

    Raises:
        InputError: the folder is in use, there is nothing to resume, or a setting makes no sense.
    """
    if job.method.learning_rate is not None and not job.method.learning_rate > 0:
        raise InputError(
            "training.learning_rate", f"The learning rate must be above 0, not {job.method.learning_rate:g}."
        )
    if job.out.exists() and (not job.out.is_dir() or any(job.out.iterdir())):
        raise InputError(
            "training.folder_exists",
            f"The folder '{job.out}' already holds something.",
            hint="Choose another folder with --out; nothing is overwritten.",
        )
    if job.state.exists() and not job.resume:
        raise InputError(
            "training.unfinished",
            f"An unfinished run for '{job.out}' is kept in '{job.state}'.",
            hint="Go on with it by --resume, or delete that folder to start anew.",
        )
    if job.resume and not job.state.exists():
        raise InputError(
            "training.nothing_to_resume",
            f"There is no unfinished run for '{job.out}'.",
            where=str(job.state),
            hint="Leave --resume out to start one.",
        )


@contextmanager
def only_run(job: TrainJob) -> Iterator[None]:
    """Hold the state's lock; a state in which nothing was trained yet is removed when the block fails.

    Raises:
        InputError: another process is training into the same folder.
    """
    job.state.mkdir(parents=True, exist_ok=True)
    lock = job.state / _LOCK
    _take(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        if job.state.is_dir() and not (job.state / "checkpoints").exists() and not job.resume:
            shutil.rmtree(job.state, ignore_errors=True)


def put_in_place(job: TrainJob) -> None:
    """The result under its name, the state gone."""
    if job.out.is_dir():
        job.out.rmdir()  # it was empty when the run began; should something lie there now, this fails and loses nothing
    job.result.rename(job.out)
    shutil.rmtree(job.state, ignore_errors=True)


def read_decisions(job: TrainJob) -> dict[str, str]:
    """What was settled before the first step, so that it is the same on another day."""
    path = job.state / DECISIONS
    if job.resume and path.is_file():
        kept: dict[str, str] = json.loads(path.read_text("utf-8"))
        return kept
    return {"date": date.today().isoformat()}


def write_json(path: Path, value: object) -> None:
    """One JSON file, readable by people."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _take(lock: Path) -> None:
    mine = this_process()
    text = json.dumps({"host": mine.host, "pid": mine.pid})
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        holder = _holder(lock)
        if holder is not None and not holder.surely_dead and holder != mine:
            raise InputError(
                "training.running",
                "Another process is training into this folder.",
                where=f"{lock}: process {holder.pid}",
                hint="Wait for it, or choose another folder with --out. If it is surely dead, delete that file.",
            ) from None
        lock.write_text(text, "utf-8")
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _holder(lock: Path) -> Holder | None:
    try:
        value = json.loads(lock.read_text("utf-8"))
        return Holder(str(value["host"]), int(value["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
