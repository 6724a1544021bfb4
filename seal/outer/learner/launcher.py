"""What `accelerate config` wrote down: how many processes train together, and how they share the model. No torch."""

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
"""The distributed types of accelerate that fine-tune a LoRA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """A file of accelerate's, as far as it matters here."""

    file: Path
    kind: str
    """As accelerate names it."""
    n_processes: int
    on_cpu: bool
    options: tuple[str, ...]
    """For the command line of the launcher, beside the file."""

    def faults(self, batch_size: int, micro_batch_size: int | None) -> list[str]:
        """Why a batch of this size cannot be shared out."""
        share, left = divmod(batch_size, self.n_processes)
        if left:
            return [
                f"outer.learner.batch_size: {batch_size} self-edits a step cannot be shared out to the "
                f"{self.n_processes} processes of {self.file}: choose a multiple of {self.n_processes}"
            ]
        if micro_batch_size and share % min(micro_batch_size, share):
            return [
                f"outer.learner.micro_batch_size: {micro_batch_size} does not divide the {share} self-edits that each "
                f"of {self.n_processes} processes takes of a batch of {batch_size}"
            ]
        return []


def read_launcher(path: Path) -> Launcher:
    """The launcher that a file describes; a bare name is that of a file shipped with SEAL.

    Raises:
        ConfigError: there is no such file, or it describes something else.
    """
    file = _found(path)
    settings = _settings(file)
    kind = str(settings.get("distributed_type", "NO"))
    if kind not in KINDS:
        raise ConfigError(f"{KEY}: distributed_type of {file} is {kind}: a policy is fine-tuned by {', '.join(KINDS)}")
    n_processes = settings["num_processes"]
    if not isinstance(n_processes, int) or n_processes < 1:
        raise ConfigError(f"{KEY}: num_processes of {file} is {n_processes!r}: say how many there are, at least 1")
    if settings.get("num_machines", 1) != 1:
        raise ConfigError(f"{KEY}: num_machines of {file} is {settings['num_machines']}: only one machine works on it")
    if kind == "DEEPSPEED" and find_spec("deepspeed") is None:
        raise ConfigError(f"{KEY}: {file} wants DeepSpeed, which is not installed: pip install deepspeed")
    on_cpu = bool(settings.get("use_cpu")) or kind == "MULTI_CPU"
    return Launcher(
        file=file.resolve(), kind=kind, n_processes=n_processes, on_cpu=on_cpu, options=_options(settings, kind)
    )


def _options(settings: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    options = [] if settings.get("main_process_port") else ["--main_process_port", "0"]  # any that is free
    if kind == "MULTI_CPU" and not settings.get("mpirun_config"):
        options.append("--multi_gpu")  # which is torchrun; accelerate alone starts such processes by MPI only
    return tuple(options)


def _found(path: Path) -> Path:
    if path.is_file():
        return path
    shipped = SHIPPED / f"{path.name}.yaml"
    if len(path.parts) == 1 and shipped.is_file():
        return shipped
    names = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
    raise ConfigError(f"{KEY}: there is no file {path}: run `accelerate config --config_file {path}`, or take {names}")


def _settings(file: Path) -> Mapping[str, Any]:
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{KEY}: cannot read {file}: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict) or not {"compute_environment", "num_processes"} <= settings.keys():
        raise ConfigError(f"{KEY}: {file} is no file of `accelerate config`, which says num_processes and more")
    if settings["compute_environment"] != "LOCAL_MACHINE":
        raise ConfigError(f"{KEY}: compute_environment of {file} is not LOCAL_MACHINE, the only one that works here")
    return settings
