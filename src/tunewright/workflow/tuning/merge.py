"""``tunewright merge``: an adapter and its base model become one plain model folder that answers the same.

The comparison is made on prompts of ordinary words of the vocabulary, as nobody has to bring rows to fold two sets of
weights into one. How merging and comparing are done is in ``training/export.py``.
"""

from __future__ import annotations

from pathlib import Path

from tunewright.errors import InputError
from tunewright.language.threads import fixed_threads
from tunewright.training.adapters import check_free
from tunewright.training.export import Exported, export_merged


def merge_adapter(adapter: Path, out: Path, base: str | None = None) -> Exported:
    """Merge in float32 on the processor, compare, and write.

    Args:
        adapter: a folder that ``tunewright train`` wrote.
        out: the folder to make; it appears when all comparisons have passed.
        base: where the base model is now, if it has moved.

    Raises:
        InputError: there is no such adapter, its base model is another one, or ``out`` holds something.
        WorkError: the adapter does nothing, the merged model answers otherwise, or it cannot be written.
    """
    if not adapter.is_dir():
        raise InputError(
            "merge.no_folder",
            f"There is no folder '{adapter}'.",
            hint="Name the folder that `tunewright train --out` made.",
        )
    try:
        check_free(out, overwrite=False)
    except InputError as error:
        error.hint = "Choose another folder with --out; nothing is overwritten."
        raise
    with fixed_threads():
        return export_merged(adapter, out, base=base)
