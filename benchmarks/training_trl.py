"""TRL's ``SFTTrainer`` as a peer: the very same token ids and trained tokens, in the order given.

Rows are handed over tokenised with their labels, so that nothing hangs on a template; its collator, loss, optimizer and
loop are its own. Read in TRL 1.16: with labels given, a step's loss is the sum over its trained tokens divided by
their number in all of its batches, and that is what it logs.
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from training_curve import Clock, Curve, Recipe

from tunewright.training.rows import TokenRow

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@dataclass(frozen=True, slots=True)
class TrlSettings:
    """Its own options: rows of a batch, batches of a step, gradient checkpointing, packing to so many tokens
    (best-fit decreasing, with borders), batches of like length."""

    rows_per_batch: int
    accumulation: int
    checkpointing: bool = False
    packed_tokens: int | None = None
    by_length: bool = False


class TrlPeer:
    """Trains a model with ``SFTTrainer``; may be called again and goes on with fresh optimizer state."""

    def __init__(self, model: Any, rows: Sequence[TokenRow], recipe: Recipe, settings: TrlSettings) -> None:
        import datasets
        import trl as untyped
        from transformers import PrinterCallback, TrainerCallback

        trl: Any = untyped
        for name in ("transformers", "trl", "accelerate"):
            logging.getLogger(name).setLevel(logging.ERROR)
        datasets.disable_progress_bars()
        if any(not np.isin(row.weights, (0.0, 1.0)).all() for row in rows):
            raise ValueError("TRL knows no weights other than 0 and 1")
        columns = {
            "input_ids": [row.ids.tolist() for row in rows],
            "labels": [np.where(row.weights > 0, row.ids, -100).tolist() for row in rows],
        }
        self._folder = tempfile.TemporaryDirectory()
        self._recorder = _recorder(TrainerCallback)
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._trainer = trl.SFTTrainer(
                model=model,
                args=_arguments(trl, self._folder.name, recipe, settings),
                train_dataset=datasets.Dataset.from_dict(columns),
                processing_class=_tokenizer(),
                callbacks=[self._recorder],
            )
        self._trainer.remove_callback(PrinterCallback)

    def train(self, max_steps: int | None = None, keep_gradients: bool = False) -> Curve:
        """One pass over the rows, or the first ``max_steps`` steps of it."""
        self._recorder.begin(keep_gradients)
        self._trainer.args.max_steps = max_steps or -1
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._trainer.train()
        curve: Curve = self._recorder.curve
        return curve


def _arguments(trl: Any, folder: str, recipe: Recipe, settings: TrlSettings) -> Any:
    packed = settings.packed_tokens
    return trl.SFTConfig(
        output_dir=folder,
        per_device_train_batch_size=settings.rows_per_batch,
        gradient_accumulation_steps=settings.accumulation,
        gradient_checkpointing=settings.checkpointing,
        packing=packed is not None,
        max_length=packed,
        train_sampling_strategy="group_by_length" if settings.by_length else "sequential",
        num_train_epochs=1,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip_norm,
        bf16=recipe.precision.format == "bf16",
        use_cpu=recipe.precision.device == "cpu",
        dataloader_pin_memory=recipe.precision.device != "cpu",
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _tokenizer() -> Any:
    """The trainer wants one; of it, only the padding id 0 is used."""
    import transformers
    from tokenizers import Tokenizer, models

    kind: Any = transformers.PreTrainedTokenizerFast

    core = Tokenizer(models.WordLevel({"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}, unk_token="<unk>"))
    return kind(tokenizer_object=core, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def _recorder(base: Any) -> Any:
    """A callback that keeps losses, norms, seconds and, when asked, gradients; made here so that importing this file
    does not import the trainer."""

    class Recorder(base):  # type: ignore[misc]
        def begin(self, keep_gradients: bool) -> None:
            self.curve = Curve()
            self.keep_gradients = keep_gradients
            self.clock: Clock | None = None

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            if self.clock is None:
                self.clock = Clock()

        def on_pre_optimizer_step(self, *_: Any, model: Any = None, **__: Any) -> None:
            if self.keep_gradients:
                found = ((name, part.grad) for name, part in model.named_parameters() if part.requires_grad)
                self.curve.gradients = {name: grad.clone() for name, grad in found if grad is not None}

        def on_step_end(self, *_: Any, **__: Any) -> None:
            if self.clock is not None:
                self.clock.note(self.curve)

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if logs and "loss" in logs:
                self.curve.losses.append(float(logs["loss"]))
                self.curve.norms.append(float(logs["grad_norm"]))

    return Recorder()
