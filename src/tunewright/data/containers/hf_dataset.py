"""Folders that Hugging Face datasets saves (``save_to_disk``): Arrow files beside a description of the columns.

A folder of several splits is read split after split, and the split becomes a column. Numbers that stand for class names
are read as the names. Lines are row numbers from 1, counted through all splits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.data.containers.parquet import damage_in_words, struct_lists, without_none
from tunewright.data.rows import BrokenRow, OpenTable, RawRow
from tunewright.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from tunewright.data.containers import Probe

ORDER = 5
SPLITS, STATE, INFO = "dataset_dict.json", "state.json", "dataset_info.json"
SPLIT_COLUMN = "split"
# The two ways of writing Arrow: as a file it begins so, as a stream it does not.
FILE_MAGIC = b"ARROW1"


def recognise(probe: Probe) -> bool:
    return is_dataset(probe.path)


def is_dataset(folder: Path) -> bool:
    """Whether a folder is a dataset that was saved to disk."""
    return folder.is_dir() and any((folder / name).is_file() for name in (SPLITS, STATE))


def open_container(probe: Probe, wanted: Sequence[str]) -> OpenTable:
    with damage_in_words(probe.path.name, str(probe.path), "data.broken_dataset", "data set"):
        parts = _parts(probe.path)
        columns: dict[str, None] = {}
        height = 0
        for _, _, files in parts:
            for file in files:
                frame = _read(file)
                height += frame.height
                columns.update(dict.fromkeys(frame.columns))
    several = parts[0][0] is not None
    if several and SPLIT_COLUMN not in columns:
        columns[SPLIT_COLUMN] = None

    def rows(_notes: list[str]) -> Iterator[RawRow | BrokenRow]:
        line = 0
        for split, names, files in parts:
            for file in files:
                with damage_in_words(probe.path.name, str(file), "data.broken_dataset", "data set"):
                    frame = _read(file)
                lists = struct_lists(frame.schema)
                for cells in frame.iter_rows(named=True):
                    line += 1
                    for name in lists:
                        cells[name] = without_none(cells[name])
                    for name, classes in names.items():
                        cells[name] = _class_name(cells.get(name), classes)
                    if split is not None:
                        cells.setdefault(SPLIT_COLUMN, split)
                    yield RawRow(line, cells)

    return OpenTable("hf dataset", "binary", None, None, tuple(columns), True, height, rows)


Part = tuple[str | None, dict[str, list[str]], list[Path]]


def _parts(folder: Path) -> list[Part]:
    """(split, class names of columns, files) of every part of the data set."""
    if not (folder / SPLITS).is_file():
        return [(None, *_part(folder))]
    splits = _json(folder / SPLITS).get("splits")
    names = [name for name in splits if isinstance(name, str)] if isinstance(splits, list) else []
    if not names:
        raise _broken(folder, f"{SPLITS} names no splits")
    return [(name, *_part(folder / name)) for name in names]


def _part(folder: Path) -> tuple[dict[str, list[str]], list[Path]]:
    listed = _json(folder / STATE).get("_data_files")
    entries = listed if isinstance(listed, list) else []
    files = [folder / str(entry["filename"]) for entry in entries if isinstance(entry, dict) and "filename" in entry]
    if not files:
        raise _broken(folder, f"{STATE} names no files")
    for file in files:
        if file.parent != folder or not file.is_file():
            raise _broken(folder, f"the file {file.name} is missing")
    features = _json(folder / INFO).get("features") if (folder / INFO).is_file() else None
    classes: dict[str, list[str]] = {}
    for name, feature in features.items() if isinstance(features, Mapping) else ():
        names = feature.get("names") if isinstance(feature, Mapping) else None
        if isinstance(names, list) and feature.get("_type") == "ClassLabel":
            classes[name] = [str(label) for label in names]
    return classes, files


def _class_name(value: object, names: Sequence[str]) -> object:
    """The name of a class; -1 stands for none."""
    if not isinstance(value, int) or isinstance(value, bool) or value >= len(names):
        return value
    return names[value] if value >= 0 else None


def _read(file: Path) -> pl.DataFrame:
    import polars as pl

    with file.open("rb") as stream:
        as_file = stream.read(len(FILE_MAGIC)) == FILE_MAGIC
    return pl.read_ipc(file) if as_file else pl.read_ipc_stream(file)


def _json(path: Path) -> Mapping[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(path.parent, f"{path.name} cannot be read") from error
    if not isinstance(value, dict):
        raise _broken(path.parent, f"{path.name} is no object")
    return value


def _broken(folder: Path, what: str) -> InputError:
    return InputError(
        "data.broken_dataset",
        f"{folder.name} is not a readable data set: {what}.",
        where=str(folder),
        hint="Save the data set again, or write it as parquet or jsonl.",
    )
