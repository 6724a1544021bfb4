"""`seal attach`: what a run that another process works on is doing, until it is done. Only reads."""

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
"""Between two looks into the folder, two questions to SLURM, and two lines about the same."""
PATIENCE_S = 5.0
"""With a run that nobody works on: somebody else may just be taking it up."""
REPORT_WITHIN_S = 20.0


def main(arguments: Namespace) -> int:
    return attach(arguments.run)


def attach(name: str) -> int:
    """Follow a run to its end, and say what it found.

    Raises:
        UsageError: there is no such run.
        RunError: nobody works on it, and it is not done.
    """
    folder = find_run(name, waiting=True)
    console = Terminal(stderr=True)
    try:
        if not (folder / RESULTS).exists():
            _follow(folder, console)
        _wait_for_report(folder)
    except KeyboardInterrupt:
        here = holder(folder) or _jobs(folder)
        goes_on = SILENT if here is None else "the run goes on" if here else "nobody works on the run just now"
        print(f"\nno longer following {folder}; {goes_on}: `seal attach {name}` follows it again", file=sys.stderr)
        return INTERRUPTED
    print_summary(folder)
    return 0


def _follow(folder: Path, console: Console) -> None:
    """Show what is new until there are results."""
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
    """Whether nobody works on a run. A silent SLURM does not say so."""
    return not worker and jobs is not None and not jobs


def _jobs(folder: Path) -> Mapping[str, str] | None:
    """The jobs of a run on SLURM with their states, the one that coordinates it first; None if it does not answer."""
    there = in_queue(folder)
    return {**there.coordinators, **there.workers} if there else None


def _abandoned(folder: Path) -> str:
    """Nobody works on the run: what is known of whoever did last."""
    logs = folder / JOBS / COORDINATOR
    files = sorted(logs.glob("*_submission.sh"), key=lambda file: file.stat().st_mtime)
    told = (
        f"nobody works on {folder}, as far as can be seen from here, and it is not done; what is recorded is safe, and "
        "the same command goes on from there"
    )
    if not files:
        return told
    last = files[-1].name.partition("_")[0]
    settings = read_manifest(folder)["settings"] if (folder / MANIFEST).exists() else {}
    tail = SubmititFolder(logs, key_variables(settings)).log_tail(last)
    return f"{told}. Job {last} coordinated it: {why_gone(last)}. {tail}"


def _wait_for_report(folder: Path) -> None:
    """It is made after the results."""
    until_s = (folder / RESULTS).stat().st_mtime + REPORT_WITHIN_S
    while not (folder / PAGE).exists() and time() < until_s:
        sleep(LOOK_S)


class News:
    """What has happened in a run's folder since the last look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metrics = folder / f"{METRICS}.jsonl"
        self.n_read = self.metrics.stat().st_size if self.metrics.exists() else 0
        self.counted, self.counted_s = records_of(folder), monotonic()

    def lines(self) -> Iterator[str]:
        """Deaths of jobs and results, as they come; new records together, now and then."""
        for metrics in self._told():
            if {"job", "died"} <= metrics.keys():
                yield f"job {metrics['job']} died: {metrics['died']}; what it had not recorded is submitted again"
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
        """The lines that whoever coordinates has logged since, each read once."""
        lines = complete_lines(self.metrics, self.n_read)
        self.n_read += sum(len(line) + 1 for line in lines)
        return whole_metrics(self.folder, lines)


class Told:
    """What the people who follow have been shown."""

    def __init__(self, console: Console, bars: Bars | None) -> None:
        self.console, self.bars = console, bars
        self.workers, self.phase, self.told_s = "", "", float("-inf")

    def say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def who(self, folder: Path, worker: str | None, jobs: Mapping[str, str] | None) -> None:
        """Who works, when that has changed."""
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
