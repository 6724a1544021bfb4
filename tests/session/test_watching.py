"""What people see while they wait."""

import io

import pytest
from rich.console import Console

from seal.base.unit_progress import UnitProgress
from seal.session.watching import LAST_LINE_S, Bars, Lines, is_due, watch


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> tuple[Lines, io.StringIO]:
    file = io.StringIO()
    return Lines(Console(file=file, width=200), seconds=clock), file


def test_a_log_gets_a_line_when_a_phase_ends_with_its_share_of_the_whole_and_its_rate(
    lines: tuple[Lines, io.StringIO], clock: Clock
) -> None:
    monitor, file = lines
    monitor.planned(10)
    monitor.began("round_0: writing self-edits", 4)
    clock.now_s = 2.0
    monitor.advanced(4)
    monitor.ended()
    assert file.getvalue() == " 40%  untrained policy: writing self-edits: 4 in 2 s, 2.0 a second\n"


def test_a_phase_that_took_less_than_a_second_has_no_line(lines: tuple[Lines, io.StringIO], clock: Clock) -> None:
    monitor, file = lines
    for _ in range(100):
        monitor.began("grading", 1)
        clock.now_s += 0.01
        monitor.advanced(1)
        monitor.ended()
    assert file.getvalue() == ""
    monitor.finish()
    assert file.getvalue().strip() == "all 100 units of work, in 1 s"


def test_a_phase_that_goes_on_says_how_long_yet_and_ever_less_often(
    lines: tuple[Lines, io.StringIO], clock: Clock
) -> None:
    monitor, file = lines
    monitor.planned(100)
    monitor.began("round_1: training", 100)
    hours = 20
    for second in range(hours * 3600):
        clock.now_s = float(second)
        if second == 1000:
            monitor.advanced(10)
        monitor.tick()
    told = file.getvalue().splitlines()
    assert told[0] == "  0%  round 1: training: 0 of 100 in 5 s"
    assert any("10 of 100" in line and "36 an hour, about 2 h" in line for line in told)
    assert len(told) < 60 + hours * 3600 / LAST_LINE_S


def steps(n_done: int, *, seconds: float) -> UnitProgress:
    return UnitProgress(doing="training", steps=n_done, planned_steps=120, tokens=30_000, loss=1.5, seconds=seconds)


def test_a_long_training_says_its_step_its_loss_and_the_time_that_is_left(
    lines: tuple[Lines, io.StringIO], clock: Clock
) -> None:
    monitor, file = lines
    monitor.planned(1)
    monitor.began("training on everything", 1)
    clock.now_s = 60.0
    monitor.within(1, steps(30, seconds=60))
    monitor.tick()
    [line] = file.getvalue().splitlines()
    assert "0 of 1 in 1 min 00 s, training step 30 of 120, 500 tokens a second, loss 1.500" in line
    assert "about 3 min 00 s left" in line


def test_steps_of_a_training_that_is_done_are_not_counted_twice(lines: tuple[Lines, io.StringIO], clock: Clock) -> None:
    monitor, file = lines
    monitor.began("training", 4)
    clock.now_s = 60.0
    monitor.within(2, steps(120, seconds=60))
    monitor.advanced(2)
    monitor.tick()
    [line] = file.getvalue().splitlines()
    assert "2 of 4" in line
    assert "step" not in line
    assert "2.0 a minute, about 1 min 00 s left" in line


def test_a_terminal_has_a_third_bar_while_something_is_trained() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=140)
    with watch(console) as bars:
        assert isinstance(bars, Bars)
        bars.planned(4)
        bars.began("training", 4)
        bars.within(2, steps(60, seconds=60))
        task = bars.progress.tasks[bars.steps]
        assert (task.visible, task.completed, task.total) == (True, 60, 120)
        assert bars.progress.tasks[bars.phase].completed == 1
        bars.advanced(2)
        assert not task.visible
        assert bars.progress.tasks[bars.phase].completed == 2


def test_what_was_recorded_before_counts_but_makes_no_rate(lines: tuple[Lines, io.StringIO], clock: Clock) -> None:
    monitor, file = lines
    monitor.planned(100)
    monitor.began("training", 100)
    monitor.recalled(98)
    clock.now_s = 4.0
    monitor.advanced(2)
    monitor.ended()
    monitor.finish()
    first, last = file.getvalue().splitlines()
    assert first == "100%  training: 100 in 4 s, 30 a minute"
    assert last == "100%  all 100 units of work, 98 of them before, in 4 s"


def test_a_line_that_comes_too_soon_after_another_waits_for_its_second(
    lines: tuple[Lines, io.StringIO], clock: Clock
) -> None:
    monitor, file = lines
    monitor.planned(4)
    monitor.began("training", 2)
    clock.now_s = 5.0
    monitor.tick()
    clock.now_s = 5.4
    monitor.advanced(2)
    monitor.ended()
    monitor.began("grading", 2)
    assert len(file.getvalue().splitlines()) == 1
    clock.now_s = 6.0
    monitor.advanced(2)
    monitor.tick()
    assert file.getvalue().splitlines()[1] == " 50%  training: 2 in 5 s, 22 a minute"
    monitor.ended()
    monitor.finish()
    assert file.getvalue().splitlines()[2:] == ["100%  all 4 units of work, in 6 s"]


def test_a_line_that_still_waits_is_printed_when_the_run_fails(clock: Clock) -> None:
    file = io.StringIO()
    console = Console(file=file, width=200)
    with pytest.raises(RuntimeError, match="the disk is full"), watch(console, seconds=clock) as monitor:
        assert isinstance(monitor, Lines)
        monitor.began("training", 2)
        clock.now_s = 5.0
        monitor.tick()
        clock.now_s = 5.4
        monitor.advanced(2)
        monitor.ended()
        told = file.getvalue()
        raise RuntimeError("the disk is full")
    assert told == "      training: 0 of 2 in 5 s\n"
    assert file.getvalue() == told + "      training: 2 in 5 s, 22 a minute\n"


def test_lines_are_at_most_one_in_five_seconds() -> None:
    assert not is_due(phase_s=100, quiet_s=4.9)
    assert is_due(phase_s=5, quiet_s=5)
    assert is_due(phase_s=1000, quiet_s=100)
    assert not is_due(phase_s=1000, quiet_s=99)


def test_a_terminal_gets_a_bar_for_the_phase_and_one_for_the_whole_run() -> None:
    file = io.StringIO()
    with watch(Console(file=file, force_terminal=True, width=120)) as monitor:
        monitor.planned(10)
        monitor.began("writing", 4)
        monitor.recalled(1)
        monitor.advanced(2)
        monitor.advanced(1)
        monitor.ended()
    last = file.getvalue().splitlines()[-3:]
    assert "the whole run" in file.getvalue()
    assert "writing" in file.getvalue()
    assert any("4/10" in line for line in last)
    assert any("4/4" in line for line in last)


def test_the_monitor_fits_the_console() -> None:
    with watch(Console(file=io.StringIO())) as monitor:
        assert isinstance(monitor, Lines)
    with watch(Console(file=io.StringIO(), force_terminal=True)) as monitor:
        assert isinstance(monitor, Bars)
