"""Performs one run for people to watch: an opening line, the progress, a summary at the end."""

import shlex
import sys

from seal.base.terminal import Terminal
from seal.config.describing import settings_of
from seal.config.run import Run
from seal.folder.store import MANIFEST, RESULTS
from seal.report.console import print_closing, print_summary
from seal.report.findings import read_findings
from seal.report.folder import write_report
from seal.report.wording import choices
from seal.session.experiment import perform
from seal.session.interruption import decide_on_jobs
from seal.session.watching import watch


def perform_watched(run: Run, *, in_short: bool = False) -> None:
    """Start or continue a run, and report it. On an interruption, decide what happens to its jobs.

    Raises:
        SealError: the run cannot start or cannot go on.
    """
    console = Terminal(stderr=True)
    opening = _opening(run)
    try:
        with watch(console) as monitor:
            perform(
                run,
                monitor,
                command=sys.argv,
                on_open=lambda: console.print(opening, highlight=False, markup=False, soft_wrap=True),
            )
        write_report(run.folder)
    except KeyboardInterrupt as interruption:
        decide_on_jobs(run, interactive=type(interruption) is KeyboardInterrupt)
        raise
    if in_short:
        print_closing(Terminal(), run.folder, read_findings(run.folder).results, in_short=True)
    else:
        print_summary(run.folder)


def _opening(run: Run) -> str:
    """The opening line: the run's folder, whether the run begins or goes on, and its choices."""
    is_anew = run.if_exists == "replace" or not (run.folder / MANIFEST).exists()
    if (run.folder / RESULTS).exists() and not is_anew:
        return f"{run.folder}: done already; these are its results again, from its records"
    going = "begins" if is_anew else "goes on from its records"
    status = f"seal status {shlex.quote(str(run.folder))}"
    chosen = choices(settings_of(run))
    return f"{run.folder}: {going} ({chosen}); `{status}` shows its progress, also from another terminal"
