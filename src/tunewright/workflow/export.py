"""Score rows as a table: one line per system and case, from the state, which is the one truth for them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tunewright.errors import InputError
from tunewright.workflow.fitting import Fitter
from tunewright.workflow.load import load
from tunewright.workflow.prepare import prepare
from tunewright.workflow.release import read_in_use
from tunewright.workflow.run import contestants_of
from tunewright.workflow.runs import open_state
from tunewright.workflow.study import Hooks

COLUMNS = ("system", "part", "row_id", "target", "answer", "score", "status", "confidence", "repetition", "detail")
SUFFIXES = (".csv", ".parquet")


def export_scores(root: Path, output: Path) -> int:
    """Write the score rows of the last run's comparison; the number of rows written.

    Raises:
        InputError: no run is finished, the output exists, or its ending is not .csv or .parquet.
    """
    if output.suffix not in SUFFIXES:
        raise InputError("export.format", "The output must end in .csv or .parquet.", where=str(output))
    if output.exists():
        raise InputError("export.exists", "The output file exists already.", where=str(output), hint="Name another.")
    with open_state(root) as store:
        settings = read_in_use(store.folder).settings
        study = prepare(settings, root, load(settings, root, store), store).study
        fitter = Fitter(study, store, Hooks())
        example_of = dict(zip(study.row_keys, study.examples, strict=True))
        lines: list[tuple[object, ...]] = []
        for contestant in contestants_of(settings, root)[0]:
            if contestant.system.missing() is not None:
                continue
            for part in study.parts:
                for row in store.scores(fitter.key(contestant, part), part.name):
                    example = example_of.get(row.row_key)
                    if example is None:
                        continue
                    lines.append(
                        (
                            contestant.name,
                            part.name,
                            example.row_id,
                            example.target,
                            row.answer,
                            row.score,
                            row.status.value,
                            row.confidence,
                            row.repetition,
                            row.detail,
                        )
                    )
    if not lines:
        raise InputError(
            "export.nothing",
            "No stored answer belongs to the rows as they are now.",
            where=str(root),
            hint="The table or the project file changed since the last run: run again.",
        )
    frame = pl.DataFrame(lines, schema=list(COLUMNS), orient="row", infer_schema_length=None)
    frame.write_csv(output) if output.suffix == ".csv" else frame.write_parquet(output)
    return len(lines)
