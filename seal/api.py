"""The Python API, for notebooks and scripts. It does the same as the command line."""

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
from seal.folder.run_files import read_manifest
from seal.folder.store import MANIFEST, RESULTS
from seal.report.attempts import Story, read_stories
from seal.report.finished import read_finished
from seal.report.folder import write_report
from seal.session.experiment import perform
from seal.session.watching import watch
from seal.settings import at_home
from seal.stats.results import Results, RoundSummary, Row

if TYPE_CHECKING:
    from pandas import DataFrame


def load(*overrides: str) -> Run:
    """The run that these settings describe, as on the command line: `load("experiment=tiny", "inner.rank=8")`.

    Raises:
        ConfigError: there are faults; the error lists all of them.
    """
    return loading.load(overrides)[0]


def run(run: Run, *, quiet: bool = False) -> Results:
    """Start or resume a run, write its report, and return its results.

    A run with the same configuration in the same folder is resumed, also if the command line started it.

    Raises:
        UsageError: the run cannot start; the error lists all faults.
        RunError: the run cannot go on; the same call resumes it.
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
    """The results and attempts of a finished run, as values. `frame` gives them as pandas frames."""

    folder: Path
    results: Results

    @property
    def table(self) -> Sequence[Row]:
        """One row per setting."""
        return self.results.table

    @property
    def rounds(self) -> Sequence[RoundSummary]:
        return self.results.rounds

    @cached_property
    def attempts(self) -> Sequence[Story]:
        """Every self-edit, with its context, text, training sequences, evaluations and reward."""
        measured = {context for scores in self.results.scores.values() for context in scores}
        return read_stories(self.folder, read_manifest(self.folder), measured, tuned=bool(self.results.tuned))

    def frame(self, what: str = "table") -> "DataFrame":
        """`table`, `rounds` or `attempts` as a pandas frame, with one row per item.

        Raises:
            UsageError: there is no frame of that name.
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
        "weight": story.weight,
    }


def read(folder: str | Path) -> FinishedRun:
    """Read a finished run from its folder.

    Raises:
        UsageError: there is no such run, or it has no results yet.
        RunError: a file is damaged.
    """
    place = at_home(Path(folder))
    if not (place / MANIFEST).exists():
        raise UsageError(f"{place} is not the folder of a run: it has no {MANIFEST}")
    if not (place / RESULTS).exists():
        raise UsageError(f"{place} has no results yet: the same call or command resumes it")
    return FinishedRun(folder=place, results=read_finished(place))
