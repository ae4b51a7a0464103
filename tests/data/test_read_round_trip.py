"""Properties: what is written is read back, and no row is lost whatever happens to the bytes."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path

import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunewright.data.read import ColumnMap, read_table
from tunewright.errors import InputError

COLUMNS = ColumnMap(("text",), "label")
quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

# A short file with control characters that no text holds is refused as binary.
CONTROL = "".join(chr(code) for code in range(32) if code not in (9, 10, 11, 12, 13, 27))
texts = st.text(st.characters(codec="utf-8", exclude_characters=CONTROL), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)
labels = st.sampled_from(["a", "b c", "Störung", "x,y;z", 'say "hi"', "3"])
rows = st.lists(st.tuples(texts, labels), min_size=1, max_size=8)


def in_file(content: bytes) -> Path:
    with tempfile.NamedTemporaryFile(delete=False, suffix=".any") as stream:
        stream.write(content)
    return Path(stream.name)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    result = read_table(path, columns=COLUMNS)
    assert result.set_aside == ()
    assert result.rows_in == len(result.examples)
    return [(e.text, e.target) for e in result.examples]


@quick
@given(rows, st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_csv_round_trip(written: list[tuple[str, str]], delimiter: str, encoding: str) -> None:
    with tempfile.NamedTemporaryFile("w", delete=False, encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(["text", "label"])
        writer.writerows(written)
    path = Path(stream.name)
    try:
        assert read_pairs(path) == written
    finally:
        path.unlink()


@quick
@given(rows, st.booleans(), st.sampled_from(["lines", "array", "indented"]))
def test_json_round_trip(written: list[tuple[str, str]], ascii_only: bool, form: str) -> None:
    objects = [{"text": text, "label": label} for text, label in written]
    if form == "lines":
        content = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in objects)
    else:
        content = json.dumps(objects, ensure_ascii=ascii_only, indent=2 if form == "indented" else None)
    path = in_file(content.encode())
    try:
        assert read_pairs(path) == written
    finally:
        path.unlink()


# What XML cannot hold does not survive a workbook; Excel itself drops it.
sheet_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=30,
).filter(lambda text: bool(text.strip()))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(sheet_texts, labels), min_size=1, max_size=8))
def test_workbook_round_trip(written: list[tuple[str, str]]) -> None:
    with tempfile.NamedTemporaryFile(delete=False, suffix=".xlsx") as stream:
        path = Path(stream.name)
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    for y, row in enumerate([("text", "label"), *written]):
        for x, value in enumerate(row):
            sheet.write_string(y, x, value)
    book.close()
    try:
        assert read_pairs(path) == written
    finally:
        path.unlink()


damage = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6)


def damaged(content: bytes, changes: list[tuple[int, int]], start: int) -> bytes:
    """The content with some bytes replaced, never before ``start``."""
    mutable = bytearray(content)
    for place, value in changes:
        mutable[start + place % (len(mutable) - start)] = value
    return bytes(mutable)


TABLE = b"text,label\n" + b"".join(
    b'"words, number %d",a\nplain words %d,b\n"two\nlines %d",c\n' % (i, i, i) for i in range(8)
)


@settings(deadline=None, max_examples=300)
@given(damage)
def test_no_row_of_a_damaged_csv_is_lost(changes: list[tuple[int, int]]) -> None:
    content = damaged(TABLE, changes, len(b"text,label\n"))
    path = in_file(content)
    try:
        result = read_table(path, columns=COLUMNS)
    finally:
        path.unlink()
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    # 24 rows on 32 lines. A changed byte touches one row, or makes two of one, or joins two rows; a quote that comes
    # or goes may cost the rows up to the next quote, which lie within three rows.
    touched = 4 * len(changes)
    untouched = [e for e in result.examples if (e.text.encode("utf-8", "replace") in content)]
    assert len(untouched) >= 24 - touched
    assert 24 - touched <= result.rows_in <= 24 + touched


LINE = b'{"text": "words %d", "label": "a", "n": [1, {"x": null}]}\n'
LINES = b"".join(LINE % i for i in range(200))


@settings(deadline=None, max_examples=120)
@given(damage)
def test_no_line_of_a_damaged_jsonl_is_lost(changes: list[tuple[int, int]]) -> None:
    content = damaged(LINES, changes, len(LINE))
    path = in_file(content)
    try:
        result = read_table(path, columns=COLUMNS)
    finally:
        path.unlink()
    assert result.rows_in == len(result.examples) + len(result.set_aside)
    # A byte changes one line, cuts it in two (CR or LF), or joins it with the next (a lost line end); of a piece, what
    # is a JSON value by itself counts apart from what follows it on its line.
    assert len(result.examples) >= 200 - 2 * len(changes)
    assert 200 - len(changes) <= result.rows_in <= 200 + 2 * len(changes)


@settings(deadline=None, max_examples=120)
@given(
    st.binary(max_size=40), st.sampled_from([b"", b"text,label\n", b"[", b'{"text": "x", "label": "a"}\n', b"\xff\xfe"])
)
def test_any_bytes_are_read_or_refused_in_words(noise: bytes, start: bytes) -> None:
    path = in_file(start + noise)
    try:
        result = read_table(path, columns=COLUMNS)
    except InputError as error:
        refused = error.message
    else:
        refused = ""
        assert result.rows_in == len(result.examples) + len(result.set_aside) > 0
    finally:
        path.unlink()
    assert refused or result.rows_in
