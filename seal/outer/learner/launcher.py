"""Reads a file of `accelerate config`: how many processes train together, and how they share the model. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from seal.errors import ConfigError

KEY = "outer.learner.accelerate"
SHIPPED = Path(str(files("seal.conf"))) / "accelerate"
_COPIES = ("NO", "MULTI_CPU", "MULTI_GPU", "MULTI_XPU", "MULTI_NPU", "MULTI_HPU", "MULTI_MLU")
KINDS = (*_COPIES, "FSDP", "DEEPSPEED")
"""The distributed types of accelerate that can fine-tune a LoRA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """The relevant contents of a file of `accelerate config`."""

    file: Path
    kind: str
    """The distributed type, as accelerate names it."""
    n_processes: int
    on_cpu: bool
    options: tuple[str, ...]
    """Options of the launcher's command line, beside the file."""

    def faults(self, batch_size: int, micro_batch_size: int | None) -> list[str]:
        """Why a batch of this size cannot be split between the processes."""
        share, left = divmod(batch_size, self.n_processes)
        if left:
            return [
                f"outer.learner.batch_size: {batch_size} self-edits per step cannot be split between the "
                f"{self.n_processes} processes of {self.file}: choose a multiple of {self.n_processes}"
            ]
        if micro_batch_size and share % min(micro_batch_size, share):
            return [
                f"outer.learner.micro_batch_size: {micro_batch_size} does not divide {share}, which is each process's "
                f"share of a batch ({batch_size} self-edits, {self.n_processes} processes)"
            ]
        return []


def read_launcher(path: Path) -> Launcher:
    """The launcher that a file describes. A bare name means a file shipped with SEAL.

    Raises:
        ConfigError: there is no such file, or SEAL cannot use its contents.
    """
    file = _found(path)
    settings = _settings(file)
    kind = str(settings.get("distributed_type", "NO"))
    if kind not in KINDS:
        raise ConfigError(f"{KEY}: distributed_type in {file} is {kind}: it must be one of {', '.join(KINDS)}")
    n_processes = settings["num_processes"]
    if not isinstance(n_processes, int) or n_processes < 1:
        raise ConfigError(f"{KEY}: num_processes in {file} is {n_processes!r}: it must be a whole number from 1 up")
    if settings.get("num_machines", 1) != 1:
        raise ConfigError(f"{KEY}: num_machines in {file} is {settings['num_machines']}: SEAL supports only 1")
    if kind == "DEEPSPEED" and find_spec("deepspeed") is None:
        raise ConfigError(f"{KEY}: {file} needs DeepSpeed, which is not installed: pip install deepspeed")
    on_cpu = bool(settings.get("use_cpu")) or kind == "MULTI_CPU"
    return Launcher(
        file=file.resolve(), kind=kind, n_processes=n_processes, on_cpu=on_cpu, options=_options(settings, kind)
    )


def _options(settings: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    options = [] if settings.get("main_process_port") else ["--main_process_port", "0"]  # any free port
    if kind == "MULTI_CPU" and not settings.get("mpirun_config"):
        options.append("--multi_gpu")  # starts torchrun; accelerate would start CPU processes only through MPI
    return tuple(options)


def _found(path: Path) -> Path:
    if path.is_file():
        return path
    shipped = SHIPPED / f"{path.name}.yaml"
    if len(path.parts) == 1 and shipped.is_file():
        return shipped
    names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
    raise ConfigError(f"{KEY}: there is no file {path}: run `accelerate config --config_file {path}`, or use {names}")


def _settings(file: Path) -> Mapping[str, Any]:
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{KEY}: cannot read {file}: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict) or not {"compute_environment", "num_processes"} <= settings.keys():
        raise ConfigError(f"{KEY}: {file} is not a file of `accelerate config`: it lacks num_processes or others")
    if settings["compute_environment"] != "LOCAL_MACHINE":
        raise ConfigError(f"{KEY}: compute_environment in {file} must be LOCAL_MACHINE")
    return settings
