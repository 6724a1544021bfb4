"""What tests of clusters need around them."""

from pathlib import Path

import pytest
from seal.launch.cli import main

from tests.cluster.runs import CHUNKED
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _jobs_find_the_work_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture(scope="session")
def chunked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run CHUNKED, done in one process."""
    outputs = tmp_path_factory.mktemp("chunked")
    assert main(["run", *CHUNKED, f"outputs={outputs}"]) == 0
    return outputs / "tiny"
