"""``tunewright train``: a table and a base model in, a tuned model in a folder out. Read ``train_model`` top to bottom.

Where its files lie, and that a killed run can go on, is in ``train_job.py``; the words of the report in
``train_report.py``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tunewright.data.read import SetAside
from tunewright.errors import InputError, WorkError
from tunewright.language.decoder import LoadedDecoder, load_decoder, locate_decoder
from tunewright.language.generate import context_tokens
from tunewright.language.preview import Preview, preview
from tunewright.language.render import Rendered
from tunewright.language.spec import RenderSpec, resolve_spec
from tunewright.language.threads import fixed_threads
from tunewright.training.adapters import save_trained
from tunewright.training.after_training import (
    AfterTraining,
    Start,
    check_after_training,
    check_merged,
    remember,
    room_for_copy,
)
from tunewright.training.checkpoints import Checkpoints
from tunewright.training.estimate import DatasetShape
from tunewright.training.fitting import shape_of
from tunewright.training.methods import Prepared, base_dtype, check_available, prepare
from tunewright.training.precision import Precision, choose_precision
from tunewright.training.rows import TokenRow
from tunewright.training.sft import tune_decoder
from tunewright.workflow.costing.training_estimate import run_lines
from tunewright.workflow.study import Hooks
from tunewright.workflow.tuning.train_answers import answer_held_out, replay_saved
from tunewright.workflow.tuning.train_data import RenderedData, TrainingData, read_training_data, render_data
from tunewright.workflow.tuning.train_job import (
    DECISIONS,
    LOSSES,
    METRICS,
    REPORT,
    TrainJob,
    check_job,
    only_run,
    put_in_place,
    read_decisions,
    write_json,
)
from tunewright.workflow.tuning.train_log import Metrics, write_row_losses
from tunewright.workflow.tuning.train_report import describe_run, fingerprint

__all__ = ["TrainJob", "TrainOutcome", "describe_data", "make_ready", "previews", "train_model"]

CONTEXT_UNKNOWN = 2_048
_PROBES = 4
_PROBE_TOKENS = 128


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
    check_job(job)
    check_available(job.method)
    with only_run(job):
        decisions = read_decisions(job)
        hooks.say(f"reading {job.data.name} and loading {job.base}")
        ready = make_ready(job, decisions)
        for line in describe_data(ready):
            hooks.say(line)
        write_json(job.state / DECISIONS, decisions)
        with fixed_threads():
            report = _train(job, ready, hooks)
        shutil.copyfile(job.state / METRICS, job.result / METRICS)
        put_in_place(job)
    return TrainOutcome(job.out, report, ready.data.set_aside)


def _train(job: TrainJob, ready: Ready, hooks: Hooks) -> dict[str, Any]:
    """Train, check, and write everything into the result's folder within the state; returns the report."""
    prepared = prepare(ready.decoder.model, job.method)
    for line in [prepared.describe(), *_estimate(job, ready, prepared)]:
        hooks.say(line)
    start = remember(prepared.model)
    metrics = Metrics(job.state / METRICS, hooks, prepared.learning_rate)
    result = tune_decoder(
        prepared,
        _token_rows(ready.rendered.rows),
        _token_rows(ready.rendered.validation),
        job.sft,
        ready.precision,
        watch=metrics.watch(lambda row: ready.rendered.names[row]),
        on_tokens=metrics.tokens,
        checkpoints=Checkpoints(job.state / "checkpoints", fingerprint(job, ready)),
    )
    for reason in result.paths.reasons:
        hooks.say(f"fast path given up: {reason}")
    hooks.say("checking and saving the result")
    checked, notes = _check(prepared, start, ready)
    answers = answer_held_out(prepared, ready.rendered.validation, ready.spec, hooks.cancelled)
    shutil.rmtree(job.result, ignore_errors=True)
    save_trained(job.result, prepared, ready.decoder.tokenizer, ready.decoder.files, ready.spec)
    replayed = replay_saved(prepared, job.result, ready.rendered.validation, ready.spec)
    report = describe_run(job, ready, prepared, result)
    report |= {"after_training": asdict(checked), "held_out_answers": asdict(answers), "replayed": replayed}
    report["notes"] = notes
    for note in notes:
        hooks.say(note)
    write_json(job.result / REPORT, report)
    write_row_losses(job.result / LOSSES, ready.rendered.names, result.record.row_losses)
    return report


def make_ready(job: TrainJob, decisions: dict[str, str] | None = None) -> Ready:
    """Everything that comes before training, and all that ``--preview`` needs."""
    decisions = decisions or read_decisions(job)
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
    rendered = render_data(
        data,
        spec,
        train=job.train_on,
        max_tokens=_limit(job, decoder),
        whole_context=job.max_tokens is None,
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


def _limit(job: TrainJob, decoder: LoadedDecoder) -> int:
    """The longest row that is trained."""
    context = context_tokens(decoder.model) or CONTEXT_UNKNOWN
    if job.max_tokens is not None and job.max_tokens > context:
        raise InputError(
            "training.max_tokens",
            f"The base model has room for {context:,} tokens, not for {job.max_tokens:,}.",
            where=f"--max-tokens {job.max_tokens}",
            hint="Leave it out, or choose a base model with more room.",
        )
    return job.max_tokens or context


def _token_rows(rows: Sequence[Rendered]) -> list[TokenRow]:
    return [TokenRow.of(row.ids, row.weights) for row in rows]


def _check(prepared: Prepared, start: Start, ready: Ready) -> tuple[AfterTraining, list[str]]:
    """The adapter is alive and weights moved, or an error; whether merging changes answers is said, with no error."""
    probe = [row.ids[:_PROBE_TOKENS] for row in ready.rendered.validation[:_PROBES]]
    checked = check_after_training(prepared.model, start, probe, first_weights=prepared.start, merge=False)
    notes = []
    if checked.still:
        notes.append(f"{len(checked.still)} of {len(start.fingerprints)} trained tensors did not move")
    if (
        prepared.is_adapter
        and room_for_copy(prepared.model)
        and not getattr(prepared.model, "is_loaded_in_4bit", False)
    ):
        try:
            checked = replace(checked, merged_difference=check_merged(prepared.model, probe))
        except WorkError as error:
            notes.append(f"serve the adapter unmerged: {error.message} ({error.where})")
    return checked, notes
