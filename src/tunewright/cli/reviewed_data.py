"""From what a person typed to rows that can be reviewed: a file, or the table of a project, with its findings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.data.containers import file_and_sheet
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.data.read import ColumnMap
    from tunewright.workflow.reviewing.review import Review
    from tunewright.workflow.reviewing.write_back import Kind

Columns = tuple[tuple[str, ...], str | None, str | None]


def table_of(what: Path, columns: Columns) -> tuple[Path, Path, ColumnMap | None, Kind | None]:
    """The file, the folder of the state, the columns and the kind that the words mean.

    Raises:
        InputError: there is neither a project nor a file.
    """
    from tunewright.data.read import ColumnMap
    from tunewright.project.file import FILE_NAME, load_project
    from tunewright.workflow.load import column_map

    given, target, identity = columns
    if what.is_dir() or what.name == FILE_NAME:
        root = what if what.is_dir() else what.parent
        settings = load_project(root / FILE_NAME)
        if settings.data.path is None:
            raise InputError("project.no_data", "The project names no table of examples.", where="data.path")
        kind: Kind = "classify" if settings.kind == "classify" else "generate"
        return root / settings.data.path, root, column_map(settings.data), kind
    if not file_and_sheet(what)[0].exists():
        raise InputError("review.no_file", "There is no such file or folder.", where=str(what))
    map_ = ColumnMap(given, target, identity) if given else None
    if map_ is None and (target or identity):
        raise InputError("review.columns", "The column with the text is not named.", hint="Add --input COLUMN.")
    return what, Path.cwd(), map_, None


@contextmanager
def opened_review(
    what: Path,
    columns: Columns,
    who: str,
    only: tuple[str, ...],
    *,
    notes: bool = False,
    keep_unusable: bool = False,
) -> Iterator[Review]:
    """A review of a file, with what the latest audit of it found, or one made now finds."""
    from tunewright.cli.common import stoppable
    from tunewright.store import Store
    from tunewright.workflow.reviewing.review import Review
    from tunewright.workflow.reviewing.review_data import look, read_data, without_erased
    from tunewright.workflow.runs import STATE, finish_purges

    path, root, map_, kind = table_of(what, columns)
    with Store.open(root / STATE) as store:
        for sentence in finish_purges(store, root):
            sys.stderr.write(f"Note: {sentence}\n")
        result, known_kind = read_data(path, map_, kind)
        result, erased = without_erased(store, result)
        # Other findings of a row count for its place in the queue, so all checks run whatever is asked about.
        with stoppable() as cancelled:
            looked = look(store, result, kind, root, cancelled=cancelled)
        sys.stderr.write(f"{looked.said}\n")
        yield Review(
            store,
            path,
            result,
            known_kind,
            looked.findings,
            who,
            only,
            erased,
            looked.ran,
            notes=notes,
            keep_unusable=keep_unusable,
        )
