"""Takes a `Run` to its results: opens the folder, writes the manifest, performs the recipe, saves the results."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from seal.base.monitor import Metrics, Monitor
from seal.config.describing import settings_of
from seal.config.run import Run
from seal.folder.progress import ProgressFile
from seal.folder.results_file import write_results
from seal.folder.run_files import said
from seal.folder.store import RESULTS, Store
from seal.logger import Log
from seal.logger.jsonl import Jsonl
from seal.report.folder import write_report
from seal.session import run_folder
from seal.session.forecasting import in_all, paid
from seal.session.manifest import manifest
from seal.session.preflight import preflight
from seal.stats.results import Results
from seal.types import Context
from seal.work.lab import Lab

CONTEXTS = "contexts"


def perform(
    run: Run,
    monitor: Monitor,
    *,
    command: Sequence[str] | None = None,
    on_open: Callable[[], None] = lambda: None,
) -> Results:
    """Start or continue an experiment. Recorded work is not repeated.

    `command` is the command line, if there was one. `on_open` is called once all checks have passed, before any work.

    Raises:
        UsageError: the run cannot start.
        RunError: the run cannot go on; the same call resumes it.
    """
    contexts = preflight(run, fetch=True)
    forecast = run.recipe.forecast(contexts, run)
    facts = manifest(settings_of(run), run.model, contexts, run.self_edit.fingerprint(), command=command)
    facts["forecast"] = asdict(forecast) | in_all(paid(run, contexts, forecast).values())
    with run_folder.opened(run, facts) as store:
        on_open()
        if not (store.folder / RESULTS).exists():
            _ask_whether_ready(run, store.folder, writes=forecast.self_edits > 0)
        store.append(CONTEXTS, _unrecorded(store, contexts.all), Context)
        monitor = ProgressFile(store, monitor)
        monitor.planned(forecast.units)
        with _logging(run, store.folder) as log:
            lab = Lab(run=run, store=store, contexts=contexts, monitor=monitor, log=log)
            results = _performed(run, lab)
            if run.logger.wants_pictures:
                write_report(store.folder)
    return results


def _ask_whether_ready(run: Run, folder: Path, *, writes: bool) -> None:
    """Every part that works elsewhere says whether it can begin; the writer only if self-edits will be written."""
    run.cluster.ready(folder)
    writer = run.writer if writes and run.self_edit.n_requests else None
    for part in (run.engine, writer, run.grader, run.outer.reward):
        if part:
            part.ready()


def _performed(run: Run, lab: Lab) -> Results:
    """The recipe's results, written to the folder and told to the logger."""
    with closing(lab):
        found = run.recipe.perform(lab)
    for row in found.table:
        if row.accuracy is not None:
            lab.announce(f"result of {row.setting}", {f"accuracy/{row.setting}": row.accuracy})
    left_out, changes = run.recipe.left_out(lab.contexts), run_folder.changes_between_sessions(lab.store.folder)
    noted = said(lab.store.folder)
    results = replace(
        found,
        notes=run_folder.kept_notes(lab.store, (*left_out, *found.notes, *noted, *changes)),
        author=run.self_edit.author(run),
        passage_shown=run.task.shows_the_passage,
        published=run.published,
    )
    write_results(lab.store, results)
    return results


def _unrecorded(store: Store, contexts: tuple[Context, ...]) -> dict[str, Context]:
    known: dict[str, Context] = store.records(CONTEXTS, Context)
    return {context.id: context for context in contexts if context.id not in known}


@contextmanager
def _logging(run: Run, folder: Path) -> Iterator[Log]:
    """Log metrics into the run's own folder, and to the chosen logger if that is a different one."""
    with ExitStack() as opened:
        logs = [opened.enter_context(Jsonl().open(folder))]
        if not isinstance(run.logger, Jsonl):
            logs.append(opened.enter_context(run.logger.open(folder)))

        def log(metrics: Metrics) -> None:
            for each in logs:
                each(metrics)

        yield log
