"""What each system says about memory, from files and texts in its own form; this machine's own once."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tunewright.errors import WorkError
from tunewright.training import machine_memory
from tunewright.training.machine_memory import available_bytes, linux_available, parse_vm_stat, resident_bytes

GIB = 1024**3
MEMINFO = "MemTotal:       16384000 kB\nMemFree:         1000000 kB\nMemAvailable:    8388608 kB\n"


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in {"proc/meminfo": MEMINFO, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_without_control_groups_the_machine_counts(tmp_path: Path) -> None:
    assert linux_available(_tree(tmp_path, {})) == 8 * GIB


def test_version_2_of_control_groups(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/work/job\n",
        "sys/fs/cgroup/work/job/memory.max": f"{4 * GIB}\n",
        "sys/fs/cgroup/work/job/memory.current": f"{3 * GIB}\n",
        "sys/fs/cgroup/work/job/memory.stat": f"anon 5\ninactive_file {GIB // 2}\n",
    }
    assert linux_available(_tree(tmp_path, files)) == 3 * GIB // 2


def test_a_parent_may_be_tighter_and_max_means_no_limit(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/work/job\n",
        "sys/fs/cgroup/work/job/memory.max": "max\n",
        "sys/fs/cgroup/work/job/memory.current": f"{GIB}\n",
        "sys/fs/cgroup/work/memory.max": f"{2 * GIB}\n",
        "sys/fs/cgroup/work/memory.current": f"{GIB}\n",
    }
    assert linux_available(_tree(tmp_path, files)) == GIB


def test_version_1_of_control_groups_seen_from_inside_a_container(tmp_path: Path) -> None:
    """The path is the host's; inside, the group is the root of the mount."""
    files = {
        "proc/self/cgroup": "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * GIB}\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{3 * GIB // 2}\n",
        "sys/fs/cgroup/memory/memory.stat": f"cache 7\ntotal_inactive_file {GIB // 4}\n",
    }
    assert linux_available(_tree(tmp_path, files)) == 3 * GIB // 4
    (tmp_path / "sys/fs/cgroup/memory/memory.limit_in_bytes").write_text("9223372036854771712\n", encoding="utf-8")
    assert linux_available(tmp_path) == 8 * GIB


def test_a_group_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": f"{GIB}\n",
        "sys/fs/cgroup/memory.current": f"{2 * GIB}\n",
    }
    assert linux_available(_tree(tmp_path, files)) == 0


def test_macos() -> None:
    text = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
        "Pages free:                               10000.\nPages active:                             90000.\n"
        "Pages inactive:                           20000.\nPages speculative:                         2768.\n"
    )
    assert parse_vm_stat(text) == 16384 * 32768
    with pytest.raises(WorkError, match="does not tell"):
        parse_vm_stat("nothing of the kind")


def test_macos_asks_its_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(tool: str) -> str:
        asked.append(tool)
        return "page size of 4096 bytes\nPages free: 100.\n"

    monkeypatch.setattr(machine_memory, "_output", answer)
    assert available_bytes(platform="darwin") == 409_600
    assert asked == ["vm_stat"]


def test_a_system_that_does_not_tell_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="does not tell"):
        linux_available(tmp_path)
    with pytest.raises(WorkError, match="does not tell"):
        resident_bytes(platform="linux", root=tmp_path)
    assert machine_memory.reset_peak(root=tmp_path / "nowhere") is False


def test_cuda_counts_what_is_reserved_and_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (5 * GIB, 24 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 3 * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 1 * GIB)
    assert available_bytes(cuda=True) == 7 * GIB
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(WorkError, match="does not tell"):
        available_bytes(cuda=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark can be reset on Linux alone")
def test_this_process_grows_by_what_it_takes() -> None:
    assert available_bytes() > 0
    before = resident_bytes()
    block = np.ones(8_000_000)  # 64 MB, touched
    assert 50e6 < resident_bytes() - before < 90e6
    assert machine_memory.peak_resident_bytes() >= resident_bytes() - 10e6
    assert block[-1] == 1
