"""What tests on a real vLLM share: both engines, transformers beside them, and what they may leave behind."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from seal.engine import Generator, Request
from seal.engine.batched_generation import BatchedGenerator
from seal.engine.vllm import VLLM
from seal.engine.vllm_server import VLLMServer
from seal.engine.vllm_settings import VLLMSettings
from seal.model import Model
from seal.nn.backbone import Backbone, Backbones
from seal.types import Completion, Policy, Sampling

ENGINES = ("vllm_server", "vllm")
COMMAND = (sys.executable, "-m", "vllm.entrypoints.cli.main", "serve")
POLICY = Policy(round=0)
SHARED_MEMORY = Path("/dev/shm")
MAX_RANK, CONTEXT = 4, 512


def settings(engine: str, folder: Path, **chosen: Any) -> VLLMSettings:
    """An engine whose adapters lie in a folder."""
    both = dict(max_rank=MAX_RANK, max_loras=2, max_cpu_loras=3, max_model_len=CONTEXT, enforce_eager=True)
    (folder / "adapters").mkdir(exist_ok=True)
    both |= {"adapter_folder": folder / "adapters", **chosen}
    if engine == "vllm":
        return VLLM(**both)
    return VLLMServer(command=COMMAND, start_timeout_s=300.0, **both)


class Pair:
    """One policy, with vLLM and with transformers."""

    def __init__(self, engine: str, model: Model, folder: Path, **chosen: Any) -> None:
        self.engine, self.folder = engine, folder
        self.backbones = Backbones(model, folder)
        self.here = BatchedGenerator(self.backbones.get(POLICY), prompts_per_batch=16)
        self.there: Generator = settings(engine, folder, **chosen).generator(POLICY, self.backbones, lambda usage: None)

    @property
    def backbone(self) -> Backbone:
        return self.backbones.get(POLICY)

    def expected(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion]:
        """The texts of transformers, in order. It takes adapted and plain requests in calls of their own."""
        found: dict[int, Completion] = {}
        for adapted in (True, False):
            numbers = [number for number, each in enumerate(requests) if bool(each.adapter) is adapted]
            texts = self.here.generate([requests[number] for number in numbers], sampling) if numbers else []
            found |= zip(numbers, texts, strict=True)
        return [found[number] for number in range(len(requests))]


@contextmanager
def pair(engine: str, model: Model, folder: Path, **chosen: Any) -> Iterator[Pair]:
    opened = Pair(engine, model, folder, **chosen)
    try:
        yield opened
    finally:
        opened.backbones.close()


def of_vllm(root: int | None = None) -> list[psutil.Process]:
    """The processes below one, this one by default, but for Python's trackers of shared memory, which go last."""
    found = psutil.Process(root).children(recursive=True)
    return [each for each in found if "resource_tracker" not in " ".join(each.cmdline())]


def named(processes: Sequence[psutil.Process], name: str) -> psutil.Process:
    """The one of this name."""
    [found] = [each for each in processes if name in " ".join(each.cmdline())]
    return found


def living(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def in_shared_memory(processes: Sequence[psutil.Process]) -> set[Path]:
    """The files that some processes have there; others on this machine have theirs."""
    mapped = {Path(each.path) for process in processes for each in process.memory_maps()}
    return {file for file in mapped if file.parent == SHARED_MEMORY}


def gone(files: set[Path]) -> bool:
    """Whether they are no more, or come to be so."""
    return wait_until(lambda: not any(file.exists() for file in files), patience_s=20)


def wait_until(there: Callable[[], bool], *, patience_s: float) -> bool:
    """Whether it came to be so in time."""
    until = time.monotonic() + patience_s
    while not there():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def same(got: Sequence[object], expected: Sequence[object]) -> int:
    """How many are equal; says it, with the first two that differ."""
    both = list(zip(got, expected, strict=True))
    n_equal = sum(one == other for one, other in both)
    print(
        f"equal to transformers: {n_equal} of {len(both)}", *[pair for pair in both if pair[0] != pair[1]][:2], sep="\n"
    )
    return n_equal
