"""From a `Run` to its results: open the folder, write the manifest, perform the recipe, keep what was found."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from seal.errors import ConfigError, listed
from seal.lab import Lab, Monitor
from seal.logger import Log, Metrics
from seal.logger.jsonl import Jsonl
from seal.manifest import changes_outside, differences, manifest
from seal.preflight import preflight
from seal.results import Results
from seal.run import Run
from seal.store import MANIFEST, RESULTS, Store
from seal.types import Context

CONTEXTS = "contexts"


def perform(run: Run, settings: Mapping[str, Any], monitor: Monitor) -> Results:
    """Run, or go on with, an experiment. What is recorded already is not done again.

    Raises:
        UsageError: it cannot start.
        RunError: it cannot go on; the same call resumes it.
    """
    contexts = preflight(run)
    store = open_folder(run, manifest(settings, run.model, contexts))
    store.append(CONTEXTS, _unrecorded(store, contexts.all), Context)
    lab = Lab(run=run, store=store, contexts=contexts, monitor=monitor, log=_log(run, store.folder))
    monitor.planned(run.recipe.forecast(contexts).units)
    results = run.recipe.perform(lab)
    store.write(RESULTS, TypeAdapter(Results).dump_json(results, indent=2).decode() + "\n")
    return results


def open_folder(run: Run, facts: Mapping[str, Any]) -> Store:
    """The run's folder with its manifest, as `if_exists` wants it.

    Raises:
        ConfigError: the folder holds another run, or `if_exists=fail` and it holds any; or it cannot be written.
    """
    folder = run.folder
    try:
        if run.if_exists == "replace" and (folder / MANIFEST).exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, str(error.strerror)) from error
    if not os.access(folder, os.W_OK):
        raise _not_writable(folder, "no permission")
    store = Store(folder)
    if (folder / MANIFEST).exists():
        _check_same(run, folder, facts)
    elif any(file.suffix != ".draft" for file in folder.iterdir()):
        raise ConfigError(f"name: {folder} is not empty and holds no run: choose another name=…")
    else:
        store.write(MANIFEST, json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n")
    return store


def _not_writable(folder: Path, reason: str) -> ConfigError:
    return ConfigError(f"outputs: cannot write to {folder} ({reason}): choose another folder with outputs=…")


def _check_same(run: Run, folder: Path, facts: Mapping[str, Any]) -> None:
    if run.if_exists == "fail":
        raise ConfigError(f"name: {folder} holds a run already and if_exists=fail: choose another name=…")
    there = json.loads((folder / MANIFEST).read_text())
    faults = differences(there["settings"], json.loads(json.dumps(facts["settings"], default=str)))
    faults += changes_outside(there, facts)
    if faults:
        title = f"{folder} holds another run; choose another name=…, or if_exists=replace to delete that one:"
        raise ConfigError(listed(title, faults))


def _unrecorded(store: Store, contexts: tuple[Context, ...]) -> dict[str, Context]:
    known: dict[str, Context] = store.records(CONTEXTS, Context)
    return {context.id: context for context in contexts if context.id not in known}


def _log(run: Run, folder: Path) -> Log:
    """Metrics go into the run's own folder, and to the logger that was chosen where that is another."""
    own = Jsonl().open(folder)
    if isinstance(run.logger, Jsonl):
        return own
    other = run.logger.open(folder)

    def log(metrics: Metrics) -> None:
        own(metrics)
        other(metrics)

    return log
