"""What people see while they wait."""

import io

from rich.console import Console
from seal.launch.progress import Bars, Lines, watch


def play(console: Console) -> None:
    with watch(console) as monitor:
        monitor.planned(10)
        monitor.began("writing", 4)
        monitor.advanced(3)
        monitor.advanced(1)
        monitor.ended()


def test_a_log_gets_one_line_a_phase_with_its_share_of_the_whole() -> None:
    file = io.StringIO()
    play(Console(file=file))
    [line] = file.getvalue().splitlines()
    assert line.startswith(" 40%  writing: 4 in ")


def test_a_terminal_gets_a_bar_for_the_phase_and_one_for_the_whole_run() -> None:
    file = io.StringIO()
    play(Console(file=file, force_terminal=True, width=100))
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
