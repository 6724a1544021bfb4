"""Shows the progress of a run: two bars on a terminal, occasional lines anywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Lock, Thread
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from seal.base.monitor import Monitor
from seal.base.unit_progress import UnitProgress
from seal.folder.progress import Progress as Noted
from seal.report.wording import phase_label
from seal.session.pace import lasting, pace_words, per_time, said, within_words

TOLD_FROM_S = 1.0
"""A shorter phase has no line of its own. A line waits until one second has passed since the line before. At the end,
no line waits."""
FIRST_LINE_S, LAST_LINE_S, GROWTH = 5.0, 600.0, 0.1
"""A long phase gets another line each time it has lasted a tenth longer, within these bounds."""
ROOM_FOR_BARS = 100
"""Columns of a terminal. A narrower terminal shows no bars, only text."""


@contextmanager
def watch(console: Console, *, seconds: Callable[[], float] = monotonic) -> Iterator[Monitor]:
    """A monitor that fits the console."""
    if not console.is_terminal:
        lines = Lines(console, seconds=seconds)
        try:
            with _ticking(lines.tick):
                yield lines
        finally:
            lines.tell_held()
        lines.finish()
        return
    bar = [BarColumn(bar_width=24)] if console.width >= ROOM_FOR_BARS else []
    columns = (TextColumn("{task.description}"), *bar, MofNCompleteColumn(), TimeElapsedColumn(), _Pace())
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)


def is_due(*, phase_s: float, quiet_s: float) -> bool:
    """True if a phase that has lasted `phase_s` needs another line, `quiet_s` after the last one."""
    return quiet_s >= min(max(FIRST_LINE_S, GROWTH * phase_s), LAST_LINE_S)


@contextmanager
def _ticking(tick: Callable[[], None]) -> Iterator[None]:
    """Call `tick` once a second, from a thread. A batch may take minutes, and the display must not look stuck."""
    stop = Event()

    def go_on() -> None:
        while not stop.wait(1.0):
            tick()

    thread = Thread(target=go_on, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Pace(ProgressColumn):
    """Rate and remaining time, from the work really done. They stay visible during a batch of several minutes."""

    def render(self, task: Task) -> Text:
        if task.fields["words"] is not None:
            return Text(task.fields["words"])
        done, since_s = task.fields["fresh"], (task.elapsed or 0.0) - task.fields["fresh_s"]
        rate = done / task.fields["fresh_s"] if task.fields["fresh_s"] else 0.0
        left_s = max(0.0, (task.remaining or 0) / rate - since_s) if rate else None
        return Text(", ".join([per_time(rate), f"{lasting(left_s)} left"]) if rate and left_s is not None else "")


class Bars:
    """A bar for the whole run, one for its current phase, and one for the current training or generation."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.whole, self.phase, self.steps = (
            progress.add_task(name, total=None, visible=bool(name), fresh=0.0, fresh_s=0.0, words=None)
            for name in ("the whole run", "starting", "")
        )
        self.title, self.n_done = "", 0
        self.n_within = 0.0
        """Units that trainings and generations have done of those that go on; a share of one is counted."""

    def planned(self, n_units: int) -> None:
        self.progress.update(self.whole, total=n_units)

    def began(self, title: str, n_units: int) -> None:
        self.title, self.n_done, self.n_within = title, 0, 0.0
        self.progress.reset(
            self.phase, total=n_units, description=phase_label(title), fresh=0.0, fresh_s=0.0, words=None
        )
        self.progress.update(self.steps, visible=False)

    def advanced(self, n_units: int) -> None:
        self._advance(n_units - self.n_within)
        self.n_done, self.n_within = self.n_done + n_units, 0.0
        self.progress.update(self.steps, visible=False)

    def recalled(self, n_units: int) -> None:
        self.n_done += n_units
        for number in (self.phase, self.whole):
            self.progress.advance(number, n_units)

    def within(self, n_units: int, progress: UnitProgress) -> None:
        n_within = max(self.n_within, n_units * progress.share)
        self._advance(n_within - self.n_within)
        self.n_within = n_within
        self.progress.update(
            self.steps,
            visible=True,
            description="training steps" if progress.doing == "training" else "texts",
            completed=progress.steps,
            total=progress.planned_steps,
            words=pace_words(progress),
        )

    def _advance(self, n_units: float) -> None:
        for number in (self.phase, self.whole):
            task = self.progress.tasks[number]
            fresh = task.fields["fresh"] + n_units
            self.progress.update(number, advance=n_units, fresh=fresh, fresh_s=task.elapsed or 0.0)

    def ended(self) -> None:
        """Leave the bar full until the next phase begins."""

    def show(self, noted: Noted) -> None:
        """Show the progress of another process. Its work before the first look does not count for the rate."""
        if noted.phase != self.title:
            self.began(noted.phase, noted.phase_units)
            self.recalled(noted.phase_done)
        elif noted.phase_done > self.n_done:
            self.advanced(noted.phase_done - self.n_done)
        if noted.within:
            self.within(noted.within_units, noted.within)
        self.progress.update(self.phase, total=noted.phase_units, completed=noted.phase_done + self.n_within)
        self.progress.update(self.whole, total=noted.planned, completed=noted.done + self.n_within)


class Lines:
    """Progress as lines, for logs: one when a phase ends, and some while it lasts, at growing intervals."""

    def __init__(self, console: Console, *, seconds: Callable[[], float] = monotonic) -> None:
        self.console, self.seconds = console, seconds
        self.lock = Lock()
        self.n_planned = self.n_done = self.n_recalled = 0
        self.within_now: UnitProgress | None = None
        self.n_within = 0.0
        self.title, self.n_units, self.n_phase, self.n_fresh = "", 0, 0, 0
        self.came_s = self.began_s = self.fresh_s = self.told_s = seconds()
        self.printed_s = -TOLD_FROM_S
        self.held = ""
        """A line that waits, because it came too soon after the one before."""

    def planned(self, n_units: int) -> None:
        self.n_planned = n_units

    def began(self, title: str, n_units: int) -> None:
        with self.lock:
            self.title, self.n_units, self.n_phase, self.n_fresh = title, n_units, 0, 0
            self.began_s = self.fresh_s = self.told_s = self.seconds()
            self.within_now, self.n_within = None, 0.0

    def advanced(self, n_units: int) -> None:
        with self.lock:
            self.n_fresh += n_units
            self.fresh_s = self.seconds()
            self.within_now, self.n_within = None, 0.0
            self._count(n_units)

    def recalled(self, n_units: int) -> None:
        with self.lock:
            self.n_recalled += n_units
            self._count(n_units)

    def within(self, n_units: int, progress: UnitProgress) -> None:
        with self.lock:
            self.within_now, self.n_within = progress, max(self.n_within, n_units * progress.share)
            self.fresh_s = self.seconds()

    def ended(self) -> None:
        with self.lock:
            took_s = self.seconds() - self.began_s
            if took_s >= TOLD_FROM_S:
                rate = self.n_fresh / took_s if self.n_fresh > 1 else 0.0
                self._say(f"{self.n_units:,} in {lasting(took_s)}{said(rate, None, datetime.now())}")
            self.title = ""

    def tick(self) -> None:
        """Print a line if one is due."""
        with self.lock:
            now_s = self.seconds()
            self._say_held()
            if self.title and is_due(phase_s=now_s - self.began_s, quiet_s=now_s - self.told_s):
                within = f", {within_words(self.within_now)}" if self.within_now else ""
                so_far = f"{self.n_phase:,} of {self.n_units:,} in {lasting(now_s - self.began_s)}"
                self._say(f"{so_far}{within}{self._pace(now_s)}")

    def tell_held(self) -> None:
        """Print the line that still waits: the run has ended, or failed."""
        if self.held:
            self._print(self.held)

    def finish(self) -> None:
        """Print the last line: the run has ended well."""
        before = f", {self.n_recalled:,} of them before" if self.n_recalled else ""
        took = lasting(self.seconds() - self.came_s)
        if self.n_planned:
            self.n_planned = self.n_done  # a plan counts work that may not be needed: invalid self-edits are not tried
        self._print(self._with_share(f"all {self.n_done:,} units of work{before}, in {took}"))

    def _count(self, n_units: int) -> None:
        self.n_phase += n_units
        self.n_done += n_units

    def _pace(self, now_s: float) -> str:
        took_s = self.fresh_s - self.began_s
        rate = (self.n_fresh + self.n_within) / took_s if took_s > 0 else 0.0
        n_left = self.n_units - self.n_phase - self.n_within
        left_s = max(0.0, n_left / rate - (now_s - self.fresh_s)) if rate else None
        return said(rate, left_s, datetime.now())

    def _say(self, words: str) -> None:
        self._say_held()
        self.held = self._with_share(f"{phase_label(self.title)}: {words}")
        self.told_s = self.seconds()
        self._say_held()

    def _say_held(self) -> None:
        """Print the waiting line, at most one per second."""
        if self.held and self.seconds() - self.printed_s >= TOLD_FROM_S:
            self._print(self.held)
            self.held, self.printed_s = "", self.seconds()

    def _with_share(self, words: str) -> str:
        share = f"{int(100 * self.n_done / self.n_planned):3}%" if self.n_planned else "    "
        return f"{share}  {words}"

    def _print(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)
