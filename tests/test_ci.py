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


@pytest.mark.parametrize(
    ("used_s", "make", "code", "said"),
    [
        (0, "true", 0, None),
        (0, '[ "$1" != test-vllm ]', 1, None),
        (79 * 60, '[ "$1" != test-vllm ]', 0, "test-vllm is skipped: 79 of 80 minutes are used, and it may take 15"),
        (79 * 60, '[ "$1" != test-slow ]', 1, None),
        (0, '[ "$1" != test-vllm ] || { echo FAILED >&2; exit 124; }', 124, ""),
        (0, '[ "$1" != test-vllm ] || exit 124', 0, "test-vllm is cut short"),
    ],
)
def test_a_test_on_vllm_that_fails_fails_everything_and_one_without_time_is_skipped_with_a_word(
    tmp_path: Path, used_s: int, make: str, code: int, said: str | None
) -> None:
    (tmp_path / "make").write_text(f"#!/bin/sh\n{make}\n")
    (tmp_path / "make").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SECONDS": str(used_s)}
    done = subprocess.run([ROOT / ".ci/run"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert (said or "") in done.stdout
    assert said is not None or not done.stdout
