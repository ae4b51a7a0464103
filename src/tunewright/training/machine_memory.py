"""Bytes that this process may still take, and what it has taken: read from the system, never guessed.

Inside a container the limit of its control group counts, not the machine's memory: a process that passes it is killed,
not told. Every reader takes the file tree (or the text of a tool) as an argument, so that each system's form can be
tested on any other. Called by ``memory_guard.py`` and by whoever prints a plan.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tunewright.errors import WorkError

_ROOT = Path("/")
_UNLIMITED = 1 << 60
"""Version 1 of control groups writes a huge number where there is no limit."""


def available_bytes(*, cuda: bool = False, platform: str = sys.platform, root: Path = _ROOT) -> int:
    """Bytes that can be taken now, on the current CUDA card or in main memory.

    Raises:
        WorkError: the system does not tell.
    """
    if cuda:
        return _cuda_available()
    if platform == "win32":
        return _windows_available()
    if platform == "darwin":
        return parse_vm_stat(_output("vm_stat"))
    return linux_available(root)


def resident_bytes(*, platform: str = sys.platform, root: Path = _ROOT) -> int:
    """Main memory that this process holds now; on macOS the most that it ever held."""
    if platform == "linux":
        return _status_field("VmRSS", root)
    return peak_resident_bytes(platform=platform)


def peak_resident_bytes(*, platform: str = sys.platform, root: Path = _ROOT) -> int:
    """The most main memory that this process has held since its start or the last ``reset_peak``."""
    if platform == "linux":
        return _status_field("VmHWM", root)
    if platform == "win32":
        return _windows_peak()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def reset_peak(*, root: Path = _ROOT) -> bool:
    """Let the high-water mark start anew from what is held now; False where the system does not allow it."""
    try:
        (root / "proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return False
    return True


def trim() -> bool:
    """Give back what the C library holds without using it; False where it cannot be asked to (all but glibc).

    Freed activations stay with the process until then, so that they look taken and hide later peaks.
    """
    import ctypes

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):
        return False
    return True


def linux_available(root: Path = _ROOT) -> int:
    """``MemAvailable``, or what the tightest control group leaves, whichever is smaller.

    Raises:
        WorkError: ``/proc/meminfo`` has no such line.
    """
    text = _read(root / "proc/meminfo")
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise _unknown("/proc/meminfo has no MemAvailable")
    machine = int(found.group(1)) * 1024
    limits = [left for left in (_group_left(folder) for folder in _group_folders(root)) if left is not None]
    return max(0, min([machine, *limits]))


def parse_vm_stat(text: str) -> int:
    """Free, inactive and speculative pages of macOS's ``vm_stat``, in bytes.

    Raises:
        WorkError: the text is of another form.
    """
    size = re.search(r"page size of (\d+) bytes", text)
    pages = re.findall(r"^Pages (?:free|inactive|speculative):\s+(\d+)", text, re.MULTILINE)
    if size is None or not pages:
        raise _unknown("vm_stat answered in an unknown form")
    return int(size.group(1)) * sum(map(int, pages))


def _group_folders(root: Path) -> list[Path]:
    """Folders of this process's control groups for memory and of their parents; version 2 and version 1."""
    folders: list[Path] = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        inner = base / path.lstrip("/")
        folders += [folder for folder in (inner, *inner.parents) if folder == base or base in folder.parents]
    return folders


def _group_left(folder: Path) -> int | None:
    """Bytes that a group may still take; cached files that can be dropped count as free. None: no limit."""
    for limit_name, used_name, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit, used = _read(folder / limit_name).strip(), _read(folder / used_name).strip()
        if not (limit.isdecimal() and used.isdecimal()) or int(limit) >= _UNLIMITED:
            continue
        droppable = re.search(rf"^{cache} (\d+)", _read(folder / "memory.stat"), re.MULTILINE)
        return int(limit) - int(used) + (int(droppable.group(1)) if droppable else 0)
    return None


def _status_field(name: str, root: Path) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", _read(root / "proc/self/status"), re.MULTILINE)
    if found is None:
        raise _unknown(f"/proc/self/status has no {name}")
    return int(found.group(1)) * 1024


def _cuda_available() -> int:
    """Free memory of the card, and what torch has reserved there without using it."""
    import torch

    if not torch.cuda.is_available():
        raise _unknown("there is no CUDA card")
    free, _total = torch.cuda.mem_get_info()
    return int(free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated())


def _windows_available() -> int:
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "pages", "free_pages", "space", "free_space")),
            ("extended", ctypes.c_ulonglong),
        )

    status = Status(length=ctypes.sizeof(Status))
    if not getattr(ctypes, "windll").kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # noqa: B009
        raise _unknown("GlobalMemoryStatusEx failed")
    return int(min(status.free, status.free_pages))


def _windows_peak() -> int:
    import ctypes

    class Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of the Windows API."""

        _fields_ = (
            ("size", ctypes.c_ulong),
            ("faults", ctypes.c_ulong),
            *((name, ctypes.c_size_t) for name in ("peak", "held", "a", "b", "c", "d", "pages", "peak_pages")),
        )

    counters = Counters(size=ctypes.sizeof(Counters))
    windll = getattr(ctypes, "windll")  # noqa: B009
    windll.kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(windll.kernel32.GetCurrentProcess())
    if not windll.psapi.GetProcessMemoryInfo(handle, ctypes.byref(counters), counters.size):
        raise _unknown("GetProcessMemoryInfo failed")
    return int(counters.peak)


def _read(path: Path) -> str:
    """The text of a file of the system; empty where it is missing or closed to us."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _output(tool: str) -> str:
    try:
        return subprocess.run([tool], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise _unknown(f"{tool} did not answer: {error}") from None


def _unknown(where: str) -> WorkError:
    return WorkError(
        "memory.unknown",
        "This system does not tell how much memory is free.",
        where=where,
        why="A process that takes more than there is gets killed without a word.",
        hint="Keep batches small, or train on a system that tells.",
    )
