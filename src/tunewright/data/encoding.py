"""How bytes become text: gzip, byte order marks, UTF-8, UTF-16 and the old Windows code page.

The whole file is looked at once, in pieces, before it is read, so that the answer does not hang on its first rows.
Called by the text containers; knows nothing of rows.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tunewright.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
PIECE_BYTES = 1 << 20
HEAD_BYTES = 1 << 16
# More control characters than this in the first bytes: a program's file, not text.
MAX_CONTROL_SHARE = 0.1
# UTF-16 text of any script with white space and ASCII punctuation has at least this share of zero bytes.
UTF16_ZERO_SHARE = 0.1

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PLAIN_NAMES = {"cp1252": "Windows-1252 (an old code page)", "latin-1": "Latin-1 (an old code page)"}


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file known to be text.

    ``damaged`` says that some bytes do not fit the encoding: they decode to lone surrogates, or to U+FFFD under
    UTF-16, and ``is_damaged`` finds them. ``has_nul`` says that a NUL character occurs somewhere.
    """

    path: Path
    gzipped: bool
    encoding: str
    damaged: bool
    has_nul: bool
    size_bytes: int
    notes: tuple[str, ...]

    def open(self) -> io.TextIOWrapper:
        """A text stream that splits lines at CR, LF and CRLF and leaves them as they are."""
        wide = self.encoding.startswith(("utf-16", "utf-32"))
        errors = "replace" if wide else "surrogateescape"
        return io.TextIOWrapper(_open_bytes(self.path, self.gzipped), self.encoding, errors=errors, newline="")

    def is_damaged(self, text: str) -> bool:
        """Whether a piece of this file holds bytes that are not text."""
        if not self.damaged:
            return False
        return "\ufffd" in text if self.encoding.startswith(("utf-16", "utf-32")) else has_lone_surrogate(text)


def has_lone_surrogate(text: str) -> bool:
    """Whether a text holds half of a character pair, which no UTF-8 file can."""
    if text.isascii():
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def read_head(path: Path) -> tuple[bytes, bool]:
    """The first bytes of a file, decompressed if it is gzipped, and whether it is.

    Raises:
        InputError: the file cannot be read or its gzip data are broken.
    """
    try:
        with path.open("rb") as stream:
            gzipped = stream.read(2) == GZIP_MAGIC
        with _open_bytes(path, gzipped) as opened:
            return opened.read(HEAD_BYTES), gzipped
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def probe_text(path: Path, head: bytes, gzipped: bool) -> TextFile:
    """Find the encoding of a text file by looking at all of it.

    Raises:
        InputError: the bytes are not text.
    """
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    guess = marked or _unmarked_wide(head) or "utf-8"
    if guess in ("utf-8", "utf-8-sig"):
        _refuse_binary(path, head)
    counts = _scan(path, gzipped, guess)
    encoding, notes = guess, []
    if guess == "utf-8" and counts.invalid > counts.multibyte:
        encoding = "latin-1" if counts.undefined_in_cp1252 else "cp1252"
        counts = _Counts(size=counts.size, has_nul=counts.has_nul)
        notes.append(
            f"The file is not UTF-8; it was read as {_PLAIN_NAMES[encoding]}. Check that accents look right, "
            "or save it again as UTF-8."
        )
    elif guess == "utf-8-sig":
        notes.append("The file begins with a byte order mark (UTF-8 with BOM); it was left out.")
    elif guess != "utf-8":
        notes.append(f"The file was read as {guess.upper()}.")
    return TextFile(path, gzipped, encoding, counts.invalid > 0, counts.has_nul, counts.size, tuple(notes))


@dataclass(frozen=True, slots=True)
class _Counts:
    size: int
    has_nul: bool
    invalid: int = 0
    multibyte: int = 0
    undefined_in_cp1252: bool = False


def _scan(path: Path, gzipped: bool, encoding: str) -> _Counts:
    """Decode everything once and count what does not decode."""
    wide = encoding.startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(encoding)("replace" if wide else "surrogateescape")
    size = invalid = multibyte = 0
    has_nul = undefined = False
    for piece in _pieces(path, gzipped):
        size += len(piece)
        undefined = undefined or any(byte in piece for byte in b"\x81\x8d\x8f\x90\x9d")
        text = decoder.decode(piece)
        has_nul = has_nul or "\0" in text
        if not text.isascii():
            bad, good = _count_bad(text, wide)
            invalid, multibyte = invalid + bad, multibyte + good
    invalid += len(decoder.decode(b"", final=True))
    return _Counts(size, has_nul, invalid, multibyte, undefined)


def _count_bad(text: str, wide: bool) -> tuple[int, int]:
    """(characters that stand for undecodable bytes, other characters beyond ASCII)."""
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    if wide:
        bad = text.count("\ufffd")
    else:
        bad = len(text) - len(text.encode("utf-8", "ignore").decode("utf-8")) if has_lone_surrogate(text) else 0
    return bad, beyond - bad


def _pieces(path: Path, gzipped: bool) -> Iterator[bytes]:
    try:
        with _open_bytes(path, gzipped) as stream:
            while piece := stream.read(PIECE_BYTES):
                yield piece
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def _open_bytes(path: Path, gzipped: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if gzipped else path.open("rb")


def _unmarked_wide(head: bytes) -> str | None:
    """UTF-16 without a byte order mark shows as zero bytes at every second place."""
    sample = head[:4096]
    if len(sample) < 4:
        return None
    even = sample[0::2].count(0) / len(sample[0::2])
    odd = sample[1::2].count(0) / len(sample[1::2])
    if odd > UTF16_ZERO_SHARE and even < odd / 10:
        return "utf-16-le"
    if even > UTF16_ZERO_SHARE and odd < even / 10:
        return "utf-16-be"
    return None


def _refuse_binary(path: Path, head: bytes) -> None:
    control = sum(head.count(code) for code in range(32) if code not in (9, 10, 11, 12, 13, 27))
    if head and control > MAX_CONTROL_SHARE * len(head):
        raise InputError(
            "data.not_text",
            f"{path.name} is not a table or a text file.",
            where=str(path),
            why=f"{control} of its first {len(head)} bytes are control characters.",
            hint="Export the data as csv, xlsx, parquet, json or jsonl.",
        )


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        "data.unreadable",
        f"{path.name} cannot be read: {error}.",
        where=str(path),
        hint="Check that the file is complete and that you may read it.",
    )
