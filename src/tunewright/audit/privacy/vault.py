"""The way back from stand-ins to values, encrypted, in a file of its own that only its owner may read.

AES-256-GCM under a key from a passphrase (scrypt, RFC 7914) or from a key file. The file never goes beside the data by
default: whoever is given the folder of a data set must not be given its names.
"""

from __future__ import annotations

import base64
import json
import os
import secrets as random_source
from pathlib import Path
from typing import TYPE_CHECKING

from tunewright.audit.privacy.pseudonyms import Entry, PseudonymMap
from tunewright.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"tunewright-vault 1\n"
_KEY_BYTES, _NONCE_BYTES, _SALT_BYTES = 32, 12, 16
# 2^17 blocks of 1 KiB take 128 MiB and about half a second: the advice of OWASP for scrypt. More than 2^21 is refused,
# so that a forged file cannot eat the memory.
_COST_LOG2, _MOST_COST_LOG2, _BLOCK, _LANES = 17, 21, 8, 1


def default_path(dataset: str, home: Path) -> Path:
    """Where a data set's vault lies by default: ``home/.local/share/tunewright/vaults/NAME.vault``."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in dataset).strip(".") or "dataset"
    return home / ".local" / "share" / "tunewright" / "vaults" / f"{name}.vault"


def new_key() -> bytes:
    """A fresh secret for stand-ins, 32 random bytes."""
    return random_source.token_bytes(_KEY_BYTES)


def write_key_file(path: Path) -> None:
    """A new key file with mode 0600.

    Raises:
        InputError: ``privacy.file_exists``: a key is never written over.
    """
    _write(path, base64.b64encode(new_key()) + b"\n", replace=False)


def save(
    path: Path,
    way_back: PseudonymMap,
    *,
    passphrase: str | None = None,
    key_file: Path | None = None,
    cost_log2: int = _COST_LOG2,
) -> None:
    """Writes the map, encrypted, all at once and with mode 0600; an older vault at the place is replaced.

    Raises:
        InputError: not exactly one of passphrase and key file; no usable key file.
    """
    salt, nonce = random_source.token_bytes(_SALT_BYTES), random_source.token_bytes(_NONCE_BYTES)
    header = {
        "salt": _text(salt),
        "nonce": _text(nonce),
        "cost_log2": cost_log2,
        "by": "key file" if key_file else "passphrase",
    }
    head = _MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n"
    content = {
        "key": _text(way_back.key),
        "collisions": way_back.collisions,
        "entries": [[e.kind, e.value, e.pseudonym] for e in way_back.entries],
    }
    key = _key(passphrase, key_file, salt, cost_log2)
    sealed = _cipher(key).encrypt(nonce, json.dumps(content).encode(), head)
    _write(path, head + sealed, replace=True)


def load(path: Path, *, passphrase: str | None = None, key_file: Path | None = None) -> PseudonymMap:
    """The map of a vault.

    Raises:
        InputError: ``privacy.no_vault``, ``privacy.vault_damaged``, ``privacy.vault_locked`` (wrong passphrase or key
            file, or the file was changed), or not exactly one of passphrase and key file.
    """
    from cryptography.exceptions import InvalidTag

    if not path.is_file():
        raise InputError("privacy.no_vault", "There is no vault here.", where=str(path))
    raw = path.read_bytes()
    head, header, sealed = _opened(path, raw)
    salt, nonce, cost = header
    try:
        content = json.loads(_cipher(_key(passphrase, key_file, salt, cost)).decrypt(nonce, sealed, head))
    except InvalidTag as wrong:
        raise InputError(
            "privacy.vault_locked",
            "The vault does not open.",
            where=str(path),
            why="the passphrase or key file is another one, or the file was changed",
        ) from wrong
    entries = tuple(Entry(kind, value, pseudonym) for kind, value, pseudonym in content["entries"])
    return PseudonymMap(base64.b64decode(content["key"]), entries, int(content["collisions"]))


def _opened(path: Path, raw: bytes) -> tuple[bytes, tuple[bytes, bytes, int], bytes]:
    try:
        if not raw.startswith(_MAGIC):
            raise ValueError
        end = raw.index(b"\n", len(_MAGIC)) + 1
        header = json.loads(raw[len(_MAGIC) : end])
        salt, nonce = base64.b64decode(header["salt"]), base64.b64decode(header["nonce"])
        cost = int(header["cost_log2"])
        if len(salt) != _SALT_BYTES or len(nonce) != _NONCE_BYTES or not 1 <= cost <= _MOST_COST_LOG2:
            raise ValueError
    except (ValueError, KeyError, TypeError) as broken:
        raise InputError(
            "privacy.vault_damaged", "This file is no vault, or its head is damaged.", where=str(path)
        ) from broken
    return raw[:end], (salt, nonce, cost), raw[end:]


def _key(passphrase: str | None, key_file: Path | None, salt: bytes, cost_log2: int) -> bytes:
    if (passphrase is None) == (key_file is None):
        raise InputError("privacy.one_key", "A vault needs a passphrase or a key file, and not both.")
    if key_file is not None:
        try:
            key = base64.b64decode(key_file.read_bytes().strip(), validate=True)
        except (OSError, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            raise InputError(
                "privacy.bad_key_file",
                "This is no key file.",
                where=str(key_file),
                hint="a key file holds 32 bytes in base64, as write_key_file makes it",
            )
        return key
    if not passphrase:
        raise InputError("privacy.empty_passphrase", "The passphrase is empty.", why="anybody could open the vault")
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=_KEY_BYTES, n=1 << cost_log2, r=_BLOCK, p=_LANES).derive(passphrase.encode())


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _write(path: Path, content: bytes, replace: bool) -> None:
    """Mode 0600 from the first byte on, in one step: a reader sees the old file or the new one."""
    if not replace and path.exists():
        raise InputError("privacy.file_exists", "There is a file already.", where=str(path), hint="choose another name")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{random_source.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
