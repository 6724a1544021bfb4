"""How rates and times are said."""

from datetime import datetime

import pytest

from seal.session.pace import clock, in_words, lasting, per_time, said

NOW = datetime(2026, 11, 24, 23, 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3000, "50 min"), (3700, "1 h 02 min"), (200_000, "2 d 8 h")],
)
def test_a_time_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


@pytest.mark.parametrize(
    ("units_per_s", "words"),
    [(1234.0, "1,234 a second"), (2.25, "2.2 a second"), (0.5, "30 a minute"), (1 / 600, "6.0 an hour")],
)
def test_a_rate_is_told_in_the_shortest_time_that_sees_a_unit(units_per_s: float, words: str) -> None:
    assert per_time(units_per_s) == words


def test_what_takes_long_is_told_by_the_clock_too() -> None:
    assert said(2.0, 90, NOW) == ", 2.0 a second, about 1 min 30 s left"
    assert said(2.0, 7200, NOW) == ", 2.0 a second, about 2 h 00 min left (till Wed 01:00)"
    assert said(0.0, None, NOW) == ""
    assert clock(datetime(2026, 12, 24, 1, 0), NOW) == "2026-12-24 01:00"


def test_nobody_who_works_on_it_means_no_end() -> None:
    pace = {"units_per_minute": 60.0, "minutes_left": 1.0}
    assert in_words(40, 100, pace) == "40 of 100, 1.0 a second, about 1 min 00 s left"
    assert in_words(40, 100, pace, at_work=False) == "40 of 100, 1.0 a second"
