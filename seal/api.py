"""The Python API: what the command line does, for notebooks and scripts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seal.base.monitor import Silent
from seal.base.terminal import Terminal
from seal.config import loading
from seal.config.run import Run, faults_between_rooms
from seal.errors import ConfigError, UsageError, listed
from seal.folder.results_file import read_results
from seal.folder.run_files import read_manifest
from seal.folder.store import MANIFEST, RESULTS
from seal.report.attempts import Story, read_stories
from seal.report.folder import write_report
from seal.session.experiment import perform
from seal.session.watching import watch
from seal.stats.results import Results, RoundSummary, Row

if TYPE_CHECKING:
    from pandas import DataFrame


def load(*overrides: str) -> Run:
    """The run that these settings ask for, each as on the command line: `load("experiment=tiny", "inner.rank=8")`.

    Raises:
        ConfigError: with every fault.
    """
    return loading.load(overrides)[0]


def run(run: Run, *, quiet: bool = False) -> Results:
    """Perform a run, or go on with it, and write its report; what it found.

    A run of the same configuration in the same folder is resumed, whether it was begun here or from the command line.

    Raises:
        UsageError: it cannot start; with every fault.
        RunError: it cannot go on; the same call resumes it.
    """
    if faults := list(faults_between_rooms(run)):
        raise ConfigError(listed("the run has faults:", faults))
    if quiet:
        results = perform(run, Silent())
    else:
        with watch(Terminal(stderr=True)) as monitor:
            results = perform(run, monitor)
    write_report(run.folder)
    return results


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """What a run left, as values; `frame` gives them as pandas has them."""

    folder: Path
    results: Results

    @property
    def table(self) -> Sequence[Row]:
        """A row a setting."""
        return self.results.table

    @property
    def rounds(self) -> Sequence[RoundSummary]:
        return self.results.rounds

    @cached_property
    def attempts(self) -> Sequence[Story]:
        """Every self-edit: its context, its text, what was trained on, how each repeat did, its reward."""
        measured = {context for scores in self.results.scores.values() for context in scores}
        return read_stories(self.folder, read_manifest(self.folder), measured, tuned=bool(self.results.tuned))

    def frame(self, what: str = "table") -> "DataFrame":
        """`table`, `rounds` or `attempts` as a pandas frame, a row each.

        Raises:
            UsageError: there is nothing of that name.
        """
        from pandas import DataFrame

        if what in ("table", "rounds"):
            return DataFrame([asdict(each) for each in getattr(self, what)])
        if what == "attempts":
            return DataFrame([_cells(story) for story in self.attempts])
        raise UsageError(f"there is no frame '{what}': ask for table, rounds or attempts")


def _cells(story: Story) -> dict[str, Any]:
    return {
        "policy": story.policy,
        "context": story.context.id,
        "title": story.context.title,
        "self_edit": story.self_edit.index,
        "text": story.self_edit.text,
        "reward": story.reward,
        "accuracy": story.accuracy,
        "gain": story.gain,
        "kept": story.kept,
    }


def read(folder: str | Path) -> FinishedRun:
    """What a finished run left in its folder.

    Raises:
        UsageError: there is no such run, or it has no results yet.
        RunError: a file is not what was written.
    """
    place = Path(folder)
    if not (place / MANIFEST).exists():
        raise UsageError(f"{place} is not the folder of a run: it has no {MANIFEST}")
    if not (place / RESULTS).exists():
        raise UsageError(f"{place} has no results yet: the same call, or command, goes on with it")
    return FinishedRun(folder=place, results=read_results(place))
