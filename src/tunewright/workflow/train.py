"""``tunewright train``: a table and a base model in, a tuned model in a folder out. Read ``train_model`` top to bottom.

While it runs, its state lies in ``FOLDER.training`` (checkpoints, decisions, ``metrics.jsonl``); a killed run goes on
from there and ends with the same weights. ``FOLDER`` appears when all is done, whole.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tunewright.data.read import ColumnMap, SetAside
from tunewright.errors import InputError
from tunewright.language.decoder import LoadedDecoder, load_decoder, locate_decoder
from tunewright.language.gates import TooLong
from tunewright.language.preview import Preview, preview
from tunewright.language.render import Rendered, Train
from tunewright.language.spec import RenderSpec, resolve_spec
from tunewright.language.threads import fixed_threads
from tunewright.training.adapters import save_trained, settings_json
from tunewright.training.after_training import AfterTraining, Start, check_after_training, remember
from tunewright.training.checkpoints import Checkpoints
from tunewright.training.estimate import DatasetShape
from tunewright.training.fitting import shape_of
from tunewright.training.loop import LoopResult
from tunewright.training.machine_memory import available_bytes
from tunewright.training.methods import MethodSettings, Prepared, base_dtype, check_available, prepare
from tunewright.training.precision import Precision, choose_precision
from tunewright.training.rows import TokenRow
from tunewright.training.sft import SftResult, SftSettings, tune_decoder
from tunewright.workflow.study import Hooks
from tunewright.workflow.train_answers import answer_held_out, replay_saved
from tunewright.workflow.train_data import RenderedData, TrainingData, read_training_data, render_data
from tunewright.workflow.train_log import Metrics, write_row_losses
from tunewright.workflow.training_estimate import run_lines

CONTEXT_UNKNOWN = 2_048
_PROBES = 4
_PROBE_TOKENS = 128
_COPY_ROOM = 1.5  # merging is tried on a copy of the model
REPORT, METRICS, LOSSES = "training.json", "metrics.jsonl", "row_losses.jsonl"


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
        return self.out.with_name(f"{self.out.name}.training")


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything before the first step: the base model, the rendering, and rows that passed the gates."""

    data: TrainingData
    decoder: LoadedDecoder
    spec: RenderSpec
    rendered: RenderedData
    precision: Precision


@dataclass(frozen=True, slots=True)
class TrainOutcome:
    """What came of it; ``set_aside`` are rows that could not be read."""

    folder: Path
    report: dict[str, Any]
    set_aside: tuple[SetAside, ...]


def train_model(job: TrainJob, hooks: Hooks) -> TrainOutcome:
    """Read, look, train, check, save.

    Raises:
        InputError: of what a person can mend: columns, rows that fail a gate, a folder that is in use.
        WorkError: training diverged, the disk is full, or what came out does nothing.
        Cancelled: asked to stop; the state is kept and ``resume`` goes on from it.
    """
    _check_folders(job)
    check_available(job.method)
    decisions = _decisions(job)
    ready = make_ready(job, decisions)
    for line in describe_data(ready):
        hooks.say(line)
    with fixed_threads():
        prepared = prepare(ready.decoder.model, job.method)
        for line in [prepared.describe(), *_estimate(job, ready, prepared)]:
            hooks.say(line)
        start = remember(prepared.model)
        fingerprint = _fingerprint(job, ready)
        _write_json(job.state / "decisions.json", decisions)
        metrics = Metrics(job.state / METRICS, hooks, prepared.learning_rate)
        result = tune_decoder(
            prepared,
            _token_rows(ready.rendered.rows),
            _token_rows(ready.rendered.validation),
            job.sft,
            ready.precision,
            watch=metrics.watch(lambda row: ready.rendered.names[row]),
            on_tokens=metrics.tokens,
            checkpoints=Checkpoints(job.state / "checkpoints", fingerprint),
        )
        for reason in result.paths.reasons:
            hooks.say(f"fast path given up: {reason}")
        checked = _check(prepared, start, ready)
        answers = answer_held_out(prepared, ready.rendered.validation, ready.spec)
        save_trained(job.out, prepared, ready.decoder.tokenizer, ready.decoder.files, ready.spec)
        replayed = replay_saved(prepared, job.out, ready.rendered.validation, ready.spec)
    report = _report(job, ready, prepared, result, checked)
    report |= {"held_out_answers": asdict(answers), "replayed": replayed}
    _write_json(job.out / REPORT, report)
    write_row_losses(job.out / LOSSES, ready.rendered.names, result.row_losses)
    shutil.copyfile(job.state / METRICS, job.out / METRICS)
    shutil.rmtree(job.state, ignore_errors=True)
    return TrainOutcome(job.out, report, ready.data.set_aside)


def make_ready(job: TrainJob, decisions: dict[str, str] | None = None) -> Ready:
    """Everything that comes before training, and all that ``--preview`` needs."""
    decisions = decisions or _decisions(job)
    data = read_training_data(job.data, job.columns, job.validation, job.system, job.sft.seed)
    precision = choose_precision()
    decoder = load_decoder(
        locate_decoder(job.base),
        device=precision.device,
        dtype=base_dtype(job.method, precision),
        four_bit=job.method.method == "qlora",
    )
    spec = resolve_spec(
        decoder.tokenizer,
        date=decisions["date"],
        model_config=decoder.config,
        generation_config=getattr(decoder.model, "generation_config", None),
    )
    context = getattr(decoder.config.get_text_config(), "max_position_embeddings", None) or CONTEXT_UNKNOWN
    rendered = render_data(
        data,
        spec,
        train=job.train_on,
        max_tokens=min(job.max_tokens or context, context),
        too_long=job.too_long,
        embedding_rows=decoder.model.get_input_embeddings().weight.shape[0],
    )
    return Ready(data, decoder, spec, rendered, precision)


def previews(ready: Ready, count: int) -> list[tuple[str, Preview]]:
    """The first rows as they would be trained, each with its name."""
    rows = zip(ready.rendered.names, ready.rendered.rows, strict=True)
    return [(name, preview(row, ready.spec)) for name, row in list(rows)[:count]]


def describe_data(ready: Ready) -> list[str]:
    """Plain lines on the rows: counts, tokens, what is trained, what is worth knowing."""
    rows = ready.rendered.rows
    tokens = sum(len(row.ids) for row in rows)
    trained = sum(weight > 0 for row in rows for weight in row.weights)
    longest = max(len(row.ids) for row in rows)
    lines = [
        f"{len(rows):,} rows to learn from, {len(ready.rendered.validation):,} held out; {tokens:,} tokens, "
        f"{trained:,} of them trained; the longest row has {longest:,}"
    ]
    if ready.data.set_aside:
        lines.append(f"{len(ready.data.set_aside)} rows could not be used; they are listed in {REPORT}")
    return [*lines, *ready.decoder.notes, *ready.data.notes, *ready.rendered.gates.notes]


def _estimate(job: TrainJob, ready: Ready, prepared: Prepared) -> list[str]:
    """What it will take here; nothing for a family whose sizes are not known."""
    shape = shape_of(prepared.model)
    if shape is None:
        return ["no estimate: the sizes of this model's family are not known here"]
    rows = ready.rendered.rows
    data = DatasetShape(
        len(rows),
        sum(len(row.ids) for row in rows),
        sum(weight > 0 for row in rows for weight in row.weights),
        max(len(row.ids) for row in rows),
    )
    return run_lines(shape, job.method.method, data, job.sft.epochs, ready.precision)


def _check_folders(job: TrainJob) -> None:
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


def _decisions(job: TrainJob) -> dict[str, str]:
    """What was settled before the first step, so that it is the same on another day."""
    path = job.state / "decisions.json"
    if job.resume and path.is_file():
        kept: dict[str, str] = json.loads(path.read_text("utf-8"))
        return kept
    return {"date": date.today().isoformat()}


def _fingerprint(job: TrainJob, ready: Ready) -> dict[str, str]:
    """All that the weights hang on, by names that a person understands."""
    return {
        "data": ready.data.digest,
        "base model": ready.decoder.files.digest,
        "template": ready.spec.digest(),
        "method": json.dumps(settings_json(job.method), sort_keys=True),
        "settings": json.dumps(asdict(job.sft), sort_keys=True),
        "rows": hashlib.sha256(repr([row.ids for row in ready.rendered.rows]).encode()).hexdigest(),
        "number format": f"{ready.precision.device} {ready.precision.format}",
    }


def _token_rows(rows: Sequence[Rendered]) -> list[TokenRow]:
    return [TokenRow.of(row.ids, row.weights) for row in rows]


def _check(prepared: Prepared, start: Start, ready: Ready) -> AfterTraining:
    """The adapter is alive, weights moved, and merging changes nothing; probed with held-out prompts."""
    probe = [row.ids[:_PROBE_TOKENS] for row in ready.rendered.validation[:_PROBES]]
    size = sum(value.numel() * value.element_size() for value in prepared.model.parameters())
    room = available_bytes(cuda=ready.precision.device == "cuda") > _COPY_ROOM * size
    return check_after_training(prepared.model, start, probe, first_weights=prepared.start, merge=room)


def _report(
    job: TrainJob, ready: Ready, prepared: Prepared, result: SftResult, checked: AfterTraining
) -> dict[str, Any]:
    loop: LoopResult = result.loop
    return {
        "data": str(job.data),
        "rows": len(ready.rendered.rows),
        "held_out_rows": len(ready.rendered.validation),
        "set_aside": [{"where": str(row.source), "reason": row.reason} for row in ready.data.set_aside],
        "left_out_for_length": [ready.data.train[row].row_id for row in ready.rendered.gates.dropped],
        "base": ready.decoder.files.lasting_name,
        "method": settings_json(job.method) | {"learning_rate": prepared.learning_rate},
        "settings": asdict(job.sft),
        "trained_values": prepared.trained,
        "precision": asdict(ready.precision),
        "fast_paths": asdict(result.paths.flags) | {"given_up": list(result.paths.reasons)},
        "gradient_checkpointing": result.checkpointing,
        "gradient_errors": dict(result.paths.errors),
        "epochs": [asdict(log) for log in loop.epochs],
        "best_epoch": loop.best_epoch,
        "held_out_loss": -loop.best_score,
        "stopped_early": loop.stopped_early,
        "steps": result.steps,
        "seconds": round(result.seconds, 2),
        "tokens_per_second": round(result.tokens / result.seconds, 1) if result.seconds else None,
        "after_training": asdict(checked),
    }


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
