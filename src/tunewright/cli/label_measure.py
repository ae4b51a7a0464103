"""``tunewright label --measure``: what choosing rows brings on labelled rows, as a table and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tunewright.cli.common import print_json, watched

if TYPE_CHECKING:
    from tunewright.workflow.reviewing.labelling_gain import LabellingGain

NOTE = "Measured with a linear model on words, which learns in seconds; a tuned model may gain more or less."


def measure(
    file: Path, columns: Sequence[str], target: str | None, sizes: Sequence[int], share: float, seed: int, *, json: bool
) -> None:
    """Replay labelling of a labelled table with and without choosing, and print what it says.

    Raises:
        InputError: the table cannot be read, its targets are no labels, or there are too few rows.
    """
    from tunewright.data.read import ColumnMap
    from tunewright.workflow.reviewing.labelling_gain import labelling_gain
    from tunewright.workflow.reviewing.review_data import read_data

    named = ColumnMap(tuple(columns), target) if columns else None
    result, _ = read_data(file, named, "classify")
    with watched(quiet=json) as hooks:
        found = labelling_gain(
            result.examples,
            sizes=sizes,
            chance_share=share,
            seed=seed,
            progress=lambda what, done: hooks.progress("label", what, done),
            cancelled=hooks.cancelled,
        )
    if json:
        print_json(asdict(found))
    else:
        _tell(found)


def _tell(found: LabellingGain) -> None:
    typer.echo(
        f"{found.replays} replays: {found.pool:,} labelled rows may be asked for, {found.held_out:,} are held out to "
        f"score, {found.classes:,} classes; {found.chance_share:.0%} of the chosen rows come by chance.\n"
    )
    typer.echo("labels  by chance  chosen  gain in points (95 %)     by chance as good at")
    for at in found.at:
        gain = f"{100 * at.gain:+.1f} ({100 * at.low:+.1f} to {100 * at.high:+.1f})"
        worth = f"about {at.worth:,}" if at.worth is not None else "-"
        typer.echo(f"{at.labels:>6,}  {at.by_chance:>9.1%}  {at.chosen:>6.1%}  {gain:<24}  {worth}")
    typer.echo(f"\n{found.text}\n{NOTE}")
