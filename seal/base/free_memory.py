"""Measures free memory on this machine: of a GPU, or main memory that a process may still take. No torch."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_OLD_GROUP = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_NEW_GROUP = ("memory.max", "memory.current", "inactive_file")
"""Names in a control group: the file of its limit, the file of its usage, and the reclaimable part in `memory.stat`."""


def device_bytes(device: str) -> int | None:
    """The memory of the device that `model.device` names; None if the system does not tell."""
    if device != "cpu" and shutil.which("nvidia-smi"):
        number = device.partition(":")[2] or "0"
        query = ["nvidia-smi", f"--id={number}", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
        found = subprocess.run(query, capture_output=True, text=True, check=False, timeout=20)
        if found.returncode == 0 and found.stdout.strip().isdigit():
            return int(found.stdout) * 2**20
    return None if device.startswith("cuda") else free_ram()


def free_ram() -> int:
    """Bytes of main memory that this process may still take, within the limits of its job or container."""
    import psutil

    of_groups = left_in_groups(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    return min([int(psutil.virtual_memory().available), *of_groups])


def left_in_groups(memberships: Path, root: Path) -> Iterator[int]:
    """Free bytes in each control group that limits the process. SLURM and containers set such limits.

    It reads both versions of Linux control groups (the kernel's documents cgroup-v1/memory and cgroup-v2).
    """
    for line in memberships.read_text().splitlines() if memberships.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if "memory" not in controllers.split(",") and controllers:
            continue
        top, names = (root / "memory", _OLD_GROUP) if controllers else (root, _NEW_GROUP)
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(top):
                yield from _left(folder, *names)


def _left(group: Path, limit: str, used: str, dropped: str) -> Iterator[int]:
    try:
        most, taken = (group / limit).read_text().strip(), int((group / used).read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return  # the group does not exist here, or cannot be read
    if most.isdecimal():
        yield max(0, int(most) - taken + int(stat.get(dropped, 0)))
