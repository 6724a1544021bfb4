"""Fine-tunes a policy in separate processes, which accelerate's launcher starts. This module is both ends.

The request is a JSON file in a folder that both ends see. The trained adapter comes back there, in PEFT's format.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from pydantic import TypeAdapter
from transformers import AutoModelForCausalLM

from seal.base.unit_progress import UnitProgress, listening, report
from seal.endpoint.child_process import ChildProcess
from seal.errors import RunError
from seal.nn.backbone import empty_cache
from seal.nn.course import Course
from seal.nn.supervised import Row, fit_together
from seal.outer.learner.launcher import KEY, Launcher, read_launcher
from seal.outer.learner.policy_lora import PolicyLoRA, with_adapter

if TYPE_CHECKING:
    from peft import PeftModel

    from seal.nn.backbone import Backbone

_REQUEST, _DRAFT, _ADAPTER, _LOSSES = "request.json", "adapter.draft", "adapter", "losses.json"
_PROGRESS = "training.json"
_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything that the processes need to know."""

    model: Path
    """The folder of the policy's weights."""
    dtype: str
    attention: str
    trust_remote_code: bool
    lora: PolicyLoRA
    course: Course
    rows: tuple[Row, ...]
    pad_id: int
    seed: int
    n_processes: int
    on_cpu: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The result of the processes."""

    adapter: Path
    losses: tuple[float, ...]


def train_elsewhere(
    file: Path,
    backbone: "Backbone",
    lora: PolicyLoRA,
    rows: Sequence[Row],
    course: Course,
    *,
    scratch: Path,
    seed: int,
) -> Trained:
    """Train an adapter for the policy. The processes load its weights from the backbone's folder.

    The backbone is moved off its device until they end.

    Raises:
        RunError: the processes failed; with the last lines of their log.
        ConfigError: the launcher's file has changed since the run began, and is invalid.
    """
    launcher = read_launcher(file)
    device = backbone.device
    request = _request(launcher, backbone, lora, rows, course, seed=seed)
    scratch.mkdir(parents=True)
    (scratch / _REQUEST).write_bytes(TypeAdapter(Request).dump_json(request))
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(launcher.file)]
    _move(backbone, torch.device("cpu"))
    _run([*launch, *launcher.options, "-m", __name__, str((scratch / _REQUEST).resolve())], scratch / "log.txt")
    _move(backbone, device)
    losses = TypeAdapter(tuple[float, ...]).validate_json((scratch / _ADAPTER / _LOSSES).read_bytes())
    return Trained(adapter=scratch / _ADAPTER, losses=losses)


def _request(
    launcher: Launcher, backbone: "Backbone", lora: PolicyLoRA, rows: Sequence[Row], course: Course, *, seed: int
) -> Request:
    return Request(
        model=Path(str(backbone.model.name_or_path)).resolve(),
        dtype=str(backbone.model.dtype).removeprefix("torch."),
        attention=backbone.model.config._attn_implementation,
        trust_remote_code=type(backbone.model).__module__.startswith("transformers_modules."),
        lora=lora,
        course=course,
        rows=tuple(rows),
        pad_id=backbone.pad_id,
        seed=seed,
        n_processes=launcher.n_processes,
        on_cpu=launcher.on_cpu or backbone.device.type == "cpu",
    )


def _move(backbone: "Backbone", device: torch.device) -> None:
    backbone.model.to(device)  # type: ignore[arg-type]  # transformers' wrapper hides its type
    empty_cache()


def _run(command: Sequence[str], log: Path) -> None:
    process = ChildProcess(command, environment=os.environ, log=log)
    try:
        while process.running:
            time.sleep(_POLL_S)
            _report_from(log.with_name(_PROGRESS))
        code = process.wait()
    finally:
        process.stop()
    if code:
        raise RunError(
            f"{KEY}: the fine-tuning of the policy ended with exit code {code}. The end of its log, {log}:\n"
            f"{process.tail()}"
        )


def main(path: Path) -> None:
    """Train, as one of the processes. The main process writes the result."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    request = TypeAdapter(Request).validate_json(path.read_bytes())
    n_processes = int(os.environ.get("WORLD_SIZE", "1"))
    if n_processes != request.n_processes:
        sys.exit(f"the launcher started {n_processes} processes instead of {request.n_processes}")
    is_main = int(os.environ.get("RANK", "0")) == 0
    with listening(partial(_note, path.with_name(_PROGRESS))) if is_main else nullcontext():
        losses = fit_together(
            lambda: _network(request),
            request.rows,
            request.course,
            pad_id=request.pad_id,
            on_cpu=request.on_cpu,
            seed=request.seed,
            folder=path.with_name(_DRAFT),
        )
    if is_main:
        (path.with_name(_DRAFT) / _LOSSES).write_bytes(TypeAdapter(tuple[float, ...]).dump_json(losses))
        path.with_name(_DRAFT).rename(path.with_name(_ADAPTER))


def _note(file: Path, progress: UnitProgress) -> None:
    draft = file.with_suffix(".draft")
    draft.write_bytes(TypeAdapter(UnitProgress).dump_json(progress))
    draft.replace(file)


def _report_from(file: Path) -> None:
    """Pass on what the main process noted since the last time."""
    if file.exists():
        report(TypeAdapter(UnitProgress).validate_json(file.read_bytes()))
        file.unlink()


def _network(request: Request) -> "PeftModel":
    network = AutoModelForCausalLM.from_pretrained(
        request.model,
        dtype=getattr(torch, request.dtype),
        attn_implementation=request.attention,
        trust_remote_code=request.trust_remote_code,
        use_safetensors=True,
    )
    return with_adapter(network.requires_grad_(False), request.lora, request.seed)


def _end_with(parent: int) -> None:
    """End this process when its launcher has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
