"""The package contains everything that it needs, and a constructor costs nothing."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

SHARED = ("seal.grader.lexical.Lexical", "seal.model.hugging_face.HuggingFace", "seal.self_edit.prose.Prose")
"""Classes that several YAML files fill in."""
ROOMS = "model task self_edit inner engine grader outer outer/learner outer/reward recipe cluster logger".split()


def test_every_folder_with_code_is_a_listed_package() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {file.parent for top in ("seal", "launch", "conf") for file in (ROOT / top).rglob("__init__.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(listed) == {name if name.startswith("seal") else f"seal.{name}" for name in names}


def test_every_file_that_is_not_code_is_package_data() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    folders = {package: ROOT / package.replace("seal.conf", "conf").replace(".", "/") for package in listed}
    packed = {f for package, patterns in listed.items() for pattern in patterns for f in folders[package].glob(pattern)}
    files = {f for top in ("seal", "launch", "conf") for f in (ROOT / top).rglob("*") if f.is_file()}
    assert {f for f in files if f.suffix not in (".py", ".pyc")} == packed


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_s_base_imports_no_option_and_nothing_heavy(room: str) -> None:
    module = f"seal.{room.replace('/', '.')}"
    options = [f"{module}.{file.stem}" for file in (ROOT / "conf" / room).glob("*.yaml")]
    code = (
        f"import sys, {module}\n"
        f"found = [m for m in {options!r} + ['torch', 'transformers', 'peft', 'datasets'] if m in sys.modules]\n"
        "sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_yaml_of_a_room_has_its_class_and_its_test() -> None:
    """conf/X/y.yaml ↔ seal/X/y.py ↔ tests/X/test_y.py; models of one class share its module and its test."""
    for room in ROOMS:
        for file in (ROOT / "conf" / room).glob("*.yaml"):
            target = file.read_text().split("_target_: ")[1].split()[0]
            module = Path(*target.split(".")[1:-1])
            assert module == Path(room, file.stem) or target in SHARED
            assert (ROOT / "seal" / module).with_suffix(".py").is_file()
            assert (ROOT / "tests" / module.parent / f"test_{module.name}.py").is_file()
