"""``tunewright plan``: what a run would cost and what it could show, before it starts.

With ``--model`` it answers for the fine-tune of a model of a public size on a machine one has not got (yet).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json

if TYPE_CHECKING:
    from tunewright.workflow.costing.training_estimate import Question


def command(
    what: Annotated[Path, typer.Argument(help="A project folder, or a table of labelled examples.")] = Path(),
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    test: Annotated[Path | None, typer.Option(help="Your own test file.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups that must stay together.")] = None,
    allow_set_aside: Annotated[float | None, typer.Option(help="Share of rows that may be unusable.")] = None,
    model: Annotated[str | None, typer.Option(help="Fine-tuning a model of this size: 135M, 1B, 8B, 70B, ...")] = None,
    method: Annotated[str, typer.Option(help="With --model: lora, qlora or full.")] = "lora",
    device: Annotated[str, typer.Option(help="With --model: rtx4090, l40s, a100-80, h100, h200, ...")] = "h100",
    cards: Annotated[int, typer.Option(min=1, help="With --model: how many of them.")] = 1,
    rows: Annotated[int, typer.Option(min=1, help="With --model: training rows.")] = 10_000,
    row_tokens: Annotated[int, typer.Option(min=1, help="With --model: tokens of a row.")] = 300,
    usd_per_hour: Annotated[float | None, typer.Option(help="With --model: price of one card.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what the cases can prove, and what the run would take. Nothing is fitted."""
    with guarded(as_json=json, debug=debug):
        if model is not None:
            from tunewright.workflow.costing.training_estimate import Question

            question = Question(model, method, device, cards, rows, row_tokens, usd_per_hour=usd_per_hour)
            _training(question, as_json=json)
            return
        from tunewright.cli.project_here import Flags, project_for
        from tunewright.workflow.plan import plan

        flags = Flags(input=tuple(input or ()), target=target, test=test, group=group, allow_set_aside=allow_set_aside)
        project = project_for(what, flags, ask=not json)
        planned = plan(project.settings, project.root)
        if json:
            print_json(planned.as_dict())
        else:
            typer.echo(planned.text)


def _training(question: Question, *, as_json: bool) -> None:
    from tunewright.workflow.costing.training_estimate import answer, answer_json, answer_lines

    found = answer(question)
    if as_json:
        print_json(answer_json(found))
        return
    for line in answer_lines(question, found):
        typer.echo(line)
