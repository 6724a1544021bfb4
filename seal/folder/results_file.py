"""What a run found, written and read: `results.json`, which a resumed run repeats bit by bit, and `seconds.json`.

Seconds are never twice the same, so they have a file of their own.
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
    """Keep what a run found; `results.json` is written last, so that its presence means the run is done."""
    seconds = {row.setting: row.seconds for row in results.table if row.seconds is not None}
    store.write(SECONDS, TypeAdapter(dict[str, float]).dump_json(seconds, indent=2).decode() + "\n")
    store.write(RESULTS, TypeAdapter(Results).dump_json(results, indent=2, exclude=_TIMED).decode() + "\n")


def read_results(folder: Path) -> Results:
    """What a run found.

    Raises:
        RunError: a file is not what was written.
    """
    found: Results = read_whole(folder / RESULTS, Results)
    file = folder / SECONDS
    seconds: Mapping[str, float] = read_whole(file, dict[str, float]) if file.exists() else {}
    table = tuple(replace(row, seconds=seconds.get(row.setting)) for row in found.table)
    return replace(found, table=table)
