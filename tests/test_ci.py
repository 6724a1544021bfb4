"""What guards main: with the published data, where it lies beside the checkout."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

MAKE = '#!/bin/sh\necho "$1 with ${SEAL_REFERENCE:-nothing}"\n'
"""Says what it was asked to make."""


@pytest.mark.parametrize(
    ("beside", "given", "found"), [(True, "", "shared"), (True, "/mine", "/mine"), (False, "", "")]
)
def test_the_published_data_beside_the_checkout_is_found(tmp_path: Path, beside: bool, given: str, found: str) -> None:
    (tmp_path / "main/.ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", tmp_path / "main/.ci/run")
    if beside:
        (tmp_path / "shared/reference").mkdir(parents=True)
    (tmp_path / "make").write_text(MAKE)
    (tmp_path / "make").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SEAL_REFERENCE": given}
    said = subprocess.run([tmp_path / "main/.ci/run"], env=environment, capture_output=True, text=True, check=True)
    where = {"shared": str(tmp_path / "shared/reference"), "": "nothing"}.get(found, found)
    assert f"test with {where}" in said.stdout.splitlines()
