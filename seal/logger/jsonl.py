"""Metrics as lines of JSON in the run's own folder. Every run has them, with any logger."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seal.base.monitor import Metrics
from seal.folder.store import METRICS, append_lines
from seal.logger import Log, Logger, timed_line
from seal.settings import option


@option
class Jsonl(Logger):
    """Metrics as JSON lines in the run's folder, `metrics.jsonl`. Every run has them."""

    @contextmanager
    def open(self, folder: Path) -> Iterator[Log]:
        def log(metrics: Metrics) -> None:
            append_lines(folder / f"{METRICS}.jsonl", [timed_line(metrics)])

        yield log
