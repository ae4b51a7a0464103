"""Redacting files as a person does: every kind of file, the way back, and places that are never written over."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from tests.cli.typed import document, typed

from tunewright.data.containers import open_table
from tunewright.data.rows import RawRow

PERSONS = ("Anna Berg", "Bert Cole", "Zoë O'Hara")
TOKEN = "ghp" + "_" + "aB7" * 12


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TUNEWRIGHT_MAP_PASSPHRASE", raising=False)
    return tmp_path


def table(n: int) -> dict[str, str]:
    person = PERSONS[n % 3]
    return {
        "id": f"ORD-2024-{n:05d}",
        "name": person,
        "phone": f"0171 23{n:02d}45 67",
        "message": f'Hello, my name is {person}; write to p{n % 3}@web.de\nRegards,\n{person.split()[0]}',
        "desk": "ab"[n % 2],
    }  # fmt: skip


def talk(n: int) -> dict[str, object]:
    person = PERSONS[n % 3]
    arguments = json.dumps(
        {"customer_name": person, "to": f"p{n}@web.de", "card": 4111111111111111, "n": 3}, ensure_ascii=False
    )
    call = {"id": f"call_{n}", "type": "function", "function": {"name": "FindPerson", "arguments": arguments}}
    return {
        "messages": [
            {"role": "user", "content": f"My name is {person}, mail p{n}@web.de"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {
                "role": "tool",
                "tool_call_id": f"call_{n}",
                "content": json.dumps({"name": person, f"p{n}@web.de": 1}, ensure_ascii=False),
            },
            {"role": "assistant", "content": f"Hi {person.split()[0]}, use {TOKEN}"},
        ],
        "ts": 1700000000 + n,
    }


def pair(n: int) -> dict[str, object]:
    said = [{"role": "user", "content": f"I am {PERSONS[n % 3]}, please call me"}]
    return {
        "prompt": said,
        "chosen": [{"role": "assistant", "content": f"Dear {PERSONS[n % 3]}, we will"}],
        "rejected": [{"role": "assistant", "content": f"No, {PERSONS[n % 3]}: +49 171 2345678"}],
    }


def lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def csv_file(path: Path) -> Path:
    rows = [table(n) for n in range(12)]
    quoted = ["; ".join(rows[0]).replace("; ", ";")]
    quoted += [";".join('"' + cell.replace('"', '""') + '"' for cell in row.values()) for row in rows]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(quoted).encode() + b"\r\n")
    return path


def rows_of(path: Path) -> list[dict[str, object]]:
    return [dict(row.cells) for row in open_table(path).rows([]) if isinstance(row, RawRow)]


def redacted(path: Path, *more: object) -> tuple[Path, Path, dict[str, object]]:
    copy, way_back = path.with_name(f"copy{path.suffix}"), Path("maps/x.vault")
    made = document("redact", path, "-o", copy, "--map", way_back, "--key-file", "key", *more)
    return copy, way_back, made


def restored(copy: Path, way_back: Path) -> Path:
    back = copy.with_name(f"back{copy.suffix}")
    document("redact", "--restore", copy, "--map", way_back, "--key-file", "key", "-o", back)
    return back


def test_a_csv_file_keeps_its_delimiter_its_mark_and_its_columns(here: Path) -> None:
    source = csv_file(here / "desk.csv")
    before = source.read_bytes()
    copy, way_back, made = redacted(source)
    assert source.read_bytes() == before
    content = copy.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid;name;phone;message;desk\r\n")
    assert not any(word.encode() in content for person in PERSONS for word in [*person.split(), "web.de", "0171 23"])
    old, new = rows_of(source), rows_of(copy)
    assert [row["id"] for row in new] == [row["id"] for row in old]
    assert [row["desk"] for row in new] == [row["desk"] for row in old]
    assert len({row["name"] for row in new}) == 3
    assert all(str(row["name"]) in str(row["message"]) for row in new), "one person, one stand-in"
    assert {one["kind"]: one["values"] for one in made["replaced"]} == {"person": 6, "phone": 12, "email": 3}  # type: ignore[attr-defined, union-attr]
    assert rows_of(restored(copy, way_back)) == old
    assert b"Anna" not in way_back.read_bytes()


def test_conversations_with_tools_keep_their_shape_and_lose_their_keys(here: Path) -> None:
    source = lines(here / "talks.jsonl", [talk(n) for n in range(9)])
    with source.open("a", encoding="utf-8") as stream:
        stream.write("{broken anna@web.de\n")
    copy, way_back, made = redacted(source)
    assert (made["rows"], made["changed"], made["left_out"]) == (9, 9, [10])
    text = copy.read_text(encoding="utf-8")
    assert not any(word in text for word in ("Anna", "Berg", "web.de", "4111111111111111", TOKEN))
    for old, new in zip(rows_of(source), rows_of(copy), strict=True):
        was, now = old["messages"][1]["tool_calls"][0], new["messages"][1]["tool_calls"][0]  # type: ignore[index]
        assert (now["id"], now["function"]["name"], new["ts"]) == (was["id"], "FindPerson", old["ts"])
        arguments = json.loads(now["function"]["arguments"])
        assert isinstance(arguments["card"], int)
        assert arguments["n"] == 3
        assert arguments["customer_name"] in new["messages"][0]["content"]  # type: ignore[index]
        assert arguments["to"] in new["messages"][2]["content"]  # type: ignore[index]
    back = restored(copy, way_back).read_text(encoding="utf-8")
    assert "[github_token-" in back, "a key is never put back"
    assert [line.partition("use ")[0] for line in back.splitlines()] == [
        line.partition("use ")[0] for line in source.read_text(encoding="utf-8").splitlines()[:9]
    ]


def test_pairs_parquet_json_and_workbooks_come_back_as_they_were(here: Path) -> None:
    pairs = [pair(n) for n in range(6)]
    book = xlsxwriter.Workbook(str(here / "book.xlsx"))
    for name, rows in (("Big", 5), ("Old", 2)):
        sheet = book.add_worksheet(name)
        for y, row in enumerate([list(table(0)), *(list(table(n).values()) for n in range(rows))]):
            sheet.write_row(y, 0, row)
    book.close()
    pl.DataFrame(pairs).write_parquet(here / "pairs.parquet")
    (here / "pairs.json").write_text(json.dumps(pairs), encoding="utf-8")
    for number, name in enumerate(("pairs.parquet", "pairs.json", "book.xlsx#Old")):
        source = here / name
        copy, way_back = here / f"copy{number}{source.suffix.partition('#')[0]}", here / "maps" / str(number)
        made = document("redact", source, "-o", copy, "--map", way_back, "--key-file", "key")
        assert made["changed"] == made["rows"] == (2 if number == 2 else 6)
        assert not any("Anna" in str(row) or "Berg" in str(row) for row in rows_of(copy))
        assert rows_of(restored(copy, way_back)) == rows_of(source)
        restored_file = copy.with_name(f"back{copy.suffix}")
        restored_file.unlink()


def test_another_file_with_the_same_map_has_the_same_stand_ins(here: Path) -> None:
    first, way_back, _ = redacted(lines(here / "a.jsonl", [{"text": "My name is Anna Berg.", "label": "x"}] * 2))
    lines(here / "b.jsonl", [{"text": "Dear Bert Cole, Anna Berg is ill", "label": "y"}] * 2)
    document("redact", "b.jsonl", "-o", "b2.jsonl", "--map", way_back, "--key-file", "key", "--field", "label")
    name = str(rows_of(first)[0]["text"]).removeprefix("My name is ").rstrip(".")
    second = rows_of(here / "b2.jsonl")
    assert name not in str(second[0]["text"]), "in prose a full name is known within one call alone"
    lines(here / "c.jsonl", [{"text": "This is Anna Berg here", "label": "y"}] * 2)
    document("redact", "c.jsonl", "-o", "c2.jsonl", "--map", way_back, "--key-file", "key")
    assert rows_of(here / "c2.jsonl")[0]["text"] == f"This is {name} here"
    back = restored(first, way_back)
    assert rows_of(back) == rows_of(here / "a.jsonl")


def test_fields_kept_values_and_record_numbers(here: Path) -> None:
    source = csv_file(here / "desk.csv")
    copy, _, made = redacted(source, "--record-numbers", "--field", "desk", "--keep", "p1@web.de", "--keep", "phone")
    new = rows_of(copy)
    assert not {str(row["desk"]) for row in new} & {"a", "b"}
    assert not any(str(row["id"]).startswith("ORD-2024-0000") for row in new)
    assert "p1@web.de" in str(new[1]["message"])
    assert [row["phone"] for row in new] == [row["phone"] for row in rows_of(source)]
    said = " ".join(made["not_looked_for"])  # type: ignore[arg-type]
    assert "--keep" in said
    assert "--record-numbers" not in said
    assert "names" in said.lower()


def test_own_thresholds_hold(here: Path) -> None:
    lines(here / "a.jsonl", [{"text": "My name is Anna Berg.", "label": "x"}] * 2)
    (here / "thresholds.yaml").write_text("personal_data: {confidence: 0.99}\n", encoding="utf-8")
    assert document("redact", "a.jsonl", "--no-map")["changed"] == 0
    (here / "thresholds.yaml").unlink()
    assert document("redact", "a.jsonl", "--no-map")["path"].endswith("a.redacted-2.jsonl")


def test_nothing_is_written_over_and_no_key_is_no_copy(here: Path) -> None:
    source = csv_file(here / "desk.csv")
    before = source.read_bytes()

    def code(*words: object) -> str:
        return str(document("redact", *words, code=2)["error"]["code"])

    (here / "there.csv").write_text("mine", encoding="utf-8")
    assert code(source, "-o", source, "--no-map", "--force") == "copy.source"
    assert code(source, "-o", "there.csv", "--no-map") == "copy.exists"
    assert (here / "there.csv").read_text(encoding="utf-8") == "mine"
    assert code(source, "-o", "x.jsonl", "--no-map") == "copy.other_kind"
    assert code(source, "-o", "none/x.csv", "--no-map") == "copy.no_folder"
    assert code(source, "--no-map", "--field", "nam") == "redact.no_field"
    assert code(source) == "redact.no_key"
    assert code(source, "--no-map", "--map", "m") == "redact.call"
    assert code("--restore", source) == "redact.which_map"
    assert code("--restore", source, "--map", "m", "--key-file", "k") == "privacy.no_vault"
    assert code("other.csv") == "data.missing_file"
    (here / "m").write_text("notes of mine", encoding="utf-8")
    (here / "k").write_text("no key", encoding="utf-8")
    assert code(source, "--map", "m", "--key-file", "k") == "privacy.vault_damaged"
    assert (here / "m").read_text(encoding="utf-8") == "notes of mine"
    assert source.read_bytes() == before
    assert {path.name for path in here.iterdir()} == {"desk.csv", "there.csv", "m", "k"}
    typed("redact", source, "-o", "there.csv", "--no-map", "--force")
    assert len(rows_of(here / "there.csv")) == 12


def test_the_passphrase_of_the_environment_and_the_usual_place(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines(here / "a.jsonl", [{"text": "My name is Anna Berg.", "label": "x"}] * 2)
    monkeypatch.setenv("TUNEWRIGHT_MAP_PASSPHRASE", "tulip")
    said = typed("redact", "a.jsonl").output
    place = here / "home/.local/share/tunewright/vaults/a.jsonl.vault"
    assert place.is_file()
    assert "Not looked for" in said
    assert f"Back: tunewright redact --restore a.redacted.jsonl --map {place}" in said
    monkeypatch.setenv("TUNEWRIGHT_MAP_PASSPHRASE", "rose")
    assert document("redact", "a.jsonl", code=2)["error"]["code"] == "privacy.vault_locked"
    assert not (here / "a.redacted-2.jsonl").exists()
