"""`seal submission`: writes a run's attempts at puzzles to a file."""

import json
from argparse import Namespace
from pathlib import Path

from seal.errors import RunError
from seal.folder.store import RESULTS, cannot_write
from seal.report.submission import submission
from seal.settings import at_home

from ..finding import find_run


def main(arguments: Namespace) -> int:
    return submit(arguments.run, arguments.setting, at_home(Path(arguments.to)))


def submit(run: str, setting: str, file: Path) -> int:
    """Write the attempts of a setting.

    Raises:
        DataError: the run has no such setting, or is not about puzzles.
        RunError: the run has no results yet, or the file cannot be written.
    """
    folder = find_run(run)
    if not (folder / RESULTS).exists():
        raise RunError(f"{folder} has no results yet")
    made = submission(folder, setting)
    try:
        file.write_text(json.dumps(made), encoding="utf-8")
    except OSError as error:
        raise cannot_write(file, error) from error
    print(f"{len(made)} puzzles: {file}")
    return 0
