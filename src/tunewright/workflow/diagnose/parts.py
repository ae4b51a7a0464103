"""The cases that are diagnosed, and who answers them: systems that have learned from none of them.

Out of fold where the project is cross-fitted: the very fits and answers of the run. With a locked test set the
validation rows, answered by systems that are fitted again on the training rows alone: those of the run have taken the
validation rows in once their settings were chosen, and would answer them by heart. The test set is not touched.
"""

from __future__ import annotations

import numpy as np

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.folds import inner_split
from tunewright.workflow.prepare import VALIDATION_SHARE
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Part, Study

NAME = "diagnosis"
MOST_TUNING_ROWS = 1500


def parts_of(study: Study) -> tuple[Part, ...]:
    """The parts whose ``scored`` rows are diagnosed.

    Raises:
        InputError: the training rows cannot be parted once more.
    """
    if study.regime == "cross-fitted":
        return study.parts
    return (_on_validation(study),)


def where_of(study: Study) -> str:
    """On which answers, in words."""
    if study.regime == "cross-fitted":
        return "out-of-fold answers: each case by systems that have not seen it"
    return "validation cases, answered by systems fitted again without them; the locked test set stays closed"


def _on_validation(study: Study) -> Part:
    part = study.parts[0]
    rows = [study.examples[row] for row in part.train]
    if study.settings.kind != "classify" or several_labels(study.settings):
        rows = [row.with_target("") for row in rows]
    component_of = find_components(rows, find_duplicates(rows).edges())
    share = min(VALIDATION_SHARE, MOST_TUNING_ROWS / max(len(rows), 1))
    seed = study.settings.seed + 1
    train, tune = inner_split(rows, range(len(rows)), component_of.tolist(), seed=seed, share=share)
    place = np.array(part.train)
    return Part(NAME, tuple(place[train].tolist()), tuple(place[tune].tolist()), part.validation)
