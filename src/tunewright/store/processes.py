"""Which process holds something, and whether it is surely dead.

Used by leases, runs and leftovers of interrupted saves.
"""

from __future__ import annotations

import functools
import hashlib
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A process: the machine it runs on (hashed) and its number there."""

    host: str
    pid: int

    @property
    def surely_dead(self) -> bool:
        """True only when it ran here and is no more; False also when nobody can tell."""
        # On Windows the probe would stop the process instead of asking for it.
        if self.host != _host() or os.name != "posix":
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def this_process() -> Holder:
    """The running process."""
    return Holder(_host(), os.getpid())


@functools.cache
def _host() -> str:
    # Process numbers mean something only within one start of one machine and one container: two containers may share
    # a host name, and then the other's living process would look dead.
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
