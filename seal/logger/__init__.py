"""The room of loggers: who is told the metrics of a run, besides its own records."""

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
    """Whether it shows those of the report, which is made for it before it is told the end."""

    @abstractmethod
    def open(self, folder: Path) -> AbstractContextManager[Log]:
        """Begin, or go on, logging for the run in this folder. What it found is there when the block ends."""

    def replay(self, folder: Path, lines: Iterable[Metrics]) -> str:
        """Tell a run anew, from its own lines; returns where."""
        raise NotImplementedError


def timed_line(metrics: Metrics) -> str:
    """Metrics as a line of JSON that says when."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": now, **metrics}) + "\n"
