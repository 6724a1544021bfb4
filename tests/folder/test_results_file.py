"""A run's results are the same bytes whenever it is run; how long it took stands beside them."""

import json
from dataclasses import replace
from pathlib import Path

from seal.folder.results_file import read_results, write_results
from seal.folder.store import Store
from seal.stats.results import Results
from tests.report.values import ROUNDS


def test_seconds_are_read_back_and_do_not_change_the_results(tmp_path: Path) -> None:
    slow, fast = (Results(table=tuple(replace(row, seconds=seconds) for row in ROUNDS)) for seconds in (2.5, 0.5))
    written = []
    for results in (slow, fast):
        write_results(Store(tmp_path), results)
        assert read_results(tmp_path) == results
        written.append((tmp_path / "results.json").read_bytes())
    assert written[0] == written[1]


def test_results_without_the_file_of_seconds_can_be_read(tmp_path: Path) -> None:
    results = Results(table=tuple(replace(row, seconds=1.0) for row in ROUNDS))
    write_results(Store(tmp_path), results)
    (tmp_path / "seconds.json").unlink()
    assert [row.seconds for row in read_results(tmp_path).table] == [None] * len(ROUNDS)


def test_every_row_that_was_trained_has_its_seconds(finished: Path) -> None:
    trained = {row.setting for row in read_results(finished).table if row.tokens}
    seconds = json.loads((finished / "seconds.json").read_text())
    assert trained
    assert all(seconds[setting] > 0 for setting in trained)
