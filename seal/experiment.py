"""From a `Run` to its results: open the folder, write the manifest, perform the recipe, keep what was found."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from seal import run_folder
from seal.lab import Lab, Monitor
from seal.logger import Log, Metrics
from seal.logger.jsonl import Jsonl
from seal.manifest import manifest
from seal.preflight import preflight
from seal.results import Results
from seal.run import Run
from seal.store import RESULTS, Store
from seal.types import Context

CONTEXTS = "contexts"


def perform(run: Run, settings: Mapping[str, Any], monitor: Monitor) -> Results:
    """Run, or go on with, an experiment. What is recorded already is not done again.

    Raises:
        UsageError: it cannot start.
        RunError: it cannot go on; the same call resumes it.
    """
    contexts = preflight(run, fetch=True)
    with run_folder.opened(run, manifest(settings, run.model, contexts, run.self_edit.fingerprint())) as store:
        if not (store.folder / RESULTS).exists():
            writer = run.writer if run.self_edit.n_requests else None
            for part in (run.engine, writer, run.grader, run.outer.reward):
                if part:
                    part.ready()
        store.append(CONTEXTS, _unrecorded(store, contexts.all), Context)
        lab = Lab(run=run, store=store, contexts=contexts, monitor=monitor, log=_log(run, store.folder))
        monitor.planned(run.recipe.forecast(contexts, run.outer).units)
        with closing(lab):
            found = run.recipe.perform(lab)
        results = replace(
            found,
            notes=(*found.notes, *run_folder.changes_between_sessions(store.folder)),
            passage_shown=run.task.shows_the_passage,
            published=run.published,
        )
        store.write(RESULTS, TypeAdapter(Results).dump_json(results, indent=2).decode() + "\n")
    return results


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
