"""How far a run is, for people: two bars on a terminal, a line a phase anywhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from seal.lab import Monitor
from seal.progress import Progress as Noted


@contextmanager
def watch(console: Console) -> Iterator[Monitor]:
    """A monitor that fits the console."""
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)


class Bars:
    """One bar for the whole run and one for the phase it is in."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.whole = progress.add_task("the whole run", total=None)
        self.phase = progress.add_task("starting", total=None)

    def planned(self, n_units: int) -> None:
        self.progress.update(self.whole, total=n_units)

    def began(self, title: str, n_units: int) -> None:
        self.progress.reset(self.phase, total=n_units, description=title)

    def advanced(self, n_units: int) -> None:
        self.progress.advance(self.phase, n_units)
        self.progress.advance(self.whole, n_units)

    def ended(self) -> None:
        """The bar stays full until the next phase takes it."""

    def show(self, noted: Noted) -> None:
        """How far another process is."""
        if noted.phase != self.progress.tasks[self.phase].description:
            self.progress.reset(self.phase, description=noted.phase)
        self.progress.update(self.phase, total=noted.phase_units, completed=noted.phase_done)
        self.progress.update(self.whole, total=noted.planned, completed=noted.done)


class Lines:
    """A line when a phase begins and one when it ends, for logs."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.n_planned = self.n_done = 0
        self.title, self.n_units = "", 0
        self.began_s = perf_counter()

    def planned(self, n_units: int) -> None:
        self.n_planned = n_units

    def began(self, title: str, n_units: int) -> None:
        self.title, self.n_units, self.began_s = title, n_units, perf_counter()

    def advanced(self, n_units: int) -> None:
        self.n_done += n_units

    def ended(self) -> None:
        took_s = perf_counter() - self.began_s
        share = f"{self.n_done / self.n_planned:4.0%}" if self.n_planned else "    "
        self.console.print(f"{share}  {self.title}: {self.n_units} in {took_s:.1f} s", highlight=False)
