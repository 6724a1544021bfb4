"""How much memory is free on this machine: of a GPU, or main memory that a process may still take. No torch."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_OLD_GROUP = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_NEW_GROUP = ("memory.max", "memory.current", "inactive_file")
"""Of a control group: the file of its limit, the file of what it uses, and in `memory.stat` what could be dropped."""


def device_bytes(device: str) -> int | None:
    """The memory of the device that `model.device` names, as the system tells; None where it does not."""
    if device != "cpu" and shutil.which("nvidia-smi"):
        number = device.partition(":")[2] or "0"
        query = ["nvidia-smi", f"--id={number}", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
        found = subprocess.run(query, capture_output=True, text=True, check=False, timeout=20)
        if found.returncode == 0 and found.stdout.strip().isdigit():
            return int(found.stdout) * 2**20
    return None if device.startswith("cuda") else free_ram()


def free_ram() -> int:
    """Bytes of main memory that this process may still take, of the machine's and of its job's or container's."""
    import psutil

    of_groups = left_in_groups(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    return min([int(psutil.virtual_memory().available), *of_groups])


def left_in_groups(memberships: Path, root: Path) -> Iterator[int]:
    """What the control groups of a process leave it, as SLURM and containers set them; nothing where none limits it.

    Of both generations of Linux's control groups (the kernel's documents cgroup-v1/memory and cgroup-v2).
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
        return  # no such group here, or one that tells nothing
    if most.isdecimal():
        yield max(0, int(most) - taken + int(stat.get(dropped, 0)))
