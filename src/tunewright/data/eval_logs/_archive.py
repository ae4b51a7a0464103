"""Members of a zip archive, also those packed with Zstandard, which the standard library of this Python cannot unpack.

Inspect writes such archives since 2026. Only what a log needs: whole members, found by the central directory.
"""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

from tunewright.data.eval_logs._cases import Json
from tunewright.errors import InputError

ZSTANDARD = 93  # APPNOTE 6.3.8, section 4.4.5
_LOCAL_HEADER = struct.Struct("<26xHH")  # lengths of name and extra field, after 26 bytes


def read_json(archive: zipfile.ZipFile, path: Path, name: str) -> Json:
    """The JSON document of a member.

    Raises:
        InputError: it is packed in a way that cannot be unpacked, or is no JSON.
    """
    info = archive.getinfo(name)
    try:
        raw = _zstandard(path, info) if info.compress_type == ZSTANDARD else archive.read(info)
        return json.loads(raw)
    except (NotImplementedError, zipfile.BadZipFile, ValueError, OSError, struct.error) as error:
        raise _refused(path, f"{name}: {error}") from None


def _zstandard(path: Path, info: zipfile.ZipInfo) -> bytes:
    try:
        import zstandard
    except ImportError:
        raise NotImplementedError("it is packed with Zstandard, and the package zstandard is not installed") from None
    with path.open("rb") as stream:
        stream.seek(info.header_offset)
        name, extra = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
        stream.seek(name + extra, 1)
        packed = stream.read(info.compress_size)
    try:
        return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(packed))
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None


def _refused(path: Path, reason: str) -> InputError:
    return InputError(
        "logs.archive",
        f"The archive cannot be unpacked ({reason}).",
        where=str(path),
        hint="Install zstandard, or turn the log into JSON: inspect log convert --to json",
    )
