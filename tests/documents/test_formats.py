"""Each format gives its words, its headings and where they stand; what cannot be read says why."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tunewright.documents.blocks import Parsed, UnreadableError
from tunewright.documents.csv_rows import parse_csv
from tunewright.documents.docx_files import parse_docx
from tunewright.documents.folder import parse
from tunewright.documents.html_pages import parse_html
from tunewright.documents.markdown import parse_markdown
from tunewright.documents.pdf_pages import parse_pdf
from tunewright.documents.plain_text import parse_text

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = (
    f'<w:styles xmlns:w="{W}"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Own"><w:name w:val="Chapter"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style></w:styles>'
)


def told(parsed: Parsed) -> list[tuple[str, str]]:
    return [(f"h{block.level}" if block.kind == "heading" else block.kind, block.text) for block in parsed.blocks]


def paragraph(text: str, style: str = "") -> str:
    mark = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{mark}<w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(body: str, declaration: str = "", **parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        document = f'{declaration}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", document)
        for name, text in parts.items():
            archive.writestr(f"word/{name}.xml", text)
    return stream.getvalue()


def pdf(*pages: list[str]) -> bytes:
    """A small PDF, each page with its lines of text (none: an empty page)."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
        stream = f"BT /F1 12 Tf 50 700 Td {shown} ET".encode()
        page = f"<< /Type /Page /Parent 2 0 R /Contents {5 + 2 * number} 0 R /MediaBox [0 0 600 800] "
        objects.append(f"{page}/Resources << /Font << /F1 3 0 R >> >> >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return data + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)


def test_markdown_gives_headings_paragraphs_items_and_rows_with_their_lines() -> None:
    text = (
        "# Travel\n\nBook **early**, see\n[the list](https://x.example/l).\n\nHotels\n------\n- up to *128* euro\n"
        "- ask `Rita`\n\n| city | limit |\n|---|---:|\n| Rome | 150 |\n| Oslo | |\n\n<!-- hidden -->\n"
        "```\nrun it\n```\n"
    )
    parsed = parse_markdown(text)
    assert told(parsed) == [
        ("h1", "Travel"),
        ("prose", "Book early, see the list (https://x.example/l)."),
        ("h2", "Hotels"),
        ("prose", "up to 128 euro"),
        ("prose", "ask Rita"),
        ("line", "city: Rome; limit: 150"),
        ("line", "city: Oslo"),
        ("line", "run it"),
    ]
    assert [(block.first, block.last) for block in parsed.blocks[:3]] == [(1, 1), (3, 4), (6, 7)]


def test_marks_inside_words_and_sums_stay() -> None:
    parsed = parse_markdown("snake_case_name and 2 * 3 * 4 and \\*stars\\*")
    assert told(parsed) == [("prose", "snake_case_name and 2 * 3 * 4 and *stars*")]


def test_plain_text_knows_headings_from_short_sentences_and_lines_broken_on_purpose() -> None:
    text = (
        "OPENING HOURS\n\nThe house opens at seven and\ncloses at eight in the eve-\nning, except in August.\n\n"
        "2.1 Keys\n\nAsk Rita.\n\nLost and found\n==============\n\nLoft: a room\nPilot: a colleague\n\n- one\n- two"
    )
    assert told(parse_text(text)) == [
        ("h2", "OPENING HOURS"),
        ("prose", "The house opens at seven and closes at eight in the evening, except in August."),
        ("h3", "2.1 Keys"),
        ("prose", "Ask Rita."),
        ("h1", "Lost and found"),
        ("prose", "Loft: a room"),
        ("prose", "Pilot: a colleague"),
        ("prose", "- one"),
        ("prose", "- two"),
    ]


def test_html_gives_what_a_browser_shows() -> None:
    page = (
        "<html><head><title>no</title><style>p{}</style><body><h1>Rules &amp; rights</h1><p>Two <b>bold</b> words.<br>"
        "Next<script>alert(1)</script><ul><li>first<li>second</ul><table><tr><th>name<th>days</tr>"
        "<tr><td>Anna<td>3 <i>of</i> 5</tr></table><p hidden>after"
    )
    assert told(parse_html(page)) == [
        ("h1", "Rules & rights"),
        ("prose", "Two bold words. Next"),
        ("prose", "first"),
        ("prose", "second"),
        ("line", "name: Anna; days: 3 of 5"),
        ("prose", "after"),
    ]


def test_each_row_of_a_csv_file_is_a_passage_with_its_column_names() -> None:
    parsed = parse_csv('city;limit\nRome;150\n\n"Oslo;\nNorway";\nLyon;90;extra\n')
    assert [block.text for block in parsed.blocks] == [
        "city: Rome; limit: 150",
        "city: Oslo; Norway",
        "city: Lyon; limit: 90; column 3: extra",
    ]
    assert [(block.first, block.last, block.alone) for block in parsed.blocks] == [
        (2, 2, True),
        (4, 5, True),
        (6, 6, True),
    ]


def test_a_word_document_gives_headings_by_style_rows_and_footnotes() -> None:
    cell = "<w:tc>{}</w:tc>"
    rows = "".join(
        f"<w:tr>{cell.format(paragraph(a))}{cell.format(paragraph(b))}</w:tr>"
        for a, b in (("who", "days"), ("Ben", "4"))
    )
    deleted = "<w:p><w:r><w:t>kept</w:t><w:delText>gone</w:delText><w:tab/><w:t>too</w:t></w:r></w:p>"
    body = paragraph("Leave", "berschrift1") + paragraph("Part", "Own") + deleted + f"<w:tbl>{rows}</w:tbl>"
    notes = f'<w:footnotes xmlns:w="{W}">{paragraph("a note")}</w:footnotes>'
    assert told(parse_docx(docx(body, styles=STYLES, footnotes=notes))) == [
        ("h1", "Leave"),
        ("h2", "Part"),
        ("prose", "kept too"),
        ("line", "who: Ben; days: 4"),
        ("prose", "a note"),
    ]


@pytest.mark.parametrize(
    "declaration",
    ['<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', '<!DOCTYPE x SYSTEM "file:///etc/hostname">'],
)
def test_xml_that_declares_entities_is_refused_and_nothing_is_expanded(declaration: str) -> None:
    with pytest.raises(UnreadableError, match="document type"):
        parse_docx(docx(paragraph("hello"), declaration))


@pytest.mark.parametrize("data", [b"no zip", docx("")[:-30], docx("<w:p>")])
def test_a_damaged_word_document_says_so(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse_docx(data)


def test_a_pdf_gives_paragraphs_over_pages_without_running_heads() -> None:
    head = "Handbook 2026"
    parsed = parse_pdf(
        pdf(
            [head, "1 Journeys", "Trains are booked by everybody for themselves and", "the house pays. Ask before you"],
            [head, "take a taxi.", "TAXIS", "A taxi is paid after ten."],
            [head, "Short end."],
        )
    )
    assert told(parsed) == [
        ("h2", "1 Journeys"),
        ("prose", "Trains are booked by everybody for themselves and the house pays. Ask before you take a taxi."),
        ("h2", "TAXIS"),
        ("prose", "A taxi is paid after ten."),
        ("prose", "Short end."),
    ]
    assert (parsed.blocks[1].first, parsed.blocks[1].last, parsed.unit) == (1, 2, "page")


def test_pages_without_text_are_named_and_a_scan_is_set_aside() -> None:
    assert parse_pdf(pdf(["Words."], [])).skipped == ("page 2: no text on it (a scan or a picture?)",)
    with pytest.raises(UnreadableError, match="scan"):
        parse_pdf(pdf([], []))
    with pytest.raises(UnreadableError, match="damaged"):
        parse_pdf(b"%PDF-1.4 nothing")


def test_texts_in_other_encodings_are_read_where_they_say_so_and_refused_where_not() -> None:
    declared = '<meta charset="iso-8859-1"><p>Größe'.encode("latin-1")
    assert told(parse("a.html", declared)) == [("prose", "Größe")]
    assert told(parse("a.txt", "Größe".encode("utf-16"))) == [("prose", "Größe")]
    with pytest.raises(UnreadableError, match="UTF-8"):
        parse("a.txt", "Größe".encode("latin-1"))
    with pytest.raises(UnreadableError, match="no text"):
        parse(str(Path("a.md")), b"\n\n")
