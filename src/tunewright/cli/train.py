"""``tunewright train``: only the fine-tune, for those who want nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched
from tunewright.errors import Cancelled

if TYPE_CHECKING:
    from rich.console import Console

    from tunewright.workflow.tuning.train import TrainJob, TrainOutcome


def command(
    data: Annotated[Path, typer.Argument(help="A table, or JSON lines of conversations.")],
    base: Annotated[str, typer.Option(help="The model to start from: wren (embedded), a folder, or a hub id.")],
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    validation: Annotated[Path | None, typer.Option(help="Held-out rows; else a tenth is put apart.")] = None,
    method: Annotated[str, typer.Option(help="lora, full, qlora, top_layers:N, or another of PEFT.")] = "lora",
    rank: Annotated[int | None, typer.Option(help="Rank of the adapter.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the rows, at most.")] = 3,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Updates, at most.")] = None,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate; else one that suits method and size.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=2, help="The longest row; else the model's context.")] = None,
    too_long: Annotated[str, typer.Option(help="What to do with longer rows: refuse or drop.")] = "refuse",
    train_on: Annotated[str, typer.Option(help="Which turns of the assistant are trained: all or last.")] = "all",
    system: Annotated[str | None, typer.Option(help="System message for rows that have none.")] = None,
    seed: Annotated[int, typer.Option(help="Start of all randomness.")] = 1,
    preview: Annotated[int, typer.Option(min=0, help="Show so many rows as they would be trained, and stop.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped or killed.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="No fast paths: the same result, slower.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Fine-tune a language model on your rows; the folder holds an adapter, or a model that others load."""
    with guarded(as_json=json, debug=debug):
        _need_models()
        from tunewright.data.read import ColumnMap
        from tunewright.training.methods import MethodSettings
        from tunewright.training.sft import SftSettings
        from tunewright.workflow.tuning.train import TrainJob

        name, layers = _method(method)
        job = TrainJob(
            data=data,
            base=base,
            out=out,
            method=MethodSettings(name, layers=layers, rank=rank, learning_rate=lr, seed=seed),
            sft=SftSettings(seed, epochs=epochs, max_steps=max_steps, fast=not plain),
            columns=ColumnMap(tuple(input), target) if input else None,
            validation=validation,
            max_tokens=max_tokens,
            too_long="drop" if _one_of("--too-long", too_long, ("refuse", "drop")) == "drop" else "refuse",
            train_on="last" if _one_of("--train-on", train_on, ("all", "last")) == "last" else "all",
            system=system,
            resume=resume,
        )
        if preview:
            _preview(job, preview, as_json=json)
        else:
            _train(job, as_json=json)


def _train(job: TrainJob, *, as_json: bool) -> None:
    from tunewright.workflow.tuning.train import train_model

    try:
        with watched(quiet=as_json) as hooks:
            outcome = train_model(job, hooks)
    except Cancelled as stop:
        stop.hint = "Run the same command with --resume to go on from here."
        raise
    if as_json:
        print_json({"folder": str(outcome.folder), **outcome.report})
        return
    from rich.console import Console

    _tell(outcome, Console())


def _need_models() -> None:
    from tunewright.errors import InputError
    from tunewright.language.extra import missing_models

    missing = missing_models()
    if missing is not None:
        raise InputError("training.no_models", missing)


def _method(text: str) -> tuple[str, int | None]:
    """``top_layers:2`` is the method and its number of layers."""
    name, _, number = text.partition(":")
    return name, int(number) if number.isdigit() else None


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    from tunewright.errors import InputError

    if value not in allowed:
        raise InputError("cli.choice", f"{option} is {' or '.join(allowed)}, not '{value}'.", where=option)
    return value


def _preview(job: TrainJob, count: int, *, as_json: bool) -> None:
    """Rows with trained text in colour; brackets stand in for colour where there is none."""
    from rich.console import Console
    from rich.text import Text

    from tunewright.workflow.tuning.train import describe_data, make_ready, previews

    ready = make_ready(job)
    shown = previews(ready, count)
    if as_json:
        rows = [
            {"row": name, "pieces": [{"text": run.text, "weight": run.weight} for run in row.runs]}
            for name, row in shown
        ]
        print_json({"notes": describe_data(ready), "rows": rows})
        return
    console = Console()
    for name, row in shown:
        head = f"── {name}: {row.trained_tokens} trained tokens, {row.context_tokens} of context"
        console.print(head, style="dim", highlight=False, markup=False)
        text = Text()
        for run in row.runs:
            trained = run.text if console.is_terminal or not run.weight else f"⟦{run.text}⟧"
            text.append(trained, style="bold green" if run.weight else "")
        console.print(text, highlight=False)
    for line in describe_data(ready):
        console.print(line, highlight=False, markup=False)


def _tell(outcome: TrainOutcome, console: Console) -> None:
    report = outcome.report
    best = next(log for log in report["epochs"] if log["epoch"] == report["best_epoch"])
    console.print(
        f"Trained {report['trained_values']:,} values in {report['steps']} steps and {report['seconds']:.0f} s "
        f"({report['tokens_per_second'] or 0:,.0f} tokens/s). Held-out loss {report['held_out_loss']:.4f} "
        f"(training {best['train_loss']:.4f}) after epoch {report['best_epoch']}, whose weights were kept.",
        highlight=False,
        markup=False,
    )
    answers = report["held_out_answers"]
    before = "" if answers["exact_before"] is None else f" (the base model: {answers['exact_before']})"
    endless = f"; {answers['endless']} never stopped" if answers["endless"] else ""
    console.print(
        f"Of {answers['rows']} held-out cases it answers {answers['exact']} as the target to the letter"
        f"{before}{endless}.",
        highlight=False,
        markup=False,
    )
    console.print(f"The result is in {outcome.folder}", highlight=False, markup=False)
    console.print(
        "A lower loss is no proof that it does the job better than something simpler: `tunewright run` compares.",
        highlight=False,
        markup=False,
    )
