"""What is written down of a training run: what its weights hang on, and what came of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tunewright.training.adapters import settings_json
from tunewright.training.methods import Prepared
from tunewright.training.sft import SftResult
from tunewright.workflow.tuning.train_job import TrainJob

if TYPE_CHECKING:
    from tunewright.workflow.tuning.train import Ready


def fingerprint(job: TrainJob, ready: Ready) -> dict[str, str]:
    """All that the weights hang on, by names that a person understands."""
    rows = [
        (row.ids, row.weights) for part in (ready.rendered.rows, ready.rendered.validation) for row in part
    ]  # fmt: skip
    return {
        "data": ready.data.digest,
        "base model": ready.decoder.files.digest,
        "template": ready.spec.digest(),
        "method": json.dumps(settings_json(job.method), sort_keys=True),
        "settings": json.dumps(asdict(job.sft), sort_keys=True),
        "trained tokens": hashlib.sha256(repr(rows).encode()).hexdigest(),
        "number format": f"{ready.precision.device} {ready.precision.format}",
    }


def describe_run(job: TrainJob, ready: Ready, prepared: Prepared, result: SftResult) -> dict[str, Any]:
    """Every setting and figure of the run, as JSON values."""
    loop, record = result.loop, result.record
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
        "batches_cut_for_memory": result.cuts,
        "gradient_errors": dict(result.paths.errors),
        "epochs": [asdict(log) for log in loop.epochs],
        "held_out_losses": record.held_out,
        "best_epoch": loop.best_epoch,
        "held_out_loss": -loop.best_score,
        "stopped_early": loop.stopped_early,
        "steps": record.steps,
        "seconds": round(record.seconds, 2),
        "tokens_per_second": round(record.tokens / record.seconds, 1) if record.seconds else None,
    }
