"""``tunewright curve``: what more examples would bring, as a learning curve beside the best simpler system."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched


def command(
    what: Annotated[Path, typer.Argument(help="A project folder, or a table of labelled examples.")] = Path(),
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups that must stay together.")] = None,
    system: Annotated[str | None, typer.Option(help="Whose curve; the fine-tune, else the best that learns.")] = None,
    against: Annotated[
        str | None, typer.Option(help="The simpler system beside it; the best on validation without.")
    ] = None,
    sizes: Annotated[str | None, typer.Option(help="Numbers of examples, such as 30,60,120,240,480.")] = None,
    seeds: Annotated[int, typer.Option(help="Trainings at each size, 3 or more.")] = 3,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Train on parts of your examples, and say what twice and four times as many would bring."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.project_here import Flags
        from tunewright.cli.table_or_project import project_or_told
        from tunewright.reporting.curve_page import text_lines
        from tunewright.workflow.curve.job import CurveRequest, draw_curve

        flags = Flags(input=tuple(input or ()), target=target, group=group)
        project = project_or_told(what, flags, "curve", ask=not json)
        words = ["tunewright", "curve", str(what)]
        for name, value in {"--input": input, "--target": target, "--group": group, "--system": system}.items():
            for one in value if isinstance(value, list) else [value]:
                words += [] if one is None else [name, one]
        words += [] if against is None else ["--against", against]
        words += [] if sizes is None else ["--sizes", sizes]
        words += ["--seeds", str(seeds)] if seeds != 3 else []
        request = CurveRequest(system, against, _numbers(sizes), seeds, shlex.join(words))
        with watched(quiet=json) as hooks:
            drawn = draw_curve(project.settings, project.root, request, hooks)
        if json:
            print_json({**drawn.document.model_dump(mode="json"), "report": str(drawn.report)})
            return
        for line in text_lines(drawn.document):
            typer.echo(line)
        typer.echo(f"\nReport        {drawn.report}")


def _numbers(text: str | None) -> tuple[int, ...]:
    from tunewright.errors import InputError

    if text is None:
        return ()
    try:
        return tuple(int(part.strip().replace("_", "")) for part in text.split(","))
    except ValueError:
        raise InputError(
            "curve.sizes",
            "Sizes are whole numbers with commas between them.",
            where=f"--sizes {text}",
            hint="Write them as in --sizes 30,60,120,240,480.",
        ) from None
