"""The room of loggers: they receive the metrics of a run, besides its own records."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from seal.base.monitor import Metrics
from seal.settings import Option, option

Log = Callable[[Metrics], None]
"""Takes metrics named `area/name`, with the unit in the name, for example `time/inner_s`."""


@option
class Logger(Option, ABC):
    """A receiver of metrics."""

    wants_pictures: ClassVar[bool] = False
    """True if the logger shows the plots of the report. Then the report is written before the logger closes."""

    @abstractmethod
    def open(self, folder: Path) -> AbstractContextManager[Log]:
        """Start or continue logging for the run in this folder. When the block ends, its results are in the folder."""

    def replay(self, folder: Path, lines: Iterable[Metrics]) -> str:
        """Log a run again, from its own lines; return the new location."""
        raise NotImplementedError


def timed_line(metrics: Metrics) -> str:
    """Metrics as a line of JSON with the current time."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": now, **metrics}) + "\n"
