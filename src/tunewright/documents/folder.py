"""The files of a folder: which are documents, which changed, which are set aside and why.

A file is looked at by size and times first and by its content where those changed. Links are not followed: under
another name a file could pass by its rights.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tunewright.documents import csv_rows, docx_files, html_pages, markdown, pdf_pages, plain_text, rights
from tunewright.documents.blocks import Parsed, UnreadableError
from tunewright.errors import InputError

MOST_BYTES = 50_000_000
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_TEXT: Mapping[str, Callable[[str], Parsed]] = {
    ".md": markdown.parse_markdown,
    ".markdown": markdown.parse_markdown,
    ".txt": plain_text.parse_text,
    ".html": html_pages.parse_html,
    ".htm": html_pages.parse_html,
    ".csv": csv_rows.parse_csv,
}
_BINARY: Mapping[str, Callable[[bytes], Parsed]] = {".pdf": pdf_pages.parse_pdf, ".docx": docx_files.parse_docx}
ENDINGS = tuple(sorted({*_TEXT, *_BINARY}))


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file, a folder or a part of a file that is not read, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when a file does, without reading it."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int


_DIGESTS: dict[Path, tuple[dict[str, Stamp], str]] = {}


def list_files(folder: Path) -> tuple[dict[str, Stamp], list[SetAside]]:
    """Documents by their path in the folder (with ``/``, in order), and what is none.

    Raises:
        InputError: there is no such folder, or it holds a misplaced file of rights.
    """
    if not folder.is_dir():
        raise InputError(
            "documents.no_folder",
            "There is no such folder of documents.",
            where=str(folder),
            hint="Name a folder relative to the project file: documents: ./handbook",
        )
    found: dict[str, Stamp] = {}
    aside: list[SetAside] = []
    for entry, name in _walk(folder, ""):
        rights.refuse_likeness(folder, name)
        reason = _refused(entry, name)
        if reason is None:
            stat = entry.stat(follow_symlinks=False)
            if stat.st_size <= MOST_BYTES:
                found[name] = _stamp(stat)
                continue
            reason = f"larger than {MOST_BYTES // 1_000_000} MB"
        if reason:
            aside.append(SetAside(name, reason))
    return found, aside


def parse(name: str, data: bytes) -> Parsed:
    """The blocks of a file by the ending of its name.

    Raises:
        UnreadableError: why it is set aside.
    """
    ending = Path(name).suffix.lower()
    parsed = _BINARY[ending](data) if ending in _BINARY else _TEXT[ending](_decoded(data, ending))
    if not parsed.blocks:
        raise UnreadableError("no text in it")
    return parsed


def digest_of(data: bytes) -> str:
    """SHA-256 (hex) of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def folder_digest(folder: Path) -> str:
    """SHA-256 (hex) over the names and contents of all documents and the file of rights; nothing is parsed.

    It changes when answers may. Contents are read again only where size or times changed.

    Raises:
        InputError: as ``list_files``.
    """
    stamps, _ = list_files(folder)
    guard = folder / rights.FILE_NAME
    if guard.is_file():
        stamps[rights.FILE_NAME] = _stamp(guard.stat())
    known = _DIGESTS.get(folder)
    if known is None or known[0] != stamps:
        lines = [f"{name}\0{digest_of((folder / name).read_bytes())}" for name in sorted(stamps)]
        known = (stamps, digest_of("\n".join(lines).encode("utf-8", "surrogatepass")))
        _DIGESTS[folder] = known
    return known[1]


def _stamp(stat: os.stat_result) -> Stamp:
    return Stamp(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def _walk(folder: Path, above: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in ordered:
        name = f"{above}{entry.name}"
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _walk(folder / entry.name, f"{name}/")
        else:
            yield entry, name


def _refused(entry: os.DirEntry[str], name: str) -> str | None:
    """Why an entry is no document; empty for the file of rights, which needs no word, None for a document."""
    if name == rights.FILE_NAME:
        return ""
    if entry.is_symlink():
        return "a link; put the file itself into the folder"
    if entry.name.startswith((".", "~$")):
        return "hidden"
    if not entry.is_file(follow_symlinks=False):
        return "no regular file"
    ending = Path(name).suffix.lower()
    if ending not in ENDINGS:
        return f"{ending or 'a name without an ending'} is not read; documents are {', '.join(ENDINGS)}"
    return None


def _decoded(data: bytes, ending: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        declared = _CHARSET.search(data[:2048]) if ending in (".html", ".htm") else None
        encoding = declared.group(1).decode("ascii") if declared else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise UnreadableError(f"not written in {encoding.removesuffix('-sig')}; save it as UTF-8") from None
    if "\0" in text:
        raise UnreadableError("no text: it holds zero bytes")
    return text
