"""What the command line does, a notebook can do: the same runs, and what they left as values."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import seal
from seal.config.describing import settings_of
from seal.config.loading import load
from seal.errors import ConfigError, UsageError
from tests.conftest import ROOT, SMALL, records


def test_importing_seal_loads_nothing_heavy() -> None:
    code = "import seal, sys; print(*sorted({'torch', 'pydantic', 'hydra', 'omegaconf', 'rich'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_a_run_from_python_is_that_of_the_command_line_and_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path, seal_: Callable[..., int]
) -> None:
    results = seal.run(seal.load(*SMALL), quiet=True)
    run = Path("outputs/tiny")
    assert records(run) == records(finished)
    assert (run / "report/index.html").exists()
    assert json.loads((run / "manifest.json").read_text())["command"] is None  # nothing was typed
    assert seal_("run", *SMALL) == 0  # the same configuration, by its manifest
    assert records(run) == records(finished)
    assert [row.setting for row in results.table] == [row.setting for row in seal.read(run).table]


@pytest.fixture
def seal_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line, called in an empty folder; returns the exit code."""
    from seal.launch.cli import main

    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main(list(arguments))


def test_a_finished_run_is_read_as_values_and_as_frames(finished: Path) -> None:
    found = seal.read(finished)
    table = found.frame()
    assert list(table["setting"]) == [row.setting for row in found.table]
    attempts = found.frame("attempts")
    assert len(attempts) == len(found.attempts) == 14
    assert set(attempts["policy"]) == {"round_0", "round_1"}
    assert len(found.frame("rounds")) == 1
    with pytest.raises(UsageError, match="no frame 'tables'"):
        found.frame("tables")


def test_what_is_no_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"manifest\.json"):
        seal.read(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="no results yet"):
        seal.read(tmp_path)


def test_faults_are_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'rank'"):
        seal.load("inner.rnak=3")


@pytest.mark.parametrize("overrides", [(), ("experiment=tiny",), ("experiment=grids",), ("experiment=paper/rl",)])
def test_options_describe_themselves_as_their_files_do(overrides: tuple[str, ...]) -> None:
    run, settings = load(overrides)
    assert settings_of(run) == settings


@pytest.mark.slow
def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "docs/example.py"), run_name="__main__")
    assert "the best reward was" in capsys.readouterr().out


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = json.loads((ROOT / "docs/example.ipynb").read_text())["cells"]
    names: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert os.path.exists("outputs/notebook/report/index.html")
