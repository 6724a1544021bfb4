"""What is free is what the job may still take, not what the machine has."""

from pathlib import Path

import psutil
import pytest

from seal.base.free_memory import device_bytes, free_ram, left_in_groups

OLD = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
NEW = ("memory.max", "memory.current", "inactive_file")


def group(folder: Path, names: tuple[str, str, str], *, limit: str, used: int, cached: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon {used - cached}\n{names[2]} {cached}\n")


@pytest.mark.parametrize(("member", "names", "top"), [("4:memory:", OLD, "memory"), ("0::", NEW, "")])
def test_the_tightest_of_the_groups_above_a_process_counts(
    tmp_path: Path, member: str, names: tuple[str, str, str], top: str
) -> None:
    root, members = tmp_path / "groups", tmp_path / "cgroup"
    group(root / top / "slurm", names, limit="1000", used=900, cached=50)
    group(root / top / "slurm/job_1", names, limit="5000", used=900, cached=0)
    group(root / top, names, limit="max", used=1, cached=0)
    members.write_text(f"3:cpuset:/other\n{member}/slurm/job_1/step_0\n")
    assert sorted(left_in_groups(members, root)) == [150, 4100]


def test_where_no_group_limits_anything_nothing_is_said(tmp_path: Path) -> None:
    assert list(left_in_groups(tmp_path / "none", tmp_path)) == []
    (tmp_path / "cgroup").write_text("0::/\n")
    assert list(left_in_groups(tmp_path / "cgroup", tmp_path)) == []


def test_what_is_free_here_is_no_more_than_the_machine_has() -> None:
    assert 0 < free_ram() <= psutil.virtual_memory().total
    assert device_bytes("cpu") == pytest.approx(free_ram(), rel=0.2)
