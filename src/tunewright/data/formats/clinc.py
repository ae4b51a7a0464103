"""One object of arrays of ``[text, label]`` pairs, as CLINC150 has them: written here, and read by the JSON container.

The container hands its pairs on as rows of a table with the columns text, label and split.
"""

from __future__ import annotations

from tunewright.data.cells import cell_text
from tunewright.data.formats import Use
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 92
NAME = "clinc"
DESCRIPTION = "an object of arrays of [text, label] pairs"
USES: frozenset[Use] = frozenset()
FAMILY = NAME
ALONE = False
SPLIT = "split"


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    return set(cells) == {"text", "label", SPLIT}


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    return frozenset({"text", "label"})


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    return Draft((Message("user", cell_text(cells.get("text"))),), cells.get("label"))


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    if len(example.messages) != 1:
        return Refusal("write.one_text", f"its input has {len(example.messages)} messages, and a pair holds one text")
    split = example.tag(SPLIT)
    if split is None:
        return Refusal("write.no_split", "it names no split, and every pair stands in the array of one")
    cells: dict[str, object] = {"text": example.messages[0].content, "label": example.target, SPLIT: split}
    return Written(cells, frozenset({SPLIT}))
