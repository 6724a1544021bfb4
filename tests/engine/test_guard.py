"""The guard of processes that would wait for ever for one that was killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seal.engine import guard

SLEEPS = (sys.executable, "-c", "import time; time.sleep(600)")
DEAF = (sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
@pytest.mark.parametrize(("command", "number"), [(SLEEPS, signal.SIGTERM), (DEAF, signal.SIGKILL)])
def test_it_ends_what_it_guards_once_its_owner_is_gone_and_nothing_else(
    command: tuple[str, ...], number: signal.Signals
) -> None:
    guarded, other = subprocess.Popen(command), subprocess.Popen(SLEEPS)
    owner = subprocess.Popen((sys.executable, guard.__file__, str(guarded.pid)), stdin=subprocess.PIPE)
    try:
        time.sleep(1)
        assert guarded.poll() is None
        assert owner.stdin is not None
        owner.stdin.close()
        assert guarded.wait(timeout=30) == -number
        assert owner.wait(timeout=10) == 0
        assert other.poll() is None
    finally:
        for each in (guarded, other, owner):
            each.kill()
            each.wait()


def test_a_process_that_is_gone_has_no_start() -> None:
    gone = subprocess.Popen((sys.executable, "-c", ""))
    gone.wait()
    assert guard.started(gone.pid) is None
