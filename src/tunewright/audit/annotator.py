"""Who labelled a row: found by the name of a further column. Called by the checks of annotators and of drift."""

from __future__ import annotations

from tunewright.audit.view import View

NAMES = (
    "annotator",
    "annotator_id",
    "labeler",
    "labeller",
    "labeled_by",
    "labelled_by",
    "worker",
    "worker_id",
    "rater",
    "completed_by",
)


def annotators(view: View) -> tuple[str | None, ...] | None:
    """The annotator of each row (None: not told), from the first such column with two people or more; else None."""
    return view.once("annotators", lambda: _find(view))


def _find(view: View) -> tuple[str | None, ...] | None:
    columns = {name.casefold(): name for example in view.examples for name, _ in example.tags}
    for known in NAMES:
        if known in columns:
            people = tuple(example.tag(columns[known]) or None for example in view.examples)
            if len(set(people) - {None}) >= 2:
                return people
    return None
