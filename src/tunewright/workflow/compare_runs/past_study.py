"""The study of a past run with a locked test, as far as it is not locked: training and validation rows, and no other.

The test rows of the run are not part of it, so that nothing that is fitted or asked through it can touch them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.folds import inner_split
from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Example
from tunewright.workflow.compare_runs.past_run import PastRun
from tunewright.workflow.compare_runs.texts import Texts
from tunewright.workflow.grading import Grading
from tunewright.workflow.prepare import VALIDATION_SHARE
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Part, Study

WITHOUT = "compare"


def past_study(run: PastRun, settings: ProjectSettings, texts: Texts, root: Path, grading: Grading) -> Study | None:
    """The rows as the run parted them, and a second part that scores the validation rows without learning from them.

    Returns:
        None where the texts of some rows are gone.
    """
    rows = [row for row in run.rows if row.part in ("train", "validation")]
    examples = [texts.row(row.row_key) for row in rows]
    known = [example for example in examples if example is not None]
    if not known or len(known) < len(examples):
        return None
    train = tuple(place for place, row in enumerate(rows) if row.part == "train")
    validation = tuple(place for place, row in enumerate(rows) if row.part == "validation")
    if not train or not validation:
        return None
    part = Part("test", train, validation, ())
    learn, tune = _inner(known, train, settings)
    return Study(
        settings=settings,
        root=root,
        examples=tuple(known),
        row_keys=tuple(row.row_key for row in rows),
        labels=tuple(run.verdict.data.labels),
        regime="locked",
        parts=(part, Part(WITHOUT, learn, tune, validation)),
        all_rows=part,
        groups=None,
        data=run.verdict.data,
        test_hash="",
        grading=grading,
    )


def _inner(
    examples: Sequence[Example], train: Sequence[int], settings: ProjectSettings
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows to learn from and to tune on, of the training rows alone."""
    one_label = settings.kind == "classify" and not several_labels(settings)
    dealt = [example if one_label else example.with_target("") for example in examples]
    component = find_components(examples, find_duplicates(examples).edges())
    share = min(VALIDATION_SHARE, 1500 / len(train))
    try:
        learn, tune = inner_split(dealt, train, component.tolist(), seed=settings.seed, share=share)
    except InputError:
        return tuple(train), ()
    return tuple(np.sort(learn).tolist()), tuple(np.sort(tune).tolist())
