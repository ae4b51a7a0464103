"""``{finetune: wren}``: a language model taught to answer as the rows do, by an adapter or whole.

The rows are rendered by the model's own chat template and pass the gates. Where targets are labels, the answer is the
label that the tuned model finds most likely as its whole answer, so that it is always one of them, with a share of
certainty; else, and where a case may have several labels, it writes (``_writer.py``). Called by the system ``finetune``
when the model named is a decoder.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunewright.errors import InputError, WorkError
from tunewright.language.embedded import EMBEDDED
from tunewright.language.extra import missing_models
from tunewright.language.weights_size import decoder_weights
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs, Message, with_system
from tunewright.records.generation import Watch as Answering
from tunewright.records.system import Budget, FitContext, Needs, Setting, SystemRole, Training, Traits, Trial
from tunewright.records.usage import Spent, Usage
from tunewright.systems._hard_rows import dear_in
from tunewright.systems._honest import Graded, Scored
from tunewright.systems._loss_history import loss_history
from tunewright.systems._tuned_prompt import check_tuned_prompt, prompt_source, tuned_prompt
from tunewright.systems._writer import Writer, longest_answer, text_measure
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read

if TYPE_CHECKING:
    from tunewright.language.decoder import LoadedDecoder
    from tunewright.language.decoder_files import DecoderFiles
    from tunewright.language.render import Rendered
    from tunewright.language.spec import RenderSpec
    from tunewright.training.label_scores import LabelScorer
    from tunewright.training.methods import MethodSettings, Prepared
    from tunewright.training.rows import TokenRow
    from tunewright.training.sft import SftResult, SftSettings

OPTIONS: Mapping[str, Option] = {
    "method": Option("lora", "lora, full, or another of `tunewright train`", "an adapter trains less and is small"),
    "epochs": Option(3, "passes over the training rows, at most", "the best one on validation rows is kept"),
    "learning_rate": Option(0.0, "peak; 0 follows method and size", "small models bear larger steps"),
    "rows_per_step": Option(16, "rows", "fewer is slower, more learns less per epoch"),
    "rank": Option(16, "of the adapter", "enough for a label task"),
    "max_tokens": Option(0, "tokens; 0 is the model's own context", "nothing is cut; over 1 % longer rows stop it"),
    "retrieval": Option("", "name of a system of the kind retrieval", "facts that change stay in the documents"),
    "prompt": Option(
        "none", "none, short, full, or your own words or file", "a tuned model needs none; the others cost tokens"
    ),
}
# Those of ``training.methods``, which is not imported before something is trained.
METHODS = (
    *("full", "top_layers", "lora", "qlora", "lora+", "dora", "rslora", "pissa", "olora", "delora", "gralora", "hira"),
    *("hra", "ia3", "ln_tuning", "loha", "lokr", "miss", "oft", "randlora", "shira", "tinylora", "vera"),
)
_LABELS_FILE, _MODEL_FOLDER = "labels.json", "model"
_NO_RANK = frozenset({"full", "top_layers"})
MOST_WRITTEN = 200
# Epochs without a better score after which training stops.
PATIENCE = 2
# Up to this share of rows may be longer than the model reads; they are named and not learned. More stops the fit.
MOST_TOO_LONG = 0.01
MOST_UNREAD = 0.5  # of the validation rows, which teach nothing: their loss is that of the others


@dataclass(slots=True)
class FittedDecoder(Logged):
    """A tuned decoder that scores its labels or writes; ``prepared`` is what can be saved, None once loaded."""

    scorer: LabelScorer | Writer | None
    spec: RenderSpec
    labels: tuple[str, ...]
    instruction: str
    log: FitLog
    prepared: Prepared | None
    base: DecoderFiles

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return self.ask(inputs, Answering())

    def ask(self, inputs: Sequence[Inputs], watch: Answering) -> list[Answer]:
        """One answer per input, in order; raises Cancelled."""
        from tunewright.language.render import render_prompts
        from tunewright.language.threads import fixed_threads
        from tunewright.training.label_scores import probabilities

        if self.scorer is None:
            raise WorkError("systems.closed", "This system was closed and cannot answer any more.")
        if not inputs:
            return []
        if isinstance(self.scorer, Writer):
            with fixed_threads():
                return self.scorer.write(inputs, watch.cancelled)
        prompts = render_prompts([(with_system(item.messages, self.instruction), ()) for item in inputs], self.spec)
        with fixed_threads():
            chances = probabilities(self.scorer.log_probabilities(prompts, cancelled=watch.cancelled))
        return [self._answer(prompt, shares) for prompt, shares in zip(prompts, chances, strict=True)]

    def _answer(self, prompt: tuple[int, ...], shares: NDArray[np.float64]) -> Answer:
        assert self.scorer is not None
        assert not isinstance(self.scorer, Writer)
        problem = self.scorer.problem(prompt)
        if problem is not None:
            return Answer(None, Status.MODEL_FAIL, detail=problem.message)
        best = int(shares.argmax())
        spent = Spent(1, Usage(input=len(prompt), output=1))
        return Answer(self.labels[best], confidence=round(float(shares[best]), 6), spent=spent)

    def save(self, folder: Path) -> None:
        from tunewright.training.adapters import save_trained

        if self.prepared is None:
            raise WorkError("systems.closed", "This system was closed and cannot be saved any more.")
        save_trained(folder / _MODEL_FOLDER, self.prepared, self.spec.tokenizer, self.base, self.spec)
        longest = self.scorer.longest if isinstance(self.scorer, Writer) else 0
        kept = {"labels": self.labels, "instruction": self.instruction, "longest": longest}
        (folder / _LABELS_FILE).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        self.log.write(folder)

    def close(self) -> None:
        self.scorer = None
        self.prepared = None


@dataclass(frozen=True, slots=True)
class FinetuneDecoder:
    """The system before it has seen rows."""

    name: str
    base: str
    root: Path
    values: Mapping[str, Setting]
    around: Around | None = None
    role: SystemRole = "candidate"
    needs: Needs = Needs(simplicity=70, extras=("models",), seconds_per_call=0.1, own_machine=True)

    def identity(self) -> Mapping[str, Setting]:
        found: dict[str, Setting] = {"base": "", "format": ""}
        if self.missing() is None:
            from tunewright.language.decoder import locate_decoder
            from tunewright.training.precision import choose_precision

            found = {"base": locate_decoder(self.base, self.root).digest, "format": choose_precision().format}
        task = prompt_source(str(self.values["prompt"]), self.around)
        return {**self.values, **found, "task": task}

    @property
    def traits(self) -> Traits:
        """It does every kind of job."""
        return Traits(practice=self.base in EMBEDDED)

    def missing(self) -> str | None:
        return missing_models()

    def training(self) -> Training | None:
        """Passes over all rows; unknown for a model of the hub."""
        weights = decoder_weights(self.base, self.root)
        method, epochs = str(self.values["method"]), int(self.values["epochs"])
        return None if weights is None else Training.by(method, weights, epochs)

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedDecoder:
        from tunewright.language.threads import fixed_threads

        with fixed_threads():
            return self._fit(train, validation, context)

    def load(self, folder: Path) -> FittedDecoder:
        from tunewright.training.adapters import load_trained
        from tunewright.training.precision import choose_precision

        kept = json.loads((folder / _LABELS_FILE).read_text(encoding="utf-8"))
        trained = load_trained(folder / _MODEL_FOLDER, device=choose_precision().device)
        labels = tuple(kept["labels"])
        model, instruction = trained.decoder.model, kept["instruction"]
        scorer: LabelScorer | Writer
        if labels:
            scorer = _scorer(model, labels, trained.spec, instruction)
        else:
            scorer = Writer(model, trained.spec, instruction, kept["longest"], trained.decoder.files)
        return FittedDecoder(
            scorer, trained.spec, labels, instruction, FitLog.read(folder), None, trained.decoder.files
        )

    def _fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedDecoder:
        from tunewright.language.decoder import load_decoder, locate_decoder
        from tunewright.language.render import render_prompts
        from tunewright.language.spec import resolve_spec
        from tunewright.training.after_training import check_after_training, remember
        from tunewright.training.loop import Watch
        from tunewright.training.methods import base_dtype, prepare
        from tunewright.training.precision import choose_precision
        from tunewright.training.sft import tune_decoder

        if self.around is not None:
            self.around.rest()
        precision = choose_precision()
        base = locate_decoder(self.base, self.root)
        method = self._method(context.seed)
        loaded = load_decoder(base, device=precision.device, dtype=base_dtype(method, precision))
        settings = getattr(loaded.model, "generation_config", None)
        spec = resolve_spec(
            loaded.tokenizer,
            date=date.today().isoformat(),
            model_config=loaded.config,
            generation_config=settings,
        )
        seen = {example.target for example in train}
        scored = bool(context.labels) and not context.several
        honest: Callable[[], float | None]
        labels = tuple(label for label in context.labels if label in seen) if scored else ()
        instruction = tuned_prompt(
            str(self.values["prompt"]), [*train, *validation], context.labels, self.around, several=context.several
        )
        taught, rows, long = self._rows(train, instruction, spec, loaded)
        known = [row for row in validation if row.target in seen or not scored]
        _, held_out, unread = self._rows(known or taught[:1], instruction, spec, loaded, MOST_UNREAD)
        prepared = prepare(loaded.model, method)
        start = remember(prepared.model)
        prompts = render_prompts([(with_system(item.messages, instruction), item.tools) for item in validation], spec)
        scorer: LabelScorer | Writer
        if scored:
            scorer = _scorer(prepared.model, labels, spec, instruction)
            scored_passes = Scored([row.target for row in validation], context.measure)
            measure, honest = _label_measure(scorer, prompts, scored_passes, context, labels), scored_passes.honest
        else:
            longest = longest_answer([row.target for row in train], loaded.tokenizer)
            scorer = Writer(prepared.model, spec, instruction, longest, base)
            graded_passes = Graded(list(validation)[:MOST_WRITTEN], context.grade)
            measure, honest = text_measure(scorer, graded_passes, context), graded_passes.honest

        watch = Watch(
            progress=lambda share: context.progress("training", share),
            cancelled=context.cancelled,
            row_name=lambda row: taught[row].row_id,
        )
        chosen = self._settings(context.seed)
        result = tune_decoder(prepared, rows, held_out, chosen, precision, measure=measure, watch=watch)
        probe = [prompt[:128] for prompt in prompts[:4]]
        checked = check_after_training(prepared.model, start, probe, first_weights=prepared.start)
        notes = [
            *loaded.notes,
            *long,
            *(f"validation: {note}" for note in unread),
            prepared.describe(),
            *_described(result),
        ]
        notes.append(f"trained in {precision.format} on {precision.device}: {precision.reason}")
        if checked.still:
            notes.append(f"{len(checked.still)} of {len(start.fingerprints)} trained tensors did not move")
        budget = Budget(chosen.epochs, len(result.loop.epochs))
        trial = Trial({"learning_rate": prepared.learning_rate}, result.loop.best_score, result.record.seconds)
        names = [row.row_id for row in taught]
        history = loss_history(result.record.row_losses, names, [row.weight for row in rows])
        log = FitLog((trial,), budget, tuple(notes), honest(), dear_in(history), history)
        return FittedDecoder(scorer, spec, labels, instruction, log, prepared, base)

    def _rows(
        self,
        examples: Sequence[Example],
        instruction: str,
        spec: RenderSpec,
        loaded: LoadedDecoder,
        most: float = MOST_TOO_LONG,
    ) -> tuple[list[Example], list[TokenRow], list[str]]:
        """The examples that can be learned, rendered, and a note on the few that the model cannot read whole.

        Raises:
            InputError: a gate fails, or a larger share than ``most`` of the rows is too long.
        """
        from tunewright.language.gates import check_rows
        from tunewright.language.generate import context_tokens
        from tunewright.language.render import try_render_rows
        from tunewright.training.rows import TokenRow

        shown = [replace(example, messages=with_system(example.messages, instruction)) for example in examples]
        table = loaded.model.get_input_embeddings().weight
        rendered = try_render_rows(shown, spec, "last")
        limit = int(self.values["max_tokens"]) or context_tokens(loaded.model)
        report = check_rows(shown, rendered, spec, max_tokens=limit, too_long="drop", embedding_rows=table.shape[0])
        if len(report.dropped) > most * len(examples):
            report = check_rows(shown, rendered, spec, max_tokens=limit, embedding_rows=table.shape[0])
        report.raise_if_failed()
        kept = [place for place in range(len(examples)) if place not in report.dropped]
        rows = [TokenRow.of(row.ids, row.weights) for place in kept for row in _made(rendered[place])]
        named = ", ".join(examples[place].row_id for place in report.dropped)
        notes = [f"not learned, for the model cannot read them whole ({limit} tokens): {named}"] if named else []
        return [examples[place] for place in kept], rows, notes

    def _method(self, seed: int) -> MethodSettings:
        from tunewright.training.methods import MethodSettings

        method = str(self.values["method"])
        rank = None if method in _NO_RANK else int(self.values["rank"])
        return MethodSettings(method, rank=rank, learning_rate=float(self.values["learning_rate"]) or None, seed=seed)

    def _settings(self, seed: int) -> SftSettings:
        from tunewright.training.sft import SftSettings

        return SftSettings(
            seed,
            epochs=int(self.values["epochs"]),
            rows_per_step=int(self.values["rows_per_step"]),
            patience=PATIENCE,
        )


def _made(rendered: tuple[Rendered, ...] | InputError) -> tuple[Rendered, ...]:
    return rendered if isinstance(rendered, tuple) else ()


def _label_measure(
    scorer: LabelScorer,
    prompts: Sequence[tuple[int, ...]],
    passes: Scored,
    context: FitContext,
    labels: Sequence[str],
) -> Callable[[], float]:
    """The job's own measure on validation rows, label by label."""

    def measure() -> float:
        found = scorer.log_probabilities(prompts, cancelled=context.cancelled)
        return passes.add(["" if np.isnan(row[0]) else labels[row.argmax()] for row in found])

    return measure


def _scorer(model: Any, labels: Sequence[str], spec: RenderSpec, instruction: str) -> LabelScorer:
    from tunewright.language.labels import label_ids
    from tunewright.training.forward import PathFlags, sharing_obstacle
    from tunewright.training.label_scores import LabelScorer

    probe = with_system((Message("user", "?"),), instruction)
    flags = PathFlags(share=sharing_obstacle(model) is None)
    return LabelScorer(model, label_ids(labels, probe, spec), flags)


def _described(result: SftResult) -> list[str]:
    """What happened, in plain sentences."""
    loop = result.loop
    lines = [f"the weights of epoch {loop.best_epoch} of {len(loop.epochs)} were kept"]
    lines += [f"fast path not used: {reason}" for reason in result.paths.reasons]
    return lines


def names_decoder(argument: str, root: Path) -> bool:
    """Whether a name in the project file is that of a language model: embedded, in a folder, or on the hub."""
    from tunewright.language.decoder_files import is_decoder

    if argument in EMBEDDED:
        return True
    folder = root / Path(argument).expanduser()
    return is_decoder(folder) if folder.is_dir() else False


def _check_method(method: str) -> None:
    """Raises InputError for a method that there is none of. The engine knows more, such as what it needs here."""
    if method in METHODS:
        return
    near = difflib.get_close_matches(method.lower(), METHODS, n=1, cutoff=0.6)
    raise InputError(
        "method.unknown",
        f"There is no method {method!r}.",
        where="systems: finetune, method",
        hint=(f"Did you mean {near[0]!r}? " if near else "") + f"Methods: {', '.join(METHODS)}.",
    )


def build_decoder(
    name: str, argument: str, options: Mapping[str, Setting], root: Path, around: Around | None = None
) -> FinetuneDecoder:
    """The system for a language model, its options checked."""
    values = read(options, OPTIONS, "finetune")
    for option, least in (("epochs", 1), ("rows_per_step", 1), ("rank", 1), ("max_tokens", 0)):
        if float(values[option]) < least:
            raise InputError(
                "systems.option_value",
                f"Option {option!r} of the system 'finetune' must be at least {least}, not {values[option]!r}.",
                where="systems: finetune",
            )
    check_tuned_prompt(str(values["prompt"]), root)
    _check_method(str(values["method"]))
    return FinetuneDecoder(name, argument, root, values, around)
