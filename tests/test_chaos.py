"""An angry day cannot break a run: `python -m tests.chaos 100` has more of them."""

import os
import subprocess
import sys

import pytest

from tests.chaos import DISTURBANCES
from tests.conftest import ROOT

N_POINTS = int(os.environ.get("SEAL_CHAOS_POINTS", len(DISTURBANCES)))


@pytest.mark.slow
def test_runs_disturbed_at_random_points_end_with_the_records_of_an_undisturbed_one() -> None:
    command = [sys.executable, "-m", "tests.chaos", str(N_POINTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
