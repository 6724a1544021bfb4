"""Writes and reads the results of a run: `results.json` and `seconds.json`.

A resumed run writes the same bytes into `results.json`. Seconds differ every time, so they have their own file.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from seal.folder.run_files import read_whole
from seal.folder.store import RESULTS, SECONDS, Store
from seal.stats.results import Results

_TIMED = {"table": {"__all__": {"seconds"}}}


def write_results(store: Store, results: Results) -> None:
    """Save the results of a run. `results.json` is written last, so its presence means that the run is done."""
    seconds = {row.setting: row.seconds for row in results.table if row.seconds is not None}
    store.write(SECONDS, TypeAdapter(dict[str, float]).dump_json(seconds, indent=2).decode() + "\n")
    store.write(RESULTS, TypeAdapter(Results).dump_json(results, indent=2, exclude=_TIMED).decode() + "\n")


def read_results(folder: Path) -> Results:
    """The results of a run.

    Raises:
        RunError: a file is damaged.
    """
    found: Results = read_whole(folder / RESULTS, Results)
    file = folder / SECONDS
    seconds: Mapping[str, float] = read_whole(file, dict[str, float]) if file.exists() else {}
    table = tuple(replace(row, seconds=seconds.get(row.setting)) for row in found.table)
    return replace(found, table=table)
