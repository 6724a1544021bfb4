"""The environment of vLLM's tests: pinned as a whole, and where there can be none, a line says why."""

import re
import tomllib
from pathlib import Path

from tests.conftest import ROOT
from tests.vllm.environment import NEEDED_GB, REQUIREMENTS, too_full, why_not

PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+")


def name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def pins() -> list[str]:
    return [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]


def test_every_package_is_pinned_and_none_stands_twice() -> None:
    assert [pin for pin in pins() if not PIN.fullmatch(pin)] == []
    assert len({name(pin) for pin in pins()}) == len(pins())


def test_whatever_seal_needs_is_there() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {name(each) for each in needed} <= {name(pin) for pin in pins()}


def test_another_python_or_a_full_disk_is_a_reason_to_test_nothing(tmp_path: Path) -> None:
    assert why_not(tmp_path, python="3.99") == "its packages are pinned for Python 3.11, and this is 3.99"
    assert too_full(tmp_path, 1.25) == f"{tmp_path} has 1.2 GB free, and building the environment takes 8"
    assert too_full(tmp_path, NEEDED_GB) is None
