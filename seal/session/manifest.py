"""The manifest of a run: settings, code, packages, machine, data. It is written first, so every number has a source."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from seal.base.redaction import key_variables, redacted_tree
from seal.config.describing import settings_of
from seal.config.run import Run
from seal.model import Model, files
from seal.task import Contexts
from seal.version import __version__

PACKAGES = ("torch", "transformers", "peft", "datasets", "tokenizers", "safetensors", "pydantic", "hydra-core", "numpy")
NOT_IDENTITY = ("name", "outputs", "if_exists", "published", "cluster", "logger", "metrics")
"""Settings that do not affect results, for example where a run works. A run may be resumed with other values."""
_NOT_IDENTITY_ANYWHERE = (
    "cache",
    "concurrency",
    "timeout_s",
    "max_retries",
    "give_up_after",
    "max_unknown",
    "key_variable",
    "key_header",
    "accelerate",
    "keep_adapters",
    "retry_kept",
    "adapters_budget_gb",
)
"""The same, anywhere in the configuration."""


def manifest(
    settings: Mapping[str, Any],
    model: Model,
    contexts: Contexts,
    recorded: str | None = None,
    *,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The configuration, with all facts about code, packages, machine and data that a result may depend on.

    Keys are removed. `recorded` is the hash of self-edits that are read from files. `command` is the command line, if
    there was one.
    """
    folder = files.fetched(model)
    facts = {
        "seal": __version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "settings": settings,
        "git": revision_of(Path(__file__).parent),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "machine": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "gpus": _gpus(),
        },
        "model": {"folder": str(folder), "fingerprint": files.fingerprint(folder)},
        "data": {
            "sha256": contexts.sha256,
            "n_train": len(contexts.train),
            "n_held_out": len(contexts.held_out),
            "notes": list(contexts.notes),
        },
        "recorded_self_edits": recorded,
    }
    return dict(redacted_tree(facts, also=key_variables(settings)))


def identity(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that identify a run, flat, by key path."""
    flat = _flat({key: value for key, value in settings.items() if key not in NOT_IDENTITY})
    return {path: value for path, value in flat if path.rpartition(".")[2] not in _NOT_IDENTITY_ANYWHERE}


def _flat(node: Any, path: str = "") -> Any:
    if isinstance(node, Mapping) and node:
        for key, part in node.items():
            yield from _flat(part, f"{path}.{key}".lstrip("."))
    else:
        yield path, node


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line for each setting in which two runs differ."""
    before, now = identity(old), identity(new)
    absent = "(absent)"
    return [
        f"{key}: {before.get(key, absent)!r} there, {now.get(key, absent)!r} now"
        for key in [*before, *(key for key in now if key not in before)]
        if before.get(key, absent) != now.get(key, absent)
    ]


def settings_that_differ(there: Mapping[str, Any], run: Run) -> list[str]:
    """One line for each setting in which the run of a manifest differs from a run with these settings."""
    settings = settings_of(run)
    noted = redacted_tree(settings, also=key_variables(settings))
    return differences(there["settings"], json.loads(json.dumps(noted, default=str)))


def changes_outside(there: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One line for each changed input outside the settings. Inputs that a manifest does not list are skipped."""
    faults = []
    if there["data"]["sha256"] != now["data"]["sha256"]:
        faults.append("the task's data has changed since the run began")
    fingerprints = [facts.get("model", {}).get("fingerprint") for facts in (there, now)]
    if None not in fingerprints and fingerprints[0] != fingerprints[1]:
        faults.append("the model's files have changed since the run began")
    if there.get("recorded_self_edits") != now.get("recorded_self_edits"):
        faults.append("the recorded self-edits have changed since the run began")
    return faults


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _gpus() -> list[str]:
    """The names of NVIDIA GPUs, from `nvidia-smi`; empty if that is not installed."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return []


def revision_of(package: Path) -> dict[str, Any] | None:
    """The revision of the code, the changes since, and the names of files that git does not track.

    Keys and files `.env*` are left out. None if the package is not tracked by git, for example if it is installed.
    """
    try:
        _output(package, "ls-files", "--error-unmatch", "__init__.py")
        found = {
            "revision": _output(package, "rev-parse", "HEAD").strip(),
            "diff": _output(package, "diff", "HEAD", "--", ":/", ":(top,exclude,glob)**/.env*"),
            "untracked": _output(package, "ls-files", "--others", "--exclude-standard", ":/").splitlines(),
        }
        return dict(redacted_tree(found))
    except (OSError, subprocess.CalledProcessError):
        return None


def _output(folder: Path, *arguments: str) -> str:
    found = subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, check=True, encoding="utf-8", errors="replace"
    )
    return found.stdout
