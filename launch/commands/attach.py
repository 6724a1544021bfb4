"""`seal attach`: follows a run that another process works on, until it is done. It only reads."""

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

from rich.console import Console

from seal.base.redaction import key_variables
from seal.base.terminal import Terminal
from seal.cluster.scheduler import SubmititFolder
from seal.cluster.slurm import COORDINATOR, in_queue
from seal.cluster.slurm_queue import why_gone
from seal.errors import INTERRUPTED, RunError
from seal.folder.progress import read_progress
from seal.folder.run_files import read_manifest, whole_metrics
from seal.folder.store import JOBS, MANIFEST, METRICS, RESULTS, complete_lines
from seal.report.console import print_summary
from seal.report.folder import PAGE
from seal.session.interruption import SILENT
from seal.session.pace import within_words
from seal.session.run_folder import holder
from seal.session.watching import Bars, watch

from ..finding import find_run
from .status import records_of

LOOK_S, ASK_S, TELL_S = 1.0, 10.0, 10.0
"""Seconds between two looks into the folder, between two calls to SLURM, and between two lines about one phase."""
PATIENCE_S = 5.0
"""How long a run may have no worker before it counts as abandoned. Another process may be about to resume it."""
REPORT_WITHIN_S = 20.0


def main(arguments: Namespace) -> int:
    return attach(arguments.run)


def attach(name: str) -> int:
    """Follow a run to its end, and print its results.

    Raises:
        UsageError: there is no such run.
        RunError: nobody works on the run, and it is not done.
    """
    folder = find_run(name, waiting=True)
    console = Terminal(stderr=True)
    try:
        if not (folder / RESULTS).exists():
            _follow(folder, console)
        _wait_for_report(folder)
    except KeyboardInterrupt:
        here = holder(folder) or _jobs(folder)
        goes_on = SILENT if here is None else "the run goes on" if here else "nobody works on the run now"
        print(f"\nno longer following {folder}; {goes_on}: `seal attach {name}` follows it again", file=sys.stderr)
        return INTERRUPTED
    print_summary(folder)
    return 0


def _follow(folder: Path, console: Console) -> None:
    """Show news until there are results."""
    news, jobs = News(folder), _jobs(folder)
    asked_s, alone_s = monotonic(), 0.0
    with watch(console) as monitor:
        told = Told(console, monitor if isinstance(monitor, Bars) else None)
        while not (folder / RESULTS).exists():
            worker = holder(folder)
            if monotonic() - asked_s >= ASK_S or _is_alone(worker, jobs):
                jobs, asked_s = _jobs(folder), monotonic()
            alone_s = alone_s + LOOK_S if _is_alone(worker, jobs) else 0.0
            if alone_s > PATIENCE_S:
                raise RunError(_abandoned(folder))
            told.who(folder, worker, jobs)
            told.how_far(folder)
            told.say(news.lines())
            sleep(LOOK_S)
        told.say(news.lines())


def _is_alone(worker: str | None, jobs: Mapping[str, str] | None) -> bool:
    """True if nobody works on a run. If SLURM does not answer, that is unknown."""
    return not worker and jobs is not None and not jobs


def _jobs(folder: Path) -> Mapping[str, str] | None:
    """The jobs of a run on SLURM with their states, the coordinator first; None if SLURM does not answer."""
    there = in_queue(folder)
    return {**there.coordinators, **there.workers} if there else None


def _abandoned(folder: Path) -> str:
    """The message about an abandoned run, with the reason why its last coordinator ended."""
    logs = folder / JOBS / COORDINATOR
    files = sorted(logs.glob("*_submission.sh"), key=lambda file: file.stat().st_mtime)
    told = (
        f"nobody works on {folder}, as far as this machine can see, and it is not done; all records are safe, and the "
        "same command goes on from there"
    )
    if not files:
        return told
    last = files[-1].name.partition("_")[0]
    settings = read_manifest(folder)["settings"] if (folder / MANIFEST).exists() else {}
    tail = SubmititFolder(logs, key_variables(settings)).log_tail(last)
    return f"{told}. Job {last} coordinated it: {why_gone(last)}. {tail}"


def _wait_for_report(folder: Path) -> None:
    """Wait for the report, which is written after the results."""
    until_s = (folder / RESULTS).stat().st_mtime + REPORT_WITHIN_S
    while not (folder / PAGE).exists() and time() < until_s:
        sleep(LOOK_S)


class News:
    """The news in a run's folder since the last look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metrics = folder / f"{METRICS}.jsonl"
        self.n_read = self.metrics.stat().st_size if self.metrics.exists() else 0
        self.counted, self.counted_s = records_of(folder), monotonic()

    def lines(self) -> Iterator[str]:
        """Deaths of jobs and results at once; new records together, from time to time."""
        for metrics in self._told():
            if {"job", "died"} <= metrics.keys():
                yield f"job {metrics['job']} died: {metrics['died']}; its unrecorded work is submitted again"
            found = {key: value for key, value in metrics.items() if key.startswith(("accuracy/", "reward/"))}
            yield from (f"{key}: {value:.3f}" for key, value in found.items() if isinstance(value, int | float))
        if monotonic() - self.counted_s >= TELL_S:
            counts = records_of(self.folder)
            fresh = {kind: count - self.counted.get(kind, 0) for kind, count in counts.items()}
            new = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in fresh.items() if count > 0)
            self.counted, self.counted_s = counts, monotonic()
            if new:
                yield f"new records: {new}"

    def _told(self) -> list[dict[str, Any]]:
        """The lines that the coordinator has logged since then. Each is read once."""
        lines = complete_lines(self.metrics, self.n_read)
        self.n_read += sum(len(line) + 1 for line in lines)
        return whole_metrics(self.folder, lines)


class Told:
    """The state of the display: what has been shown already."""

    def __init__(self, console: Console, bars: Bars | None) -> None:
        self.console, self.bars = console, bars
        self.workers, self.phase, self.told_s = "", "", float("-inf")

    def say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def who(self, folder: Path, worker: str | None, jobs: Mapping[str, str] | None) -> None:
        """Show who works on the run, if that has changed."""
        states = ", ".join(f"{count} {state}" for state, count in Counter((jobs or {}).values()).items())
        said = SILENT if jobs is None else f"jobs: {states}" if jobs else None
        workers = "; ".join(each for each in (worker, said) if each)
        if workers not in ("", self.workers):
            self.say([f"{folder}: {workers}"])
            self.workers = workers

    def how_far(self, folder: Path) -> None:
        progress = read_progress(folder)
        if progress is None:
            return
        if self.bars:
            self.bars.show(progress)
        elif progress.phase and (progress.phase != self.phase or monotonic() - self.told_s >= TELL_S):
            share = f"{progress.done / progress.planned:4.0%}  " if progress.planned else ""
            within = f", {within_words(progress.within)}" if progress.within else ""
            self.say([f"{share}{progress.phase}: {progress.phase_done} of {progress.phase_units}{within}"])
            self.phase, self.told_s = progress.phase, monotonic()
