"""Whole runs on a real vLLM: their records, and what is left when they are interrupted or killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import SMALL, settings_without
from tests.engine.test_vllm_server import texts_of
from tests.vllm.serving import COMMAND, gone, in_shared_memory, living, of_vllm, wait_until

pytestmark = pytest.mark.vllm
Seal = Callable[..., int]
GREEDY = "self_edit.temperature=0"
OF_ENGINE = {
    "vllm_server": (f"engine.command=[{','.join(COMMAND)}]", "engine.start_timeout_s=300", "engine.concurrency=8"),
    "vllm": ("engine.requests_together=8",),
}


def settings(engine: str, folder: Path) -> list[str]:
    """The small run of these tests on an engine, with the folder of its adapters in another."""
    (folder / "adapters").mkdir(exist_ok=True)
    chosen = (f"engine={engine}", "~engine.prompts_per_batch", "engine.enforce_eager=true", *OF_ENGINE[engine])
    where = f"engine.adapter_folder={folder / 'adapters'}"
    return [*settings_without(SMALL, "engine.prompts_per_batch"), GREEDY, *chosen, where]


def begun(folder: Path, engine: str) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """A run that has answers, and the processes that it has started."""
    command = (sys.executable, "-m", "seal.launch.cli", "run", *settings(engine, folder))
    with (folder / "said.txt").open("wb") as said:
        run = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
    answers = folder / "outputs/tiny/answers.jsonl"
    there = wait_until(
        lambda: run.poll() is not None or (answers.exists() and answers.stat().st_size > 0), patience_s=300
    )
    assert there, (folder / "said.txt").read_text()
    assert run.poll() is None, (folder / "said.txt").read_text()
    return run, of_vllm(run.pid)


@pytest.mark.parametrize("engine", ["vllm_server"])
def test_an_interrupted_run_leaves_nothing_and_ends_with_the_texts_of_transformers(
    seal: Seal, tmp_path: Path, engine: str
) -> None:
    run, processes = begun(tmp_path, engine)
    files = in_shared_memory(processes)
    assert files
    began_s = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=60) == 130
    assert wait_until(lambda: not living(processes), patience_s=60), living(processes)
    print(f"{engine}: {len(processes)} processes gone {time.monotonic() - began_s:.1f} s after Ctrl-C")
    assert gone(files)
    assert not list((tmp_path / "adapters").iterdir())
    assert not (tmp_path / "outputs/tiny/results.json").exists()
    assert seal("run", *settings(engine, tmp_path)) == 0
    assert seal("run", *SMALL, GREEDY, "name=here") == 0
    assert texts_of(Path("outputs/tiny")) == texts_of(Path("outputs/here"))


@pytest.mark.parametrize(
    ("engine", "blow"), [("vllm", signal.SIGINT), ("vllm", signal.SIGKILL), ("vllm_server", signal.SIGKILL)]
)
def test_of_a_run_that_ends_too_early_no_process_is_left(tmp_path: Path, engine: str, blow: signal.Signals) -> None:
    run, processes = begun(tmp_path, engine)
    files = in_shared_memory(processes)
    assert files
    began_s = time.monotonic()
    run.send_signal(blow)
    assert run.wait(timeout=60) in (130, -blow)
    assert wait_until(lambda: not living(processes), patience_s=60), living(processes)
    print(f"{engine}: {len(processes)} processes gone {time.monotonic() - began_s:.1f} s after {blow.name}")
    assert gone(files)
