"""A change goes into the one place of the file that holds it, whatever the file is made of."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars
import pytest

from tunewright.audit.edits import Edit, apply_edit
from tunewright.data.read import ColumnMap
from tunewright.errors import InputError
from tunewright.workflow.reviewing.review_data import read_data
from tunewright.workflow.reviewing.write_back import Changed, Written, new_path, write_back

TABLE = {
    "text": ['say "hi", please', "two\nlines", "x; y\tz", "plain", "more", "mehr Ä"],
    "label": ["a", "b", "a", "b", "a", "b"],
    "n": ["1", "", "3.50", "007", "=1", "b"],
}
COLUMNS = ColumnMap(("text",), "label")


def _write(path: Path, edits: dict[int, Edit], columns: ColumnMap | None = None) -> Written:
    result, kind = read_data(path, columns)
    after = [apply_edit(e, edits[n]) if n in edits else e for n, e in enumerate(result.examples)]
    return write_back(path, new_path(path, "new", result.container), Changed(result, after), kind)


def _delimited(delimiter: str, encoding: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("w", newline="", encoding=encoding) as stream:
            writer = csv.writer(stream, delimiter=delimiter)
            writer.writerow(TABLE)
            writer.writerows(zip(*TABLE.values(), strict=True))

    return write


FILES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "comma": ("t.csv", _delimited(",", "utf-8")),
    "semicolon, BOM": ("t.csv", _delimited(";", "utf-8-sig")),
    "tab": ("t.tsv", _delimited("\t", "utf-8")),
    "cp1252": ("t.csv", _delimited(";", "cp1252")),
    "xlsx": ("t.xlsx", lambda path: polars.DataFrame(TABLE).write_excel(path)),
    "parquet": ("t.parquet", lambda path: polars.DataFrame(TABLE).write_parquet(path)),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_tables_keep_every_cell_but_the_changed_ones(tmp_path: Path, name: str) -> None:
    file, make = FILES[name]
    path = tmp_path / file
    make(path)
    edits = {0: Edit("relabel", (("target", "b"),)), 1: Edit("edit", (("input", 'one "line"\n'),)), 3: Edit("drop")}
    done = _write(path, edits, COLUMNS)
    delimiter = {"semicolon, BOM": ";", "tab": "\t", "cp1252": ";"}.get(name, ",")
    with done.path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream, delimiter=delimiter))
    wanted = [list(row) for row in zip(*TABLE.values(), strict=True)]
    wanted[0][1], wanted[1][0] = "b", 'one "line"\n'
    assert rows == [list(TABLE), *(row for n, row in enumerate(wanted) if n != 3)]
    assert done.rows == 5
    assert any("csv table" in note for note in done.notes) == (name in ("xlsx", "parquet"))


CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "who": "a@x.org"}'}}
    ],
}
ROWS: dict[str, tuple[dict[str, Any], Edit, Callable[[dict[str, Any]], None]]] = {
    "chat": (
        {"messages": [{"role": "user", "content": "same"}, {"role": "assistant", "content": "same"}], "id": 1.5},
        Edit("edit", (("target", "other"),)),
        lambda row: row["messages"][1].update(content="other"),
    ),
    "weight": (
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        Edit("weigh", weight=0.0),
        lambda row: row["messages"][-1].update(weight=0.0),
    ),
    "prompt and completion": (
        {"prompt": "q", "completion": "a", "tags": ["x", None]},
        Edit("edit", (("messages[0]", "q2"), ("target", "a2"))),
        lambda row: row.update(prompt="q2", completion="a2"),
    ),
    "sharegpt": (
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        Edit("edit", (("target", "b"),)),
        lambda row: row["conversations"][1].update(value="b"),
    ),
    "preference": (
        {"prompt": "q", "chosen": "good", "rejected": "bad", "margin": 2},
        Edit("edit", (("rejected[0]", "worse"),)),
        lambda row: row.update(rejected="worse"),
    ),
    "instruction": (
        {"instruction": "translate", "input": "", "output": "a"},
        Edit("edit", (("target", "b"),)),
        lambda row: row.update(output="b"),
    ),
}


@pytest.mark.parametrize("name", sorted(ROWS))
@pytest.mark.parametrize("container", ["jsonl", "json", "jsonl.gz"])
def test_objects_keep_every_value_but_the_changed_ones(tmp_path: Path, name: str, container: str) -> None:
    row, edit, change = ROWS[name]
    other = json.loads(json.dumps(row))
    rows = [row, other]
    path = tmp_path / f"t.{container}"
    text = json.dumps(rows) if container == "json" else "".join(json.dumps(r) + "\n" for r in rows)
    path.write_bytes(gzip.compress(text.encode()) if container.endswith("gz") else text.encode())
    done = _write(path, {1: edit})
    assert done.path.name == f"t.new.{container.removesuffix('.gz')}"
    written = done.path.read_text()
    found = json.loads(written) if container == "json" else [json.loads(line) for line in written.splitlines()]
    change(other)
    assert found == [row, other]


def test_arguments_of_a_call_are_changed_in_place(tmp_path: Path) -> None:
    row = {
        "messages": [{"role": "user", "content": "add"}, CALL],
        "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}],
    }
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(row) + "\n")
    result, _ = read_data(path, None)
    arguments = result.examples[0].target_calls[0].arguments
    new = arguments.replace("a@x.org", "[EMAIL]")
    done = _write(path, {0: Edit("mask", (("target_calls[0]", new),))})
    call = json.loads(done.path.read_text())["messages"][1]["tool_calls"][0]["function"]
    assert json.loads(call["arguments"]) == {"a": 1, "who": "[EMAIL]"}


def test_a_text_that_stands_twice_has_no_single_place(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"prompt": "q", "completion": "a", "copy": "a"}) + "\n")
    with pytest.raises(InputError) as caught:
        _write(path, {0: Edit("edit", (("target", "b"),))})
    assert caught.value.code == "write.place"
    assert "several places" in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["t.jsonl"]
